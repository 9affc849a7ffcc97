/* SPDX-License-Identifier: MIT */
/* Running tasks: for the suites of both libraries. */
#ifndef TESTS_MIRROR_RUNNING_H
#define TESTS_MIRROR_RUNNING_H

#include "mirror.h"

static inline any_task *spawned(any_sched *s, K(task_fn) body, kit_value arg)
{
    any_task *task;
    ck_assert_int_eq(K(spawn)(s, &task, body, arg, NULL), 0);
    return task;
}

static inline any_sched *here(void)
{
    return K(sched_of)(K(current)());
}

/* Another task of the caller's scheduler. */
static inline any_task *beside(K(task_fn) body, kit_value arg)
{
    return spawned(here(), body, arg);
}

static inline int64_t joined(any_task *task)
{
    kit_value result;
    ck_assert_int_eq(K(join)(task, &result), 0);
    return result.i;
}

/* Runs `body` as a task, and all that it spawns; its result. */
static inline int64_t run(K(task_fn) body, kit_value arg)
{
    any_sched *s;
    ck_assert_int_eq(K(sched_create)(&s, NULL), 0);
    any_task *task = spawned(s, body, arg);
    ck_assert_int_eq(K(run)(s), 0);
    int64_t result = joined(task);
    ck_assert_int_eq(K(sched_destroy)(s), 0);
    return result;
}

/* Lets others run until the task waits. */
static inline void until_waiting(const any_task *task)
{
    struct K(task_info) infos[64];
    for (bool waits = false; !waits;) {
        size_t count = K(tasks)(K(sched_of)(task), infos, 64);
        for (size_t i = 0; i < count && i < 64; i++)
            if (infos[i].task == task)
                waits = infos[i].waits_to != NULL;
        if (!waits)
            K(yield)();
    }
}

static inline int64_t after_ms(int64_t ms)
{
    return kit_now() + ms * 1000000;
}

#endif
