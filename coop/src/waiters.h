/* SPDX-License-Identifier: MIT */
/*
 * Waiting, and tasks that wait for one thing, first in, first out. Who serves
 * a task takes it out of the queue and says what its wait returns; when its
 * time is up, or it is canceled, it is taken out as well. So a task that runs
 * again is in no queue, and has nothing left to do.
 */
#ifndef COOP_WAITERS_H
#define COOP_WAITERS_H

#include "sched.h"

static inline void coop_waiters_add(struct coop_waiters *q,
                                    struct coop_waiter *w)
{
    struct coop_waiter *first = q->first;
    w->queue = q;
    w->next = NULL;
    if (first) {
        w->previous = first->previous;
        first->previous->next = w;
        first->previous = w;
    } else {
        w->previous = q->first = w;
    }
}

static inline void coop_waiters_remove(struct coop_waiter *w)
{
    struct coop_waiters *q = w->queue;
    if (w == q->first)
        q->first = w->next;
    else
        w->previous->next = w->next;
    struct coop_waiter *after = w->next ? w->next : q->first;
    if (after)
        after->previous = w->previous;
}

/* The first that waits, taken out of the queue; NULL: none does. */
static inline struct coop_waiter *coop_waiters_take(struct coop_waiters *q)
{
    struct coop_waiter *w = q->first;
    if (!w)
        return NULL;
    q->first = w->next;
    if (w->next)
        w->next->previous = w->previous;
    return w;
}

/* `result` is what the wait of `task`, which waits and is in no queue,
   returns. */
static inline void coop_wake(coop_task *task, int result)
{
    task->wake = result;
    coop_make_ready(task);
}

/* As coop_wake: what it waited for is there, from the current task. */
static inline void coop_wake_soon(coop_task *task, int result)
{
    task->wake = result;
    coop_make_ready_soon(task);
}

/* One case of a select, taken out of its queue, was done. */
void coop_select_serve(struct coop_waiter *w, int result);

/* A select is given up: its task is in no queue any more. */
void coop_select_abandon(coop_task *task);

/* As coop_wake, for one that was taken out of a queue. */
static inline void coop_serve(struct coop_waiter *w, int result)
{
    if (KIT_UNLIKELY(w->select != NULL))
        coop_select_serve(w, result);
    else
        coop_wake(coop_task_of(w), result);
}

/* As coop_serve, with coop_wake_soon. */
static inline void coop_serve_soon(struct coop_waiter *w, int result)
{
    if (KIT_UNLIKELY(w->select != NULL))
        coop_select_serve(w, result);
    else
        coop_wake_soon(coop_task_of(w), result);
}

static inline void coop_serve_all(struct coop_waiters *q, int result)
{
    struct coop_waiter *w;
    while ((w = coop_waiters_take(q)))
        coop_serve(w, result);
}

/* Ends a wait from outside, if it is one: with -ETIMEDOUT or -ECANCELED. */
void coop_end_wait(coop_task *task, int result);

/* Is it time, or was it? */
bool coop_is_past(const coop_sched *s, int64_t deadline);

int coop_give_way_until(coop_sched *s, int64_t deadline);

/* The current task gives way, although it need not wait, and even if it is
   canceled: the others shall run. */
void coop_end_turn(coop_sched *s);

/* Reads the clock, and gives way likewise if the slice is used. 0. */
int coop_check_clock(coop_sched *s);

/* As coop_checkpoint, for an operation that need not wait. */
static inline void coop_check_slice(coop_sched *s)
{
    if (KIT_UNLIKELY(--s->checks <= 0))
        coop_check_clock(s);
}

/* 0 when the current task may wait: it is not canceled, and there is time. */
static inline int coop_may_wait(const coop_sched *s, int64_t deadline)
{
    if (KIT_UNLIKELY(s->current->refuses))
        return -ECANCELED;
    if (KIT_UNLIKELY(deadline != KIT_FOREVER) && coop_is_past(s, deadline))
        return -ETIMEDOUT;
    return 0;
}

/*
 * The current task, which may wait, does so until coop_wake: that result, or
 * -ETIMEDOUT, -ECANCELED. To be called last.
 */
static inline int coop_wait(coop_sched *s, const char *what,
                            const char *const *name, int64_t deadline)
{
    coop_task *t = s->current;
    t->waits_to = what;
    t->waits_on = name;
    t->since = s->now;
    __atomic_signal_fence(__ATOMIC_RELEASE); /* a dump looks at the state */
    t->state = COOP_TASK_WAITING;
    if (KIT_UNLIKELY(deadline != KIT_FOREVER))
        return coop_give_way_until(s, deadline);
    return coop_give_way(s, t);
}

/* coop_wait_in, with its exceptions. */
int coop_wait_in_until(coop_sched *s, struct coop_waiters *q, const char *what,
                       const char *const *name, int64_t deadline);

/* As coop_wait, for one that need not be able to wait, in a queue. Inlined, for
   the sake of a deadline that is known. */
static inline __attribute__((always_inline)) int
coop_wait_in(coop_sched *s, struct coop_waiters *q, const char *what,
             const char *const *name, int64_t deadline)
{
    if (KIT_UNLIKELY(s->current->refuses || deadline != KIT_FOREVER))
        return coop_wait_in_until(s, q, what, name, deadline);
    coop_waiters_add(q, &s->current->waiter);
    return coop_wait(s, what, name, KIT_FOREVER);
}

/* As coop_wait_in, for a caller that need not be a task: else -EDEADLK. The
   name is kept here: what it is of may be freed too early, by mistake. */
static inline int coop_wait_here(struct coop_waiters *q, const char *what,
                                 const char *name, int64_t deadline)
{
    coop_sched *s = coop_running_sched();
    if (!s)
        return -EDEADLK;
    return coop_wait_in(s, q, what, &name, deadline);
}

#endif
