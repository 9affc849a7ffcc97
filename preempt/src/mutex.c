/* SPDX-License-Identifier: MIT */
/*
 * The mutex: one word, the owner and two bits. Who finds it taken polls for a
 * moment, then queues up under a short lock. An owner that leaves wakes the
 * first in the queue, unless one is on its way already, and hands over nothing:
 * until that one runs, whoever comes may have the mutex. One that has waited
 * too long for its luck is handed it. After Go's sync.Mutex.
 *
 * With priority inheritance the kernel must know the owner, and be the one who
 * chooses the next: that is a mutex of pthreads, which can be left at a time
 * but not on demand. So a thread waits for it in slices, and looks between them
 * whether it has been canceled. Then the kernel does not know that it waits: so
 * those who wait are counted, without the lock, whose owner inherits nothing.
 */
#include "sync_impl.h"

#include <kit/annotate.h>
#include <kit/serial.h>

#include <errno.h>
#include <time.h>

static uintptr_t state_of(preempt_mutex *m)
{
    return atomic_load_explicit(&m->state, memory_order_relaxed);
}

#define QUEUED   ((uintptr_t)1)
#define WOKEN    ((uintptr_t)2)
#define IDENTITY ((uintptr_t)4) /* and its multiples */

/*
 * Who an owner is. Not the address of its sleeper: another thread's may come to
 * lie there when it has ended.
 */
static uintptr_t identity_of(struct sleeper *self)
{
    if (KIT_UNLIKELY(self->identity == 0))
        self->identity = (uintptr_t)kit_serials_take(1) * IDENTITY;
    return self->identity;
}

/* ---- with priority inheritance ---- */

/*
 * Not one that checks for errors: where the kernel finds that owners wait in a
 * circle, the C library ends the program then, instead of waiting for the end
 * of the slice. So the state says who the owner is.
 */
static int init_inheriting(preempt_mutex *m)
{
    pthread_mutexattr_t attr;
    int error = pthread_mutexattr_init(&attr);
    if (error)
        return -error;
    error = pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
    if (!error)
        error = pthread_mutex_init(&m->inheriting, &attr);
    pthread_mutexattr_destroy(&attr);
    return -error;
}

/* Waits for a slice of the time: an error of pthread_mutex_timedlock. */
static int lock_for_a_slice(preempt_mutex *m, int64_t deadline)
{
    int64_t left = deadline - kit_now(); /* nobody waits for a past one */
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until); /* the only clock of old kernels */
    if (left > PREEMPT_INHERITING_NOTICE)
        left = PREEMPT_INHERITING_NOTICE;
    until.tv_nsec += left > 0 ? (long)left : 0;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    return pthread_mutex_timedlock(&m->inheriting, &until);
}

static bool is_owner(preempt_mutex *m, struct sleeper *self)
{
    return state_of(m) == identity_of(self);
}

static void set_owner(preempt_mutex *m, uintptr_t identity)
{
    atomic_store_explicit(&m->state, identity, memory_order_relaxed);
}

static int try_lock_inheriting(preempt_mutex *m, struct sleeper *self)
{
    int error = pthread_mutex_trylock(&m->inheriting);
    if (error == 0)
        set_owner(m, identity_of(self));
    return error == EBUSY ? -EAGAIN : -error;
}

static void count_waiter(preempt_mutex *m)
{
    /* relaxed: who knows that we wait knows it from something that orders */
    atomic_fetch_add_explicit(&m->waiters.count, 1, memory_order_relaxed);
}

/* The mutex may be gone afterwards, unless it is ours. */
static void uncount_waiter(preempt_mutex *m)
{
    KIT_GIVES(&m->waiters.count);
    /* release: pairs with the acquire in is_waited_for */
    atomic_fetch_sub_explicit(&m->waiters.count, 1, memory_order_release);
}

static bool is_waited_for(preempt_mutex *m)
{
    /* acquire: who does not wait any more has no use for the mutex */
    uint32_t count =
        atomic_load_explicit(&m->waiters.count, memory_order_acquire);
    KIT_TAKES(&m->waiters.count);
    return count > 0;
}

static int sleep_for_inheriting(preempt_mutex *m, struct sleeper *self,
                                int64_t deadline)
{
    struct wait why = {"lock", m->name, deadline};
    int error, result;
    count_waiter(m);
    sleeper_begin(self, &why);
    do {
        result = sleeper_may_wait(self, deadline);
        error = result < 0 ? 0 : lock_for_a_slice(m, deadline);
    } while (error == ETIMEDOUT);
    sleeper_end(self);
    sleeper_finish(self, 0);
    uncount_waiter(m);
    return result < 0 ? result : -error;
}

static int lock_inheriting(preempt_mutex *m, struct sleeper *self,
                           int64_t deadline)
{
    int result = try_lock_inheriting(m, self);
    if (result != -EAGAIN)
        return result;
    if (is_owner(m, self))
        return -EDEADLK;
    result = sleep_for_inheriting(m, self, deadline);
    if (result == 0)
        set_owner(m, identity_of(self));
    return result;
}

static int unlock_inheriting(preempt_mutex *m, struct sleeper *self)
{
    if (!is_owner(m, self))
        return -EPERM;
    set_owner(m, 0);
    return -pthread_mutex_unlock(&m->inheriting);
}

/* Who waits locks it before it is counted no more: look at the count first. */
static bool is_free_inheriting(preempt_mutex *m)
{
    if (is_waited_for(m) || pthread_mutex_trylock(&m->inheriting) != 0)
        return false;
    pthread_mutex_unlock(&m->inheriting);
    return pthread_mutex_destroy(&m->inheriting) == 0;
}

/* ---- without ---- */

#define POLLS 100

static uintptr_t owner_in(uintptr_t state)
{
    return state & ~(QUEUED | WOKEN);
}

/* acquire: pairs with the release of the owner before us. release: what the
   queue is, for whoever sees the bits. */
static bool change(preempt_mutex *m, uintptr_t *from, uintptr_t to)
{
    return atomic_compare_exchange_weak_explicit(
        &m->state, from, to, memory_order_acq_rel, memory_order_relaxed);
}

/* Nobody has it: neither who is queued nor who is woken has a right to it. */
static bool take(preempt_mutex *m, uintptr_t self)
{
    uintptr_t state = state_of(m);
    while (!owner_in(state))
        if (change(m, &state, state | self)) {
            KIT_LOCK_ACQUIRED(m);
            return true;
        }
    return false;
}

static uintptr_t queued(const preempt_mutex *m)
{
    return preempt_waiters_count(&m->waiters) > 0 ? QUEUED : 0;
}

/*
 * Under the lock: takes the mutex, or leaves a word in its state for the owner.
 * Who `was_woken` gives the right to be that one up, in either case.
 */
static bool take_or_tell(preempt_mutex *m, uintptr_t self, bool was_woken,
                         uintptr_t word)
{
    uintptr_t state = state_of(m), to;
    bool took;
    do {
        took = !owner_in(state);
        to = (was_woken ? state & ~WOKEN : state) |
             (took ? self | queued(m) : word);
    } while (!change(m, &state, to));
    if (took)
        KIT_LOCK_ACQUIRED(m);
    return took;
}

/* Takes it, or queues up for it: 0, or 1 then. -ECANCELED, -ETIMEDOUT. */
static int take_or_queue(preempt_mutex *m, struct preempt_waiter *w,
                         bool was_woken, int64_t deadline)
{
    kit_lock_acquire(&m->lock);
    int refused = sleeper_may_wait(w->sleeper, deadline);
    bool took = take_or_tell(m, w->sleeper->identity, was_woken,
                             refused < 0 ? queued(m) : QUEUED);
    if (!took && refused == 0) {
        /* who was woken and came too late does not lose its place */
        if (was_woken)
            preempt_waiters_push_front(&m->waiters, w);
        else
            preempt_waiters_push(&m->waiters, w);
    }
    kit_lock_release(&m->lock);
    return took ? 0 : refused < 0 ? refused : 1;
}

static int lock_slowly(preempt_mutex *m, struct sleeper *sleeper,
                       int64_t deadline)
{
    struct wait why = {"lock", m->name, deadline};
    struct preempt_waiter w = preempt_waiter_make(sleeper, NULL);
    uintptr_t self = identity_of(sleeper);
    bool was_woken = false;
    int64_t since = kit_now();
    if (owner_in(state_of(m)) == self)
        return -EDEADLK;
    for (;;) {
        int result = take_or_queue(m, &w, was_woken, deadline);
        if (result <= 0)
            return result;
        result = preempt_waiter_wait(&w, &m->lock, &m->waiters, &why);
        if (result < 0)
            return result;
        if (owner_in(state_of(m)) == self) {
            KIT_LOCK_ACQUIRED(m);
            return 0;
        }
        was_woken = true;
        if (kit_now() - since > PREEMPT_MUTEX_PATIENCE)
            w.element = m; /* the next owner hands it over */
    }
}

static int lock_barging(preempt_mutex *m, struct sleeper *self,
                        int64_t deadline)
{
    uintptr_t identity = identity_of(self);
    for (int i = 0; i < POLLS; i++)
        if (KIT_LIKELY(take(m, identity)))
            return 0;
    return lock_slowly(m, self, deadline);
}

static int try_lock_barging(preempt_mutex *m, struct sleeper *self)
{
    return take(m, identity_of(self)) ? 0 : -EAGAIN;
}

/* Under the lock: the one to be woken, if any. */
static struct preempt_waiter *pass(preempt_mutex *m)
{
    struct preempt_waiter *next = preempt_waiters_pop(&m->waiters);
    uintptr_t to = queued(m);
    if (next)
        to |= next->element ? next->sleeper->identity : WOKEN;
    /* release: what we did is the next owner's to see */
    atomic_store_explicit(&m->state, to, memory_order_release);
    return next;
}

static int unlock_barging(preempt_mutex *m, struct sleeper *self)
{
    uintptr_t state = state_of(m);
    if (owner_in(state) != identity_of(self))
        return -EPERM;
    KIT_LOCK_RELEASED(m);
    while ((state & (QUEUED | WOKEN)) != QUEUED)
        if (change(m, &state, state & (QUEUED | WOKEN)))
            return 0;
    kit_lock_acquire(&m->lock);
    struct preempt_waiter *next = pass(m);
    kit_lock_release(&m->lock);
    if (next)
        preempt_waiter_wake(next, WORD_SERVED);
    return 0;
}

/* ---- either ---- */

int preempt_mutex_init(preempt_mutex *m,
                       const struct preempt_mutex_options *options)
{
    *m = (preempt_mutex){.name = "mutex"};
    KIT_ALL_ATOMIC(&m->state, sizeof m->state);
    KIT_ALL_ATOMIC(&m->waiters.count, sizeof m->waiters.count);
    if (options && options->name)
        m->name = options->name;
    m->inherits_priority = options && options->inherits_priority;
    return m->inherits_priority ? init_inheriting(m) : 0;
}

static bool is_free_for_good(preempt_mutex *m)
{
    if (m->inherits_priority)
        return is_free_inheriting(m);
    kit_lock_acquire(&m->lock);
    bool is_free = !(state_of(m) & ~QUEUED) && !queued(m);
    kit_lock_release(&m->lock);
    return is_free;
}

int preempt_mutex_destroy(preempt_mutex *m)
{
    if (is_free_for_good(m))
        return 0;
    preempt_report(__func__, m->name, "it is locked, or tasks wait for it");
    return -EBUSY;
}

/* Of a lock: what was not unlocked at the end of a task is reported. */
static int counted(struct sleeper *self, int result)
{
    self->mutexes += result == 0;
    return result;
}

int preempt_mutex_lock_until(preempt_mutex *m, int64_t deadline)
{
    struct sleeper *self = sleeper_self();
    return counted(self, m->inherits_priority
                             ? lock_inheriting(m, self, deadline)
                             : lock_barging(m, self, deadline));
}

int preempt_mutex_lock(preempt_mutex *m)
{
    return preempt_mutex_lock_until(m, KIT_FOREVER);
}

int preempt_mutex_try_lock(preempt_mutex *m)
{
    struct sleeper *self = sleeper_self();
    return counted(self, m->inherits_priority ? try_lock_inheriting(m, self)
                                              : try_lock_barging(m, self));
}

int preempt_mutex_unlock(preempt_mutex *m)
{
    struct sleeper *self = sleeper_self();
    int result = m->inherits_priority ? unlock_inheriting(m, self)
                                      : unlock_barging(m, self);
    self->mutexes -= result == 0;
    if (result < 0)
        preempt_report(__func__, m->name, "the caller does not have it");
    return result;
}
