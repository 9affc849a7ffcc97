/* SPDX-License-Identifier: MIT */
/*
 * Resident memory and page tables of what is alive and suspended. Each count
 * runs in a child process, on a thread of its own, whose pool of stacks is
 * new: nothing that was used before is counted as already there.
 */
#include "boost.h"
#include "child.h"
#include "core.h"
#include "resident.h"

#include <coop/coro.h>
#include <coop/task.h>
#include <kit/wait.h>
#include <preempt/task.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIME_LIMIT_NS         INT64_C(60000000000)
#define MANY                  1000000
#define AVAILABLE_FOR_MANY_KB INT64_C(8) * 1024 * 1024

/* What the child tells. */
struct report {
    int result;        /* 0 or -errno */
    int64_t resident;  /* bytes, and of page tables, of all together */
    int64_t of_kernel; /* bytes of stacks in the kernel */
    enum kit_guard guard;
};

struct subject {
    const char *name;
    const char *plural;
    bool is_peer, is_thread;
    /* Calls weigh when all are there; 0 or -errno. */
    int (*fill)(size_t count, struct report *report);
};

/* ---- what the kernel says ---- */

static int64_t kernel_stack_kb(void)
{
    return micro_proc_kb("/proc/meminfo", "KernelStack:");
}

/* So much more than before. */
static void weigh(struct report *r)
{
    r->resident += micro_resident_kb() * 1024;
    r->of_kernel += kernel_stack_kb() * 1024;
}

static void weigh_before(struct report *r)
{
    micro_resident_kb(); /* so that what reading needs is there already */
    weigh(r);
    r->resident = -r->resident;
    r->of_kernel = -r->of_kernel;
}

/* ---- subjects: they fill the process and leave it so ---- */

static kit_step rest(coop_coro *self, kit_value arg, kit_completion c)
{
    (void)c;
    coop_coro_yield(self, arg);
    return kit_done(arg);
}

static int fill_coros(size_t count, struct report *report)
{
    coop_coro *co;
    for (size_t i = 0; i < count; i++) {
        int result = coop_coro_create(&co, rest, kit_none(), NULL);
        if (result < 0)
            return result;
        coop_coro_resume(co, kit_next(kit_none()));
    }
    report->guard = kit_stack_pool_guard(kit_stack_pool_of_thread());
    weigh(report);
    return 0;
}

#if MICRO_BOOST
static void boost_rest(transfer_t t)
{
    for (;;)
        t = jump_fcontext(t.from, t.data);
}

static int fill_boosts(size_t count, struct report *report)
{
    for (size_t i = 0; i < count; i++) {
        char *stack = malloc(BOOST_STACK);
        if (!stack)
            return -ENOMEM;
        jump_fcontext(
            make_fcontext(stack + BOOST_STACK, BOOST_STACK, boost_rest), NULL);
    }
    weigh(report);
    return 0;
}
#endif

/* Tasks park, and go on when they have been weighed. */
struct crowd {
    size_t count;
    coop_task **tasks;
    struct report *report;
};

static kit_value rest_once(kit_value arg)
{
    coop_park("rest in", "the measurement");
    return arg;
}

static kit_value lead_crowd(kit_value arg)
{
    struct crowd *c = arg.p;
    coop_sched *s = coop_sched_of(coop_current());
    size_t spawned = 0;
    int result = 0;
    while (spawned < c->count &&
           !(result = coop_spawn(s, &c->tasks[spawned], rest_once, kit_none(),
                                 NULL)))
        spawned++;
    coop_yield();
    weigh(c->report);
    for (size_t i = 0; i < spawned; i++) {
        coop_unpark(c->tasks[i]);
        coop_join(c->tasks[i], NULL);
    }
    return kit_int(result);
}

static int fill_coop_tasks(size_t count, struct report *report)
{
    struct crowd crowd = {count, calloc(count, sizeof(coop_task *)), report};
    coop_sched *s;
    coop_task *leader;
    kit_value outcome = kit_int(0);
    if (!crowd.tasks)
        return -ENOMEM;
    int result = coop_sched_create(&s, NULL);
    if (!result)
        result = coop_spawn(s, &leader, lead_crowd, kit_ptr(&crowd), NULL);
    if (!result)
        result = coop_run(s);
    if (!result)
        coop_join(leader, &outcome);
    report->guard = kit_stack_pool_guard(kit_stack_pool_of_thread());
    return result ? result : (int)outcome.i;
}

static kit_word resting;

static void now_resting(void)
{
    atomic_fetch_add_explicit(&resting, 1, memory_order_relaxed);
    kit_wake(&resting, 1);
}

/* Until all rest; then a moment more, for the last one to fall asleep. */
static void await_resting(size_t count)
{
    uint32_t seen;
    while ((seen = atomic_load_explicit(&resting, memory_order_relaxed)) <
           count)
        kit_wait(&resting, seen, KIT_FOREVER);
    usleep(20000);
}

static kit_value park_task(kit_value arg)
{
    now_resting();
    for (;;)
        preempt_park("rest in", "the measurement");
    return arg;
}

static int fill_tasks(size_t count, struct report *report)
{
    preempt_sched *s;
    int result = preempt_sched_create(&s, NULL);
    for (size_t i = 0; !result && i < count; i++)
        result = preempt_spawn(s, NULL, park_task, kit_none(), NULL);
    if (!result) {
        await_resting(count);
        weigh(report);
    }
    return result;
}

static void *park_thread(void *arg)
{
    static kit_word never;
    now_resting();
    for (;;)
        kit_wait(&never, 0, KIT_FOREVER);
    return arg;
}

static int fill_threads(size_t count, struct report *report)
{
    pthread_attr_t attr;
    pthread_t thread;
    int error = pthread_attr_init(&attr);
    if (!error)
        error = pthread_attr_setstacksize(&attr, PREEMPT_STACK_DEFAULT);
    for (size_t i = 0; !error && i < count; i++)
        error = pthread_create(&thread, &attr, park_thread, NULL);
    if (!error) {
        await_resting(count);
        weigh(report);
    }
    return -error;
}

/* ---- the child ---- */

struct order {
    const struct subject *subject;
    size_t count;
};

static void fill_and_weigh(void *arg, void *room)
{
    const struct order *o = arg;
    struct report *r = room;
    weigh_before(r);
    r->result = o->subject->fill(o->count, r);
}

/* ---- the table ---- */

static enum micro_verdict measure(struct micro_cell *cell)
{
    const struct subject *subject = cell->entry.how;
    size_t count = cell->entry.number[0];
    struct order order = {subject, count};
    struct report r = {.guard = KIT_GUARD_AUTO};
    int result =
        micro_child_run(fill_and_weigh, &order, &r, sizeof r, TIME_LIMIT_NS);
    result = result < 0 ? result : r.result;
    if (result < 0)
        return micro_because(cell, MICRO_SKIPPED, "%s", kit_error_text(result));
    cell->value[0] = (double)r.resident / (double)count;
    cell->value[1] = (double)r.of_kernel / (double)count;
    if (r.guard == KIT_GUARD_AUTO)
        return MICRO_OK;
    return micro_because(cell, MICRO_OK, "guard pages: %s",
                         kit_guard_name(r.guard));
}

static const struct subject coros = {"coop_coro", "live coroutines", false,
                                     false, fill_coros};
#if MICRO_BOOST
static const struct subject boosts = {"Boost fcontext, malloc 64 KiB",
                                      "live coroutines", true, false,
                                      fill_boosts};
#endif
static const struct subject parked = {"coop task", "parked tasks", false, false,
                                      fill_coop_tasks};
static const struct subject tasks = {"preempt task, parked", "live threads",
                                     false, true, fill_tasks};
static const struct subject threads = {
    "pthread in a futex, 256 KiB", "live threads", true, true, fill_threads};

static void add(struct micro_table *t, const struct subject *subject,
                size_t count)
{
    struct micro_entry e = {.is_peer = subject->is_peer,
                            .unit = "bytes",
                            .measure = measure,
                            .how = subject,
                            .number = {count},
                            .samples_max = count > 1000 ? 1 : 3};
    snprintf(e.figure, sizeof e.figure, "each of %zu %s", count,
             subject->plural);
    snprintf(e.name, sizeof e.name, "%s", subject->name);
    if (subject->is_thread) {
        e.second_figure = ": kernel stack";
        e.second_unit = "bytes";
    }
    micro_add(t, e);
}

static void add_many(struct micro_table *t, const struct subject *subject)
{
    if (micro_proc_kb("/proc/meminfo", "MemAvailable:") < AVAILABLE_FOR_MANY_KB)
        micro_note(t,
                   "%d %s skipped: they take about 5 GB, and less than 8 GB "
                   "is available",
                   MANY, subject->plural);
    else
        add(t, subject, MANY);
}

static void fill(struct micro_table *t)
{
    static const size_t counts[] = {1000, 100000},
                        thread_counts[] = {1000, 28000};
    bool quick = t->plan->quick;
    for (size_t i = 0; i < 2; i++) {
        add(t, &coros, counts[i]);
#if MICRO_BOOST
        add(t, &boosts, counts[i]);
#endif
    }
    if (!quick)
        add_many(t, &coros);
    for (size_t i = 0; i < 2; i++)
        add(t, &parked, counts[i]);
    if (!quick)
        add_many(t, &parked);
    for (size_t i = 0; i < (quick ? 1 : 2); i++) {
        add(t, &tasks, thread_counts[i]);
        add(t, &threads, thread_counts[i]);
    }
}

const struct micro_group micro_memory_group = {
    .name = "memory",
    .summary = "resident memory and page tables of what is suspended",
    .fill = fill,
    .full = {3, 0},
    .quick = {1, 0},
};
