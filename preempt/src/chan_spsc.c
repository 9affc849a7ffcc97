/* SPDX-License-Identifier: MIT */
/*
 * Capacity n > 0 with one sender and one receiver at a time: a ring without
 * read-modify-write operations, wait-free while neither side must wait.
 *
 * Each cell says whether it is full, on the cache line of its element (if that
 * is of 8 bytes; longer ones may lie across two), and each side alone knows
 * where it is (or who does its operation for it, while it is queued): so an
 * element, and later its empty cell, costs one transfer between CPUs, at any
 * capacity. After John Giacomoni, Tipp Moseley and Manish Vachharajani,
 * "FastForward for Efficient Pipeline Parallelism" (2008). Indices for both
 * sides to see, even if each side keeps a copy of the other's (as in Erik
 * Rigtorp's SPSCQueue), cost a transfer more whenever the copy is used up: each
 * time at capacity 1.
 *
 * Who must wait does so as chan_wait.h says. A side has one waiter at most, or
 * one select: no wake-up can have been for somebody else.
 *
 * Closing is for anybody, and must not cost the sender an atomic operation. So
 * the sender looks at `state` before it fills its cell, and after. If it was
 * closed in between, sender and receiver settle whether the element was in
 * time: the sender by LAST_SENT, the receiver, who finds the ring closed and
 * empty, by ENDED, and the first decides. What a sender does not see closed
 * afterwards, the receiver does see after its fence: as with a waiter's last
 * look. After ENDED nothing is received, for a cell may have been filled late.
 */
#include "chan_wait.h"

#include <errno.h>
#include <stdlib.h>

enum { OPEN, CLOSED, LAST_SENT, ENDED }; /* the states */

struct cell {
    _Atomic uint64_t is_full;
    char element[];
};

/* Where one direction is. `offset` is for who has the role, and while that one
   is queued for who takes it out. */
struct place {
    _Alignas(CACHE_LINE) _Atomic uint64_t count; /* of its elements */
    size_t offset;                               /* of its next cell */
};

struct spsc {
    preempt_chan base;
    kit_word state;
    size_t stride, end;      /* bytes from cell to cell, and of all of them */
    struct place tail, head; /* the sender's, the receiver's */
    struct chan_side senders, receivers;
    _Alignas(CACHE_LINE) char cells[];
};

static struct spsc *of(preempt_chan *ch)
{
    return (struct spsc *)(void *)ch;
}

static uint32_t state_of(const struct spsc *q)
{
    return atomic_load_explicit(&q->state, memory_order_relaxed);
}

/* ---- sending and receiving at once ---- */

static struct cell *cell_of(struct spsc *q, const struct place *place)
{
    return (void *)(q->cells + place->offset);
}

/* acquire: pairs with the other side's release, whose copy is over */
static bool is_full(const struct cell *cell)
{
    return atomic_load_explicit(&cell->is_full, memory_order_acquire);
}

/* Counts an element; whoever sees it received sees it sent. */
static void count(struct place *place, uint64_t total)
{
    atomic_store_explicit(&place->count, total, memory_order_release);
}

static INLINE void advance(const struct spsc *q, struct place *place)
{
    size_t next = place->offset + q->stride;
    place->offset = next < q->end ? next : 0;
}

/* The ring was closed while element number `at` was sent: is it sent? */
static bool settle(struct spsc *q, uint64_t at)
{
    uint32_t state = CLOSED;
    /* acquire: after the receiver's ENDED, its count is final */
    if (atomic_compare_exchange_strong_explicit(&q->state, &state, LAST_SENT,
                                                memory_order_acq_rel,
                                                memory_order_acquire) ||
        atomic_load_explicit(&q->head.count, memory_order_relaxed) > at)
        return true;
    count(&q->tail, at);
    return false;
}

/* Is there more to do than to advance, after the element number `at`? */
static INLINE bool is_special(const struct spsc *q, uint64_t at,
                              const struct chan_side *other)
{
    chan_fence_before_look(&q->base);
    return KIT_UNLIKELY(chan_shall_publish(at) || state_of(q) != OPEN ||
                        chan_has_waiter(other));
}

static int recv_for(preempt_chan *ch, void *element);

/* `is_sender`: or it is done for the sender. */
static APART int end_send(struct spsc *q, uint64_t at, bool is_sender)
{
    if (state_of(q) != OPEN && !settle(q, at))
        return -EPIPE;
    advance(q, &q->tail);
    if (is_sender)
        chan_publish_cpu(&q->senders, at);
    if (chan_has_waiter(&q->receivers) &&
        !chan_is_too_few(&q->base, &q->receivers, false))
        chan_serve(&q->base, &q->receivers, recv_for, 1);
    return 0;
}

/* acquire: pairs with the closer's release, for who learns that it is closed */
static INLINE int refuse(const struct spsc *q)
{
    (void)atomic_load_explicit(&q->state, memory_order_acquire);
    return -EPIPE;
}

static INLINE int send_sized(struct spsc *q, const void *element, size_t size,
                             bool is_sender)
{
    struct cell *cell = cell_of(q, &q->tail);
    if (KIT_UNLIKELY(state_of(q) != OPEN))
        return refuse(q);
    if (KIT_UNLIKELY(is_full(cell)))
        return -EAGAIN;
    uint64_t at = atomic_load_explicit(&q->tail.count, memory_order_relaxed);
    chan_copy(cell->element, element, size);
    count(&q->tail, at + 1);
    /* release: the element is the receiver's to read */
    atomic_store_explicit(&cell->is_full, 1, memory_order_release);
    if (is_special(q, at, &q->receivers))
        return end_send(q, at, is_sender);
    advance(q, &q->tail);
    return 0;
}

static APART int send_any(struct spsc *q, const void *element, bool is_sender)
{
    return send_sized(q, element, q->base.element_size, is_sender);
}

static int send_for(preempt_chan *ch, void *element)
{
    return send_any(of(ch), element, false);
}

static INLINE int try_send(struct spsc *q, const void *element)
{
    if (KIT_LIKELY(q->base.element_size == 8))
        return send_sized(q, element, 8, true);
    if (KIT_LIKELY(q->base.element_size == 16))
        return send_sized(q, element, 16, true);
    return send_any(q, element, true);
}

/* The ring is closed and looked empty: 0 at the end, 1 with an element. */
static int look_for_last(struct spsc *q, const struct cell *cell)
{
    uint32_t state = CLOSED;
    chan_fence(q->base.asymmetric);
    if (is_full(cell))
        return 1;
    /* release: our count; acquire: the sender's cell, if it was faster */
    if (atomic_compare_exchange_strong_explicit(&q->state, &state, ENDED,
                                                memory_order_acq_rel,
                                                memory_order_acquire))
        return 0;
    return is_full(cell);
}

/* `is_receiver`: or it is done for the receiver. */
static APART int end_recv(struct spsc *q, uint64_t at, bool is_receiver)
{
    if (is_receiver)
        chan_publish_cpu(&q->receivers, at);
    if (chan_has_waiter(&q->senders) &&
        !chan_is_too_few(&q->base, &q->senders, true))
        chan_serve(&q->base, &q->senders, send_for, 0);
    return 1;
}

/* The cell is full. */
static INLINE int take(struct spsc *q, struct cell *cell, void *element,
                       size_t size, bool is_receiver)
{
    uint64_t at = atomic_load_explicit(&q->head.count, memory_order_relaxed);
    chan_copy(element, cell->element, size);
    count(&q->head, at + 1);
    /* release: the cell is the sender's to write */
    atomic_store_explicit(&cell->is_full, 0, memory_order_release);
    advance(q, &q->head);
    return is_special(q, at, &q->senders) ? end_recv(q, at, is_receiver) : 1;
}

/* Not of 8 or 16 bytes, or there is none, or the ring is closed. */
static APART int recv_any(struct spsc *q, void *element, bool is_receiver)
{
    struct cell *cell = cell_of(q, &q->head);
    uint32_t state = state_of(q);
    if (state == ENDED)
        return 0;
    if (!is_full(cell)) {
        int result = state == OPEN ? -EAGAIN : look_for_last(q, cell);
        if (result <= 0)
            return result;
    }
    return take(q, cell, element, q->base.element_size, is_receiver);
}

static int recv_for(preempt_chan *ch, void *element)
{
    return recv_any(of(ch), element, false);
}

static INLINE int try_recv(struct spsc *q, void *element)
{
    struct cell *cell = cell_of(q, &q->head);
    if (KIT_UNLIKELY(state_of(q) != OPEN || !is_full(cell)))
        return recv_any(q, element, true);
    if (KIT_LIKELY(q->base.element_size == 8))
        return take(q, cell, element, 8, true);
    if (KIT_LIKELY(q->base.element_size == 16))
        return take(q, cell, element, 16, true);
    return recv_any(q, element, true);
}

/* ---- waiting ---- */

static bool can_send(const struct chan_party *p)
{
    return state_of(of(p->chan)) != OPEN || !is_full(p->cell);
}

static bool can_recv(const struct chan_party *p)
{
    return state_of(of(p->chan)) != OPEN || is_full(p->cell);
}

static int try_send_fn(preempt_chan *ch, void *element)
{
    return try_send(of(ch), element);
}

static int try_recv_fn(preempt_chan *ch, void *element)
{
    return try_recv(of(ch), element);
}

static APART int wait_and_send(struct spsc *q, const void *element,
                               int64_t deadline)
{
    struct chan_party p = {
        &q->base,
        &q->senders,
        &q->receivers,
        can_send,
        try_send_fn,
        (void *)(uintptr_t)element, /* which is only read */
        0,
        {"send to", q->base.name, deadline},
        cell_of(q, &q->tail),
    };
    return chan_wait_and(&p);
}

static APART int wait_and_recv(struct spsc *q, void *element, int64_t deadline)
{
    struct chan_party p = {
        &q->base,
        &q->receivers,
        &q->senders,
        can_recv,
        try_recv_fn,
        element,
        1,
        {"receive from", q->base.name, deadline},
        cell_of(q, &q->head),
    };
    return chan_wait_and(&p);
}

/* ---- operations ---- */

static int spsc_try_send(preempt_chan *ch, const void *element)
{
    return try_send(of(ch), element);
}

static int spsc_try_recv(preempt_chan *ch, void *element)
{
    return try_recv(of(ch), element);
}

static int spsc_send_until(preempt_chan *ch, const void *element,
                           int64_t deadline)
{
    int result = try_send(of(ch), element);
    if (KIT_LIKELY(result != -EAGAIN))
        return result;
    return wait_and_send(of(ch), element, deadline);
}

static int spsc_send(preempt_chan *ch, const void *element)
{
    return spsc_send_until(ch, element, KIT_FOREVER);
}

static int spsc_recv_until(preempt_chan *ch, void *element, int64_t deadline)
{
    int result = try_recv(of(ch), element);
    if (KIT_LIKELY(result != -EAGAIN))
        return result;
    return wait_and_recv(of(ch), element, deadline);
}

static int spsc_recv(preempt_chan *ch, void *element)
{
    return spsc_recv_until(ch, element, KIT_FOREVER);
}

static int spsc_close(preempt_chan *ch)
{
    struct spsc *q = of(ch);
    uint32_t state = OPEN;
    /* release: what was done before the close is seen by who learns of it;
       acquire: also by who closes again */
    if (!atomic_compare_exchange_strong_explicit(&q->state, &state, CLOSED,
                                                 memory_order_acq_rel,
                                                 memory_order_acquire))
        return -EPIPE;
    /* Who is not queued yet takes the lock after us, and looks then. */
    chan_wake_all(&q->receivers);
    chan_wake_all(&q->senders);
    return 0;
}

/* ---- select ---- */

/* For who has the role: nobody else knows the cell, while its select is queued
   either, for a select is not served. */
static bool spsc_can(preempt_chan *ch, bool sends)
{
    struct spsc *q = of(ch);
    return state_of(q) != OPEN || (sends ? !is_full(cell_of(q, &q->tail))
                                         : is_full(cell_of(q, &q->head)));
}

static struct chan_side *side_of(struct spsc *q, bool sends)
{
    return sends ? &q->senders : &q->receivers;
}

static enum chan_entered spsc_enter(preempt_chan *ch, struct preempt_waiter *w,
                                    bool sends)
{
    chan_announce(side_of(of(ch), sends), w, false, 0);
    return CHAN_QUEUED;
}

static void spsc_leave(preempt_chan *ch, struct preempt_waiter *w, bool sends)
{
    struct chan_side *side = side_of(of(ch), sends);
    preempt_waiter_withdraw(w, &side->lock, &side->waiters);
}

/* ---- the rest ---- */

static size_t spsc_length(const preempt_chan *ch)
{
    struct spsc *q = of((preempt_chan *)(uintptr_t)ch);
    uint64_t head = atomic_load_explicit(&q->head.count, memory_order_acquire);
    uint64_t tail = atomic_load_explicit(&q->tail.count, memory_order_acquire);
    uint64_t length = tail - head;
    return length > ch->capacity ? ch->capacity : (size_t)length;
}

static bool spsc_busy(const preempt_chan *ch)
{
    struct spsc *q = of((preempt_chan *)(uintptr_t)ch);
    return chan_has_waiter(&q->senders) || chan_has_waiter(&q->receivers);
}

static void spsc_destroy(preempt_chan *ch)
{
    free(of(ch));
}

preempt_chan *chan_spsc_create(size_t element_size, size_t capacity)
{
    static const struct chan_ops ops = {
        spsc_send,       spsc_send_until, spsc_try_send, spsc_recv,
        spsc_recv_until, spsc_try_recv,   spsc_close,    spsc_length,
        spsc_busy,       spsc_destroy,    spsc_can,      spsc_enter,
        spsc_leave,
    };
    size_t stride;
    if (__builtin_add_overflow(element_size, sizeof(struct cell), &stride))
        return NULL;
    struct spsc *q = of(chan_allocate(sizeof(struct spsc), &stride, capacity));
    if (!q)
        return NULL;
    q->base.ops = &ops;
    q->stride = stride;
    q->end = stride * capacity;
    return &q->base;
}
