/* SPDX-License-Identifier: MIT */
/*
 * Contexts: what flows of control are made of. A context is a pair of flows of
 * control that alternate: the one that runs, and the other, suspended one. An
 * EXCHANGE suspends the running flow and resumes the suspended one, handing
 * over 16 bytes in registers. The context holds only the suspended side, so
 * one operation serves both directions:
 *
 *   resume   towards the body:    give a completion, get the answering step
 *   yield    back to the resumer: give a step, get the next completion
 *
 * Swapping the suspended sides of two contexts before an exchange switches
 * straight from one body to another (kit_context_swap).
 *
 * Mechanisms on user stacks: `asm` (a dozen instructions: callee-saved
 * registers, a popped address and an indirect jump) where the architecture has
 * it, and `ucontext` (POSIX; a system call for the signal mask per exchange).
 * Both tell AddressSanitizer, ThreadSanitizer and valgrind what they do.
 * Floating-point control words (mxcsr, the x87 control word, fpcr) are shared
 * by all contexts of a thread: a body that changes the rounding mode changes
 * it for all.
 *
 * The mechanism on kernel threads: `baton`. The body of each context runs in a
 * thread of its own, on the stack that it was given; there is one baton for a
 * flow of control, only its holder runs, and an exchange hands it over (two
 * futex operations). A body has the thread-local variables, the signal mask and
 * the floating-point control of its own thread, not of who resumes it; the
 * thread inherits CPU affinity and signal mask from the one that starts it.
 * What the kit itself keeps for a thread moves with the baton (kit/flow.h).
 * A task on user stacks may wait in such a body: it is on the body's thread
 * then, and the other tasks go on on theirs.
 *
 * A context may be resumed on another thread than the last time.
 */
#ifndef KIT_CONTEXT_H
#define KIT_CONTEXT_H

#include <kit/stack.h>
#include <kit/value.h>

KIT_BEGIN

typedef struct kit_context kit_context;

/* Runs on the new stack; `first` is what the first resume gave. */
typedef void (*kit_context_entry)(kit_context *context, kit_completion first);

struct kit_mechanism {
    const char *name;
    int (*start)(kit_context *, kit_stack *, char *top, kit_context_entry);
    kit_step (*resume)(kit_context *, kit_completion);
    kit_completion (*yield)(kit_context *, kit_step);
    int (*pass)(kit_context *, int, const kit_context *);
    void (*exit)(kit_context *, kit_step) __attribute__((noreturn));
    void (*dispose)(kit_context *); /* NULL: nothing to free */
    bool inlines; /* exchanges may be those of kit/inline_switch.h */
};

struct kit_context {
    void *suspended; /* the mechanism's handle of the suspended side */
    const struct kit_mechanism *mechanism;
    void *notice; /* what sanitizers must know of the suspended side */
    void *body;   /* the mechanism's handle of the body, if it needs one */
};

/* The default: `asm` where this build has it, else `ucontext`. */
KIT_EXPORT extern const struct kit_mechanism *const kit_mechanism_first;

static inline const struct kit_mechanism *kit_mechanism_default(void)
{
    return kit_mechanism_first;
}

/* By name ("asm", "ucontext", "baton"); NULL when this build has no such one.
 */
KIT_EXPORT const struct kit_mechanism *kit_mechanism_named(const char *name);

/*
 * Prepares a body on `stack`, below `top` (the caller may keep something
 * between `top` and the stack's record). Nothing runs until the first resume.
 * 0; with `baton` -EAGAIN or -ENOMEM, when there can be no further thread:
 * then there is nothing to dispose of.
 */
static inline int kit_context_start(kit_context *context,
                                    const struct kit_mechanism *mechanism,
                                    kit_stack *stack, char *top,
                                    kit_context_entry entry)
{
    context->mechanism = mechanism;
    return mechanism->start(context, stack, top, entry);
}

static inline kit_step kit_context_resume(kit_context *context,
                                          kit_completion how)
{
    return context->mechanism->resume(context, how);
}

static inline kit_completion kit_context_yield(kit_context *context,
                                               kit_step step)
{
    return context->mechanism->yield(context, step);
}

/* After a swap: from one body to another, which is resumed with `how`. */
static inline kit_completion kit_context_transfer(kit_context *context,
                                                  kit_completion how)
{
    /* Both are two words in the same registers, whatever their names. */
    return kit_context_yield(context,
                             kit_step_make((enum kit_state)how.how, how.value));
}

/* The body's last yield: it will not be resumed again. */
__attribute__((noreturn)) static inline void
kit_context_exit(kit_context *context, kit_step last)
{
    context->mechanism->exit(context, last);
    __builtin_unreachable();
}

/* After the exit, or to abandon a suspended body: frees what notices need, and
   ends the thread, if there is one. No more of the body runs, nor of those that
   it has resumed and that have not answered; their contexts may be disposed of
   afterwards. */
static inline void kit_context_dispose(kit_context *context)
{
    if (context->mechanism->dispose)
        context->mechanism->dispose(context);
}

/*
 * For flows that take turns as they like, none of which is another's resumer,
 * each with a context that holds it while it is suspended: makes the other side
 * of `from`, which is running, that of `to`.
 */
static inline void kit_context_aim(kit_context *from, const kit_context *to)
{
    from->suspended = to->suspended;
    from->notice = to->notice;
}

/*
 * From such a flow to another: suspends `from` and resumes `to`, handing over
 * one value. Returns what `from` is handed when it runs again. A body that is
 * begun by this gets the value in its first completion.
 */
static inline int kit_context_pass(kit_context *from, const kit_context *to,
                                   int value)
{
    return from->mechanism->pass(from, value, to);
}

/* See above: afterwards, an exchange through `from` lands in `to`'s body. */
static inline void kit_context_swap(kit_context *from, kit_context *to)
{
    void *suspended = from->suspended, *notice = from->notice;
    from->suspended = to->suspended;
    from->notice = to->notice;
    to->suspended = suspended;
    to->notice = notice;
}

KIT_END

#endif
