/* SPDX-License-Identifier: MIT */
/*
 * For those who make a kind of coroutine, not for those who use one.
 *
 * Taking a stack from the thread's pool, and giving it back, without a call:
 * where the pool has a warm one, one that has its pages already. Only for
 * functions that switch neither before nor after it: see kit/flow.h.
 */
#ifndef KIT_WARM_H
#define KIT_WARM_H

#include <kit/flow.h>

KIT_BEGIN

#define KIT_STACK_CLASSES 18 /* KIT_STACK_MIN << 0 ... << 17 */

/* How a pool begins. */
struct kit_stack_warm {
    kit_stack *list[KIT_STACK_CLASSES];
    size_t room; /* bytes of stacks that may be added */
    uint32_t default_class;
    bool is_watched; /* by a checker of memory: must be told of each */
};

/* NULL: there is none; kit_stack_get makes one. */
static inline kit_stack *kit_stack_pop(kit_stack_pool *pool, uint32_t index)
{
    struct kit_stack_warm *warm = (struct kit_stack_warm *)(void *)pool;
    kit_stack *stack = warm->list[index];
    if (KIT_UNLIKELY(!stack))
        return NULL;
    warm->list[index] = stack->next;
    warm->room += KIT_STACK_MIN << index;
    stack->owner = pool;
    return stack;
}

/* False: nothing was done. */
static inline bool kit_stack_push(kit_stack_pool *pool, kit_stack *stack)
{
    struct kit_stack_warm *warm = (struct kit_stack_warm *)(void *)pool;
    uint32_t index = stack->class_index;
    size_t bytes = KIT_STACK_MIN << index;
    /* Compared only: the owner may be gone, or have an heir at its address. */
    if (KIT_UNLIKELY(stack->owner != pool || warm->room < bytes))
        return false;
    warm->room -= bytes;
    stack->next = warm->list[index];
    warm->list[index] = stack;
    return true;
}

/* One of the size KIT_STACK_DEFAULT, on the calling thread; NULL: see above. */
static inline kit_stack *kit_stack_take_warm(void)
{
    kit_stack_pool *pool = kit_flow_here.pool;
    if (KIT_UNLIKELY(!pool))
        return NULL;
    return kit_stack_pop(
        pool, ((struct kit_stack_warm *)(void *)pool)->default_class);
}

static inline void kit_stack_give_back(kit_stack *stack)
{
    kit_stack_pool *pool = kit_flow_here.pool;
    struct kit_stack_warm *warm = (struct kit_stack_warm *)(void *)pool;
    if (KIT_UNLIKELY(!pool || warm->is_watched || !kit_stack_push(pool, stack)))
        kit_stack_give(stack);
}

KIT_END

#endif
