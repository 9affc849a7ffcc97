/* SPDX-License-Identifier: MIT */
/*
 * Coroutines on contexts. resume and yield end in a jump into the mechanism
 * (a tail call): no return instruction runs between the two sides, so that
 * the processor's return predictor is never wrong.
 */
#include <coop/coro.h>

#include <errno.h>

#define LOCAL_MAX 4096

/* At the top of its own stack, below the stack's record. */
struct coop_coro {
    struct coop_coro_face face;
    int running; /* its state while it runs: inlined, or apart */
    coop_coro_fn body;
    kit_value arg;
    kit_stack *stack;
    /* the creator's local memory follows, up to the stack's record */
} __attribute__((aligned(16)));

static void run(kit_context *context, kit_completion first)
{
    coop_coro *co = KIT_CONTAINER(context, coop_coro, face.context);
    kit_step last = co->body(co, co->arg, first);
    if (last.state == KIT_YIELDED)
        last.state = KIT_DONE;
    co->face.state = COOP_CORO_DONE;
    kit_context_exit(context, last);
}

/* The highest place for a coroutine with `local_size` bytes above it. */
static coop_coro *place(kit_stack *stack, size_t local_size)
{
    uintptr_t top = (uintptr_t)stack - local_size - sizeof(coop_coro);
    return (coop_coro *)(top & ~(uintptr_t)15);
}

int coop_coro_create(coop_coro **out, coop_coro_fn body, kit_value arg,
                     const struct coop_coro_options *options)
{
    static const struct coop_coro_options defaults;
    const struct coop_coro_options *o = options ? options : &defaults;
    kit_stack *stack;
    if (o->local_size > LOCAL_MAX)
        return -EINVAL;
    int result = kit_stack_take(o->stack_size, &stack);
    if (result < 0)
        return result;
    coop_coro *co = place(stack, o->local_size);
    co->face.state = COOP_CORO_CREATED;
    co->body = body;
    co->arg = arg;
    co->stack = stack;
    const struct kit_mechanism *mechanism =
        o->mechanism ? o->mechanism : kit_mechanism_default();
    co->running =
        mechanism->inlines ? COOP_CORO_RUNNING : COOP_CORO_RUNNING_APART;
    kit_context_start(&co->face.context, mechanism, stack, (char *)co, run);
    *out = co;
    return 0;
}

int coop_coro_destroy(coop_coro *co)
{
    if (!co)
        return 0;
    if (co->face.state == co->running)
        return -EBUSY;
    kit_context_dispose(&co->face.context);
    kit_stack_give(co->stack);
    return 0;
}

/* Not inlined, so that what follows ends in calls alone: only then does every
   compiler make jumps of them. */
__attribute__((noinline, cold)) static kit_step refuse(const coop_coro *co)
{
    return kit_failed_errno(co->face.state == COOP_CORO_DONE ? -EINVAL
                                                             : -EBUSY);
}

kit_step coop_coro_resume(coop_coro *co, kit_completion how)
{
    if (KIT_UNLIKELY(co->face.state > COOP_CORO_SUSPENDED))
        return refuse(co);
    co->face.state = co->running;
    return kit_context_resume(&co->face.context, how);
}

kit_completion(coop_coro_yield)(coop_coro *self, kit_value value)
{
    if (KIT_UNLIKELY(self->face.state != self->running))
        kit_misuse(__func__, "called from outside the coroutine's body");
    self->face.state = COOP_CORO_SUSPENDED;
    return kit_context_yield(&self->face.context, kit_yielded(value));
}

/* Makes `to` what an exchange of `self` lands in. */
static void replace(coop_coro *self, coop_coro *to, const char *caller)
{
    if (KIT_UNLIKELY(self->face.state != self->running ||
                     to->face.state > COOP_CORO_SUSPENDED ||
                     self->face.context.mechanism !=
                         to->face.context.mechanism))
        kit_misuse(caller, "needs a running and a suspended coroutine of "
                           "one mechanism");
    to->face.state = to->running;
    kit_context_swap(&self->face.context, &to->face.context);
}

kit_completion coop_coro_transfer(coop_coro *self, coop_coro *to,
                                  kit_completion how)
{
    replace(self, to, __func__);
    self->face.state = COOP_CORO_SUSPENDED;
    return kit_context_transfer(&self->face.context, how);
}

void coop_coro_leave(coop_coro *self, coop_coro *to, kit_completion how)
{
    replace(self, to, __func__);
    self->face.state = COOP_CORO_DONE;
    kit_context_exit(&self->face.context,
                     kit_step_make((enum kit_state)how.how, how.value));
}

enum coop_coro_state coop_coro_state(const coop_coro *co)
{
    return co->face.state == COOP_CORO_RUNNING_APART
               ? COOP_CORO_RUNNING
               : (enum coop_coro_state)co->face.state;
}

const char *coop_coro_state_name(enum coop_coro_state state)
{
    static const char *const names[] = {"created", "suspended", "running",
                                        "done"};
    return (unsigned)state <= COOP_CORO_DONE ? names[state] : "malformed";
}

void *coop_coro_local(coop_coro *co)
{
    return co + 1;
}
