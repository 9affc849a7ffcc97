/* SPDX-License-Identifier: MIT */
/*
 * What every kind of generator has in common: the states of ECMAScript
 * generators, and what a request means in those states in which no code of
 * the body runs.
 */
#ifndef KIT_GEN_H
#define KIT_GEN_H

#include <kit/iter.h>

KIT_BEGIN

enum kit_gen_state {
    KIT_GEN_CREATED = 0, /* the body has not begun */
    KIT_GEN_SUSPENDED,   /* the body is in a yield */
    KIT_GEN_RUNNING,     /* a request is under way */
    KIT_GEN_DONE,        /* the body has ended, or never will begin */
};

KIT_EXPORT const char *kit_gen_state_name(enum kit_gen_state state);

/*
 * What becomes of the value v of the first next(v), when no yield is waiting
 * for it. Should it feed the function's parameter? Three languages, three
 * answers. JavaScript drops it: a generator's parameters were given when it was
 * called, and the first next() only starts the body. Python refuses it: sending
 * to a generator that waits for nothing is taken for a mistake, and only `none`
 * may be sent. Lua has no call before the first resume, so there v IS the
 * parameter. The kit takes JavaScript's way by default: parameters are known at
 * creation, so a first value can only be a caller's habit of sending, and
 * for-each, which sends nothing, must start a body just as well. Where a
 * protocol makes the first message the request itself, take Lua's way; where
 * an unexpected first value should be found early, take Python's.
 */
enum kit_gen_first {
    KIT_GEN_FIRST_JS = 0, /* dropped; the default */
    KIT_GEN_FIRST_PYTHON, /* anything but none is -EINVAL; nothing has run */
    KIT_GEN_FIRST_LUA,    /* becomes the body's arg, unless it is none */
};

static inline bool kit_gen_knows_first(enum kit_gen_first policy)
{
    return (unsigned)policy <= KIT_GEN_FIRST_LUA;
}

/* Applies the policy; false: refuse the request. For generators to use. */
static inline bool kit_gen_takes_first(enum kit_gen_first policy,
                                       kit_value sent, kit_value *arg)
{
    if (policy == KIT_GEN_FIRST_JS || kit_is_none(sent))
        return true;
    if (policy == KIT_GEN_FIRST_LUA)
        *arg = sent;
    return policy == KIT_GEN_FIRST_LUA;
}

/*
 * A generator whose body goes on yielding when it should clean up is given
 * this many more steps by destroy, before that gives up with -EBUSY.
 */
#define KIT_GEN_PATIENCE 1000

/*
 * The step that answers `request` without the body: {none, done} from a done
 * generator, throw and return before the start, -EBUSY while it is running.
 * KIT_GEN_CREATED with throw or return completes the generator: it is done.
 * Must not be called where the body has to run (suspended; created and next).
 */
KIT_EXPORT kit_step kit_gen_answer(enum kit_gen_state state,
                                   kit_completion request);

/* The operations of a generator that is done, whatever kind it was. */
KIT_EXPORT extern const struct kit_iter_ops kit_gen_done_ops;

/*
 * Closes an iterator for good: `return` once, then `next` while its clean-up
 * goes on yielding, KIT_GEN_PATIENCE times at most. False when it is still
 * not done.
 */
KIT_EXPORT bool kit_gen_exhaust(kit_iter *it);

KIT_END

#endif
