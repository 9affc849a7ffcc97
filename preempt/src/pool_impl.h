/* SPDX-License-Identifier: MIT */
/* What the workers of a pool and the futures of its jobs share. */
#ifndef PREEMPT_POOL_IMPL_H
#define PREEMPT_POOL_IMPL_H

#include <preempt/pool.h>

#include "wait.h"

/* In a job's state, beside enum preempt_job_state. */
enum {
    JOB_STATE = 7,   /* the bits of that */
    JOB_WAITED = 8,  /* somebody waits: the end of it takes the lock */
    JOB_LISTED = 16, /* queued in the list, where it can be taken out */
};

/* In `pushed`. */
#define POOL_CLOSED ((uintptr_t)1)

struct worker {
    preempt_pool *pool;
    preempt_task *task;
    preempt_job *running; /* the innermost; those that wait for it by `next` */
};

/* What is written often is apart from what is only looked at often. */
struct preempt_pool {
    _Alignas(CACHE_LINE) _Atomic uintptr_t pushed; /* jobs, the newest first */

    /* of what follows, and of jobs' waiters */
    _Alignas(CACHE_LINE) kit_lock lock;
    _Atomic(preempt_job *) first; /* jobs, the oldest first */
    preempt_job *last;
    struct preempt_waiters idlers, nappers; /* workers that sleep */

    /* how many a submission may wake: for a look without the lock */
    _Alignas(CACHE_LINE) kit_word idle;
    kit_word submitter_cpu; /* plus one; 0: none */
    kit_word worker_cpu;    /* of the last that had no job */
    enum kit_wait_strategy wait;
    const char *name;
    preempt_sched *sched;
    bool owns_sched;

    _Alignas(CACHE_LINE) struct kit_backoff_memory idling;
    struct kit_backoff_memory waiting;
    preempt_waitgroup working;
    size_t count;
    struct worker workers[];
};

/* Of the calling thread, or NULL. */
struct worker *preempt_worker_self(void);

/* Takes the job out of the queue, to run it; false: it is not there, yet or any
   more. */
bool preempt_pool_claim(preempt_pool *p, preempt_job *j);

/* The same to cancel it; NULL: the oldest. */
bool preempt_pool_cancel_job(preempt_pool *p, preempt_job *j);

void preempt_job_run(struct worker *me, preempt_job *j);

/* A job is in `state`, which none waits to see the end of: wakes who waits.
   The job may be gone then. */
void preempt_job_settle(preempt_pool *p, preempt_job *j, uint32_t state);

/* The same under the lock: who is to be woken without it. */
struct preempt_waiter *preempt_job_settle_locked(preempt_job *j,
                                                 uint32_t state);

#endif
