/* SPDX-License-Identifier: MIT */
/*
 * Tasks on pthreads: the mirror image of coop/task.h. Here the kernel decides
 * when to switch, between any two instructions, and tasks run in parallel
 * where there are CPUs: whatever two tasks share needs a channel or a lock.
 *
 *     preempt_sched *s;
 *     preempt_sched_create(&s, NULL);
 *     preempt_spawn(s, NULL, main_task, kit_int(7), NULL);
 *     preempt_run(s);                   // until every task has ended
 *     preempt_sched_destroy(s);
 *
 * A task begins to run when it is spawned; preempt_run waits for all of them.
 *
 * Threads. Everything here may be called from any thread, those that are not
 * the kit's included, unless it says otherwise. These may wait as tasks may,
 * but nobody can cancel or unpark them. A child of fork(2) may not go on with a
 * scheduler of its parent, whose threads do not exist in it. It may create its
 * own.
 *
 * What blocks: preempt_sleep_until, preempt_join, preempt_park, preempt_run,
 * preempt_sched_destroy, select, and the operations of channels, locks, groups,
 * descriptors, pools and jobs. Each of them, but for run and destroy,
 * - has a form with a deadline, `_until`: absolute, in nanoseconds of
 * kit_now(); KIT_FOREVER: none. It gives -ETIMEDOUT when it would still have to
 * wait then; a deadline in the past makes it a try.
 * - gives -ECANCELED instead of waiting when its task has been canceled. What
 *   need not wait succeeds all the same.
 * A step of a generator blocks without both: it ends when the body yields.
 *
 * What allocates: create and spawn.
 */
#ifndef PREEMPT_TASK_H
#define PREEMPT_TASK_H

#include <kit/placement.h>
#include <kit/value.h>
#include <kit/wait.h>

KIT_BEGIN

typedef struct preempt_sched preempt_sched;
typedef struct preempt_task preempt_task;

/* The body of a task; the result goes to whoever joins. */
typedef kit_value (*preempt_task_fn)(kit_value arg);

/* Bytes of a thread's stack unless asked for otherwise. */
#define PREEMPT_STACK_DEFAULT ((size_t)256 * 1024)

struct preempt_sched_options {
    /* tasks are pinned to these CPUs in turn; NULL or empty: not pinned */
    const struct kit_placement *placement;
    /* tasks shall not call kit_stack_watch_thread (kit/stack.h), which puts a
       handler before the program's own for SIGSEGV and SIGBUS */
    bool no_overflow_report;
    int dump_signal;     /* prints preempt_dump on stderr; 0: none */
    int64_t watchdog_ns; /* preempt_run looks for a deadlock so often; 0: never.
                            Nanoseconds */
};

/*
 * 0; -ENOMEM; -EINVAL for a dump_signal that cannot be handled, or is that of a
 * fault (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP), or for a negative
 * watchdog_ns. `options` may be NULL.
 *
 * The signal is answered by the thread that it interrupts, for the scheduler
 * of its task, or of the preempt_run that it is in. On other threads it does
 * nothing: block it there if there are any. What the process did about the
 * signal before is done again after destroy, but not about signals that are
 * pending then; schedulers that share a signal are destroyed in the reverse
 * order.
 */
KIT_EXPORT int
preempt_sched_create(preempt_sched **out,
                     const struct preempt_sched_options *options);

/*
 * Waits for every task that was not joined, and frees them and the scheduler.
 * -EBUSY for a task of its own; -EDEADLK as preempt_run: then nothing is freed.
 * NULL is allowed.
 */
KIT_EXPORT int preempt_sched_destroy(preempt_sched *s);

/*
 * Waits until all tasks have ended: 0. -EBUSY when called by one of them.
 * Tasks that wait for each other in a circle keep it waiting, unless there is a
 * watchdog: when all of them wait and nothing wakes them, it prints on stderr
 * who waits for what and returns -EDEADLK. The tasks wait on: they may be
 * woken, canceled, and run again.
 *
 * What the watchdog knows. All tasks of the scheduler wait on objects of this
 * library with no deadline (join, park, channels, locks, groups, jobs), and not
 * one of them has run from one of its looks to the next, watchdog_ns later. A
 * task that sleeps until a time, waits for a descriptor, is in a system call,
 * in a step of a generator, polls (KIT_WAIT_SPIN), or computes is not waiting,
 * and one such task is enough to keep it quiet. Workers without jobs do not
 * count. What it cannot know: whether a thread outside the scheduler is about
 * to wake a task. So let watchdog_ns be longer than such threads, and the
 * kernel, keep tasks waiting: then the report is right.
 */
KIT_EXPORT int preempt_run(preempt_sched *s);

struct preempt_task_options {
    const char *name;  /* copied, up to 31 bytes; the kernel keeps 15 of them;
                          NULL: "task", and none for the kernel */
    size_t stack_size; /* bytes; 0: PREEMPT_STACK_DEFAULT; what is less than
                          PTHREAD_STACK_MIN is made that */
    int cpu_plus_one;  /* the CPU to be pinned to, plus one; 0: as the
                          scheduler's placement says */
    int policy;        /* SCHED_FIFO or SCHED_RR; 0: as the creator's */
    int priority;      /* with a policy: as sched_get_priority_min and _max */
};

/*
 * Starts a thread. With `out` the task is the caller's to join; with
 * out == NULL it is freed after its end. 0; -EINVAL for a stack size, policy
 * or priority out of range or a CPU that does not exist; -EPERM for a policy
 * that the process may not use; -ENOMEM; -EAGAIN when the machine allows no
 * more threads: preempt_spawn_limit says why.
 */
KIT_EXPORT int preempt_spawn(preempt_sched *s, preempt_task **out,
                             preempt_task_fn body, kit_value arg,
                             const struct preempt_task_options *options);

/* Enough for every text of preempt_spawn_limit. */
#define PREEMPT_LIMIT_TEXT 256

/*
 * Which limit stands in the way of another thread with such a stack (bytes;
 * 0: PREEMPT_STACK_DEFAULT), its value, and how much of it is used, in one
 * sentence for a message after -EAGAIN: "ulimit -u allows this user 100 threads
 * and processes, and there are 100". Writes at most `room` bytes, a zero at the
 * end included; returns `text`. It reads files of /proc and /sys, and finds
 * what is so now: if threads have ended meanwhile, it says that it knows no
 * reason.
 */
KIT_EXPORT const char *preempt_spawn_limit(size_t stack_size, char *text,
                                           size_t room);

/*
 * Waits until the task has ended, stores its result (if `result` is not NULL)
 * and frees it: one join per task. -EBUSY when another thread waits for it
 * already; -EDEADLK for the caller itself; -EINVAL for a task that is nobody's
 * to join: one spawned with out == NULL, or a member of a group. After
 * -ETIMEDOUT and -ECANCELED the task is still the caller's to join.
 */
KIT_EXPORT int preempt_join(preempt_task *task, kit_value *result);
KIT_EXPORT int preempt_join_until(preempt_task *task, kit_value *result,
                                  int64_t deadline);

/* Lets other threads of this CPU run, if the kernel thinks it is their turn.
   0; -ECANCELED, without that, for a canceled task. */
KIT_EXPORT int preempt_yield(void);

/*
 * For long computations: 0, or -ECANCELED for a canceled task. Yields nothing,
 * for the kernel does: two loads.
 */
KIT_EXPORT int preempt_checkpoint(void);

/* 0 when the time has come (at once for one in the past); -ECANCELED. */
KIT_EXPORT int preempt_sleep_until(int64_t deadline);

/* The calling task; NULL on a thread that is not the kit's. */
KIT_EXPORT preempt_task *preempt_current(void);

/* The scheduler of a task, for spawning beside it. */
KIT_EXPORT preempt_sched *preempt_sched_of(const preempt_task *task);

KIT_EXPORT const char *preempt_task_name(const preempt_task *task);

/*
 * Cancellation is a request: from now on the task does not wait any more. If
 * it waits, it wakes with -ECANCELED; otherwise the next operation that would
 * have to wait gives that. It is the task's to clean up and end, and its
 * result is joined as ever. A task that has ended does not care; one that may
 * have been freed must not be canceled.
 */
KIT_EXPORT void preempt_cancel(preempt_task *task);

/*
 * Inside the calling task, for clean-up that has to wait: with true,
 * cancellation is held back until it is set to false again. Returns the former
 * setting. Outside a task: false.
 */
KIT_EXPORT bool preempt_shield(bool on);

/* ---- who there is, and what they wait for ---- */

enum preempt_task_state {
    PREEMPT_TASK_READY = 0, /* spawned, and not begun */
    PREEMPT_TASK_RUNNING,   /* or the kernel lets another thread run; or it is
                               in a system call of its own */
    PREEMPT_TASK_WAITING,   /* asleep on an object of this library */
    PREEMPT_TASK_ENDED,     /* and not yet joined */
};

KIT_EXPORT const char *preempt_task_state_name(enum preempt_task_state state);

struct preempt_task_info {
    const preempt_task *task;
    const char *name;
    enum preempt_task_state state;
    const char *waits_to; /* while it waits: "receive from"; else NULL */
    const char *waits_on; /* and the name of what, or NULL */
    int64_t since;        /* when it began to wait, by kit_now(); 0 when it does
                             not wait */
    size_t stack_size;    /* bytes */
    size_t stack_used;    /* 0: not known, for the kernel does not tell */
};

/*
 * Fills `infos` with the tasks of `s`, oldest first, `room` at most, and
 * returns how many there are. Each was so at some moment of the call. `name`
 * is valid as long as the task, `waits_on` as long as what it names: the caller
 * sees to it that they last. Not in a signal handler.
 */
KIT_EXPORT size_t preempt_tasks(const preempt_sched *s,
                                struct preempt_task_info *infos, size_t room);

/*
 * Writes a line for each task to a file descriptor: its name, its state, what
 * it waits for and since when, its stack. Allocates nothing; may be called in a
 * signal handler: it never waits. When a task is coming or going at the same
 * time (perhaps in the very thread that the signal interrupted), the dump is
 * written by the thread that lets it come or go, a moment later, and only the
 * last of several such dumps.
 */
KIT_EXPORT void preempt_dump(const preempt_sched *s, int fd);

/* ---- to build other waiting operations with ---- */

/*
 * Park suspends the calling task until somebody unparks it, and returns 0 at
 * once when that has happened since its last park. -EDEADLK on a thread that is
 * not a task. `what` and `name` say in reports what it waits for ("receive
 * from", the name of the channel); both are kept by reference.
 */
KIT_EXPORT int preempt_park(const char *what, const char *name);
KIT_EXPORT int preempt_park_until(const char *what, const char *name,
                                  int64_t deadline);
/* The task must not have been freed. */
KIT_EXPORT void preempt_unpark(preempt_task *task);

KIT_END

#endif
