/* SPDX-License-Identifier: MIT */
/*
 * Who claims an object that one thread uses nearly always: that thread, the
 * holder of the bias, claims it without an atomic read-modify-write. The first
 * other one that comes ends the bias for good, and pays for both by a barrier
 * on all CPUs; from then on everybody claims in the ordinary way.
 *
 * Without the barrier a holder that enters and another thread that ends its
 * bias could each miss what the other one has just written: the store and the
 * load of bias_enter may change places. After Dave Dice, Hui Huang and Mingyao
 * Yang, "Asymmetric Dekker Synchronization" (2001), and Kenneth Russell and
 * David Detlefs, "Eliminating Synchronization-Related Atomic Operations with
 * Biased Locking and Bulk Rebiasing" (2006).
 */
#ifndef PREEMPT_BIAS_H
#define PREEMPT_BIAS_H

#include <kit/wait.h>

/* Holders: multiples of BIAS_THREAD, each of which stands for one thread for
   ever; 0 for any that has not taken one. */
#define BIAS_NONE   ((uintptr_t)1)
#define BIAS_ENDING ((uintptr_t)2)
#define BIAS_THREAD ((uintptr_t)4)

struct bias {
    _Atomic uintptr_t holder;
    kit_word inside; /* the holder is */
};

static inline void bias_init(struct bias *b)
{
    *b = (struct bias){.holder = BIAS_NONE};
}

/* Once, by who has claimed the object otherwise. The kernel must have the
   barrier. */
static inline void bias_give(struct bias *b, uintptr_t self)
{
    atomic_store_explicit(&b->holder, self, memory_order_relaxed);
}

static inline void bias_leave(struct bias *b)
{
    /* release: pairs with the acquire in bias_is_inside */
    atomic_store_explicit(&b->inside, 0, memory_order_release);
}

/* True: the caller has claimed the object, until bias_leave. */
static inline bool bias_enter(struct bias *b, uintptr_t self)
{
    if (KIT_UNLIKELY(atomic_load_explicit(&b->holder, memory_order_relaxed) !=
                     self))
        return false;
    atomic_store_explicit(&b->inside, 1, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst); /* see above */
    if (KIT_LIKELY(atomic_load_explicit(&b->holder, memory_order_relaxed) ==
                   self))
        return true;
    bias_leave(b);
    return false;
}

static inline bool bias_is_inside(const struct bias *b)
{
    return atomic_load_explicit(&b->inside, memory_order_acquire);
}

/*
 * Ends the bias, if there is one. It must have been seen to be given: whoever
 * asks has read, in acquire order, what the giver wrote after that. False: its
 * holder is inside, and has the object until it leaves.
 */
bool bias_end(struct bias *b, uintptr_t self);

#endif
