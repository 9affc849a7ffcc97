/* SPDX-License-Identifier: MIT */
/* What a coroutine is, for the other kinds of body that are made of one. */
#ifndef COOP_SRC_CORO_H
#define COOP_SRC_CORO_H

#include <coop/coro.h>

#include <kit/warm.h>

/* At the top of its own stack, below the stack's record. */
struct coop_coro {
    struct coop_coro_face face;
    coop_coro_fn body;
    kit_value arg;
    kit_stack *stack;
    /* the creator's local memory follows, up to the stack's record */
} __attribute__((aligned(16)));

_Static_assert(sizeof(struct coop_coro) == COOP_CORO_LOCAL,
               "local memory is where coop_coro_local says");

static inline void coop_coro_set_state(coop_coro *co,
                                       enum coop_coro_state state)
{
    co->face.state = (co->face.state & COOP_CORO_APART) | (int)state;
}

/* The highest place for a coroutine with `local_size` bytes above it. */
static inline coop_coro *coop_coro_place(kit_stack *stack, size_t local_size)
{
    uintptr_t top = (uintptr_t)stack - local_size - sizeof(coop_coro);
    return (coop_coro *)(top & ~(uintptr_t)15);
}

/* All of a coroutine on `stack`, but its beginning. */
static inline coop_coro *coop_coro_on(kit_stack *stack, size_t local_size,
                                      const struct kit_mechanism *mechanism,
                                      const struct kit_stack_use *use)
{
    coop_coro *co = coop_coro_place(stack, local_size);
    co->stack = stack;
    stack->use = use;
    stack->name = NULL;
    co->face.context.mechanism = mechanism;
    co->face.state =
        COOP_CORO_CREATED | (mechanism->inlines ? 0 : COOP_CORO_APART);
    return co;
}

/* A coroutine that begins with `entry`; body and argument are the caller's to
   set, if its entry wants them. Results as of coop_coro_create. */
int coop_coro_prepare(coop_coro **out, size_t stack_size, size_t local_size,
                      const struct kit_mechanism *mechanism,
                      const struct kit_stack_use *use, kit_context_entry entry);

/* The same without a call, for the usual: a stack of the default size, which
   the pool has; the default mechanism, if it inlines. NULL: not the usual. */
static inline __attribute__((always_inline)) coop_coro *
coop_coro_prepare_usual(size_t local_size, const struct kit_stack_use *use,
                        kit_context_entry entry)
{
#if KIT_INLINE_SWITCH
    const struct kit_mechanism *mechanism = kit_mechanism_default();
    if (KIT_UNLIKELY(!mechanism->inlines))
        return NULL;
    kit_stack *stack = kit_stack_take_warm();
    if (KIT_UNLIKELY(!stack))
        return NULL;
    coop_coro *co = coop_coro_on(stack, local_size, mechanism, use);
    kit_inline_start(&co->face.context, (char *)co, entry);
    return co;
#else
    (void)local_size, (void)use, (void)entry;
    return NULL;
#endif
}

/* As coop_coro_destroy, without a call, for one that does not run; in functions
   that do not switch before it. */
static inline void coop_coro_free(coop_coro *co)
{
    if (KIT_UNLIKELY(co->face.state & COOP_CORO_APART))
        kit_context_dispose(&co->face.context);
    kit_stack_give_back(co->stack);
}

/* The end of an entry: answers the resumer for the last time. */
__attribute__((noreturn)) static inline void coop_coro_finish(coop_coro *co,
                                                              kit_step last)
{
    coop_coro_set_state(co, COOP_CORO_DONE);
    kit_context_exit(&co->face.context, last);
}

#endif
