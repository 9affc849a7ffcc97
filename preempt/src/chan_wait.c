/* SPDX-License-Identifier: MIT */
/* Waiting for a ring of cells: see chan_wait.h for the rule. */
#include "chan_wait.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Below this capacity waits are so many that it pays to be served while one
   yields, and to spare them the system call of an asymmetric fence; and there
   are no batches to wait for. */
#define SHALLOW 4

/* Of several that wait on one side, one wait in so many sleeps at once. */
#define SLEEP_EVERY 8

/* How long to wait for a batch; and in vain for one part in so many of the
   time, at the most. */
#define BATCH_NS    1000000
#define BATCH_SHARE 64

#if defined(__SANITIZE_THREAD__)
#define CAN_BE_ASYMMETRIC 0 /* ThreadSanitizer knows nothing of membarrier */
#else
#define CAN_BE_ASYMMETRIC 1
#endif

/* ---- waking ---- */

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

static struct preempt_waiter *take(struct chan_side *side)
{
    kit_lock_acquire(&side->lock);
    struct preempt_waiter *w = preempt_waiters_take(&side->waiters, NULL);
    kit_lock_release(&side->lock);
    return w;
}

bool chan_serve(preempt_chan *ch, struct chan_side *side,
                int (*op)(preempt_chan *, void *element), int done)
{
    struct preempt_waiter *w = take(side);
    if (!w)
        return false;
    bool is_served = !w->select && op(ch, w->element) == done;
    preempt_waiter_wake(w, is_served ? WORD_SERVED : WORD_CHANGED);
    return is_served;
}

void chan_wake_one(struct chan_side *side)
{
    struct preempt_waiter *w = take(side);
    if (w)
        preempt_waiter_wake(w, WORD_CHANGED);
}

void chan_wake_all(struct chan_side *side)
{
    kit_lock_acquire(&side->lock);
    struct preempt_waiter *all = preempt_waiters_take_all(&side->waiters);
    kit_lock_release(&side->lock);
    preempt_waiters_wake_list(all, WORD_CHANGED);
}

/* ---- waiting ---- */

bool chan_shall_sleep(const struct preempt_waiters *mine, kit_word *crowds)
{
    if (preempt_waiters_count(mine) < 2)
        return false;
    uint32_t before =
        atomic_fetch_add_explicit(crowds, 1, memory_order_relaxed);
    return before % SLEEP_EVERY == 0;
}

void chan_announce(struct chan_side *side, struct preempt_waiter *w, bool first,
                   uint32_t least)
{
    kit_lock_acquire(&side->lock);
    bool is_only = preempt_waiters_count(&side->waiters) == 0;
    atomic_store_explicit(&side->least, is_only ? least : 0,
                          memory_order_relaxed);
    if (first)
        preempt_waiters_push_front(&side->waiters, w);
    else
        preempt_waiters_push(&side->waiters, w);
    kit_lock_release(&side->lock);
}

/*
 * Who shares its CPU with the other side yields first: in the queue, if a ring
 * is so shallow that being served meanwhile saves more than queueing costs.
 */
static bool yields_in_queue(const struct chan_party *p,
                            const struct kit_backoff *b)
{
    return b->peer_here && p->chan->capacity < SHALLOW;
}

/*
 * Where a third thread wants this CPU, the kernel lets who is woken run at
 * once, in place of who has woken it and was about to do more: there is a
 * switch for every few elements. So who waits there asks to be left alone for
 * half a ring; but not for long, and not where twice in a row that did not come
 * in time: then it is no stream, and the other side may be waiting for an
 * answer.
 */
static uint32_t batch_for(const struct chan_party *p,
                          const struct kit_backoff *b, int64_t *deadline)
{
    if (p->chan->capacity < SHALLOW || !kit_backoff_is_crowded(b))
        return 0;
    int64_t now = kit_now();
    if (now < atomic_load_explicit(&p->mine->no_batch, memory_order_relaxed) ||
        *deadline - now < BATCH_NS)
        return 0;
    *deadline = now + BATCH_NS;
    return (uint32_t)p->chan->capacity / 2;
}

/* How a wait for a batch has ended: if it was too long, look at what there is.
   What is remembered is advice, as in kit/backoff.h. */
static int end_batch(const struct chan_party *p, int how)
{
    kit_word *missed = &p->mine->missed_batch;
    bool again = atomic_load_explicit(missed, memory_order_relaxed);
    bool misses = how == -ETIMEDOUT;
    atomic_store_explicit(missed, misses, memory_order_relaxed);
    if (misses && again)
        atomic_store_explicit(&p->mine->no_batch,
                              kit_now() + BATCH_SHARE * BATCH_NS,
                              memory_order_relaxed);
    return misses ? 0 : how;
}

/*
 * Announces itself, looks once more, and waits until it is served, or woken to
 * try. -EAGAIN when that came too late; -ECANCELED, -ETIMEDOUT. Who was taken
 * out of the queue, in *taken, and came too late has not lost its place.
 */
static int wait_in_queue(const struct chan_party *p, struct kit_backoff *b,
                         bool *taken)
{
    struct sleeper *s = sleeper_self();
    struct preempt_waiter w = preempt_waiter_make(s, p->element);
    kit_lock *lock = &p->mine->lock;
    struct preempt_waiters *queue = &p->mine->waiters;
    struct wait why = p->why;
    int how, result = sleeper_may_wait(s, p->why.deadline);
    if (result < 0)
        return result;
    uint32_t least = batch_for(p, b, &why.deadline);
    /* What is done for it says nothing of where it is. */
    preempt_cpu_publish(&p->mine->cpu);
    chan_announce(p->mine, &w, *taken, least);
    chan_fence(p->chan->asymmetric);
    if (p->can(p))
        how = preempt_waiter_leave(&w, lock, queue, 0);
    else if (yields_in_queue(p, b) &&
             !chan_shall_sleep(queue, &p->mine->crowds))
        how = preempt_waiter_poll(&w, lock, queue, &p->why, b);
    else
        how = preempt_waiter_wait(&w, lock, queue, &why);
    *taken = how > 0;
    if (least > 0)
        how = end_batch(p, how);
    if (how == WORD_SERVED)
        return p->served;
    return how < 0 ? how : p->try(p->chan, p->element);
}

/* A deep ring is worth waiting for: it fills, or drains, by a batch. */
static uint32_t pauses_for(size_t capacity)
{
    return capacity < 8 ? 1 : capacity < 128 ? (uint32_t)capacity / 8 : 16;
}

/* A thread that never sleeps looks here whether it shall give up. */
static int try_again(const struct chan_party *p)
{
    int result = p->try(p->chan, p->element), error = 0;
    if (result == -EAGAIN && p->chan->wait == KIT_WAIT_SPIN)
        error = sleeper_may_wait(sleeper_self(), p->why.deadline);
    return error < 0 ? error : result;
}

int chan_wait_and(const struct chan_party *p)
{
    struct kit_backoff b;
    bool slept = false, taken = false;
    uint32_t cpu = atomic_load_explicit(&p->other->cpu, memory_order_relaxed);
    int result = sleeper_may_wait(sleeper_self(), p->why.deadline);
    if (result < 0)
        return result;
    kit_backoff_begin(&b, &p->mine->memory, p->chan->wait, (int)cpu - 1,
                      pauses_for(p->chan->capacity));
    do {
        if (!yields_in_queue(p, &b) && kit_backoff_step(&b)) {
            result = try_again(p);
        } else {
            result = wait_in_queue(p, &b, &taken);
            slept = true;
        }
    } while (result == -EAGAIN);
    kit_backoff_end(&b, slept);
    return result;
}

/* ---- memory ---- */

/* Registering is per process, and free after the first time. */
static bool can_be_asymmetric(void)
{
    return CAN_BE_ASYMMETRIC &&
           syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0,
                   0) == 0;
}

preempt_chan *chan_allocate(size_t head_size, size_t *stride, size_t capacity)
{
    size_t bytes;
    if (__builtin_add_overflow(*stride, 7, stride))
        return NULL;
    *stride &= ~(size_t)7;
    if (__builtin_mul_overflow(*stride, capacity, &bytes) ||
        __builtin_add_overflow(bytes, head_size + CACHE_LINE - 1, &bytes))
        return NULL;
    bytes &= ~(size_t)(CACHE_LINE - 1);
    preempt_chan *ch = aligned_alloc(CACHE_LINE, bytes);
    if (!ch)
        return NULL;
    memset(ch, 0, bytes);
    ch->enters_blindly = true;
    ch->asymmetric = capacity >= SHALLOW && can_be_asymmetric();
    return ch;
}
