/* SPDX-License-Identifier: MIT */
/*
 * Tasks under a cooperative scheduler: a task runs until it yields, waits or
 * ends; no other task of its scheduler runs meanwhile. Between two such points
 * a task need not fear for its data.
 *
 *     coop_sched *s;
 *     coop_sched_create(&s, NULL);
 *     coop_spawn(s, NULL, main_task, kit_int(7), NULL);
 *     coop_run(s);                      // until every task has ended
 *     coop_sched_destroy(s);
 *
 * Threads. A scheduler and its tasks belong to the thread that calls coop_run;
 * several threads may each run their own. Tasks run first in, first out.
 *
 * What blocks (that is: lets other tasks run): coop_yield, coop_join,
 * coop_park, and the channel operations. What allocates: create and spawn.
 */
#ifndef COOP_TASK_H
#define COOP_TASK_H

#include <kit/context.h>

KIT_BEGIN

typedef struct coop_sched coop_sched;
typedef struct coop_task coop_task;

/* The body of a task; the result goes to whoever joins. */
typedef kit_value (*coop_task_fn)(kit_value arg);

struct coop_sched_options {
    const struct kit_mechanism *mechanism; /* NULL: kit_mechanism_default() */
    /* coop_run shall not call kit_stack_watch (kit/stack.h), which puts a
       handler before the program's own for SIGSEGV and SIGBUS */
    bool no_overflow_report;
};

/* 0 or -ENOMEM. `options` may be NULL. */
KIT_EXPORT int coop_sched_create(coop_sched **out,
                                 const struct coop_sched_options *options);

/*
 * Frees the scheduler, and every task that was not joined; tasks that have not
 * ended are abandoned where they stand. -EBUSY, and nothing is freed, while it
 * runs. NULL is allowed.
 */
KIT_EXPORT int coop_sched_destroy(coop_sched *s);

/*
 * Runs tasks until all have ended: 0. When the remaining ones wait and nothing
 * can wake them, prints on stderr who waits for what and returns -EDEADLK; the
 * scheduler stays usable. -EBUSY when it runs already.
 */
KIT_EXPORT int coop_run(coop_sched *s);

struct coop_task_options {
    const char *name;  /* copied, up to 31 bytes; NULL: "task" */
    size_t stack_size; /* bytes; 0: KIT_STACK_DEFAULT */
};

/*
 * Makes a task that is ready to run, behind those that are ready already. With
 * `out` the task is the caller's to join; with out == NULL it is freed when it
 * ends. 0, -EINVAL for a stack size out of range, -ENOMEM; with the mechanism
 * `baton` -EAGAIN, too. May be called by a task of `s`, or before coop_run.
 */
KIT_EXPORT int coop_spawn(coop_sched *s, coop_task **out, coop_task_fn body,
                          kit_value arg,
                          const struct coop_task_options *options);

/*
 * Waits until the task has ended, stores its result (if `result` is not NULL)
 * and frees it: one join per task. -EBUSY when another task waits for it
 * already; -EDEADLK for the caller itself, and outside any task for a task
 * that has not ended.
 */
KIT_EXPORT int coop_join(coop_task *task, kit_value *result);

/* Lets every other ready task run once. Outside a task: does nothing. */
KIT_EXPORT void coop_yield(void);

/* The running task; NULL outside any. */
KIT_EXPORT coop_task *coop_current(void);

/* The scheduler of a task, for spawning beside it. */
KIT_EXPORT coop_sched *coop_sched_of(const coop_task *task);

KIT_EXPORT const char *coop_task_name(const coop_task *task);

/*
 * Park and unpark, to build other waiting operations with: park suspends the
 * running task until somebody unparks it, and returns at once when that has
 * happened since its last park. `what` and `name` say in reports what it waits
 * for ("receive from", the name of the channel); both are kept by reference.
 * -EDEADLK outside a task.
 */
KIT_EXPORT int coop_park(const char *what, const char *name);
KIT_EXPORT void coop_unpark(coop_task *task);

KIT_END

#endif
