/* SPDX-License-Identifier: MIT */
/*
 * Groups: whoever waits waits for all members, and learns of the first failure;
 * whoever is canceled is canceled once, while it is there. A group and its
 * tasks are freed as soon as that is allowed, so that a touch after that shows.
 */
#include "scenarios.h"

#include "task_impl.h"

#include <preempt/group.h>

#include <errno.h>
#include <string.h>

#define SOON INT64_C(1000000000) /* the deadline of the wait that has one */

enum twist { NONE = 0, CANCELS_GROUP, CANCELS_OWNER, CLOCK, WAITS_TOO };

struct gathering {
    const char *members; /* a letter each: see be_member */
    int expected;        /* comes of the wait, or 0 does */
    bool cancel_on_failure, waits;
    enum twist twist;
};

static struct {
    const struct gathering *gathering;
    preempt_sched *sched;
    preempt_group *group;
    int begun, ended;
} shared;

/* ---- the threads ---- */

/* r: returns; f: fails; s: sleeps until it is canceled. */
static int be_member(kit_value arg)
{
    int result = 0;
    shared.begun++;
    if (arg.i == 's')
        result = preempt_sleep_until(KIT_FOREVER);
    else if (arg.i == 'f')
        result = -EIO;
    shared.ended++;
    return result;
}

/* A canceled group refuses the members that are yet to come. */
static void spawn_members(void)
{
    for (const char *m = shared.gathering->members; *m; m++) {
        int result =
            preempt_group_spawn(shared.group, be_member, kit_int(*m), NULL);
        model_check(result == 0 || result == -ECANCELED);
        model_check(result == 0 || shared.gathering->twist == CANCELS_GROUP ||
                    shared.gathering->cancel_on_failure);
    }
}

static void wait_for_all(void)
{
    const struct gathering *g = shared.gathering;
    int result = preempt_group_wait_until(
        shared.group, g->twist == CLOCK ? SOON : KIT_FOREVER);
    model_check(result == 0 || result == g->expected);
    if (result == 0 || result == -EIO)
        model_check(preempt_group_size(shared.group) == 0 &&
                    shared.begun == shared.ended);
    if (result == 0) /* a failure is not forgotten */
        model_check(!strchr(g->members, 'f'));
}

static void *do_twist(void *arg)
{
    (void)arg;
    if (shared.gathering->twist == WAITS_TOO)
        model_check(preempt_group_wait(shared.group) == 0);
    else if (shared.gathering->twist == CANCELS_GROUP)
        preempt_group_cancel(shared.group);
    else if (shared.gathering->twist == CANCELS_OWNER)
        preempt_cancel(model_task(0));
    else
        model_clock_reach(SOON);
    return NULL;
}

/* Its number; 0: nobody. */
static int add_twist(void)
{
    static const char *const names[] = {"", "canceler", "canceler", "clock",
                                        "waiter"};
    enum twist twist = shared.gathering->twist;
    return twist ? model_thread_add(names[twist], do_twist, NULL) : 0;
}

static bool is_asleep(int thread)
{
    struct sleeper *s = &model_task(thread)->sleeper;
    bool asleep = sleeper_read(s);
    sleeper_unread(s);
    return asleep;
}

/* Whoever waits before a group is destroyed is waited for. */
static void let_another_wait(void)
{
    int waiter = add_twist();
    while (!is_asleep(waiter))
        preempt_yield();
}

static void *own(void *arg)
{
    const struct gathering *g = shared.gathering;
    struct preempt_group_options o = {.cancel_on_failure =
                                          g->cancel_on_failure};
    (void)arg;
    model_check(preempt_group_create(&shared.group, shared.sched, &o) == 0);
    int twist = g->twist == WAITS_TOO ? 0 : add_twist();
    spawn_members();
    if (g->twist == WAITS_TOO)
        let_another_wait();
    if (g->waits)
        wait_for_all();
    if (twist > 0)
        model_join(twist);
    model_check(preempt_group_destroy(shared.group) == 0);
    model_check(shared.begun == shared.ended);
    return NULL;
}

/* ---- before and after ---- */

static void begin(const void *arg)
{
    shared.gathering = arg;
    shared.begun = shared.ended = 0;
    model_check(preempt_sched_create(&shared.sched, NULL) == 0);
    model_thread_add("owner", own, NULL);
}

static void end(const void *arg)
{
    (void)arg;
    model_check(preempt_sched_destroy(shared.sched) == 0);
}

#define GATHERING(letters, ...)                                                \
    begin, end, &(const struct gathering)                                      \
    {                                                                          \
        .members = letters, __VA_ARGS__                                        \
    }
#define FAILS .expected = -EIO

/* clang-format off */
const struct scenario group_scenarios[] = {
    {"group: two members", GATHERING("rr", .waits = true), 2, {0}},
    {"group: one fails", GATHERING("rf", .waits = true, FAILS), 3, {0}},
    {"group: the first failure cancels",
     GATHERING("sf", .waits = true, .cancel_on_failure = true, FAILS), 2, {0}},
    {"group: both fail and cancel",
     GATHERING("ff", .waits = true, .cancel_on_failure = true, FAILS), 2, {0}},
    {"group: cancel",
     GATHERING("sr", .waits = true, .twist = CANCELS_GROUP), 1, {0}},
    {"group: cancel who waits",
     GATHERING("rr", .waits = true, .twist = CANCELS_OWNER,
               .expected = -ECANCELED), 1, {0}},
    {"group: deadline",
     GATHERING("sr", .waits = true, .twist = CLOCK,
               .expected = -ETIMEDOUT), 1, {0}},
    {"group: destroy", GATHERING("sr"), 2, {0}},
    {"group: destroy beside who waits",
     GATHERING("s", .twist = WAITS_TOO), 2, {0}},
    {NULL, NULL, NULL, NULL, 0, {0}},
};
