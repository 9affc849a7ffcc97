/* SPDX-License-Identifier: MIT */
/*
 * Coroutines on contexts. resume and yield end in a jump into the mechanism
 * (a tail call): no return instruction runs between the two sides, so that
 * the processor's return predictor is never wrong.
 */
#include "coro.h"

#include <errno.h>

#define LOCAL_MAX 4096

static enum coop_coro_state state_of(const coop_coro *co)
{
    return (enum coop_coro_state)(co->face.state & ~COOP_CORO_APART);
}

static void run(kit_context *context, kit_completion first)
{
    coop_coro *co = KIT_CONTAINER(context, coop_coro, face.context);
    kit_step last = co->body(co, co->arg, first);
    if (last.state == KIT_YIELDED)
        last.state = KIT_DONE;
    coop_coro_finish(co, last);
}

int coop_coro_prepare(coop_coro **out, size_t stack_size, size_t local_size,
                      const struct kit_mechanism *mechanism,
                      const struct kit_stack_use *use, kit_context_entry entry)
{
    kit_stack *stack;
    int result = kit_stack_take(stack_size, &stack);
    if (result < 0)
        return result;
    coop_coro *co =
        coop_coro_on(stack, local_size,
                     mechanism ? mechanism : kit_mechanism_default(), use);
    result = kit_context_start(&co->face.context, co->face.context.mechanism,
                               stack, (char *)co, entry);
    if (result < 0)
        kit_stack_give(stack);
    else
        *out = co;
    return result;
}

int coop_coro_create(coop_coro **out, coop_coro_fn body, kit_value arg,
                     const struct coop_coro_options *options)
{
    static const struct coop_coro_options defaults;
    static const struct kit_stack_use coroutine = {
        "coroutine", "coop_coro_options.stack_size"};
    const struct coop_coro_options *o = options ? options : &defaults;
    if (o->local_size > LOCAL_MAX)
        return -EINVAL;
    int result =
        coop_coro_prepare(out, o->stack_size, o->local_size, o->mechanism,
                          o->use ? o->use : &coroutine, run);
    if (result < 0)
        return result;
    (*out)->body = body;
    (*out)->arg = arg;
    return 0;
}

/* Not inlined: the pool is the one of the thread it is called on. */
__attribute__((noinline)) int coop_coro_destroy(coop_coro *co)
{
    if (!co)
        return 0;
    if (state_of(co) == COOP_CORO_RUNNING)
        return -EBUSY;
    coop_coro_free(co);
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
    coop_coro_set_state(co, COOP_CORO_RUNNING);
    return kit_context_resume(&co->face.context, how);
}

kit_completion(coop_coro_yield)(coop_coro *self, kit_value value)
{
    if (KIT_UNLIKELY(state_of(self) != COOP_CORO_RUNNING))
        kit_misuse(__func__, "called from outside the coroutine's body");
    coop_coro_set_state(self, COOP_CORO_SUSPENDED);
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
    coop_coro_set_state(self, left);
    coop_coro_set_state(to, COOP_CORO_RUNNING);
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
