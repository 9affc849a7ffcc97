/* SPDX-License-Identifier: MIT */
/*
 * Capacity n > 0: a ring of cells, lock-free while neither side must wait.
 *
 * Each cell has a turn number: 2 * lap when it is empty and it is the senders'
 * turn of that lap, 2 * lap + 1 when it is full. A position is {lap, index} in
 * one word, so that any capacity works without a division. Senders claim
 * positions by moving `tail`, receivers by moving `head`. After Dmitry Vyukov,
 * "Bounded MPMC queue" (1024cores.net), whose plain sequence numbers are
 * ambiguous at capacity 1: hence the doubled ones.
 *
 * Closing sets a bit of `tail`. No position can be claimed after that, so a
 * receiver that finds the ring closed and head == tail has seen everything. But
 * that is the senders' line: a receiver that polls looks at it only when it has
 * seen elsewhere that the ring is being closed.
 *
 * Who must wait does so as chan_wait.h says. What it waits for may not be ready
 * when its turn to be served comes, because another sender of an earlier
 * position was interrupted: then it is woken to look for itself, and that
 * sender's own look finds it, or the next one, waiting. Elements behind that
 * position have used up their looks, so whoever takes an element wakes another
 * waiter if the next cell is ready. And a waiter that has been woken tries
 * before it gives up, so that no element is left to nobody.
 */
#include "chan_wait.h"

#include <errno.h>
#include <stdlib.h>

#define INDEX_BITS 25
#define INDEX_MASK ((UINT64_C(1) << INDEX_BITS) - 1)
#define CLOSED     (UINT64_C(1) << 63)

/* What a thread does at most for others, beside an operation of its own. */
#define SERVED_MAX 16

_Static_assert(PREEMPT_CHAN_CAPACITY_MAX <= INDEX_MASK, "indices fit");

struct cell {
    _Atomic uint64_t turn;
    char element[];
};

struct ring {
    preempt_chan base;
    size_t stride;      /* bytes from cell to cell */
    kit_word is_closed; /* set after the bit of `tail` */
    _Alignas(CACHE_LINE) _Atomic uint64_t tail;
    _Alignas(CACHE_LINE) _Atomic uint64_t head;
    struct chan_side senders, receivers;
    _Alignas(CACHE_LINE) char cells[];
};

static struct ring *of(preempt_chan *ch)
{
    return (struct ring *)(void *)ch;
}

static struct chan_side *side_of(struct ring *r, bool sends)
{
    return sends ? &r->senders : &r->receivers;
}

/* ---- positions ---- */

static struct cell *cell_at(struct ring *r, uint64_t position)
{
    return (void *)(r->cells + (position & INDEX_MASK) * r->stride);
}

/* The turn of the senders; the receivers' is one more. */
static uint64_t turn_of(uint64_t position)
{
    return (position & ~CLOSED) >> INDEX_BITS << 1;
}

static uint64_t after(const struct ring *r, uint64_t position)
{
    if ((position & INDEX_MASK) + 1 < r->base.capacity)
        return position + 1;
    return ((position & ~INDEX_MASK) + INDEX_MASK + 1) & ~CLOSED;
}

/* ---- elements ---- */

/* Is the cell at this end of the ring ready for its next operation? */
static bool is_ready(struct ring *r, _Atomic uint64_t *end, uint64_t offset)
{
    uint64_t at = atomic_load_explicit(end, memory_order_relaxed);
    return atomic_load_explicit(&cell_at(r, at)->turn, memory_order_acquire) ==
           turn_of(at) + offset;
}

/* acquire: pairs with the closer's seq_cst, for who learns that it is closed */
static INLINE int refuse(struct ring *r)
{
    (void)atomic_load_explicit(&r->tail, memory_order_acquire);
    return -EPIPE;
}

/* Is there more to do, after the operation at the position `at`? */
static INLINE bool is_special(const struct ring *r, uint64_t at)
{
    chan_fence_before_look(&r->base);
    return KIT_UNLIKELY(chan_shall_publish(at) ||
                        chan_has_waiter(&r->receivers) ||
                        chan_has_waiter(&r->senders));
}

/* The position that it got, in *at. */
static INLINE int put(struct ring *r, const void *element, size_t size,
                      uint64_t *at)
{
    *at = atomic_load_explicit(&r->tail, memory_order_relaxed);
    for (;;) {
        if (KIT_UNLIKELY(*at & CLOSED))
            return refuse(r);
        struct cell *cell = cell_at(r, *at);
        /* acquire: pairs with the receiver's release, whose copy is over */
        uint64_t turn = atomic_load_explicit(&cell->turn, memory_order_acquire);
        if (KIT_LIKELY(turn == turn_of(*at))) {
            if (!atomic_compare_exchange_weak_explicit(
                    &r->tail, at, after(r, *at), memory_order_relaxed,
                    memory_order_relaxed))
                continue;
            chan_copy(cell->element, element, size);
            /* release: the element is the receiver's to read */
            atomic_store_explicit(&cell->turn, turn + 1, memory_order_release);
            return 0;
        }
        uint64_t now = atomic_load_explicit(&r->tail, memory_order_relaxed);
        if (now == *at)
            return -EAGAIN;
        *at = now;
    }
}

/* The position that it had, or would have, in *at. */
static INLINE int get(struct ring *r, void *element, size_t size, uint64_t *at)
{
    *at = atomic_load_explicit(&r->head, memory_order_relaxed);
    for (;;) {
        struct cell *cell = cell_at(r, *at);
        /* acquire: pairs with the sender's release, whose copy is over */
        uint64_t turn = atomic_load_explicit(&cell->turn, memory_order_acquire);
        if (KIT_LIKELY(turn == turn_of(*at) + 1)) {
            uint64_t next = after(r, *at);
            if (!atomic_compare_exchange_weak_explicit(&r->head, at, next,
                                                       memory_order_relaxed,
                                                       memory_order_relaxed))
                continue;
            chan_copy(element, cell->element, size);
            /* release: the cell is the next lap's sender's to write */
            uint64_t lap_on = (*at & ~INDEX_MASK) + INDEX_MASK + 1;
            atomic_store_explicit(&cell->turn, turn_of(lap_on),
                                  memory_order_release);
            return 1;
        }
        uint64_t now = atomic_load_explicit(&r->head, memory_order_relaxed);
        if (now == *at)
            return -EAGAIN;
        *at = now;
    }
}

/* ---- who waits ---- */

/* Pass a wake-up on: more than one waiter may be able to go on. */
static inline void chain_senders(struct ring *r)
{
    if (chan_has_waiter(&r->senders) &&
        !chan_is_too_few(&r->base, &r->senders, true) &&
        is_ready(r, &r->tail, 0))
        chan_wake_one(&r->senders);
}

/* After a close, too, for whoever slept through it while an element was on
   its way must learn of the end. */
static inline void chain_receivers(struct ring *r)
{
    if (chan_has_waiter(&r->receivers) &&
        ((!chan_is_too_few(&r->base, &r->receivers, false) &&
          is_ready(r, &r->head, 1)) ||
         (atomic_load_explicit(&r->tail, memory_order_relaxed) & CLOSED)))
        chan_wake_one(&r->receivers);
}

/* For somebody else, who waits; what follows from it is left to the caller. */
static int put_for(preempt_chan *ch, void *element)
{
    uint64_t at;
    return put(of(ch), element, ch->element_size, &at);
}

static int get_for(preempt_chan *ch, void *element)
{
    uint64_t at;
    return get(of(ch), element, ch->element_size, &at);
}

/*
 * An element was sent, or received. That may let somebody go on who waits on
 * the other side; when it is served, somebody on this side again. Who has done
 * enough for others leaves the rest to one that it wakes.
 */
static void follow(struct ring *r, bool sent)
{
    for (int left = SERVED_MAX;; left--, sent = !sent) {
        struct chan_side *other = side_of(r, !sent);
        if (sent)
            chain_senders(r);
        else
            chain_receivers(r);
        if (!chan_has_waiter(other) || chan_is_too_few(&r->base, other, !sent))
            return;
        if (left == 0) {
            chan_wake_one(other);
            return;
        }
        if (!(sent ? chan_serve(&r->base, other, get_for, 1)
                   : chan_serve(&r->base, other, put_for, 0)))
            return;
        chan_fence_before_look(&r->base);
    }
}

static APART int end_send(struct ring *r, uint64_t at)
{
    chan_publish_cpu(&r->senders, at);
    follow(r, true);
    return 0;
}

static APART int end_recv(struct ring *r, uint64_t at)
{
    chan_publish_cpu(&r->receivers, at);
    follow(r, false);
    return 1;
}

/* ---- sending and receiving at once ---- */

static INLINE int send_sized(struct ring *r, const void *element, size_t size)
{
    uint64_t at;
    int result = put(r, element, size, &at);
    return result == 0 && is_special(r, at) ? end_send(r, at) : result;
}

static APART int send_any(struct ring *r, const void *element)
{
    return send_sized(r, element, r->base.element_size);
}

static INLINE int try_send(struct ring *r, const void *element)
{
    if (KIT_LIKELY(r->base.element_size == 8))
        return send_sized(r, element, 8);
    return send_any(r, element);
}

/* Nothing at `at`: is that the end of the stream? */
static bool is_end(struct ring *r, uint64_t at)
{
    /* acquire: pairs with the release in ring_close, after the bit was set */
    return atomic_load_explicit(&r->is_closed, memory_order_acquire) &&
           atomic_load_explicit(&r->tail, memory_order_acquire) ==
               (at | CLOSED);
}

static APART int empty_or_end(struct ring *r, uint64_t at)
{
    if (!is_end(r, at))
        return -EAGAIN;
    chain_receivers(r);
    return 0;
}

static INLINE int recv_sized(struct ring *r, void *element, size_t size)
{
    uint64_t at;
    if (KIT_UNLIKELY(get(r, element, size, &at) < 0))
        return empty_or_end(r, at);
    return is_special(r, at) ? end_recv(r, at) : 1;
}

static APART int recv_any(struct ring *r, void *element)
{
    return recv_sized(r, element, r->base.element_size);
}

static INLINE int try_recv(struct ring *r, void *element)
{
    if (KIT_LIKELY(r->base.element_size == 8))
        return recv_sized(r, element, 8);
    return recv_any(r, element);
}

/* ---- waiting ---- */

/* Is the cell at this end ready, whoever moves the end meanwhile? */
static bool is_ready_now(struct ring *r, _Atomic uint64_t *end, uint64_t offset)
{
    uint64_t before, now = atomic_load_explicit(end, memory_order_acquire);
    do {
        if (is_ready(r, end, offset))
            return true;
        before = now;
        now = atomic_load_explicit(end, memory_order_acquire);
    } while (now != before);
    return false;
}

static bool ring_can(preempt_chan *ch, bool sends)
{
    struct ring *r = of(ch);
    if (sends)
        return (atomic_load_explicit(&r->tail, memory_order_acquire) &
                CLOSED) ||
               is_ready_now(r, &r->tail, 0);
    return is_ready_now(r, &r->head, 1) ||
           is_end(r, atomic_load_explicit(&r->head, memory_order_relaxed));
}

static int try_send_fn(preempt_chan *ch, void *element)
{
    return try_send(of(ch), element);
}

static int try_recv_fn(preempt_chan *ch, void *element)
{
    return try_recv(of(ch), element);
}

static bool can_send(const struct chan_party *p)
{
    return ring_can(p->chan, true);
}

static bool can_recv(const struct chan_party *p)
{
    return ring_can(p->chan, false);
}

/* ---- operations ---- */

static int ring_try_send(preempt_chan *ch, const void *element)
{
    return try_send(of(ch), element);
}

static int ring_try_recv(preempt_chan *ch, void *element)
{
    return try_recv(of(ch), element);
}

static APART int wait_and_send(struct ring *r, const void *element,
                               int64_t deadline)
{
    struct chan_party p = {
        &r->base,
        &r->senders,
        &r->receivers,
        can_send,
        try_send_fn,
        (void *)(uintptr_t)element, /* which is only read */
        0,
        {"send to", r->base.name, deadline},
        NULL,
    };
    return chan_wait_and(&p);
}

static APART int wait_and_recv(struct ring *r, void *element, int64_t deadline)
{
    struct chan_party p = {
        &r->base,    &r->receivers,
        &r->senders, can_recv,
        try_recv_fn, element,
        1,           {"receive from", r->base.name, deadline},
        NULL,
    };
    return chan_wait_and(&p);
}

static int ring_send_until(preempt_chan *ch, const void *element,
                           int64_t deadline)
{
    int result = try_send(of(ch), element);
    if (KIT_LIKELY(result != -EAGAIN))
        return result;
    return wait_and_send(of(ch), element, deadline);
}

static int ring_send(preempt_chan *ch, const void *element)
{
    return ring_send_until(ch, element, KIT_FOREVER);
}

static int ring_recv_until(preempt_chan *ch, void *element, int64_t deadline)
{
    int result = try_recv(of(ch), element);
    if (KIT_LIKELY(result != -EAGAIN))
        return result;
    return wait_and_recv(of(ch), element, deadline);
}

static int ring_recv(preempt_chan *ch, void *element)
{
    return ring_recv_until(ch, element, KIT_FOREVER);
}

static int ring_close(preempt_chan *ch)
{
    struct ring *r = of(ch);
    /* seq_cst: before our look at the waiters, as in chan_fence_before_look;
       and so that what was done before the close is seen by who learns of it */
    uint64_t tail =
        atomic_fetch_or_explicit(&r->tail, CLOSED, memory_order_seq_cst);
    if (tail & CLOSED)
        return -EPIPE;
    /* release: who sees it sees the bit */
    atomic_store_explicit(&r->is_closed, 1, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
    chan_wake_all(&r->receivers);
    chan_wake_all(&r->senders);
    return 0;
}

/* ---- select ---- */

static enum chan_entered ring_enter(preempt_chan *ch, struct preempt_waiter *w,
                                    bool sends)
{
    chan_announce(side_of(of(ch), sends), w, false, 0);
    return CHAN_QUEUED;
}

static void ring_leave(preempt_chan *ch, struct preempt_waiter *w, bool sends)
{
    struct chan_side *side = side_of(of(ch), sends);
    preempt_waiter_withdraw(w, &side->lock, &side->waiters);
}

/* ---- the rest ---- */

static uint64_t count_of(const struct ring *r, uint64_t position)
{
    position &= ~CLOSED;
    return (position >> INDEX_BITS) * r->base.capacity +
           (position & INDEX_MASK);
}

static size_t ring_length(const preempt_chan *ch)
{
    struct ring *r = of((preempt_chan *)(uintptr_t)ch);
    uint64_t head = atomic_load_explicit(&r->head, memory_order_acquire);
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
    uint64_t length = count_of(r, tail) - count_of(r, head);
    return length > ch->capacity ? ch->capacity : (size_t)length;
}

static bool ring_busy(const preempt_chan *ch)
{
    struct ring *r = of((preempt_chan *)(uintptr_t)ch);
    return chan_has_waiter(&r->senders) || chan_has_waiter(&r->receivers);
}

static void ring_destroy(preempt_chan *ch)
{
    free(of(ch));
}

preempt_chan *chan_ring_create(size_t element_size, size_t capacity)
{
    static const struct chan_ops ops = {
        ring_send,       ring_send_until, ring_try_send, ring_recv,
        ring_recv_until, ring_try_recv,   ring_close,    ring_length,
        ring_busy,       ring_destroy,    ring_can,      ring_enter,
        ring_leave,
    };
    size_t stride;
    if (__builtin_add_overflow(element_size, sizeof(struct cell), &stride))
        return NULL;
    struct ring *r = of(chan_allocate(sizeof(struct ring), &stride, capacity));
    if (!r)
        return NULL;
    r->base.ops = &ops;
    r->stride = stride;
    return &r->base;
}
