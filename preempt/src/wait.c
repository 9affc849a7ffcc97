/* SPDX-License-Identifier: MIT */
/* Sleeping, waking and giving up: see wait.h for the rules. */
#include "wait.h"

#include <kit/annotate.h>

#include <errno.h>
#include <limits.h>
#include <sys/eventfd.h>

/* ---- for reports ---- */

void sleeper_begin(struct sleeper *s, const struct wait *why)
{
    atomic_store_explicit(&s->what, why->what, memory_order_relaxed);
    atomic_store_explicit(&s->name, why->name, memory_order_relaxed);
    atomic_store_explicit(&s->since, kit_now(), memory_order_relaxed);
    atomic_store_explicit(&s->ends_by_itself,
                          why->deadline != KIT_FOREVER || s->alarm_plus_one > 0,
                          memory_order_relaxed);
    /* release: whoever sees an odd number sees the rest. seq_cst: before our
       look at `canceled` (sleeper_is_canceled), as the canceller's store to
       that is before its look at this: for who sleeps, but not on its word. */
    KIT_GIVES(&s->sleeps);
    atomic_fetch_add_explicit(&s->sleeps, 1, memory_order_seq_cst);
}

void sleeper_end(struct sleeper *s)
{
    uint32_t readers;
    /* seq_cst: pairs with sleeper_read, of which one sees the other */
    atomic_fetch_add_explicit(&s->sleeps, 1, memory_order_seq_cst);
    while ((readers = atomic_load_explicit(&s->readers, memory_order_seq_cst)) >
           0)
        kit_wait(&s->readers, readers, KIT_FOREVER);
    KIT_TAKES(&s->readers);
    s->mutex = NULL;
    s->alarm_plus_one = 0;
}

bool sleeper_read(struct sleeper *s)
{
    atomic_fetch_add_explicit(&s->readers, 1, memory_order_seq_cst);
    bool asleep = atomic_load_explicit(&s->sleeps, memory_order_seq_cst) % 2;
    if (asleep)
        KIT_TAKES(&s->sleeps);
    return asleep;
}

void sleeper_unread(struct sleeper *s)
{
    KIT_GIVES(&s->readers);
    if (atomic_fetch_sub_explicit(&s->readers, 1, memory_order_release) == 1)
        kit_wake(&s->readers, INT_MAX);
}

/* ---- sleeping and waking ---- */

int sleeper_may_wait(const struct sleeper *s, int64_t deadline)
{
    if (sleeper_is_canceled(s))
        return -ECANCELED;
    return deadline != KIT_FOREVER && deadline <= kit_now() ? -ETIMEDOUT : 0;
}

/* Says ASLEEP before it sleeps, unless the word has changed. */
static bool announce(struct sleeper *s, uint32_t *seen)
{
    if (*seen & WORD_ASLEEP)
        return true;
    bool done = atomic_compare_exchange_strong_explicit(
        &s->word, seen, *seen | WORD_ASLEEP, memory_order_relaxed,
        memory_order_relaxed);
    *seen |= WORD_ASLEEP;
    return done;
}

/* The loop of sleeper_sleep: a poke is taken back before the look at what it
   is about. */
static int sleep_for(struct sleeper *s, uint32_t bits, int64_t deadline,
                     bool may_give_up)
{
    int result = 0;
    for (;;) {
        /* acquire: pairs with the release in sleeper_wake */
        uint32_t seen = atomic_load_explicit(&s->word, memory_order_acquire);
        if (seen & bits) {
            KIT_TAKES(&s->word);
            return (int)(seen & bits);
        }
        if (seen & WORD_POKED) {
            atomic_fetch_and_explicit(&s->word, ~(uint32_t)WORD_POKED,
                                      memory_order_acquire);
            continue;
        }
        if (may_give_up && sleeper_is_canceled(s))
            return -ECANCELED;
        if (result == -ETIMEDOUT)
            return result;
        if (announce(s, &seen))
            result = kit_wait(&s->word, seen, deadline);
    }
}

int sleeper_sleep(struct sleeper *s, uint32_t bits, const struct wait *why)
{
    atomic_store_explicit(&s->awaits, bits, memory_order_relaxed);
    sleeper_begin(s, why);
    int result = sleep_for(s, bits, why->deadline, true);
    sleeper_end(s);
    atomic_store_explicit(&s->awaits, 0, memory_order_relaxed);
    return result;
}

void sleeper_finish(struct sleeper *s, uint32_t bits)
{
    /* acquire: whoever loses a poke here sees `canceled` at its next look */
    atomic_fetch_and_explicit(&s->word, ~(bits | WORD_ASLEEP | WORD_POKED),
                              memory_order_acquire);
}

void sleeper_wake(struct sleeper *s, uint32_t bits)
{
    KIT_GIVES(&s->word);
    /* release: what we did for the sleeper is its to see */
    if (atomic_fetch_or_explicit(&s->word, bits, memory_order_release) &
        WORD_ASLEEP)
        kit_wake(&s->word, 1);
}

void preempt_alarm_ring(int alarm)
{
    int saved = errno;
    eventfd_write(alarm, 1);
    errno = saved;
}

/* Who sleeps, but not on its word. */
static void wake_elsewhere(struct sleeper *s)
{
    if (s->mutex) {
        pthread_mutex_lock(s->mutex);
        pthread_cond_broadcast(s->changed);
        pthread_mutex_unlock(s->mutex);
    }
    if (s->alarm_plus_one)
        preempt_alarm_ring(s->alarm_plus_one - 1);
}

void sleeper_cancel(struct sleeper *s)
{
    /* seq_cst: before our look at `sleeps`, see sleeper_begin */
    atomic_store_explicit(&s->canceled, 1, memory_order_seq_cst);
    sleeper_wake(s, WORD_POKED);
    if (sleeper_read(s))
        wake_elsewhere(s);
    sleeper_unread(s);
}

int sleeper_await_condvar(struct sleeper *s, pthread_mutex_t *mutex,
                          pthread_cond_t *changed, const struct wait *why)
{
    int result = 0;
    if (!s->mutex) {
        s->mutex = mutex;
        s->changed = changed;
        sleeper_begin(s, why);
    }
    if (sleeper_is_canceled(s))
        return -ECANCELED;
    if (why->deadline == KIT_FOREVER) {
        pthread_cond_wait(changed, mutex);
    } else {
        int64_t t = why->deadline < 0 ? 0 : why->deadline;
        struct timespec until = {t / 1000000000, t % 1000000000};
        result = pthread_cond_timedwait(changed, mutex, &until);
    }
    return -result;
}

void sleeper_end_condvar(struct sleeper *s)
{
    if (!s->mutex)
        return;
    sleeper_end(s);
    sleeper_finish(s, 0);
}

/* ---- queues ---- */

/* Under the lock: no other thread changes it. */
static void add_to_count(struct preempt_waiters *q, uint32_t n)
{
    atomic_store_explicit(&q->count, preempt_waiters_count(q) + n,
                          memory_order_relaxed);
}

void preempt_waiters_push(struct preempt_waiters *q, struct preempt_waiter *w)
{
    w->next = NULL;
    w->previous = q->last;
    if (q->last)
        q->last->next = w;
    else
        q->first = w;
    q->last = w;
    w->is_queued = true;
    add_to_count(q, 1);
}

void preempt_waiters_push_front(struct preempt_waiters *q,
                                struct preempt_waiter *w)
{
    w->previous = NULL;
    w->next = q->first;
    if (q->first)
        q->first->previous = w;
    else
        q->last = w;
    q->first = w;
    w->is_queued = true;
    add_to_count(q, 1);
}

void preempt_waiters_remove(struct preempt_waiters *q, struct preempt_waiter *w)
{
    if (w->previous)
        w->previous->next = w->next;
    else
        q->first = w->next;
    if (w->next)
        w->next->previous = w->previous;
    else
        q->last = w->previous;
    w->is_queued = false;
    add_to_count(q, (uint32_t)-1);
}

struct preempt_waiter *preempt_waiters_pop(struct preempt_waiters *q)
{
    struct preempt_waiter *w = q->first;
    if (w)
        preempt_waiters_remove(q, w);
    return w;
}

struct preempt_waiter *preempt_waiters_pop_all(struct preempt_waiters *q)
{
    struct preempt_waiter *all = q->first;
    for (struct preempt_waiter *w = all; w; w = w->next)
        w->is_queued = false;
    q->first = q->last = NULL;
    atomic_store_explicit(&q->count, 0, memory_order_relaxed);
    return all;
}

void preempt_waiters_wake_list(struct preempt_waiter *w, uint32_t how)
{
    while (w) {
        struct preempt_waiter *next = w->next; /* before it is gone */
        preempt_waiter_wake(w, how);
        w = next;
    }
}

bool preempt_waiter_withdraw(struct preempt_waiter *w, kit_lock *lock,
                             struct preempt_waiters *q)
{
    kit_lock_acquire(lock);
    bool was_queued = w->is_queued;
    if (was_queued)
        preempt_waiters_remove(q, w);
    kit_lock_release(lock);
    return was_queued;
}

int preempt_waiter_await_wake(struct preempt_waiter *w)
{
    int how = sleep_for(w->sleeper, WORD_WOKEN, KIT_FOREVER, false);
    sleeper_finish(w->sleeper, WORD_WOKEN);
    return how;
}

int preempt_waiter_leave(struct preempt_waiter *w, kit_lock *lock,
                         struct preempt_waiters *q, int result)
{
    if (!preempt_waiter_withdraw(w, lock, q))
        return preempt_waiter_await_wake(w);
    sleeper_finish(w->sleeper, 0);
    return result;
}

int preempt_waiter_wait(struct preempt_waiter *w, kit_lock *lock,
                        struct preempt_waiters *q, const struct wait *why)
{
    int how = sleeper_sleep(w->sleeper, WORD_WOKEN, why);
    if (how < 0)
        return preempt_waiter_leave(w, lock, q, how);
    sleeper_finish(w->sleeper, WORD_WOKEN);
    return how;
}

/* Without sleep; 0: not woken yet. */
static int poll_for(struct preempt_waiter *w, const struct wait *why,
                    struct kit_backoff *b)
{
    int how = 0;
    do {
        /* acquire: pairs with the release in sleeper_wake */
        uint32_t seen =
            atomic_load_explicit(&w->sleeper->word, memory_order_acquire);
        if (seen & WORD_WOKEN) {
            KIT_TAKES(&w->sleeper->word);
            return (int)(seen & WORD_WOKEN);
        }
        if (b->strategy == KIT_WAIT_SPIN)
            how = sleeper_may_wait(w->sleeper, why->deadline);
    } while (how == 0 && kit_backoff_step(b));
    return how;
}

int preempt_waiter_poll(struct preempt_waiter *w, kit_lock *lock,
                        struct preempt_waiters *q, const struct wait *why,
                        struct kit_backoff *b)
{
    int how = poll_for(w, why, b);
    kit_backoff_end(b, how <= 0);
    if (how == 0)
        return preempt_waiter_wait(w, lock, q, why);
    if (how < 0)
        return preempt_waiter_leave(w, lock, q, how);
    sleeper_finish(w->sleeper, WORD_WOKEN);
    return how;
}
