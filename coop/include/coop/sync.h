/* SPDX-License-Identifier: MIT */
/*
 * Mutex, semaphore, wait group, event and barrier, for state that is held
 * across a point where other tasks run. All live in the caller's memory, which
 * must not move; none allocates. Those who wait are served first in, first out.
 *
 * `name` is for reports and kept by reference; NULL: what it is.
 * Waiting: as coop/task.h says (-ETIMEDOUT, -ECANCELED, -EDEADLK).
 * destroy gives -EBUSY, and reports it on stderr, while tasks wait.
 */
#ifndef COOP_SYNC_H
#define COOP_SYNC_H

#include <coop/task.h>

KIT_BEGIN

/* Who waits, in order. Nothing in it is for users. */
struct coop_waiter;
struct coop_waiters {
    struct coop_waiter *first;
};

/*
 * ---- mutex ----
 *
 * A task unlocks what it has locked before it ends. One that does not is
 * reported on stderr, and the mutex stays locked: it is nobody else's.
 */

typedef struct coop_mutex {
    uint64_t owner; /* its number, which no other task gets; 0: nobody */
    struct coop_waiters waiters;
    const char *name;
} coop_mutex;

struct coop_mutex_options {
    const char *name;
};

/* `options` may be NULL. */
KIT_EXPORT int coop_mutex_init(coop_mutex *m,
                               const struct coop_mutex_options *options);
/* -EBUSY when it is locked, too. */
KIT_EXPORT int coop_mutex_destroy(coop_mutex *m);

/* 0; -EDEADLK when the caller has it already, and outside a task. */
KIT_EXPORT int coop_mutex_lock(coop_mutex *m);
KIT_EXPORT int coop_mutex_lock_until(coop_mutex *m, int64_t deadline);
/* -EAGAIN when somebody has it. */
KIT_EXPORT int coop_mutex_try_lock(coop_mutex *m);
/* To the longest waiting. -EPERM, reported on stderr, when the caller does not
   have it. */
KIT_EXPORT int coop_mutex_unlock(coop_mutex *m);

/* ---- semaphore ---- */

typedef struct coop_semaphore {
    size_t value;
    struct coop_waiters waiters;
    const char *name;
} coop_semaphore;

KIT_EXPORT int coop_semaphore_init(coop_semaphore *sem, size_t value,
                                   const char *name);
KIT_EXPORT int coop_semaphore_destroy(coop_semaphore *sem);

/* Takes one: 0. */
KIT_EXPORT int coop_semaphore_acquire(coop_semaphore *sem);
KIT_EXPORT int coop_semaphore_acquire_until(coop_semaphore *sem,
                                            int64_t deadline);
KIT_EXPORT int coop_semaphore_try_acquire(coop_semaphore *sem);
/* Gives one. -EOVERFLOW at SIZE_MAX (at 2^31 - 1 on threads). Any task may. */
KIT_EXPORT int coop_semaphore_release(coop_semaphore *sem);
KIT_EXPORT size_t coop_semaphore_value(const coop_semaphore *sem);

/* ---- wait group: a count of what is still to be done ---- */

typedef struct coop_waitgroup {
    size_t count;
    struct coop_waiters waiters;
    const char *name;
} coop_waitgroup;

KIT_EXPORT int coop_waitgroup_init(coop_waitgroup *wg, const char *name);
KIT_EXPORT int coop_waitgroup_destroy(coop_waitgroup *wg);
/* 0 or -EOVERFLOW. */
KIT_EXPORT int coop_waitgroup_add(coop_waitgroup *wg, size_t n);
/* One less; at zero all who wait go on. -EINVAL at zero. */
KIT_EXPORT int coop_waitgroup_done(coop_waitgroup *wg);
KIT_EXPORT int coop_waitgroup_wait(coop_waitgroup *wg);
KIT_EXPORT int coop_waitgroup_wait_until(coop_waitgroup *wg, int64_t deadline);

/* ---- event: something that has happened, or not ---- */

typedef struct coop_event {
    struct coop_waiters waiters;
    const char *name;
    bool set;
} coop_event;

KIT_EXPORT int coop_event_init(coop_event *e, const char *name);
KIT_EXPORT int coop_event_destroy(coop_event *e);
/* All who wait go on, and who comes later need not wait, until reset. */
KIT_EXPORT void coop_event_set(coop_event *e);
KIT_EXPORT void coop_event_reset(coop_event *e);
KIT_EXPORT bool coop_event_is_set(const coop_event *e);
KIT_EXPORT int coop_event_wait(coop_event *e);
KIT_EXPORT int coop_event_wait_until(coop_event *e, int64_t deadline);

/* ---- barrier: n tasks wait for each other, again and again ---- */

typedef struct coop_barrier {
    size_t parties;
    size_t arrived;
    struct coop_waiters waiters;
    const char *name;
} coop_barrier;

/* -EINVAL for 0 parties. */
KIT_EXPORT int coop_barrier_init(coop_barrier *b, size_t parties,
                                 const char *name);
KIT_EXPORT int coop_barrier_destroy(coop_barrier *b);
/*
 * Waits for the others: 1 for the last to arrive, 0 for the rest. Who gives up
 * (-ETIMEDOUT, -ECANCELED) has not arrived.
 */
KIT_EXPORT int coop_barrier_wait(coop_barrier *b);
KIT_EXPORT int coop_barrier_wait_until(coop_barrier *b, int64_t deadline);

KIT_END

#endif
