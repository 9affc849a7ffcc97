/* SPDX-License-Identifier: MIT */
/* What a task and a scheduler are, for the files that make up preempt/task.h.
 */
#ifndef PREEMPT_TASK_IMPL_H
#define PREEMPT_TASK_IMPL_H

#include <preempt/task.h>

#include <kit/stack.h>

#include "fd_wait.h"
#include "signal_stack.h"
#include "wait.h"

#include <pthread.h>
#include <signal.h>

#define TASK_NAME_BYTES 31

struct preempt_task {
    struct sleeper sleeper;
    pthread_t thread;
    preempt_sched *sched;
    preempt_task_fn body;
    kit_value value;             /* the argument, then the result */
    preempt_task *newer, *older; /* under the scheduler's lock */
    preempt_task *next_ended;
    _Atomic(struct preempt_waiter *) joiner; /* task.c */
    _Atomic bool joined;                     /* somebody is in join */
    kit_word state; /* READY, RUNNING or ENDED: the sleeper knows the rest */
    struct kit_thread_stack stack;
    int alarm_plus_one; /* fd_wait.c; 0: none yet */
    bool unclaimed;     /* nobody may join it: it is freed after its end */
    char name[TASK_NAME_BYTES + 1];
};

struct preempt_sched {
    kit_lock lock;                 /* list.c has what takes it */
    preempt_task *newest, *oldest; /* all that are not freed */
    preempt_task *ended;           /* unclaimed ones that have ended */
    kit_word live;                 /* tasks that have not ended */
    size_t spawned;
    kit_word dump_wanted; /* file descriptor, plus one */
    int dump_signal;      /* that this scheduler has a handler for; 0 */
    struct sigaction former;
    struct kit_placement placement;
    struct fd_list fd_lists[FD_LISTS];
    bool is_unwatched; /* no report of stack overflows */
    struct spare_stacks spares;
    int64_t watchdog_ns; /* from look to look; 0: no watchdog */
};

/* ---- self.c: the calling thread ---- */

/* Makes the calling thread that of a task. */
void preempt_self_begin(preempt_task *t);

/* The scheduler whose preempt_run the calling thread is in, or NULL. */
extern _Thread_local preempt_sched *preempt_running;

/* ---- list.c: the tasks of a scheduler ---- */

void preempt_sched_lock(preempt_sched *s);
/* And writes the dump that was asked for meanwhile. */
void preempt_sched_unlock(preempt_sched *s);

void preempt_list_add(preempt_sched *s, preempt_task *t);
void preempt_list_remove(preempt_sched *s, preempt_task *t);

/* ---- watchdog.c ---- */

/* What one look at all tasks has found. */
struct watch_look {
    uint64_t sleeps; /* of all tasks: who runs and sleeps again adds to it */
    size_t spawned, stuck;
    bool somebody_goes_on;
};

/* Looks again: have all tasks been waiting since *last? That is updated. */
bool preempt_is_stuck(preempt_sched *s, struct watch_look *last);

/* Who waits for what, on stderr. */
void preempt_report_deadlock(preempt_sched *s);

/* ---- dump_signal.c ---- */

int preempt_dump_signal_begin(preempt_sched *s, int signal);
void preempt_dump_signal_end(preempt_sched *s);

#endif
