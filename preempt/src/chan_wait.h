/* SPDX-License-Identifier: MIT */
/*
 * What the kinds of channel with a ring of cells share: how their threads wait
 * and are woken, and their memory.
 *
 * A waiter queues its record, looks once more, and sleeps. Whoever completes an
 * operation that could help it takes the record out, does the waiter's
 * operation for it, and makes one wake-up call: a waiter is taken out once, so
 * there are no calls in vain, and either the waiter's last look sees the
 * operation or the operation's look sees the waiter. That needs a full fence on
 * both sides; where the kernel has membarrier, and the ring is not so shallow
 * that its threads do little but wait, the waiter, who is about to sleep
 * anyway, pays for both.
 *
 * A waiter that is served need not run for the other side to go on: of threads
 * that share a CPU each does several operations for a switch, even at capacity
 * 1. So while a waiter is queued it must not do its operation itself: it leaves
 * the queue first, or finds that it has been taken out.
 */
#ifndef PREEMPT_CHAN_WAIT_H
#define PREEMPT_CHAN_WAIT_H

#include "chan_impl.h"

/* What is rare stands apart, so that the rest needs no stack frame. */
#define APART  __attribute__((noinline))
#define INLINE inline __attribute__((always_inline))

/* The threads of one direction. */
struct chan_side {
    _Alignas(CACHE_LINE) struct preempt_waiters waiters;
    kit_word cpu;   /* where the side was last seen, plus one; 0: not known */
    kit_word least; /* of elements, or of empty cells, for the only waiter */
    _Alignas(CACHE_LINE) kit_lock lock; /* of the waiters */
    kit_word crowds;                    /* waits beside others */
    kit_word missed_batch;              /* the last one did not come in time */
    _Atomic int64_t no_batch;           /* none is waited for until then */
    struct kit_backoff_memory memory;
};

/* What a thread waits with. */
struct chan_party {
    preempt_chan *chan;
    struct chan_side *mine, *other;
    /* Would `try` do it? To be asked while queued, when others may do it. */
    bool (*can)(const struct chan_party *);
    int (*try)(preempt_chan *, void *element); /* -EAGAIN: wait */
    void *element;
    int served; /* what `try` returns when it has done it */
    struct wait why;
    const void *cell; /* for `can` */
};

/* Tries until the result is not -EAGAIN; also -ECANCELED, -ETIMEDOUT. */
int chan_wait_and(const struct chan_party *p);

/* Queues a record; `first` for who does not lose its place. It is to be served
   when there are `least` for it, if nobody else waits. */
void chan_announce(struct chan_side *side, struct preempt_waiter *w, bool first,
                   uint32_t least);

/*
 * Does the waiter of this side, which `sends` or receives, want more empty
 * cells or elements than there are, to be served? Most want any: then the ends
 * of the ring are left alone. None wants to sleep for long without, so that no
 * fence is needed.
 */
static inline bool chan_is_too_few(const preempt_chan *ch,
                                   const struct chan_side *side, bool sends)
{
    uint32_t least = atomic_load_explicit(&side->least, memory_order_relaxed);
    if (KIT_LIKELY(least == 0))
        return false;
    size_t length = ch->ops->length(ch);
    return (sends ? ch->capacity - length : length) < least;
}

/*
 * The longest waiting of a side may be able to go on: does its operation for
 * it, if `op` can (`done` is its result then) and it is no select, and wakes
 * it. If not, it is woken to try for itself. True when it was done.
 */
bool chan_serve(preempt_chan *ch, struct chan_side *side,
                int (*op)(preempt_chan *, void *element), int done);

/* The same, and it has to try for itself. */
void chan_wake_one(struct chan_side *side);
void chan_wake_all(struct chan_side *side);

static inline bool chan_has_waiter(const struct chan_side *side)
{
    return KIT_UNLIKELY(preempt_waiters_count(&side->waiters) > 0);
}

/* Orders our operation before our look at the other side's waiters. */
static inline void chan_fence_before_look(const preempt_chan *ch)
{
    if (ch->asymmetric)
        atomic_signal_fence(memory_order_seq_cst); /* see chan_fence */
    else
        atomic_thread_fence(memory_order_seq_cst);
}

/* Now and then: `position` counts the side's operations. */
static inline bool chan_shall_publish(uint64_t position)
{
    return (position & 15) == 0;
}

static inline void chan_publish_cpu(struct chan_side *side, uint64_t position)
{
    if (chan_shall_publish(position))
        preempt_cpu_publish(&side->cpu);
}

/*
 * Zeroed memory for a channel of `head_size` bytes with its cells behind, of
 * *stride bytes each, which is made a multiple of 8. NULL: there is not so
 * much. To be given back by free.
 */
preempt_chan *chan_allocate(size_t head_size, size_t *stride, size_t capacity);

#endif
