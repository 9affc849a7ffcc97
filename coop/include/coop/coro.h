/* SPDX-License-Identifier: MIT */
/*
 * Coroutines: asymmetric, stackful. A coroutine has a stack of its own; whoever
 * resumes it waits until it yields or ends. It may yield from any depth of
 * calls.
 *
 * Life: create -> (resume <-> yield)* -> done -> destroy.
 *
 * Threads. One resume at a time. A suspended coroutine may be resumed on
 * another thread than before; its body then sees that thread's thread-local
 * variables (with the mechanism `baton`: always its own). Who yields a
 * coroutine on user stacks from inside the body of one with `baton` leaves the
 * resumer on that body's thread, until it has resumed the coroutine again: it
 * must do so before it destroys it. Nothing here blocks in the kernel; only
 * create allocates, from the thread's pool of stacks.
 */
#ifndef COOP_CORO_H
#define COOP_CORO_H

#include <kit/inline_switch.h>

KIT_BEGIN

typedef struct coop_coro coop_coro;

/*
 * The body. `first` is the completion given to the first resume; the result is
 * the last step: done or failed (yielded counts as done).
 */
typedef kit_step (*coop_coro_fn)(coop_coro *self, kit_value arg,
                                 kit_completion first);

enum coop_coro_state {
    COOP_CORO_CREATED = 0, /* not yet resumed */
    COOP_CORO_SUSPENDED,   /* in a yield */
    COOP_CORO_RUNNING,     /* resumed, and not yet back */
    COOP_CORO_DONE,        /* ended */
};

struct coop_coro_options {
    size_t stack_size; /* bytes; 0: KIT_STACK_DEFAULT */
    /* user stacks are switched by this; NULL: kit_mechanism_default() */
    const struct kit_mechanism *mechanism;
    size_t local_size; /* bytes for coop_coro_local, at most 4096 */
    /* what it is called when its stack overflows; NULL: a coroutine */
    const struct kit_stack_use *use;
};

/*
 * 0; -EINVAL for a size out of range; -ENOMEM; with the mechanism `baton`
 * -EAGAIN, too. `options` may be NULL. The body does not run before the first
 * resume.
 */
KIT_EXPORT int coop_coro_create(coop_coro **out, coop_coro_fn body,
                                kit_value arg,
                                const struct coop_coro_options *options);

/*
 * Gives the stack back. The body of a suspended coroutine is abandoned where
 * it stands, without any clean-up (a generator's destroy does that better).
 * -EBUSY, and nothing is destroyed, when it is running. NULL is allowed.
 */
KIT_EXPORT int coop_coro_destroy(coop_coro *co);

/*
 * Runs the body until it yields or ends, and returns the step that it gave.
 * {-EBUSY, failed} when it is running, {-EINVAL, failed} when it is done:
 * the coroutine is unharmed.
 */
KIT_EXPORT kit_step coop_coro_resume(coop_coro *co, kit_completion how);

/*
 * From inside the body of `self`, at any depth: answers the resumer with
 * {value, yielded} and suspends. Returns how it was resumed.
 */
KIT_EXPORT kit_completion coop_coro_yield(coop_coro *self, kit_value value);

/*
 * From inside the body of `self`: suspends it and runs `to`, which is not
 * running, in its place: whoever resumed `self` waits for `to` now. `to` is
 * resumed with `how`. Returns how `self` was resumed, by resume or transfer.
 * Both must have the same mechanism.
 */
KIT_EXPORT kit_completion coop_coro_transfer(coop_coro *self, coop_coro *to,
                                             kit_completion how);

/*
 * From inside the body of `self`, at any depth: ends it, and resumes `to` with
 * `how` in its place, as transfer does. Does not return; what the body has not
 * cleaned up is abandoned.
 */
KIT_EXPORT void coop_coro_leave(coop_coro *self, coop_coro *to,
                                kit_completion how) __attribute__((noreturn));

KIT_EXPORT enum coop_coro_state coop_coro_state(const coop_coro *co);
KIT_EXPORT const char *coop_coro_state_name(enum coop_coro_state state);

/*
 * Memory of options.local_size bytes for the creator, on the coroutine's own
 * stack, aligned to 16, not initialised; valid until destroy.
 */
KIT_EXPORT void *coop_coro_local(coop_coro *co);

/* ---- how switches are inlined; nothing below is for users ---- */

/* How a coroutine begins. `state` is one of enum coop_coro_state; with this bit
   where the mechanism does not inline, so that no inline code takes it for one
   that it may switch to. */
#define COOP_CORO_APART 8

struct coop_coro_face {
    kit_context context;
    int state;
};

/* How far behind its beginning coop_coro_local is. */
#define COOP_CORO_LOCAL 64

#if KIT_INLINE_SWITCH

static inline __attribute__((always_inline)) kit_completion
coop_coro_yield_inline(coop_coro *self, kit_value value)
{
    struct coop_coro_face *face = (struct coop_coro_face *)(void *)self;
    if (KIT_UNLIKELY(face->state != COOP_CORO_RUNNING))
        return coop_coro_yield(self, value);
    face->state = COOP_CORO_SUSPENDED;
    return kit_inline_yield(&face->context, kit_yielded(value));
}

static inline __attribute__((always_inline)) kit_step
coop_coro_resume_inline(coop_coro *co, kit_completion how)
{
    struct coop_coro_face *face = (struct coop_coro_face *)(void *)co;
    if (KIT_UNLIKELY(face->state > COOP_CORO_SUSPENDED)) /* or created */
        return coop_coro_resume(co, how);
    face->state = COOP_CORO_RUNNING;
    return kit_inline_resume(&face->context, how);
}

/* With COOP_CORO_APART in neither state, both have one mechanism. */
static inline __attribute__((always_inline)) kit_completion
coop_coro_transfer_inline(coop_coro *self, coop_coro *to, kit_completion how)
{
    struct coop_coro_face *from = (struct coop_coro_face *)(void *)self;
    struct coop_coro_face *face = (struct coop_coro_face *)(void *)to;
    if (KIT_UNLIKELY(from->state != COOP_CORO_RUNNING ||
                     face->state > COOP_CORO_SUSPENDED))
        return coop_coro_transfer(self, to, how);
    from->state = COOP_CORO_SUSPENDED;
    face->state = COOP_CORO_RUNNING;
    return kit_inline_transfer(&from->context, &face->context, how);
}

__attribute__((noreturn)) static inline __attribute__((always_inline)) void
coop_coro_leave_inline(coop_coro *self, coop_coro *to, kit_completion how)
{
    struct coop_coro_face *from = (struct coop_coro_face *)(void *)self;
    struct coop_coro_face *face = (struct coop_coro_face *)(void *)to;
    if (KIT_UNLIKELY(from->state != COOP_CORO_RUNNING ||
                     face->state > COOP_CORO_SUSPENDED))
        coop_coro_leave(self, to, how);
    from->state = COOP_CORO_DONE;
    face->state = COOP_CORO_RUNNING;
    kit_inline_leave(&from->context, &face->context, how);
}

/* Of any number of arguments, since a compound literal may have commas. */
#define coop_coro_yield(...)    coop_coro_yield_inline(__VA_ARGS__)
#define coop_coro_resume(...)   coop_coro_resume_inline(__VA_ARGS__)
#define coop_coro_transfer(...) coop_coro_transfer_inline(__VA_ARGS__)
#define coop_coro_leave(...)    coop_coro_leave_inline(__VA_ARGS__)

#endif

KIT_END

#endif
