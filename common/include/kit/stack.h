/* SPDX-License-Identifier: MIT */
/*
 * User stacks, pooled. In steady state getting and putting a stack touches a
 * free list and nothing else: no system call, no page fault.
 *
 * Every stack ends in a guard page, so that an overflow traps instead of
 * corrupting its neighbour; kit_stack_watch makes a sentence of the trap. A
 * frame larger than a page may step over the guard, into the neighbour: compile
 * the program with -fstack-clash-protection, and it touches each page. Where
 * the kernel has MADV_GUARD_INSTALL (Linux 6.13) a guard does not split the
 * mapping, and a million stacks stay far below max_map_count; elsewhere a guard
 * is a PROT_NONE page, two mappings a stack. Where even those run out the pool
 * goes on without, and says so.
 *
 * Threads. A pool belongs to one thread. A stack may be put into another
 * thread's pool than it came from: that gives its pages back to the kernel (a
 * system call) and the stack back to the pool it came from, so that a thread
 * which only creates and one which only destroys need no more than is alive.
 * Memory is unmapped when the last stack of its slab is given up, whoever does
 * it.
 */
#ifndef KIT_STACK_H
#define KIT_STACK_H

#include <kit/base.h>

KIT_BEGIN

enum kit_guard {
    KIT_GUARD_AUTO = 0, /* as an option: the best that the kernel has */
    KIT_GUARD_LIGHT,    /* MADV_GUARD_INSTALL: no mapping of its own */
    KIT_GUARD_PROTECT,  /* a PROT_NONE page: splits the mapping */
    KIT_GUARD_NONE,     /* no guard: an overflow is not noticed */
};

KIT_EXPORT const char *kit_guard_name(enum kit_guard guard);

/*
 * Bytes, the default of every stack size option of coop. Libraries built with a
 * sanitizer give four times what is asked for: frames grow under them.
 */
#define KIT_STACK_DEFAULT ((size_t)64 * 1024)
#define KIT_STACK_MIN     ((size_t)16 * 1024)
#define KIT_STACK_MAX     ((size_t)1024 * 1024 * 1024)

/* Who uses a stack, for reports; lives as long as the program. */
struct kit_stack_use {
    const char *what;   /* "task" */
    const char *option; /* what sets the size: "coop_task_options.stack_size" */
};

/*
 * A stack that is out of the pool. This record lives at the stack's highest
 * address: usable memory is from `low` up to the record itself.
 */
typedef struct kit_stack {
    char *low;
    struct kit_slab *slab;
    const struct kit_stack_use *use; /* set by the user; NULL: not known */
    const char *name;                /* the user's own, or NULL: not known */
    union {
        struct kit_stack_pool *owner; /* while it is out: where it came from */
        struct kit_stack *next;       /* while it is not */
    };
    uint32_t class_index;
    uint32_t slot;
} kit_stack;

typedef struct kit_stack_pool kit_stack_pool;

KIT_EXPORT int kit_stack_pool_create(kit_stack_pool **out,
                                     enum kit_guard guard);

/* Gives free stacks back to the kernel. Stacks that are out stay valid. */
KIT_EXPORT void kit_stack_pool_destroy(kit_stack_pool *pool);

/*
 * The calling thread's own pool, made at first use and destroyed when the
 * thread ends. NULL when there is no memory for it, or no key (see
 * pthread_key_create(3)) to have it destroyed by. Inside a body of the
 * mechanism `baton`: the pool of the thread that set the body going.
 */
KIT_EXPORT kit_stack_pool *kit_stack_pool_of_thread(void);

/* kit_stack_get and kit_stack_put on the calling thread's pool. */
KIT_EXPORT int kit_stack_take(size_t size, kit_stack **out);
KIT_EXPORT void kit_stack_give(kit_stack *stack);

/*
 * A stack of `size` bytes (0: KIT_STACK_DEFAULT), rounded up to a power of two,
 * KIT_STACK_MIN at least. Its guard page and bookkeeping, 12 KiB at the most,
 * are part of that; where pages are larger than 4 KiB, so is the stack. 0,
 * -EINVAL for a size above KIT_STACK_MAX (with a sanitizer, a quarter of that),
 * -ENOMEM.
 */
KIT_EXPORT int kit_stack_get(kit_stack_pool *pool, size_t size,
                             kit_stack **out);

/* Back into a pool; straight back to the kernel with another pool, or NULL. */
KIT_EXPORT void kit_stack_put(kit_stack_pool *pool, kit_stack *stack);

/*
 * Gives the pages of free stacks back to the kernel, all but `keep` of each
 * size. For a program that is idle after a peak.
 */
KIT_EXPORT void kit_stack_pool_trim(kit_stack_pool *pool, size_t keep);

/*
 * Free stacks keep their pages for the next user as long as their sizes add up
 * to `bytes` at the most; beyond that a stack that is put gives its pages back
 * (a system call). The default is KIT_STACK_POOL_LIMIT, 4096 stacks of the
 * default size: of those few touch more than a page or two.
 */
#define KIT_STACK_POOL_LIMIT ((size_t)256 * 1024 * 1024)
KIT_EXPORT void kit_stack_pool_limit(kit_stack_pool *pool, size_t bytes);

/* The weakest guard that any stack of this pool got so far. */
KIT_EXPORT enum kit_guard kit_stack_pool_guard(const kit_stack_pool *pool);

/* ---- how much of a stack is used ---- */

/* Usable bytes. */
static inline size_t kit_stack_size(const kit_stack *stack)
{
    return (size_t)((const char *)stack - stack->low);
}

/*
 * How many of those were used at the most: from the record down to the lowest
 * word that is not 0, in pages that are in memory. Touches no page that was not
 * touched; may be called in a signal handler, and while the stack is in use.
 *
 * A stack that came warm out of the pool has marks of former users: then this
 * is what any of them used, an upper bound. With kit_stack_pool_limit(pool, 0)
 * every user begins with fresh pages, and it is exact, but for zeros written at
 * the far end. Pages that were swapped out do not count. Where valgrind or
 * AddressSanitizer watches, it is rounded up to whole pages.
 */
KIT_EXPORT size_t kit_stack_used(const kit_stack *stack);

/* ---- overflow ---- */

/*
 * From now on the overflow of a stack is reported in a sentence on stderr: who
 * has overflowed it, its size, and which option makes it larger. Then the
 * program ends as it would have ended without.
 *
 * Puts a handler before those of SIGSEGV and SIGBUS, once in a process, and
 * gives the calling thread an alternate signal stack, if it has none, until it
 * ends. A fault elsewhere than in a guard goes to the former handler, some
 * microseconds later. Overflows on threads that have not called this are not
 * reported (threads of the mechanism `baton` need not call it). coop_run calls
 * it, unless told not to; a program with coroutines or generators and no
 * scheduler calls it itself.
 *
 * 0; -ENOMEM.
 */
KIT_EXPORT int kit_stack_watch(void);

/* Has the calling thread called it? */
KIT_EXPORT bool kit_stack_watched(void);

/* The bytes that the alternate signal stack of a thread should have. */
#define KIT_SIGNAL_STACK ((size_t)64 * 1024)

/* A stack that the system gave to a thread, which lasts as long as that. */
struct kit_thread_stack {
    const struct kit_stack_use *use;
    const char *name;   /* the user's own, or NULL: not known */
    size_t size;        /* bytes that the thread was created with */
    void *signal_stack; /* memory of KIT_SIGNAL_STACK bytes, the caller's */
};

/*
 * For those who make threads: kit_stack_watch with the caller's memory, and an
 * overflow of the calling thread's own stack is reported as well. To be called
 * near the beginning of the thread; and the other one at its end, after which
 * the memory is the caller's again.
 */
KIT_EXPORT void kit_stack_watch_thread(const struct kit_thread_stack *stack);
KIT_EXPORT void kit_stack_watch_thread_ends(void);

/*
 * The stack whose guard is at `address`, for handlers of one's own; NULL: none.
 * Any address will do; may be called in a signal handler.
 */
KIT_EXPORT const kit_stack *kit_stack_of_guard(const void *address);

KIT_END

#endif
