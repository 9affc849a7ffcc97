/* SPDX-License-Identifier: MIT */
/*
 * The stack pool. Stacks are cut from slabs (slab.h), whose free slots are
 * COLD: without pages, in nobody's free list. A pool's free lists hold warm
 * stacks.
 */
#include <kit/warm.h>

#include "sanitize.h"
#include "slab.h"
#include "thread_end.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13, newer than many headers */
#endif

#define CLASSES KIT_STACK_CLASSES
_Static_assert(KIT_STACK_MAX < KIT_STACK_MIN << (CLASSES - 1),
               "there is room for the surplus of pages");

struct kit_stack_pool {
    struct kit_stack_warm warm;      /* first */
    struct kit_slab *slabs[CLASSES]; /* with a cold slot, or just filled */
    struct kit_slab *full[CLASSES];  /* without, when last looked at */
    size_t full_count[CLASSES];
    size_t look_again_at[CLASSES]; /* so many full ones */
    size_t limit;                  /* bytes of warm stacks, in all */
    size_t surplus;                /* of two pages, over two of 4 KiB */
    enum kit_guard wanted, weakest;
    bool is_tried; /* the guard: it traps */
};

const char *kit_guard_name(enum kit_guard guard)
{
    static const char *const names[] = {"auto", "light", "protect", "none"};
    return (unsigned)guard <= KIT_GUARD_NONE ? names[guard] : "malformed";
}

static size_t size_of_class(unsigned index)
{
    return KIT_STACK_MIN << index;
}

/* ---- guards ---- */

static enum kit_guard guard_page(enum kit_guard wanted, char *page)
{
    size_t size = kit_page_size();
    if (wanted == KIT_GUARD_AUTO || wanted == KIT_GUARD_LIGHT) {
        if (madvise(page, size, MADV_GUARD_INSTALL) == 0)
            return KIT_GUARD_LIGHT;
    }
    if (wanted != KIT_GUARD_NONE && mprotect(page, size, PROT_NONE) == 0)
        return KIT_GUARD_PROTECT;
    return KIT_GUARD_NONE;
}

/* An emulator may accept what it does not know: the first one is tried. */
static enum kit_guard try_guard(kit_stack_pool *pool, char *page)
{
    char byte;
    enum kit_guard got = guard_page(pool->wanted, page);
    if (got != KIT_GUARD_LIGHT || pool->is_tried)
        return got;
    pool->is_tried = true;
    if (!kit_copy_safely(&byte, (uintptr_t)page, 1))
        return got;
    pool->wanted = KIT_GUARD_PROTECT;
    return guard_page(pool->wanted, page);
}

static void guard_slot(kit_stack_pool *pool, struct kit_slab *slab,
                       uint32_t slot)
{
    uint64_t bit = UINT64_C(1) << slot;
    if (slab->guarded & bit)
        return;
    enum kit_guard got = try_guard(pool, kit_slot_low(slab, slot));
    if (got > pool->weakest)
        pool->weakest = got;
    slab->guarded |= bit;
}

/* ---- stacks ---- */

static struct kit_slab *push_slab(struct kit_slab **list, struct kit_slab *slab)
{
    slab->next = *list;
    *list = slab;
    return slab;
}

static struct kit_slab *pop_slab(struct kit_slab **list)
{
    struct kit_slab *slab = *list;
    if (slab)
        *list = slab->next;
    return slab;
}

/* Sets aside the full slabs at the head of the list: each is passed once. */
static void skip_full(kit_stack_pool *pool, unsigned index)
{
    struct kit_slab **open = &pool->slabs[index];
    while (*open && !kit_slab_has_slot(*open)) {
        push_slab(&pool->full[index], pop_slab(open));
        pool->full_count[index]++;
    }
}

static void reopen_full(kit_stack_pool *pool, unsigned index)
{
    while (pool->full[index])
        push_slab(&pool->slabs[index], pop_slab(&pool->full[index]));
    pool->full_count[index] = 0;
}

/*
 * Other threads may have given slots of full slabs back. Looks for them when
 * there are twice as many full slabs as there were after the last look, so
 * that a million stacks cost a few million steps.
 */
static void look_again(kit_stack_pool *pool, unsigned index)
{
    struct kit_slab *next = pool->full[index], *slab;
    if (pool->full_count[index] < pool->look_again_at[index])
        return;
    pool->full[index] = NULL;
    pool->full_count[index] = 0;
    while ((slab = pop_slab(&next))) {
        bool open = kit_slab_has_slot(slab);
        push_slab(open ? &pool->slabs[index] : &pool->full[index], slab);
        pool->full_count[index] += !open;
    }
    pool->look_again_at[index] = 2 * pool->full_count[index] + 1;
}

static struct kit_slab *slab_with_slot(kit_stack_pool *pool, unsigned index)
{
    skip_full(pool, index);
    if (!pool->slabs[index])
        look_again(pool, index);
    if (pool->slabs[index])
        return pool->slabs[index];
    struct kit_slab *slab =
        kit_slab_map(size_of_class(index), pool->full[index]);
    return slab ? push_slab(&pool->slabs[index], slab) : NULL;
}

__attribute__((noinline, cold)) static int
take_cold(kit_stack_pool *pool, unsigned index, kit_stack **out)
{
    int saved = errno;
    struct kit_slab *slab = slab_with_slot(pool, index);
    if (!slab) {
        errno = saved;
        return -ENOMEM;
    }
    uint32_t slot = kit_slab_take(slab);
    guard_slot(pool, slab, slot);
    slab->valgrind_id[slot] = (unsigned)VALGRIND_STACK_REGISTER(
        kit_slot_low(slab, slot), kit_slot_high(slab, slot));
    errno = saved;
    kit_stack *stack = (kit_stack *)(void *)kit_slot_high(slab, slot) - 1;
    stack->low = kit_slot_low(slab, slot) + kit_page_size();
    stack->slab = slab;
    stack->owner = pool;
    stack->use = NULL;
    stack->class_index = index;
    stack->slot = slot;
    *out = stack;
    return 0;
}

/* The smallest class that holds `size`; CLASSES when none does. */
static unsigned class_of(const kit_stack_pool *pool, size_t size)
{
    if (size > KIT_STACK_MAX / KIT_SANITIZER_FACTOR)
        return CLASSES;
    size *= KIT_SANITIZER_FACTOR;
    size += pool->surplus;
    unsigned index = 0;
    while (size_of_class(index) < size)
        index++;
    return index;
}

int kit_stack_get(kit_stack_pool *pool, size_t size, kit_stack **out)
{
    unsigned index = size ? class_of(pool, size) : pool->warm.default_class;
    if (KIT_UNLIKELY(index >= CLASSES))
        return -EINVAL;
    kit_stack *stack = kit_stack_pop(pool, index);
    if (KIT_UNLIKELY(!stack))
        return take_cold(pool, index, out);
    stack->use = NULL;
    *out = stack;
    return 0;
}

/* What an ended or abandoned body left there says nothing any more. */
static void freshen(kit_stack *stack)
{
    KIT_MEMORY_IS_FRESH(stack->low, (size_t)((char *)stack - stack->low));
}

/* Makes a stack cold: its pages go back, its slot may be taken anew. */
__attribute__((noinline, cold)) static void cool(kit_stack *stack)
{
    struct kit_slab *slab = stack->slab;
    uint32_t slot = stack->slot;
    int saved = errno;
    if (KIT_MEMORY_IS_WATCHED)
        freshen(stack);
    VALGRIND_STACK_DEREGISTER(slab->valgrind_id[slot]);
    madvise(stack->low, (size_t)(kit_slot_high(slab, slot) - stack->low),
            MADV_DONTNEED);
    kit_slab_set(slab, UINT64_C(1) << slot);
    errno = saved;
}

void kit_stack_put(kit_stack_pool *pool, kit_stack *stack)
{
    if (pool && pool->warm.is_watched)
        freshen(stack);
    if (KIT_UNLIKELY(!pool || !kit_stack_push(pool, stack)))
        cool(stack);
}

static void cool_beyond(kit_stack_pool *pool, unsigned index, size_t keep)
{
    kit_stack **list = &pool->warm.list[index];
    while (*list && keep > 0) {
        list = &(*list)->next;
        keep--;
    }
    kit_stack *stack = *list;
    *list = NULL;
    while (stack) {
        kit_stack *next = stack->next;
        cool(stack);
        pool->warm.room += size_of_class(index);
        stack = next;
    }
}

/* Slabs without a stack in use or warm are given up. */
static void drop_cold_slabs(struct kit_slab **link)
{
    while (*link) {
        struct kit_slab *slab = *link;
        uint64_t cold = atomic_load_explicit(&slab->cold, memory_order_acquire);
        if ((cold | KIT_SLAB_ORPHAN) == UINT64_MAX) {
            *link = slab->next;
            kit_slab_set(slab, KIT_SLAB_ORPHAN);
        } else {
            link = &slab->next;
        }
    }
}

void kit_stack_pool_trim(kit_stack_pool *pool, size_t keep)
{
    int saved = errno;
    for (unsigned i = 0; i < CLASSES; i++) {
        cool_beyond(pool, i, keep);
        reopen_full(pool, i);
        drop_cold_slabs(&pool->slabs[i]);
    }
    errno = saved;
}

void kit_stack_pool_limit(kit_stack_pool *pool, size_t bytes)
{
    if (pool->limit - pool->warm.room > bytes)
        kit_stack_pool_trim(pool, 0);
    pool->warm.room += bytes - pool->limit;
    pool->limit = bytes;
}

enum kit_guard kit_stack_pool_guard(const kit_stack_pool *pool)
{
    return pool->weakest;
}

/* ---- pools ---- */

int kit_stack_pool_create(kit_stack_pool **out, enum kit_guard guard)
{
    if ((unsigned)guard > KIT_GUARD_NONE)
        return -EINVAL;
    int saved = errno;
    kit_stack_pool *pool = calloc(1, sizeof *pool);
    errno = saved;
    if (!pool)
        return -ENOMEM;
    /* A stack may lose two pages, to its guard and to the slab, and those are
       of 16 or 64 KiB on some machines. */
    pool->surplus = 2 * (kit_page_size() - 4096);
    pool->wanted = guard;
    pool->limit = pool->warm.room = KIT_STACK_POOL_LIMIT;
    pool->warm.default_class = class_of(pool, KIT_STACK_DEFAULT);
    pool->warm.is_watched = KIT_MEMORY_IS_WATCHED;
    *out = pool;
    return 0;
}

void kit_stack_pool_destroy(kit_stack_pool *pool)
{
    if (!pool)
        return;
    kit_stack_pool_trim(pool, 0);
    for (int i = 0; i < CLASSES; i++) {
        while (pool->slabs[i])
            kit_slab_set(pop_slab(&pool->slabs[i]), KIT_SLAB_ORPHAN);
    }
    free(pool);
}

/* ---- the pool of a thread ---- */

static void thread_ends(void *pool)
{
    kit_flow_here.pool = kit_flow_here.own_pool = NULL;
    kit_stack_pool_destroy(pool);
}

static struct kit_thread_end at_thread_end = KIT_THREAD_END(thread_ends);

__attribute__((noinline, cold)) static kit_stack_pool *first_use(void)
{
    kit_stack_pool *pool;
    int saved = errno;
    if (kit_flow_here.is_guest) /* it would be destroyed too early */
        return NULL;
    if (kit_stack_pool_create(&pool, KIT_GUARD_AUTO) < 0)
        return NULL;
    if (!kit_thread_end_add(&at_thread_end, pool)) {
        kit_stack_pool_destroy(pool);
        pool = NULL;
    }
    errno = saved;
    kit_flow_here.pool = kit_flow_here.own_pool = pool;
    return pool;
}

/* Only for what is itself a call from outside: a caller may have moved to
   another thread since last time. */
kit_stack_pool *kit_stack_pool_of_thread(void)
{
    kit_stack_pool *pool = kit_flow_here.pool;
    return KIT_LIKELY(pool) ? pool : first_use();
}

int kit_stack_take(size_t size, kit_stack **out)
{
    kit_stack_pool *pool = kit_stack_pool_of_thread();
    return KIT_LIKELY(pool) ? kit_stack_get(pool, size, out) : -ENOMEM;
}

void kit_stack_give(kit_stack *stack)
{
    kit_stack_put(kit_stack_pool_of_thread(), stack);
}
