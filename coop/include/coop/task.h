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
 * several threads may each run their own. Where a task on user stacks steps a
 * generator of the mechanism `baton`, the body runs on a thread of its own, and
 * may wait as the task may; the other tasks stay on that of coop_run. A child
 * of fork(2) may not go on with a scheduler of its parent: helper threads, and
 * those of the mechanism `baton`, do not exist in it, and the kernel's list of
 * the descriptors that are waited for is one for both. It may create its own.
 *
 * Order. Tasks run first in, first out, but for two kinds that overtake those
 * that are ready: a task that is spawned `first` (see there), and the receiver
 * that a task's send finds waiting, which runs next, while the element is in
 * the cache. In one turn of a task this is so for one receiver, and in a row
 * for 16 at the most: by these, whoever is ready is overtaken 16 times, at the
 * most, for itself and for each that became ready before. Who waits to join a
 * `first` task runs next when that has ended; of these and of `first` tasks
 * 4096 in a row overtake the others at the most.
 *
 * A task whose sends and receives always find their element or their room
 * gives way to the others all the same, once in some 64 of them, and so does
 * one that has been canceled.
 *
 * What blocks (that is: lets other tasks run): coop_yield, coop_checkpoint,
 * coop_sleep_until, coop_join, coop_park, and the operations of channels,
 * select, locks, groups and file descriptors. Each of them, but for yield and
 * checkpoint, which outside a task do nothing,
 * - has a form with a deadline, `_until`: absolute, in nanoseconds of
 * kit_now(); KIT_FOREVER: none. It gives -ETIMEDOUT when it would still have to
 * wait then; a deadline in the past makes it a try.
 * - gives -ECANCELED instead of waiting when its task has been canceled. What
 *   need not wait succeeds all the same.
 * - gives -EDEADLK outside a task, where it would have to wait.
 *
 * What allocates: create and spawn; and the first use of file descriptors and
 * of coop_offload. The stacks of tasks that have ended stay in the thread's
 * pool (kit/stack.h). A scheduler that has nothing to do looks once a second:
 * what is more than 64, and more than were spawned since, goes back to the
 * kernel.
 */
#ifndef COOP_TASK_H
#define COOP_TASK_H

#include <kit/context.h>
#include <kit/flow.h>
#include <kit/wait.h>

KIT_BEGIN

typedef struct coop_sched coop_sched;
typedef struct coop_task coop_task;

/* The body of a task; the result goes to whoever joins. */
typedef kit_value (*coop_task_fn)(kit_value arg);

#define COOP_SLICE_DEFAULT           INT64_C(1000000)
#define COOP_OFFLOAD_THREADS_DEFAULT 4

struct coop_sched_options {
    const struct kit_mechanism *mechanism; /* NULL: kit_mechanism_default() */
    int64_t slice; /* ns of coop_checkpoint; 0: COOP_SLICE_DEFAULT */
    /* coop_run shall not call kit_stack_watch (kit/stack.h), which puts a
       handler before the program's own for SIGSEGV and SIGBUS */
    bool no_overflow_report;
    /* While coop_run runs, this signal prints coop_dump of all schedulers
       whose tasks run, at once, whatever thread it arrives at; afterwards it
       does what it did before, and what is pending of it then is dropped.
       Every thread of the process gets it, so no other part of the program
       should use it. 0: none */
    int dump_signal;
    /* helper threads of coop_offload (coop/fd.h), at most, made as they are
       needed; 0: COOP_OFFLOAD_THREADS_DEFAULT */
    int offload_threads;
};

/* 0, -ENOMEM; -EINVAL for a dump_signal that cannot be handled, or is that of a
   fault (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP). `options` may be NULL. */
KIT_EXPORT int coop_sched_create(coop_sched **out,
                                 const struct coop_sched_options *options);

/*
 * Frees the scheduler, and every task that was not joined. Of these it reports
 * on stderr those that somebody was to join, and those that are ready, since
 * coop_run was not called; tasks that have not ended are abandoned where they
 * stand, and leave their groups; a task of another scheduler that waits to join
 * one gets -ESRCH. A coroutine or generator in whose body an abandoned task
 * waited counts as running for good: it cannot be destroyed, and its stack is
 * lost. -EBUSY, and nothing is freed, while it runs. NULL is allowed.
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
    size_t stack_size; /* bytes; 0: KIT_STACK_DEFAULT; rounded up to a power
                          of two, KIT_STACK_MIN at least (kit/stack.h) */
    bool first;        /* ready before the others: see "Order" above */
};

/*
 * Makes a task that is ready to run, behind those that are ready already. A
 * program that spawns a great many small ones spawns them `first`: each then
 * runs with all that it spawns before the next, and few stacks are live. With
 * `out` the task is the caller's to join; with out == NULL it is freed when it
 * ends. 0, -EINVAL for a stack size above KIT_STACK_MAX (a quarter of that with
 * a sanitizer), -ENOMEM; with the mechanism `baton` -EAGAIN, too. May be called
 * by a task of `s`, or before coop_run.
 */
KIT_EXPORT int coop_spawn(coop_sched *s, coop_task **out, coop_task_fn body,
                          kit_value arg,
                          const struct coop_task_options *options);

/*
 * Waits until the task has ended, stores its result (if `result` is not NULL)
 * and frees it: one join per task. -EBUSY when another task waits for it
 * already; -EDEADLK for the caller itself; -EINVAL for a task that is nobody's
 * to join: one spawned with out == NULL, or a member of a group. -ESRCH when
 * coop_sched_destroy has freed it meanwhile, which had not ended. After
 * -ETIMEDOUT and -ECANCELED the task is still the caller's to join.
 */
KIT_EXPORT int coop_join(coop_task *task, kit_value *result);
KIT_EXPORT int coop_join_until(coop_task *task, kit_value *result,
                               int64_t deadline);

/* Lets every other ready task run once. 0; -ECANCELED, without a switch, for a
   canceled task. Outside a task: does nothing. */
KIT_EXPORT int coop_yield(void);

/*
 * For long computations: yields if the task has run for its time slice since
 * it last began to run, or since the clock was last read before that. As
 * coop_yield in everything else. Cheap when there is no need: of calls that
 * follow closely upon each other, one in 64 reads the clock; so a task that
 * suddenly takes long from one to the next may yield 64 calls late, once.
 */
KIT_EXPORT int coop_checkpoint(void);

/* 0 when the time has come (at once for one in the past); -ECANCELED. Those
   with equal deadlines wake in the order in which they went to sleep. */
KIT_EXPORT int coop_sleep_until(int64_t deadline);

/* The running task; NULL outside any. */
KIT_EXPORT coop_task *coop_current(void);

/* The scheduler of a task, for spawning beside it. */
KIT_EXPORT coop_sched *coop_sched_of(const coop_task *task);

KIT_EXPORT const char *coop_task_name(const coop_task *task);

/*
 * Cancellation is a request: from now on the task does not wait any more. If
 * it waits, it wakes with -ECANCELED; otherwise the next operation that would
 * have to wait gives that. It is the task's to clean up and end, and its
 * result is joined as ever. A task that has ended does not care.
 */
KIT_EXPORT void coop_cancel(coop_task *task);

/*
 * Inside the calling task, for clean-up that has to wait: with true,
 * cancellation is held back until it is set to false again. Returns the former
 * setting. Outside a task: false.
 */
KIT_EXPORT bool coop_shield(bool on);

/* ---- who there is, and what they wait for ---- */

enum coop_task_state {
    COOP_TASK_READY = 0,
    COOP_TASK_RUNNING,
    COOP_TASK_WAITING,
    COOP_TASK_ENDED, /* and not yet joined */
};

KIT_EXPORT const char *coop_task_state_name(enum coop_task_state state);

struct coop_task_info {
    const coop_task *task;
    const char *name;
    enum coop_task_state state;
    const char *waits_to; /* while it waits: "receive from"; else NULL */
    const char *waits_on; /* and the name of what, or NULL */
    int64_t since;        /* when it began to wait, by kit_now(), as of the
                             scheduler's last look at the clock, 64 switches
                             before at the most; 0 when it does not wait */
    size_t stack_size;    /* usable bytes */
    size_t stack_used;    /* at the most, so far; 0: not known */
};

/*
 * Fills `infos` with the tasks of `s`, oldest first, `room` at most, and
 * returns how many there are. The strings are the tasks' own: valid until the
 * next switch.
 */
KIT_EXPORT size_t coop_tasks(const coop_sched *s, struct coop_task_info *infos,
                             size_t room);

/*
 * Writes a line for each task to a file descriptor: its name, its state, what
 * it waits for and since when, its stack. Allocates nothing; may be called
 * in a signal handler.
 */
KIT_EXPORT void coop_dump(const coop_sched *s, int fd);

/* ---- to build other waiting operations with ---- */

/*
 * Park suspends the running task until somebody unparks it, and returns 0 at
 * once when that has happened since its last park. `what` and `name` say in
 * reports what it waits for ("receive from", the name of the channel); both
 * are kept by reference.
 */
KIT_EXPORT int coop_park(const char *what, const char *name);
KIT_EXPORT int coop_park_until(const char *what, const char *name,
                               int64_t deadline);
KIT_EXPORT void coop_unpark(coop_task *task);

/* ---- how a checkpoint is inlined; nothing below is for users ---- */

#if KIT_FLOW_INLINE

/* How a scheduler begins. */
struct coop_sched_face {
    coop_task *current;
    int until_poll;
    int checks; /* checkpoints until one reads the clock */
};

static inline int coop_checkpoint_inline(void)
{
    struct coop_sched_face *s = (struct coop_sched_face *)kit_flow_here.sched;
    int left = s ? s->checks - 1 : 0;
    if (KIT_UNLIKELY(left <= 0))
        return coop_checkpoint();
    s->checks = left;
    return 0;
}

#define coop_checkpoint() coop_checkpoint_inline()

#endif

KIT_END

#endif
