/* SPDX-License-Identifier: MIT */
/*
 * A pool: a fixed number of tasks, its workers, that run jobs. It has no mirror
 * image in coop, where a task costs as little as a job.
 *
 *     preempt_pool *pool;
 *     preempt_pool_create(&pool, NULL);
 *     preempt_job a, b;
 *     preempt_job_init(&a, half, kit_int(1), "a");
 *     preempt_job_init(&b, half, kit_int(2), "b");
 *     preempt_pool_submit(pool, &a);
 *     preempt_pool_submit(pool, &b);
 *     preempt_job_wait(&a, &left);    // 0, and what half() gave
 *     preempt_job_wait(&b, &right);
 *     preempt_pool_destroy(pool);     // when all jobs have ended
 *
 * A job is a call and the future of its result, in the caller's memory: nothing
 * allocates but create. The memory must not move, and lasts until the job is
 * over (ended or canceled); whoever learns that from an operation on the job
 * may free it or use it again.
 *
 * Jobs begin in the order of their submission, as far as one thread submits
 * them, and see what was done before that. They may submit jobs, and wait for
 * them. Where a worker waits for a job of its own pool that has not begun, it
 * runs that job itself, on its own stack; so jobs that wait for one another do
 * not run out of workers. A job that waits for itself by a circle of others
 * waits for ever, unless they are all on one worker (-EDEADLK).
 *
 * Jobs run shielded (preempt_shield): who cancels a worker cancels no job.
 *
 * A worker without jobs sleeps, and a submission wakes one. If that was in
 * vain, for those who were awake had taken all jobs, it naps for a millisecond,
 * in which it is woken only where all sleep: so many short jobs do not cost a
 * wake-up each, and a job waits that long at most beside a worker that sleeps.
 *
 * Any thread may call everything here, unless it says otherwise.
 */
#ifndef PREEMPT_POOL_H
#define PREEMPT_POOL_H

#include <preempt/sync.h>

KIT_BEGIN

typedef struct preempt_pool preempt_pool;

#define PREEMPT_POOL_WORKERS_MAX ((size_t)4096)

struct preempt_pool_options {
    const char *name;     /* for reports; kept by reference; NULL: "pool" */
    size_t workers;       /* 0: as many as CPUs that the process may use */
    preempt_sched *sched; /* whose tasks the workers are; NULL: one of the
                             pool's own */
    size_t stack_size;    /* bytes, of a worker; 0: PREEMPT_STACK_DEFAULT */
    enum kit_wait_strategy wait; /* of workers, and of those who wait for jobs;
                                    0: KIT_WAIT_ADAPTIVE */
    char *limit_text; /* of PREEMPT_LIMIT_TEXT bytes: why there were no more
                         threads, after -EAGAIN; NULL: not asked for */
};

/*
 * Starts the workers. 0; -EINVAL for more than PREEMPT_POOL_WORKERS_MAX, for
 * KIT_WAIT_CONDVAR, and as preempt_spawn; -ENOMEM; -EAGAIN when the machine
 * allows no more threads: then none of them is left, and limit_text has what
 * preempt_spawn_limit said while they were there (afterwards it finds room).
 * `options` may be NULL.
 */
KIT_EXPORT int preempt_pool_create(preempt_pool **out,
                                   const struct preempt_pool_options *options);

/*
 * Closes the pool, runs the jobs that it has, waits for the workers (shielded:
 * it cannot be canceled) and frees the pool. -EDEADLK, and nothing happens, in
 * one of its jobs. It needs the pool for itself: nobody uses it then, or is
 * still in a wait for one of its jobs. NULL: nothing, 0.
 */
KIT_EXPORT int preempt_pool_destroy(preempt_pool *p);

/* The scheduler of the workers, for preempt_tasks and preempt_dump. */
KIT_EXPORT preempt_sched *preempt_pool_sched(const preempt_pool *p);

/* ---- shutting down ---- */

/* Accepts no more jobs, those that jobs submit included; what it has is run.
   0; -EPIPE when it is closed already. Never blocks. */
KIT_EXPORT int preempt_pool_close(preempt_pool *p);

/* Closes, and waits until all jobs are over. -EDEADLK in one of them. */
KIT_EXPORT int preempt_pool_drain(preempt_pool *p);
KIT_EXPORT int preempt_pool_drain_until(preempt_pool *p, int64_t deadline);

/* Closes, and cancels the jobs that have not begun: how many. Never blocks. */
KIT_EXPORT size_t preempt_pool_cancel(preempt_pool *p);

/* ---- jobs ---- */

typedef kit_value (*preempt_job_fn)(kit_value arg);

/* Nothing in it is for users. */
typedef struct preempt_job {
    struct preempt_job *next, *previous;
    preempt_job_fn body;
    kit_value value; /* the argument, then the result */
    preempt_pool *pool;
    kit_word state;
    struct preempt_waiters waiters;
    const char *name;
} preempt_job;

enum preempt_job_state {
    PREEMPT_JOB_NEW = 0,
    PREEMPT_JOB_QUEUED, /* submitted, and not begun */
    PREEMPT_JOB_RUNNING,
    PREEMPT_JOB_ENDED,
    PREEMPT_JOB_CANCELED, /* it was not begun, and will not be */
};

KIT_EXPORT const char *preempt_job_state_name(enum preempt_job_state state);

/* A new job. `name` is for reports and kept by reference; NULL: "job". */
KIT_EXPORT void preempt_job_init(preempt_job *j, preempt_job_fn body,
                                 kit_value arg, const char *name);

/* Never blocks. 0; -EPIPE when the pool is closed; -EBUSY for a job that is not
   new. One thread at a time submits a job. */
KIT_EXPORT int preempt_pool_submit(preempt_pool *p, preempt_job *j);

/*
 * Waits until the job is over: 0 with its result in *result (unless that is
 * NULL), as often as one likes. -ECANCELED when the job was canceled, or the
 * calling task has been, which leaves the job as it is: preempt_job_state
 * tells. -EINVAL for a new job; -EDEADLK inside the job itself. A deadline ends
 * the wait for a job that runs elsewhere, not a job that the caller has begun
 * to run itself. try: -EAGAIN while the job is not over.
 */
KIT_EXPORT int preempt_job_wait(preempt_job *j, kit_value *result);
KIT_EXPORT int preempt_job_wait_until(preempt_job *j, kit_value *result,
                                      int64_t deadline);
KIT_EXPORT int preempt_job_try_wait(preempt_job *j, kit_value *result);

/* 0: it will never run, and whoever waits for it gets -ECANCELED. -EBUSY when
   it has begun, or is over; -EINVAL for a new job. Never blocks. */
KIT_EXPORT int preempt_job_cancel(preempt_job *j);

KIT_EXPORT enum preempt_job_state preempt_job_state(const preempt_job *j);

KIT_END

#endif
