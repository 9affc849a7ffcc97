/* SPDX-License-Identifier: MIT */
/*
 * Tasks on pthreads: the mirror image of coop/task.h. Here the kernel decides
 * when to switch, between any two instructions, and tasks run in parallel
 * where there are CPUs: whatever two tasks share needs a channel or a lock.
 *
 * A task begins to run when it is spawned; preempt_run waits for all of them.
 *
 * Threads. Everything here may be called from any thread, those that are not
 * the kit's included. What blocks: preempt_join, preempt_park, preempt_run,
 * the channel operations.
 */
#ifndef PREEMPT_TASK_H
#define PREEMPT_TASK_H

#include <kit/placement.h>
#include <kit/value.h>

KIT_BEGIN

typedef struct preempt_sched preempt_sched;
typedef struct preempt_task preempt_task;

typedef kit_value (*preempt_task_fn)(kit_value arg);

/* Bytes of a thread's stack unless asked for otherwise. */
#define PREEMPT_STACK_DEFAULT ((size_t)256 * 1024)

struct preempt_sched_options {
    /* tasks are pinned to these CPUs in turn; NULL or empty: not pinned */
    const struct kit_placement *placement;
};

/* 0 or -ENOMEM. `options` may be NULL. */
KIT_EXPORT int
preempt_sched_create(preempt_sched **out,
                     const struct preempt_sched_options *options);

/*
 * Waits for every task that was not joined, and frees them and the scheduler.
 * -EBUSY for a task of its own. NULL is allowed.
 */
KIT_EXPORT int preempt_sched_destroy(preempt_sched *s);

/*
 * Waits until all tasks have ended: 0. -EBUSY when called by one of them.
 * Tasks that wait for each other in a circle keep it waiting.
 */
KIT_EXPORT int preempt_run(preempt_sched *s);

struct preempt_task_options {
    const char *name;  /* copied; the kernel keeps 15 bytes; NULL: none */
    size_t stack_size; /* bytes; 0: PREEMPT_STACK_DEFAULT */
};

/*
 * Starts a thread. With `out` the task is the caller's to join; with
 * out == NULL it is freed after its end. 0; -EINVAL for a stack size out of
 * range or a CPU that does not exist; -ENOMEM; -EAGAIN when the machine allows
 * no more threads (ulimit -u, pid_max, max_map_count, memory).
 */
KIT_EXPORT int preempt_spawn(preempt_sched *s, preempt_task **out,
                             preempt_task_fn body, kit_value arg,
                             const struct preempt_task_options *options);

/*
 * Waits until the task has ended, stores its result (if `result` is not NULL)
 * and frees it: one join per task. -EBUSY when another thread waits for it
 * already; -EDEADLK for the caller itself.
 */
KIT_EXPORT int preempt_join(preempt_task *task, kit_value *result);

/* Lets other threads of this CPU run, if the kernel thinks it is their turn.
   0. */
KIT_EXPORT int preempt_yield(void);

/* The calling task; NULL on a thread that is not the kit's. */
KIT_EXPORT preempt_task *preempt_current(void);

KIT_EXPORT preempt_sched *preempt_sched_of(const preempt_task *task);

KIT_EXPORT const char *preempt_task_name(const preempt_task *task);

/*
 * Park and unpark: park blocks the calling task until somebody unparks it, and
 * returns at once when that has happened since its last park. -EDEADLK on a
 * thread that is not a task. `what` and `name` are for reports.
 */
KIT_EXPORT int preempt_park(const char *what, const char *name);
KIT_EXPORT void preempt_unpark(preempt_task *task);

KIT_END

#endif
