/* SPDX-License-Identifier: MIT */
/*
 * Tasks on pthreads: their life. The scheduler is a list of threads and a count
 * of those that have not ended; the scheduling is the kernel's.
 */
#include "task_impl.h"

#include "sync_impl.h"
#include "thread.h"

#include <kit/annotate.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* In `joiner`, after the end. */
static struct preempt_waiter has_ended;

/* Waits for the thread itself, which may still be on its last instructions. */
static void reap(preempt_task *t)
{
    pthread_join(t->thread, NULL);
    preempt_list_remove(t->sched, t);
    free(t);
}

static void reap_ended(preempt_sched *s)
{
    preempt_sched_lock(s);
    preempt_task *t = s->ended;
    s->ended = NULL;
    preempt_sched_unlock(s);
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
    atomic_store_explicit(&t->state, PREEMPT_TASK_ENDED, memory_order_relaxed);
    if (t->unclaimed) {
        preempt_sched_lock(s);
        t->next_ended = s->ended;
        s->ended = t;
        preempt_sched_unlock(s);
    }
    /* acquire: the joiner's record; release: it sees what the task did */
    struct preempt_waiter *joiner =
        atomic_exchange_explicit(&t->joiner, &has_ended, memory_order_acq_rel);
    if (joiner) {
        KIT_TAKES(&t->joiner);
        preempt_waiter_wake(joiner, WORD_SERVED);
    }
    KIT_GIVES(&s->live);
    /* Last: after preempt_run a join need not wait. release: whoever sees the
       count sees what the task did */
    if (atomic_fetch_sub_explicit(&s->live, 1, memory_order_release) == 1)
        kit_wake(&s->live, INT_MAX);
}

/* ---- the report of an overflow ---- */

static const struct kit_stack_use stack_use = {
    "task", "preempt_task_options.stack_size"};

/* Without memory for it there is no report. */
static void get_signal_stack(preempt_task *t)
{
    preempt_sched *s = t->sched;
    if (s->is_unwatched)
        return;
    preempt_sched_lock(s);
    t->stack.signal_stack = preempt_spare_take(&s->spares);
    preempt_sched_unlock(s);
    if (!t->stack.signal_stack)
        t->stack.signal_stack = preempt_signal_stack_map();
}

static void give_signal_stack_back(preempt_task *t)
{
    preempt_sched *s = t->sched;
    void *low = t->stack.signal_stack;
    if (!low)
        return;
    preempt_sched_lock(s);
    bool is_kept = preempt_spare_keep(&s->spares, low);
    preempt_sched_unlock(s);
    if (!is_kept)
        preempt_signal_stack_unmap(low);
}

/* ---- the thread ---- */

static void *run(void *arg)
{
    preempt_task *t = arg;
    preempt_self_begin(t);
    if (t->stack.signal_stack)
        kit_stack_watch_thread(&t->stack);
    if (t->name[0]) {
        char kernel_name[16] = "";
        memcpy(kernel_name, t->name, sizeof kernel_name - 1);
        pthread_setname_np(pthread_self(), kernel_name);
    }
    t->value = t->body(t->value);
    if (t->sleeper.mutexes > 0)
        preempt_report("schedkit: task", preempt_task_name(t),
                       "ended with a mutex locked");
    kit_stack_watch_thread_ends();
    give_signal_stack_back(t);
    preempt_fd_end_task(t);
    end_task(t);
    return NULL;
}

static int start(preempt_sched *s, preempt_task *t,
                 const struct preempt_task_options *o)
{
    preempt_list_add(s, t);
    preempt_sched_lock(s);
    int cpu = kit_placement_cpu(&s->placement, s->spawned++);
    preempt_sched_unlock(s);
    atomic_fetch_add_explicit(&s->live, 1, memory_order_relaxed);
    struct thread_options how = {
        .stack_size = o->stack_size,
        .cpu = o->cpu_plus_one ? o->cpu_plus_one - 1 : cpu,
        .policy = o->policy,
        .priority = o->priority,
    };
    get_signal_stack(t);
    int result = preempt_thread_start(&t->thread, &how, run, t);
    if (result < 0) {
        give_signal_stack_back(t);
        preempt_list_remove(s, t);
        atomic_fetch_sub_explicit(&s->live, 1, memory_order_relaxed);
        kit_wake(&s->live, INT_MAX);
    }
    return result;
}

int preempt_spawn(preempt_sched *s, preempt_task **out, preempt_task_fn body,
                  kit_value arg, const struct preempt_task_options *options)
{
    static const struct preempt_task_options defaults;
    const struct preempt_task_options *o = options ? options : &defaults;
    if (o->cpu_plus_one < 0)
        return -EINVAL;
    int saved = errno;
    preempt_task *t = calloc(1, sizeof *t);
    errno = saved;
    if (!t)
        return -ENOMEM;
    KIT_ALL_ATOMIC(&t->sleeper, offsetof(struct sleeper, shielded));
    KIT_ALL_ATOMIC(&t->state, sizeof t->state);
    reap_ended(s);
    t->sched = s;
    t->body = body;
    t->value = arg;
    t->unclaimed = !out;
    t->stack = (struct kit_thread_stack){
        .use = &stack_use,
        .name = o->name ? t->name : NULL,
        .size = preempt_thread_stack(o->stack_size),
    };
    if (o->name)
        strncpy(t->name, o->name, TASK_NAME_BYTES);
    /* The task may end before we are back: store the handle first. */
    if (out)
        *out = t;
    int result = start(s, t, o);
    if (result < 0) {
        if (out)
            *out = NULL;
        free(t);
    }
    return result;
}

/* ---- join ---- */

/*
 * What a task waits in, so that it can be canceled. 0 when `task` has ended, or
 * a thread without deadline that nobody can cancel may wait in pthread_join.
 */
static int await_end(preempt_task *task, int64_t deadline)
{
    struct preempt_waiter w = preempt_waiter_make(sleeper_self(), NULL),
                          *seen = NULL;
    struct wait why = {"join", preempt_task_name(task), deadline};
    if (!w.sleeper->is_task && deadline == KIT_FOREVER)
        return 0;
    /* acquire: pairs with the release in end_task */
    if (atomic_load_explicit(&task->joiner, memory_order_acquire))
        return 0;
    int result = sleeper_may_wait(w.sleeper, deadline);
    if (result < 0)
        return result;
    KIT_GIVES(&task->joiner);
    /* release: our record */
    if (!atomic_compare_exchange_strong_explicit(&task->joiner, &seen, &w,
                                                 memory_order_acq_rel,
                                                 memory_order_acquire))
        return 0;
    result = sleeper_sleep(w.sleeper, WORD_WOKEN, &why);
    seen = &w;
    if (result < 0 && atomic_compare_exchange_strong_explicit(
                          &task->joiner, &seen, NULL, memory_order_acquire,
                          memory_order_acquire)) {
        sleeper_finish(w.sleeper, 0);
        return result;
    }
    preempt_waiter_await_wake(&w);
    return 0;
}

int preempt_join_until(preempt_task *task, kit_value *result, int64_t deadline)
{
    if (task == preempt_current())
        return -EDEADLK;
    if (task->unclaimed)
        return -EINVAL;
    if (atomic_exchange_explicit(&task->joined, true, memory_order_acquire))
        return -EBUSY;
    int error = await_end(task, deadline);
    if (error < 0) {
        /* release: whoever joins next sees that `joiner` is free */
        atomic_store_explicit(&task->joined, false, memory_order_release);
        return error;
    }
    pthread_join(task->thread, NULL);
    if (result)
        *result = task->value;
    preempt_list_remove(task->sched, task);
    free(task);
    return 0;
}

int preempt_join(preempt_task *task, kit_value *result)
{
    return preempt_join_until(task, result, KIT_FOREVER);
}

/* ---- the scheduler ---- */

int preempt_sched_create(preempt_sched **out,
                         const struct preempt_sched_options *options)
{
    static const struct preempt_sched_options defaults;
    const struct preempt_sched_options *o = options ? options : &defaults;
    int saved = errno, result = 0;
    if (o->watchdog_ns < 0)
        return -EINVAL;
    preempt_sched *s = calloc(1, sizeof *s);
    errno = saved;
    if (!s)
        return -ENOMEM;
    s->is_unwatched = o->no_overflow_report;
    s->watchdog_ns = o->watchdog_ns;
    if (o->placement)
        s->placement = *o->placement;
    if (o->dump_signal)
        result = preempt_dump_signal_begin(s, o->dump_signal);
    if (result < 0)
        free(s);
    else
        *out = s;
    return result;
}

static int64_t next_look(const preempt_sched *s)
{
    int64_t until;
    if (s->watchdog_ns == 0 ||
        __builtin_add_overflow(kit_now(), s->watchdog_ns, &until))
        return KIT_FOREVER;
    return until;
}

/* 0, or -EDEADLK with a report. */
static int await_all(preempt_sched *s)
{
    struct watch_look last = {.stuck = 0};
    int64_t to_look = next_look(s); /* kept when a signal ends the wait */
    uint32_t live;
    /* acquire: pairs with the release in end_task */
    while ((live = atomic_load_explicit(&s->live, memory_order_acquire)) > 0) {
        if (kit_wait(&s->live, live, to_look) != -ETIMEDOUT)
            continue;
        if (preempt_is_stuck(s, &last)) {
            preempt_report_deadlock(s);
            return -EDEADLK;
        }
        to_look = next_look(s);
    }
    KIT_TAKES(&s->live);
    return 0;
}

int preempt_run(preempt_sched *s)
{
    preempt_task *self = preempt_current();
    if (self && self->sched == s)
        return -EBUSY;
    preempt_sched *outer = preempt_running;
    preempt_running = s;
    int result = await_all(s);
    preempt_running = outer;
    reap_ended(s);
    return result;
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
    preempt_dump_signal_end(s);
    preempt_spares_unmap(&s->spares);
    free(s);
    return 0;
}
