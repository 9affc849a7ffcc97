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
    coop_coro_fn body;
    kit_value arg;
    kit_stack *stack;
    /* the creator's local memory follows, up to the stack's record */
} __attribute__((aligned(16)));

static enum coop_coro_state state_of(const coop_coro *co)
{
    return (enum coop_coro_state)(co->face.state & ~COOP_CORO_APART);
}

static void set_state(coop_coro *co, enum coop_coro_state state)
{
    co->face.state = (co->face.state & COOP_CORO_APART) | (int)state;
}

static void run(kit_context *context, kit_completion first)
{
    coop_coro *co = KIT_CONTAINER(context, coop_coro, face.context);
    kit_step last = co->body(co, co->arg, first);
    if (last.state == KIT_YIELDED)
        last.state = KIT_DONE;
    set_state(co, COOP_CORO_DONE);
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
    static const struct kit_stack_use coroutine = {
        "coroutine", "coop_coro_options.stack_size"};
    const struct coop_coro_options *o = options ? options : &defaults;
    kit_stack *stack;
    if (o->local_size > LOCAL_MAX)
        return -EINVAL;
    int result = kit_stack_take(o->stack_size, &stack);
    if (result < 0)
        return result;
    coop_coro *co = place(stack, o->local_size);
    co->body = body;
    co->arg = arg;
    co->stack = stack;
    stack->use = o->use ? o->use : &coroutine;
    stack->name = NULL;
    const struct kit_mechanism *mechanism =
        o->mechanism ? o->mechanism : kit_mechanism_default();
    co->face.state =
        COOP_CORO_CREATED | (mechanism->inlines ? 0 : COOP_CORO_APART);
    result =
        kit_context_start(&co->face.context, mechanism, stack, (char *)co, run);
    if (KIT_UNLIKELY(result < 0))
        kit_stack_give(stack);
    else
        *out = co;
    return result;
}

int coop_coro_destroy(coop_coro *co)
{
    if (!co)
        return 0;
    if (state_of(co) == COOP_CORO_RUNNING)
        return -EBUSY;
    kit_context_dispose(&co->face.context);
    kit_stack_give(co->stack);
    return 0;
}

/* Not inlined, so that what follows ends in calls alone: only then does every
   compiler make jumps of them. */
__attribute__((noinline, cold)) static kit_step refuse(const coop_coro *co)
{
    return kit_failed_errno(state_of(co) == COOP_CORO_DONE ? -EINVAL : -EBUSY);
}

kit_step(coop_coro_resume)(coop_coro *co, kit_completion how)
{
    if (KIT_UNLIKELY(state_of(co) > COOP_CORO_SUSPENDED))
        return refuse(co);
    set_state(co, COOP_CORO_RUNNING);
    return kit_context_resume(&co->face.context, how);
}

kit_completion(coop_coro_yield)(coop_coro *self, kit_value value)
{
    if (KIT_UNLIKELY(state_of(self) != COOP_CORO_RUNNING))
        kit_misuse(__func__, "called from outside the coroutine's body");
    set_state(self, COOP_CORO_SUSPENDED);
    return kit_context_yield(&self->face.context, kit_yielded(value));
}

/* Makes `to` what an exchange of `self`, which is left as `left`, lands in. */
static void replace(coop_coro *self, coop_coro *to, enum coop_coro_state left,
                    const char *caller)
{
    if (KIT_UNLIKELY(state_of(self) != COOP_CORO_RUNNING ||
                     state_of(to) > COOP_CORO_SUSPENDED ||
                     self->face.context.mechanism !=
                         to->face.context.mechanism))
        kit_misuse(caller, "needs a running and a suspended coroutine of "
                           "one mechanism");
    set_state(self, left);
    set_state(to, COOP_CORO_RUNNING);
    kit_context_swap(&self->face.context, &to->face.context);
}

kit_completion(coop_coro_transfer)(coop_coro *self, coop_coro *to,
                                   kit_completion how)
{
    replace(self, to, COOP_CORO_SUSPENDED, __func__);
    return kit_context_transfer(&self->face.context, how);
}

void(coop_coro_leave)(coop_coro *self, coop_coro *to, kit_completion how)
{
    replace(self, to, COOP_CORO_DONE, __func__);
    kit_context_exit(&self->face.context,
                     kit_step_make((enum kit_state)how.how, how.value));
}

enum coop_coro_state coop_coro_state(const coop_coro *co)
{
    return state_of(co);
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
