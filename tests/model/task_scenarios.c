/* SPDX-License-Identifier: MIT */
/*
 * Tasks: a join waits for the end, whoever comes first, and may be given up and
 * tried again. The memory of a task that has been joined is touched no more.
 */
#include "scenarios.h"

#include <preempt/task.h>

#include <errno.h>

#define SOON INT64_C(1000000000) /* the deadline of the join that has one */

enum { ANSWER = 42 };

static struct {
    preempt_sched *sched;
    int ended; /* tasks that came to their end */
} shared;

static kit_value do_task(kit_value arg)
{
    shared.ended++;
    return kit_int(arg.i + 1);
}

static preempt_task *spawn(void)
{
    preempt_task *task;
    model_check(preempt_spawn(shared.sched, &task, do_task, kit_int(ANSWER - 1),
                              NULL) == 0);
    return task;
}

static void *do_join(void *arg)
{
    kit_value result = kit_none();
    (void)arg;
    model_check(preempt_join(spawn(), &result) == 0);
    model_check(result.i == ANSWER);
    return NULL;
}

/* Gives up at the deadline or when it is canceled, and joins after that. */
static void *do_join_twice(void *arg)
{
    kit_value result = kit_none();
    preempt_task *task = spawn();
    (void)arg;
    int error = preempt_join_until(task, &result, SOON);
    model_check(error == 0 || error == -ETIMEDOUT || error == -ECANCELED);
    if (error < 0) {
        preempt_shield(true);
        model_check(preempt_join(task, &result) == 0);
    }
    model_check(result.i == ANSWER);
    return NULL;
}

static void *do_run(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2; i++)
        model_check(
            preempt_spawn(shared.sched, NULL, do_task, kit_int(0), NULL) == 0);
    model_check(preempt_run(shared.sched) == 0);
    model_check(shared.ended == 2);
    return NULL;
}

static void *do_clock(void *arg)
{
    (void)arg;
    model_clock_reach(SOON);
    return NULL;
}

static void *do_cancel(void *arg)
{
    (void)arg;
    preempt_cancel(model_task(0));
    return NULL;
}

/* ---- before and after ---- */

static void begin(void *(*first)(void *))
{
    shared.ended = 0;
    model_check(preempt_sched_create(&shared.sched, NULL) == 0);
    model_thread_add("parent", first, NULL);
}

static void begin_join(const void *arg)
{
    (void)arg;
    begin(do_join);
}

static void begin_join_until(const void *arg)
{
    (void)arg;
    begin(do_join_twice);
    model_thread_add("clock", do_clock, NULL);
}

static void begin_join_canceled(const void *arg)
{
    (void)arg;
    begin(do_join_twice);
    model_thread_add("canceler", do_cancel, NULL);
}

static void begin_run(const void *arg)
{
    (void)arg;
    begin(do_run);
}

static void end(const void *arg)
{
    (void)arg;
    model_check(preempt_sched_destroy(shared.sched) == 0);
}

/* clang-format off */
const struct scenario task_scenarios[] = {
    {"join: one", begin_join, end, NULL, 6, {0}},
    {"join: deadline", begin_join_until, end, NULL, 4, {0}},
    {"join: cancel", begin_join_canceled, end, NULL, 3, {0}},
    {"join: late stores", begin_join, end, NULL, 5, {.late_stores = true}},
    {"run: two tasks", begin_run, end, NULL, 4, {0}},
    {NULL, NULL, NULL, NULL, 0, {0}},
};
