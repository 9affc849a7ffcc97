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
 * receiver that finds the ring closed and head == tail has seen everything.
 *
 * Sleeping. A waiter queues its record, looks once more, and sleeps. Whoever
 * completes an operation that could help it takes the record out and makes one
 * wake-up call: a waiter is taken out once, so there are no calls in vain, and
 * either the waiter's last look sees the operation or the operation's look sees
 * the waiter. That needs a full fence on both sides; where the kernel has
 * membarrier the waiter, who is about to sleep anyway, pays for both.
 *
 * A woken waiter may find its element not ready, because another sender of an
 * earlier position was interrupted; that sender's own look then finds it, or
 * the next one, waiting. Elements behind that position have used up their
 * wake-ups, so whoever takes an element wakes another waiter if the next cell
 * is ready. And a waiter that has been woken tries before it gives up, so that
 * no element is left to nobody.
 */
#include "chan_impl.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINE       64
#define INDEX_BITS 25
#define INDEX_MASK ((UINT64_C(1) << INDEX_BITS) - 1)
#define CLOSED     (UINT64_C(1) << 63)

_Static_assert(PREEMPT_CHAN_CAPACITY_MAX <= INDEX_MASK, "indices fit");

#if defined(__SANITIZE_THREAD__)
#define CAN_BE_ASYMMETRIC 0 /* ThreadSanitizer knows nothing of membarrier */
#else
#define CAN_BE_ASYMMETRIC 1
#endif

struct cell {
    _Atomic uint64_t turn;
    char element[];
};

/* The threads of one direction. */
struct side {
    _Alignas(LINE) struct preempt_waiters waiters;
    kit_word cpu; /* where the side was last seen, plus one; 0: not known */
    _Alignas(LINE) kit_lock lock; /* of the waiters */
    struct kit_backoff_memory memory;
};

struct ring {
    preempt_chan base;
    size_t stride; /* bytes from cell to cell */
    _Alignas(LINE) _Atomic uint64_t tail;
    _Alignas(LINE) _Atomic uint64_t head;
    struct side senders, receivers;
    _Alignas(LINE) char cells[];
};

typedef int try_fn(struct ring *, void *element);

static struct ring *of(preempt_chan *ch)
{
    return (struct ring *)(void *)ch;
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

/* ---- waking ---- */

/* Orders our operation before our look at the other side's waiters. */
static inline void fence_before_look(const struct ring *r)
{
    if (r->base.asymmetric)
        atomic_signal_fence(memory_order_seq_cst); /* see chan_fence */
    else
        atomic_thread_fence(memory_order_seq_cst);
}

/* The kernel may lack memory for membarrier, for a moment. */
void chan_fence(bool asymmetric)
{
    int saved = errno;
    atomic_thread_fence(memory_order_seq_cst);
    while (asymmetric &&
           syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) !=
               0 &&
           errno == ENOMEM)
        sched_yield();
    errno = saved;
}

static bool has_waiter(const struct side *side)
{
    return KIT_UNLIKELY(preempt_waiters_count(&side->waiters) > 0);
}

static void wake_one(struct side *side)
{
    kit_lock_acquire(&side->lock);
    struct preempt_waiter *w = preempt_waiters_take(&side->waiters, NULL);
    kit_lock_release(&side->lock);
    if (w)
        preempt_waiter_wake(w, WORD_CHANGED);
}

static inline void look_for_waiter(const struct ring *r, struct side *side)
{
    fence_before_look(r);
    if (has_waiter(side))
        wake_one(side);
}

/* ---- sending and receiving at once ---- */

static inline void publish_cpu(struct side *side, uint64_t position)
{
    if ((position & 15) != 0)
        return;
    uint32_t cpu = (uint32_t)kit_cpu_current() + 1;
    if (atomic_load_explicit(&side->cpu, memory_order_relaxed) != cpu)
        atomic_store_explicit(&side->cpu, cpu, memory_order_relaxed);
}

/* Is the cell at this end of the ring ready for its next operation? */
static bool is_ready(struct ring *r, _Atomic uint64_t *end, uint64_t offset)
{
    uint64_t at = atomic_load_explicit(end, memory_order_relaxed);
    return atomic_load_explicit(&cell_at(r, at)->turn, memory_order_acquire) ==
           turn_of(at) + offset;
}

/* Pass a wake-up on: more than one waiter may be able to go on. */
static inline void chain_senders(struct ring *r)
{
    if (has_waiter(&r->senders) && is_ready(r, &r->tail, 0))
        wake_one(&r->senders);
}

/* After a close, too, for whoever slept through it while an element was on
   its way must learn of the end. */
static inline void chain_receivers(struct ring *r)
{
    if (has_waiter(&r->receivers) &&
        (is_ready(r, &r->head, 1) ||
         (atomic_load_explicit(&r->tail, memory_order_relaxed) & CLOSED)))
        wake_one(&r->receivers);
}

static inline int try_send(struct ring *r, const void *element)
{
    uint64_t at = atomic_load_explicit(&r->tail, memory_order_relaxed);
    for (;;) {
        if (KIT_UNLIKELY(at & CLOSED))
            return -EPIPE;
        struct cell *cell = cell_at(r, at);
        /* acquire: pairs with the receiver's release, whose copy is over */
        uint64_t turn = atomic_load_explicit(&cell->turn, memory_order_acquire);
        if (KIT_LIKELY(turn == turn_of(at))) {
            if (!atomic_compare_exchange_weak_explicit(
                    &r->tail, &at, after(r, at), memory_order_relaxed,
                    memory_order_relaxed))
                continue;
            chan_copy(cell->element, element, r->base.element_size);
            /* release: the element is the receiver's to read */
            atomic_store_explicit(&cell->turn, turn + 1, memory_order_release);
            publish_cpu(&r->senders, at);
            look_for_waiter(r, &r->receivers);
            chain_senders(r);
            return 0;
        }
        uint64_t now = atomic_load_explicit(&r->tail, memory_order_relaxed);
        if (now == at)
            return -EAGAIN;
        at = now;
    }
}

/* Nothing at `at`: is that the end of the stream? */
static int empty_or_end(struct ring *r, uint64_t at)
{
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
    if (tail != (at | CLOSED))
        return -EAGAIN;
    chain_receivers(r);
    return 0;
}

static inline int try_recv(struct ring *r, void *element)
{
    uint64_t at = atomic_load_explicit(&r->head, memory_order_relaxed);
    for (;;) {
        struct cell *cell = cell_at(r, at);
        /* acquire: pairs with the sender's release, whose copy is over */
        uint64_t turn = atomic_load_explicit(&cell->turn, memory_order_acquire);
        if (KIT_LIKELY(turn == turn_of(at) + 1)) {
            uint64_t next = after(r, at);
            if (!atomic_compare_exchange_weak_explicit(&r->head, &at, next,
                                                       memory_order_relaxed,
                                                       memory_order_relaxed))
                continue;
            chan_copy(element, cell->element, r->base.element_size);
            /* release: the cell is the next lap's sender's to write */
            uint64_t lap_on = (at & ~INDEX_MASK) + INDEX_MASK + 1;
            atomic_store_explicit(&cell->turn, turn_of(lap_on),
                                  memory_order_release);
            publish_cpu(&r->receivers, at);
            look_for_waiter(r, &r->senders);
            chain_receivers(r);
            return 1;
        }
        uint64_t now = atomic_load_explicit(&r->head, memory_order_relaxed);
        if (now == at)
            return empty_or_end(r, at);
        at = now;
    }
}

/* ---- waiting ---- */

/* What a thread waits with. */
struct party {
    struct side *mine, *other;
    try_fn *try;
    void *element;
    struct wait why;
};

static void announce(struct side *mine, struct preempt_waiter *w, bool again)
{
    kit_lock_acquire(&mine->lock);
    /* Whoever was woken and came too late does not lose its place. */
    if (again)
        preempt_waiters_push_front(&mine->waiters, w);
    else
        preempt_waiters_push(&mine->waiters, w);
    kit_lock_release(&mine->lock);
}

/*
 * What the last look found was not what the wake-up was for that came
 * meanwhile: that is for the next one in the queue.
 */
static void pass_on(struct ring *r, const struct side *mine)
{
    if (mine == &r->senders)
        chain_senders(r);
    else
        chain_receivers(r);
}

/*
 * Announces itself, looks once more, sleeps, and tries. -EAGAIN when that came
 * too late; -ECANCELED, -ETIMEDOUT.
 */
static int sleep_on(struct ring *r, const struct party *p, bool again)
{
    struct sleeper *s = sleeper_self();
    struct preempt_waiter w = preempt_waiter_make(s, NULL);
    int result = sleeper_may_wait(s, p->why.deadline);
    if (result < 0)
        return result;
    announce(p->mine, &w, again);
    chan_fence(r->base.asymmetric);
    result = p->try(r, p->element);
    if (result != -EAGAIN) {
        if (preempt_waiter_leave(&w, &p->mine->lock, &p->mine->waiters, 0) > 0)
            pass_on(r, p->mine);
        return result;
    }
    result =
        preempt_waiter_wait(&w, &p->mine->lock, &p->mine->waiters, &p->why);
    return result < 0 ? result : p->try(r, p->element);
}

/* A deep ring is worth waiting for: it fills, or drains, by a batch. */
static uint32_t pauses_for(size_t capacity)
{
    return capacity < 8 ? 1 : capacity < 128 ? (uint32_t)capacity / 8 : 16;
}

/* A thread that never sleeps looks here whether it shall give up. */
static int try_again(struct ring *r, const struct party *p)
{
    int result = p->try(r, p->element), error = 0;
    if (result == -EAGAIN && r->base.wait == KIT_WAIT_SPIN)
        error = sleeper_may_wait(sleeper_self(), p->why.deadline);
    return error < 0 ? error : result;
}

static int wait_and(struct ring *r, const struct party *p)
{
    struct kit_backoff b;
    bool slept = false;
    uint32_t cpu = atomic_load_explicit(&p->other->cpu, memory_order_relaxed);
    int result = sleeper_may_wait(sleeper_self(), p->why.deadline);
    if (result < 0)
        return result;
    kit_backoff_begin(&b, &p->mine->memory, r->base.wait, (int)cpu - 1,
                      pauses_for(r->base.capacity));
    do {
        if (kit_backoff_step(&b)) {
            result = try_again(r, p);
        } else {
            result = sleep_on(r, p, slept);
            slept = true;
        }
    } while (result == -EAGAIN);
    kit_backoff_end(&b, slept);
    return result;
}

static int try_send_fn(struct ring *r, void *element)
{
    return try_send(r, element);
}

static int try_recv_fn(struct ring *r, void *element)
{
    return try_recv(r, element);
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

static int wait_and_send(struct ring *r, const void *element, int64_t deadline)
{
    struct party p = {
        &r->senders,
        &r->receivers,
        try_send_fn,
        (void *)(uintptr_t)element, /* which try_send only reads */
        {"send to", r->base.name, deadline},
    };
    return wait_and(r, &p);
}

static int wait_and_recv(struct ring *r, void *element, int64_t deadline)
{
    struct party p = {
        &r->receivers,
        &r->senders,
        try_recv_fn,
        element,
        {"receive from", r->base.name, deadline},
    };
    return wait_and(r, &p);
}

static int ring_send(preempt_chan *ch, const void *element)
{
    struct ring *r = of(ch);
    int result = try_send(r, element);
    if (KIT_LIKELY(result != -EAGAIN))
        return result;
    return wait_and_send(r, element, KIT_FOREVER);
}

static int ring_send_until(preempt_chan *ch, const void *element,
                           int64_t deadline)
{
    int result = try_send(of(ch), element);
    return result != -EAGAIN ? result
                             : wait_and_send(of(ch), element, deadline);
}

static int ring_recv(preempt_chan *ch, void *element)
{
    struct ring *r = of(ch);
    int result = try_recv(r, element);
    if (KIT_LIKELY(result != -EAGAIN))
        return result;
    return wait_and_recv(r, element, KIT_FOREVER);
}

static int ring_recv_until(preempt_chan *ch, void *element, int64_t deadline)
{
    int result = try_recv(of(ch), element);
    return result != -EAGAIN ? result
                             : wait_and_recv(of(ch), element, deadline);
}

static void wake_all(struct side *side)
{
    kit_lock_acquire(&side->lock);
    struct preempt_waiter *all = preempt_waiters_take_all(&side->waiters);
    kit_lock_release(&side->lock);
    preempt_waiters_wake_list(all, WORD_CHANGED);
}

static int ring_close(preempt_chan *ch)
{
    struct ring *r = of(ch);
    /* seq_cst: before our look at the waiters, as in fence_before_look */
    uint64_t tail =
        atomic_fetch_or_explicit(&r->tail, CLOSED, memory_order_seq_cst);
    if (tail & CLOSED)
        return -EPIPE;
    atomic_thread_fence(memory_order_seq_cst);
    wake_all(&r->receivers);
    wake_all(&r->senders);
    return 0;
}

/* ---- select ---- */

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
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
    if (sends)
        return (tail & CLOSED) || is_ready_now(r, &r->tail, 0);
    return is_ready_now(r, &r->head, 1) ||
           tail ==
               (atomic_load_explicit(&r->head, memory_order_relaxed) | CLOSED);
}

static struct side *side_of(struct ring *r, bool sends)
{
    return sends ? &r->senders : &r->receivers;
}

static enum chan_entered ring_enter(preempt_chan *ch, struct preempt_waiter *w,
                                    bool sends)
{
    announce(side_of(of(ch), sends), w, false);
    return CHAN_QUEUED;
}

static void ring_leave(preempt_chan *ch, struct preempt_waiter *w, bool sends)
{
    struct side *side = side_of(of(ch), sends);
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
    return has_waiter(&r->senders) || has_waiter(&r->receivers);
}

static void ring_destroy(preempt_chan *ch)
{
    free(of(ch));
}

/* Registering is per process, and free after the first time. */
static bool can_be_asymmetric(void)
{
    return CAN_BE_ASYMMETRIC &&
           syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0,
                   0) == 0;
}

preempt_chan *chan_ring_create(size_t element_size, size_t capacity,
                               enum kit_wait_strategy wait)
{
    static const struct chan_ops ops = {
        ring_send,       ring_send_until, ring_try_send, ring_recv,
        ring_recv_until, ring_try_recv,   ring_close,    ring_length,
        ring_busy,       ring_destroy,    ring_can,      ring_enter,
        ring_leave,
    };
    size_t stride, bytes;
    (void)wait;
    if (__builtin_add_overflow(element_size, sizeof(struct cell) + 7,
                               &stride) ||
        __builtin_mul_overflow(stride & ~(size_t)7, capacity, &bytes) ||
        __builtin_add_overflow(bytes, sizeof(struct ring) + LINE, &bytes))
        return NULL;
    bytes &= ~(size_t)(LINE - 1);
    struct ring *r = aligned_alloc(LINE, bytes);
    if (!r)
        return NULL;
    memset(r, 0, bytes);
    r->base.ops = &ops;
    r->base.enters_blindly = true;
    r->stride = stride & ~(size_t)7;
    r->base.asymmetric = can_be_asymmetric();
    return &r->base;
}
