/* SPDX-License-Identifier: MIT */
/* Making something that runs, running it (it does nothing), and ending it. */
#include "boost.h"
#include "core.h"
#include "go.h"

#include <coop/coro.h>
#include <coop/task.h>
#include <preempt/task.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Times `one`, which gives 0 or a negative errno value. */
static inline __attribute__((always_inline)) enum micro_verdict
time_each(struct micro_cell *cell, int (*one)(void *), void *arg)
{
    struct micro_pace pace;
    int result = 0;
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace))
        for (uint64_t n = pace.chunk; n > 0; n--)
            result |= one(arg);
    if (result)
        return micro_because(cell, MICRO_FAILED, "could not be created");
    return micro_timed(cell, pace.now - pace.begin, pace.done);
}

static kit_value do_nothing(kit_value arg)
{
    return arg;
}

/* ---- coop ---- */

static kit_step end_at_once(coop_coro *self, kit_value arg, kit_completion c)
{
    (void)self;
    (void)c;
    return kit_done(arg);
}

static int one_coro(void *arg)
{
    coop_coro *co;
    (void)arg;
    if (coop_coro_create(&co, end_at_once, kit_int(1), NULL) < 0)
        return -ENOMEM;
    micro_keep(coop_coro_resume(co, kit_next(kit_none())).value.bits);
    return coop_coro_destroy(co);
}

static enum micro_verdict measure_coro(struct micro_cell *cell)
{
    return time_each(cell, one_coro, NULL);
}

static int one_run(void *arg)
{
    coop_task *task;
    if (coop_spawn(arg, &task, do_nothing, kit_int(1), NULL) < 0)
        return -ENOMEM;
    return coop_run(arg) | coop_join(task, NULL);
}

static enum micro_verdict measure_run(struct micro_cell *cell)
{
    coop_sched *s;
    if (coop_sched_create(&s, NULL) < 0)
        return micro_because(cell, MICRO_FAILED, "no scheduler");
    enum micro_verdict verdict = time_each(cell, one_run, s);
    coop_sched_destroy(s);
    return verdict;
}

static int one_task(void *arg)
{
    coop_task *task;
    if (coop_spawn(arg, &task, do_nothing, kit_int(1), NULL) < 0)
        return -ENOMEM;
    return coop_join(task, NULL);
}

static kit_value time_tasks(kit_value arg)
{
    struct micro_cell *cell = arg.p;
    cell->verdict = time_each(cell, one_task, coop_sched_of(coop_current()));
    return kit_none();
}

static enum micro_verdict measure_task(struct micro_cell *cell)
{
    coop_sched *s;
    if (coop_sched_create(&s, NULL) < 0 ||
        coop_spawn(s, NULL, time_tasks, kit_ptr(cell), NULL) < 0)
        return micro_because(cell, MICRO_FAILED, "no scheduler");
    coop_run(s);
    coop_sched_destroy(s);
    return cell->verdict;
}

/* ---- preempt ---- */

static int one_preempt(void *arg)
{
    preempt_task *task;
    int result = preempt_spawn(arg, &task, do_nothing, kit_int(1), NULL);
    return result < 0 ? result : preempt_join(task, NULL);
}

/* On two, the creator is on one CPU and what it creates on the other. */
static enum micro_verdict measure_preempt(struct micro_cell *cell)
{
    struct kit_placement there = {{micro_cpu(cell, 1)}, 1};
    struct preempt_sched_options options = {
        .placement = cell->entry.placement == MICRO_TWO ? &there : NULL};
    preempt_sched *s;
    if (preempt_sched_create(&s, &options) < 0)
        return micro_because(cell, MICRO_FAILED, "no scheduler");
    enum micro_verdict verdict = time_each(cell, one_preempt, s);
    preempt_sched_destroy(s);
    return verdict;
}

/* ---- peers ---- */

static void *thread_main(void *arg)
{
    return arg;
}

static int one_thread(void *attr)
{
    pthread_t thread;
    int error = pthread_create(&thread, attr, thread_main, NULL);
    return error ? -error : -pthread_join(thread, NULL);
}

static enum micro_verdict measure_thread(struct micro_cell *cell)
{
    pthread_attr_t attr;
    cpu_set_t there;
    CPU_ZERO(&there);
    CPU_SET(micro_cpu(cell, 1), &there);
    if (pthread_attr_init(&attr) != 0 ||
        pthread_attr_setaffinity_np(&attr, sizeof there, &there) != 0)
        return micro_because(cell, MICRO_SKIPPED, "no attributes");
    bool is_elsewhere = cell->entry.placement == MICRO_TWO;
    enum micro_verdict verdict =
        time_each(cell, one_thread, is_elsewhere ? &attr : NULL);
    pthread_attr_destroy(&attr);
    return verdict;
}

#if MICRO_BOOST
static void boost_end(transfer_t t)
{
    jump_fcontext(t.from, t.data);
}

static int one_boost(void *stack)
{
    fcontext_t body =
        make_fcontext((char *)stack + BOOST_STACK, BOOST_STACK, boost_end);
    micro_keep((uintptr_t)jump_fcontext(body, stack).data);
    return 0;
}

static enum micro_verdict measure_boost(struct micro_cell *cell)
{
    char *stack = malloc(BOOST_STACK);
    if (!stack)
        return micro_because(cell, MICRO_FAILED, "no memory for a stack");
    enum micro_verdict verdict = time_each(cell, one_boost, stack);
    free(stack);
    return verdict;
}

static int one_boost_malloc(void *arg)
{
    (void)arg;
    char *stack = malloc(BOOST_STACK);
    if (!stack)
        return -ENOMEM;
    one_boost(stack);
    free(stack);
    return 0;
}

static enum micro_verdict measure_boost_malloc(struct micro_cell *cell)
{
    return time_each(cell, one_boost_malloc, NULL);
}
#endif

/* ---- the table ---- */

static void add(struct micro_table *t, const char *figure, const char *name,
                bool is_peer,
                enum micro_verdict (*measure)(struct micro_cell *))
{
    struct micro_entry e = {
        .is_peer = is_peer, .unit = "ns", .measure = measure};
    strcpy(e.figure, figure);
    strcpy(e.name, name);
    micro_add(t, e);
}

static void add_threads(struct micro_table *t)
{
    static const char figure[] = "thread: create, run, join";
    unsigned placements = micro_placements(t);
    for (unsigned p = 0; p < placements; p++) {
        add(t, figure, "preempt_spawn + join", false, measure_preempt);
        add(t, figure, "pthread_create + join", true, measure_thread);
        for (size_t i = t->count - 2; i < t->count; i++)
            t->cells[i].entry.placement = (enum micro_placement)p;
    }
}

static void fill(struct micro_table *t)
{
    static const char coroutine[] = "coroutine: create, run, destroy";
    static const char task[] = "task: spawn, run, join";
    add(t, coroutine, "coop_coro, pooled", false, measure_coro);
#if MICRO_BOOST
    add(t, coroutine, "Boost fcontext, one stack re-used", true, measure_boost);
    add(t, coroutine, "Boost fcontext, malloc 64 KiB", true,
        measure_boost_malloc);
#else
    micro_note(t, "Boost.Context was not there when this was built");
#endif
    add(t, task, "coop_spawn + run + join", false, measure_run);
    add(t, task, "coop_spawn + join, inside a task", false, measure_task);
    micro_add_go(t, &t->cells[t->count - 1].entry, "Go, go and a channel",
                 "spawn", 0, 0);
    add_threads(t);
}

const struct micro_group micro_create_group = {
    .name = "create",
    .summary = "making, running and ending what does nothing",
    .fill = fill,
    .full = {20, 10000000},
    .quick = {5, 4000000},
};
