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

/*
 * Closes an iterator for good: `return` once, then `next` while its clean-up
 * goes on yielding, KIT_GEN_PATIENCE times at most. False when it is still
 * not done.
 */
KIT_EXPORT bool kit_gen_exhaust(kit_iter *it);

KIT_END

#endif
