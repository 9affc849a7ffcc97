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

    _Alignas(
        CACHE_LINE) kit_lock lock; /* of what follows, and of jobs' waiters */
    _Atomic(preempt_job *) first;  /* jobs, the oldest first */
    preempt_job *last;
    struct preempt_waiters idlers;

    _Alignas(
        CACHE_LINE) kit_word idle; /* how many: for a look without the lock */
    kit_word submitter_cpu;        /* plus one; 0: none */
    kit_word worker_cpu;           /* of the last that had no job */
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

/* Under the lock: takes the job out of the queue, to run or to cancel it;
   false: it is not there, yet or any more. */
bool preempt_pool_take_out(preempt_pool *p, preempt_job *j);

void preempt_job_run(struct worker *me, preempt_job *j);

/* Under the lock: the job is in `state`, after which nothing is to be waited
   for. Those who have, to be woken without it; the job may be gone then. */
struct preempt_waiter *preempt_job_settle(preempt_job *j, uint32_t state);

#endif
