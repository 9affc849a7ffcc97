/* SPDX-License-Identifier: MIT */
/*
 * The mutex: an owner under a short lock, handed over to the longest waiting.
 *
 * With priority inheritance the kernel must know the owner, and be the one who
 * chooses the next: that is a mutex of pthreads, which can be left at a time
 * but not on demand. So a thread waits for it in slices, and looks between them
 * whether it has been canceled.
 */
#include "sync_impl.h"

#include <errno.h>
#include <time.h>

/* ---- with priority inheritance ---- */

static int init_inheriting(preempt_mutex *m)
{
    pthread_mutexattr_t attr;
    int error = pthread_mutexattr_init(&attr);
    if (error)
        return -error;
    error = pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
    if (!error)
        error = pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
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

static int lock_inheriting(preempt_mutex *m, int64_t deadline)
{
    struct wait why = {"lock", m->name, deadline};
    int error = pthread_mutex_trylock(&m->inheriting), result;
    if (error != EBUSY)
        return -error;
    struct sleeper *s = sleeper_self();
    sleeper_begin(s, &why);
    do {
        result = sleeper_may_wait(s, deadline);
        error = result < 0 ? 0 : lock_for_a_slice(m, deadline);
    } while (error == ETIMEDOUT);
    sleeper_end(s);
    sleeper_finish(s, 0);
    return result < 0 ? result : -error;
}

/* ---- without ---- */

static int lock_fair(preempt_mutex *m, int64_t deadline)
{
    void *self = sleeper_self();
    kit_lock_acquire(&m->lock);
    if (m->owner && m->owner != self) {
        struct wait why = {"lock", m->name, deadline};
        return preempt_queue_and_wait(&m->lock, &m->waiters, &why);
    }
    int result = m->owner ? -EDEADLK : 0;
    m->owner = self;
    kit_lock_release(&m->lock);
    return result;
}

static int try_lock_fair(preempt_mutex *m)
{
    kit_lock_acquire(&m->lock);
    bool is_free = !m->owner;
    if (is_free)
        m->owner = sleeper_self();
    kit_lock_release(&m->lock);
    return is_free ? 0 : -EAGAIN;
}

static int unlock_fair(preempt_mutex *m)
{
    struct preempt_waiter *next = NULL;
    kit_lock_acquire(&m->lock);
    int result = m->owner == sleeper_self() ? 0 : -EPERM;
    if (result == 0) {
        next = preempt_waiters_pop(&m->waiters);
        m->owner = next ? next->sleeper : NULL;
    }
    kit_lock_release(&m->lock);
    if (next)
        preempt_waiter_wake(next, WORD_SERVED);
    return result;
}

/* ---- either ---- */

int preempt_mutex_init(preempt_mutex *m,
                       const struct preempt_mutex_options *options)
{
    *m = (preempt_mutex){.name = "mutex"};
    if (options && options->name)
        m->name = options->name;
    m->inherits_priority = options && options->inherits_priority;
    return m->inherits_priority ? init_inheriting(m) : 0;
}

static bool is_free_for_good(preempt_mutex *m)
{
    if (m->inherits_priority) {
        if (pthread_mutex_trylock(&m->inheriting) != 0)
            return false;
        pthread_mutex_unlock(&m->inheriting);
        return pthread_mutex_destroy(&m->inheriting) == 0;
    }
    kit_lock_acquire(&m->lock);
    bool is_free = !m->owner;
    kit_lock_release(&m->lock);
    return is_free;
}

int preempt_mutex_destroy(preempt_mutex *m)
{
    if (is_free_for_good(m))
        return 0;
    preempt_report(__func__, m->name, "it is locked");
    return -EBUSY;
}

int preempt_mutex_lock_until(preempt_mutex *m, int64_t deadline)
{
    return m->inherits_priority ? lock_inheriting(m, deadline)
                                : lock_fair(m, deadline);
}

int preempt_mutex_lock(preempt_mutex *m)
{
    return preempt_mutex_lock_until(m, KIT_FOREVER);
}

int preempt_mutex_try_lock(preempt_mutex *m)
{
    if (!m->inherits_priority)
        return try_lock_fair(m);
    return pthread_mutex_trylock(&m->inheriting) == 0 ? 0 : -EAGAIN;
}

int preempt_mutex_unlock(preempt_mutex *m)
{
    int result = m->inherits_priority ? -pthread_mutex_unlock(&m->inheriting)
                                      : unlock_fair(m);
    if (result < 0)
        preempt_report(__func__, m->name, "the caller does not have it");
    return result;
}
