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
    kit_context context;
    enum coop_coro_state state;
    coop_coro_fn body;
    kit_value arg;
    kit_stack *stack;
    coop_coro *successor; /* who goes on when this one has ended */
    kit_completion succeed_how;
    /* the creator's local memory follows, up to the stack's record */
} __attribute__((aligned(16)));

static void run(kit_context *context, kit_completion first)
{
    coop_coro *co = KIT_CONTAINER(context, coop_coro, context);
    kit_step last = co->body(co, co->arg, first);
    if (last.state == KIT_YIELDED)
        last.state = KIT_DONE;
    co->state = COOP_CORO_DONE;
    if (co->successor) {
        co->successor->state = COOP_CORO_RUNNING;
        kit_context_swap(context, &co->successor->context);
        last = kit_step_make((enum kit_state)co->succeed_how.how,
                             co->succeed_how.value);
    }
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
    co->state = COOP_CORO_CREATED;
    co->body = body;
    co->arg = arg;
    co->stack = stack;
    co->successor = NULL;
    kit_context_start(&co->context,
                      o->mechanism ? o->mechanism : kit_mechanism_default(),
                      stack, (char *)co, run);
    *out = co;
    return 0;
}

int coop_coro_destroy(coop_coro *co)
{
    if (!co)
        return 0;
    if (co->state == COOP_CORO_RUNNING)
        return -EBUSY;
    kit_context_dispose(&co->context);
    kit_stack_give(co->stack);
    return 0;
}

kit_step coop_coro_resume(coop_coro *co, kit_completion how)
{
    if (KIT_UNLIKELY(co->state > COOP_CORO_SUSPENDED))
        return kit_failed_errno(co->state == COOP_CORO_DONE ? -EINVAL : -EBUSY);
    co->state = COOP_CORO_RUNNING;
    return kit_context_resume(&co->context, how);
}

kit_completion coop_coro_yield(coop_coro *self, kit_value value)
{
    if (KIT_UNLIKELY(self->state != COOP_CORO_RUNNING))
        kit_misuse(__func__, "called from outside the coroutine's body");
    self->state = COOP_CORO_SUSPENDED;
    return kit_context_yield(&self->context, kit_yielded(value));
}

kit_completion coop_coro_transfer(coop_coro *self, coop_coro *to,
                                  kit_completion how)
{
    if (KIT_UNLIKELY(self->state != COOP_CORO_RUNNING ||
                     to->state > COOP_CORO_SUSPENDED ||
                     self->context.mechanism != to->context.mechanism))
        kit_misuse(__func__, "needs a running and a suspended coroutine of "
                             "one mechanism");
    self->state = COOP_CORO_SUSPENDED;
    to->state = COOP_CORO_RUNNING;
    kit_context_swap(&self->context, &to->context);
    return kit_context_transfer(&self->context, how);
}

void coop_coro_succeed(coop_coro *self, coop_coro *to, kit_completion how)
{
    self->successor = to;
    self->succeed_how = how;
}

enum coop_coro_state coop_coro_state(const coop_coro *co)
{
    return co->state;
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
