/* SPDX-License-Identifier: MIT */
/*
 * Tasks on pthreads. The scheduler is a list of threads and a count of those
 * that have not ended; the scheduling is the kernel's.
 */
#include <preempt/task.h>

#include "thread.h"

#include <kit/backoff.h>

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 31

enum permit {
    NO_PERMIT = 0,
    PERMIT,
    PARKED,
};

struct preempt_task {
    pthread_t thread;
    preempt_sched *sched;
    preempt_task_fn body;
    kit_value value;             /* the argument, then the result */
    preempt_task *newer, *older; /* under the scheduler's lock */
    preempt_task *next_ended;
    kit_word permit;
    _Atomic bool joined; /* somebody has called join */
    bool unclaimed;      /* nobody may: it is freed after its end */
    char name[NAME_MAX_BYTES + 1];
};

struct preempt_sched {
    kit_lock lock;
    preempt_task *newest; /* all that are not freed */
    preempt_task *ended;  /* unclaimed ones that have ended */
    kit_word live;        /* tasks that have not ended */
    size_t spawned;
    struct kit_placement placement;
};

static _Thread_local preempt_task *current;

/* ---- the list of tasks ---- */

static void link_task(preempt_sched *s, preempt_task *t)
{
    kit_lock_acquire(&s->lock);
    t->older = s->newest;
    if (s->newest)
        s->newest->newer = t;
    s->newest = t;
    kit_lock_release(&s->lock);
}

static void unlink_task(preempt_sched *s, preempt_task *t)
{
    kit_lock_acquire(&s->lock);
    if (t->newer)
        t->newer->older = t->older;
    else
        s->newest = t->older;
    if (t->older)
        t->older->newer = t->newer;
    kit_lock_release(&s->lock);
}

/* Waits for the thread itself, which may still be on its last instructions. */
static void reap(preempt_task *t)
{
    pthread_join(t->thread, NULL);
    unlink_task(t->sched, t);
    free(t);
}

static void reap_ended(preempt_sched *s)
{
    kit_lock_acquire(&s->lock);
    preempt_task *t = s->ended;
    s->ended = NULL;
    kit_lock_release(&s->lock);
    while (t) {
        preempt_task *next = t->next_ended;
        reap(t);
        t = next;
    }
}

/* ---- life of a task ---- */

static void end_task(preempt_task *t)
{
    preempt_sched *s = t->sched;
    if (t->unclaimed) {
        kit_lock_acquire(&s->lock);
        t->next_ended = s->ended;
        s->ended = t;
        kit_lock_release(&s->lock);
    }
    /* release: whoever sees the count sees what the task did */
    if (atomic_fetch_sub_explicit(&s->live, 1, memory_order_release) == 1)
        kit_wake(&s->live, INT32_MAX);
}

static void *run(void *arg)
{
    preempt_task *t = arg;
    current = t;
    if (t->name[0]) {
        char kernel_name[16] = "";
        memcpy(kernel_name, t->name, sizeof kernel_name - 1);
        pthread_setname_np(pthread_self(), kernel_name);
    }
    t->value = t->body(t->value);
    end_task(t);
    return NULL;
}

static int start(preempt_sched *s, preempt_task *t, size_t stack_size)
{
    kit_lock_acquire(&s->lock);
    size_t index = s->spawned++;
    kit_lock_release(&s->lock);
    atomic_fetch_add_explicit(&s->live, 1, memory_order_relaxed);
    link_task(s, t);
    int result =
        preempt_thread_start(&t->thread, stack_size,
                             kit_placement_cpu(&s->placement, index), run, t);
    if (result < 0) {
        unlink_task(s, t);
        atomic_fetch_sub_explicit(&s->live, 1, memory_order_relaxed);
        kit_wake(&s->live, INT32_MAX);
    }
    return result;
}

int preempt_spawn(preempt_sched *s, preempt_task **out, preempt_task_fn body,
                  kit_value arg, const struct preempt_task_options *options)
{
    int saved = errno;
    preempt_task *t = calloc(1, sizeof *t);
    errno = saved;
    if (!t)
        return -ENOMEM;
    reap_ended(s);
    t->sched = s;
    t->body = body;
    t->value = arg;
    t->unclaimed = !out;
    if (options && options->name)
        strncpy(t->name, options->name, NAME_MAX_BYTES);
    /* The task may end before we are back: store the handle first. */
    if (out)
        *out = t;
    int result = start(s, t, options ? options->stack_size : 0);
    if (result < 0) {
        if (out)
            *out = NULL;
        free(t);
    }
    return result;
}

int preempt_join(preempt_task *task, kit_value *result)
{
    if (task == current)
        return -EDEADLK;
    if (atomic_exchange_explicit(&task->joined, true, memory_order_relaxed))
        return -EBUSY;
    pthread_join(task->thread, NULL);
    if (result)
        *result = task->value;
    unlink_task(task->sched, task);
    free(task);
    return 0;
}

/* ---- the running task ---- */

int preempt_yield(void)
{
    sched_yield();
    return 0;
}

preempt_task *preempt_current(void)
{
    return current;
}

preempt_sched *preempt_sched_of(const preempt_task *task)
{
    return task->sched;
}

const char *preempt_task_name(const preempt_task *task)
{
    return task->name[0] ? task->name : "task";
}

int preempt_park(const char *what, const char *name)
{
    preempt_task *t = current;
    (void)what;
    (void)name;
    if (!t)
        return -EDEADLK;
    for (;;) {
        uint32_t seen = PERMIT;
        /* acquire: pairs with the release in unpark */
        if (atomic_compare_exchange_strong_explicit(
                &t->permit, &seen, NO_PERMIT, memory_order_acquire,
                memory_order_relaxed))
            return 0;
        if (seen == NO_PERMIT)
            atomic_compare_exchange_strong_explicit(&t->permit, &seen, PARKED,
                                                    memory_order_relaxed,
                                                    memory_order_relaxed);
        else
            kit_wait(&t->permit, PARKED, KIT_FOREVER);
    }
}

void preempt_unpark(preempt_task *task)
{
    if (atomic_exchange_explicit(&task->permit, PERMIT, memory_order_release) ==
        PARKED)
        kit_wake(&task->permit, 1);
}

/* ---- the scheduler ---- */

int preempt_sched_create(preempt_sched **out,
                         const struct preempt_sched_options *options)
{
    int saved = errno;
    preempt_sched *s = calloc(1, sizeof *s);
    errno = saved;
    if (!s)
        return -ENOMEM;
    if (options && options->placement)
        s->placement = *options->placement;
    *out = s;
    return 0;
}

int preempt_run(preempt_sched *s)
{
    uint32_t live;
    if (current && current->sched == s)
        return -EBUSY;
    /* acquire: pairs with the release in end_task */
    while ((live = atomic_load_explicit(&s->live, memory_order_acquire)) > 0)
        kit_wait(&s->live, live, KIT_FOREVER);
    reap_ended(s);
    return 0;
}

int preempt_sched_destroy(preempt_sched *s)
{
    if (!s)
        return 0;
    int result = preempt_run(s);
    if (result < 0)
        return result;
    while (s->newest)
        reap(s->newest);
    free(s);
    return 0;
}
