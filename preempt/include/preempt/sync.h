/* SPDX-License-Identifier: MIT */
/*
 * Mutex, semaphore, wait group, event and barrier: the mirror image of
 * coop/sync.h. All live in the caller's memory, which must not move; none
 * allocates. Those who wait are served first in, first out (a mutex: see
 * there). What need not wait makes no system call.
 *
 * `name` is for reports and kept by reference; NULL: what it is.
 * Waiting: as preempt/task.h says (-ETIMEDOUT, -ECANCELED). Any thread may use
 * them, and what it did before it unlocks, releases, is done, sets or arrives
 * is seen by whoever goes on because of it.
 * destroy gives -EBUSY, and reports it on stderr, while threads wait. Whoever
 * has been served may destroy, unless others that were served with it have
 * deadlines or may be canceled: these must have returned.
 */
#ifndef PREEMPT_SYNC_H
#define PREEMPT_SYNC_H

#include <preempt/task.h>

#include <kit/backoff.h>

KIT_BEGIN

/* Who waits, in order. Nothing in it is for users. */
struct preempt_waiter;
struct preempt_waiters {
    struct preempt_waiter *first, *last;
    kit_word count;
};

/*
 * ---- mutex ----
 *
 * A task unlocks what it has locked before it ends. One that does not is
 * reported on stderr, and the mutex stays locked: it is nobody else's. (With
 * priority inheritance the kernel gives it to who waits for it just then.) So
 * with other threads, but for the report.
 */

typedef struct preempt_mutex {
    kit_pointer_word state; /* whose it is, and is it waited for? */
    kit_lock lock;          /* of the waiters */
    bool inherits_priority;
    struct preempt_waiters waiters;
    const char *name;
    pthread_mutex_t inheriting;
} preempt_mutex;

/*
 * Priority inheritance: as long as a thread of higher priority (see
 * preempt_task_options) waits, the owner runs with that priority. Then those
 * who wait are served by priority first, and notice a cancellation within
 * PREEMPT_INHERITING_NOTICE nanoseconds (of the wall clock, the only one that
 * the C library takes here: later, if it is set back meanwhile).
 */
#define PREEMPT_INHERITING_NOTICE INT64_C(10000000)

struct preempt_mutex_options {
    const char *name;
    bool inherits_priority;
};

/* 0. `options` may be NULL. -ENOTSUP where the kernel has no priority
   inheritance. */
KIT_EXPORT int preempt_mutex_init(preempt_mutex *m,
                                  const struct preempt_mutex_options *options);
/* -EBUSY when it is locked, too. */
KIT_EXPORT int preempt_mutex_destroy(preempt_mutex *m);

/*
 * 0; -EDEADLK when the caller has it already. Those who wait are woken first
 * in, first out, but a thread that runs may take a free mutex before one that
 * is being woken: to keep it free for that one would make every lock as slow as
 * a wake-up. Who comes too late after PREEMPT_MUTEX_PATIENCE nanoseconds is
 * handed the mutex the next time, and nobody comes before it.
 */
#define PREEMPT_MUTEX_PATIENCE INT64_C(1000000)
KIT_EXPORT int preempt_mutex_lock(preempt_mutex *m);
KIT_EXPORT int preempt_mutex_lock_until(preempt_mutex *m, int64_t deadline);
/* -EAGAIN when somebody has it. */
KIT_EXPORT int preempt_mutex_try_lock(preempt_mutex *m);
/* Wakes the longest waiting. -EPERM, reported on stderr, when the caller does
   not have it. */
KIT_EXPORT int preempt_mutex_unlock(preempt_mutex *m);

/* ---- semaphore ---- */

typedef struct preempt_semaphore {
    kit_lock lock;
    size_t value;
    struct preempt_waiters waiters;
    const char *name;
} preempt_semaphore;

#define PREEMPT_SEMAPHORE_MAX ((size_t)0x7fffffff)

/* 0; -EINVAL for more than PREEMPT_SEMAPHORE_MAX. */
KIT_EXPORT int preempt_semaphore_init(preempt_semaphore *sem, size_t value,
                                      const char *name);
KIT_EXPORT int preempt_semaphore_destroy(preempt_semaphore *sem);

/* Takes one: 0. */
KIT_EXPORT int preempt_semaphore_acquire(preempt_semaphore *sem);
KIT_EXPORT int preempt_semaphore_acquire_until(preempt_semaphore *sem,
                                               int64_t deadline);
KIT_EXPORT int preempt_semaphore_try_acquire(preempt_semaphore *sem);
/* Gives one. -EOVERFLOW at PREEMPT_SEMAPHORE_MAX. Any thread may. */
KIT_EXPORT int preempt_semaphore_release(preempt_semaphore *sem);
KIT_EXPORT size_t preempt_semaphore_value(const preempt_semaphore *sem);

/* ---- wait group: a count of what is still to be done ---- */

typedef struct preempt_waitgroup {
    kit_lock lock;
    size_t count;
    struct preempt_waiters waiters;
    const char *name;
} preempt_waitgroup;

KIT_EXPORT int preempt_waitgroup_init(preempt_waitgroup *wg, const char *name);
KIT_EXPORT int preempt_waitgroup_destroy(preempt_waitgroup *wg);
/* 0 or -EOVERFLOW. */
KIT_EXPORT int preempt_waitgroup_add(preempt_waitgroup *wg, size_t n);
/* One less; at zero all who wait go on. -EINVAL at zero. */
KIT_EXPORT int preempt_waitgroup_done(preempt_waitgroup *wg);
KIT_EXPORT int preempt_waitgroup_wait(preempt_waitgroup *wg);
KIT_EXPORT int preempt_waitgroup_wait_until(preempt_waitgroup *wg,
                                            int64_t deadline);

/* ---- event: something that has happened, or not ---- */

typedef struct preempt_event {
    kit_lock lock;
    struct preempt_waiters waiters;
    const char *name;
    bool set;
} preempt_event;

KIT_EXPORT int preempt_event_init(preempt_event *e, const char *name);
KIT_EXPORT int preempt_event_destroy(preempt_event *e);
/* All who wait go on, and who comes later need not wait, until reset. */
KIT_EXPORT void preempt_event_set(preempt_event *e);
KIT_EXPORT void preempt_event_reset(preempt_event *e);
KIT_EXPORT bool preempt_event_is_set(const preempt_event *e);
KIT_EXPORT int preempt_event_wait(preempt_event *e);
KIT_EXPORT int preempt_event_wait_until(preempt_event *e, int64_t deadline);

/* ---- barrier: n tasks wait for each other, again and again ---- */

typedef struct preempt_barrier {
    kit_lock lock;
    size_t parties;
    struct preempt_waiters waiters;
    const char *name;
} preempt_barrier;

/* -EINVAL for 0 parties. */
KIT_EXPORT int preempt_barrier_init(preempt_barrier *b, size_t parties,
                                    const char *name);
KIT_EXPORT int preempt_barrier_destroy(preempt_barrier *b);
/*
 * Waits for the others: 1 for the last to arrive, 0 for the rest. Who gives up
 * (-ETIMEDOUT, -ECANCELED) has not arrived.
 */
KIT_EXPORT int preempt_barrier_wait(preempt_barrier *b);
KIT_EXPORT int preempt_barrier_wait_until(preempt_barrier *b, int64_t deadline);

KIT_END

#endif
