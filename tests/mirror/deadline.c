/* SPDX-License-Identifier: MIT */
/* Deadlines of what tasks wait for, in both libraries. */
#include "running.h"

#include <errno.h>
#include <stdatomic.h>

/* ---- sleep ---- */

static kit_value sleep_a_while(kit_value ms)
{
    int64_t deadline = after_ms(ms.i);
    ck_assert_int_eq(K(sleep_until)(deadline), 0);
    ck_assert_int_ge(kit_now(), deadline);
    return ms;
}

START_TEST (a_sleeper_wakes_when_the_time_has_come_and_not_before) {
    ck_assert_int_eq(run(sleep_a_while, kit_int(3)), 3);
}
END_TEST

static kit_value sleep_in_the_past(kit_value arg)
{
    ck_assert_int_eq(K(sleep_until)(kit_now()), 0);
    ck_assert_int_eq(K(sleep_until)(0), 0);
    ck_assert_int_eq(K(sleep_until)(INT64_MIN), 0);
    return arg;
}

START_TEST (a_sleep_until_the_past_is_over_at_once) {
    run(sleep_in_the_past, kit_none());
}
END_TEST

static kit_value sleep_together(kit_value arg)
{
    any_task *tasks[5];
    for (int i = 0; i < 5; i++)
        tasks[i] = beside(sleep_a_while, kit_int(5 - i));
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(joined(tasks[i]), 5 - i);
    return arg;
}

START_TEST (several_sleep_at_the_same_time) {
    run(sleep_together, kit_none());
}
END_TEST

/* ---- park ---- */

static kit_value park_in_vain(kit_value arg)
{
    int64_t deadline = after_ms(2);
    ck_assert_int_eq(K(park_until)("wait for", "nobody", deadline), -ETIMEDOUT);
    ck_assert_int_ge(kit_now(), deadline);
    ck_assert_int_eq(K(park_until)("wait for", "nobody", 0), -ETIMEDOUT);
    return arg;
}

START_TEST (a_park_that_nobody_ends_times_out) {
    run(park_in_vain, kit_none());
}
END_TEST

static kit_value park_with_permit(kit_value arg)
{
    K(unpark)(K(current)());
    ck_assert_int_eq(K(park_until)("wait for", "itself", 0), 0);
    ck_assert_int_eq(K(park_until)("wait for", "itself", 0), -ETIMEDOUT);
    return arg;
}

START_TEST (a_deadline_in_the_past_makes_park_a_try) {
    run(park_with_permit, kit_none());
}
END_TEST

static kit_value park_until_unparked(kit_value arg)
{
    (void)arg;
    return kit_int(K(park_until)("wait for", "a friend", KIT_FOREVER - 1));
}

static kit_value unpark_a_friend(kit_value arg)
{
    (void)arg;
    any_task *task = beside(park_until_unparked, kit_none());
    until_waiting(task);
    K(unpark)(task);
    return kit_int(joined(task));
}

START_TEST (an_unpark_before_the_deadline_ends_the_park) {
    ck_assert_int_eq(run(unpark_a_friend, kit_none()), 0);
}
END_TEST

START_TEST (park_until_outside_a_task_is_refused) {
    ck_assert_int_eq(K(park_until)("wait for", "nobody", 0), -EDEADLK);
}
END_TEST

/* ---- a race of unpark and deadline ---- */

struct race {
    any_task *parker;
    atomic_int round; /* that has begun */
    int rounds;
};

static kit_value unpark_each_round(kit_value arg)
{
    struct race *r = arg.p;
    for (int i = 1; i <= r->rounds; i++) {
        while (r->round < i)
            K(yield)();
        K(unpark)(r->parker);
    }
    return kit_none();
}

/* Whether the unpark or the deadline comes first: it is there exactly once. */
static kit_value park_each_round(kit_value arg)
{
    struct race *r = arg.p;
    r->parker = K(current)();
    any_task *other = beside(unpark_each_round, arg);
    for (int i = 1; i <= r->rounds; i++) {
        int64_t deadline = kit_now() + i % 20 * 1000;
        r->round = i;
        int result = K(park_until)("wait for", "the race", deadline);
        if (result == -ETIMEDOUT)
            result = K(park)("wait for", "the rest");
        ck_assert_int_eq(result, 0);
        ck_assert_int_eq(K(park_until)("wait for", "no more", 0), -ETIMEDOUT);
    }
    joined(other);
    return kit_none();
}

START_TEST (of_unpark_and_deadline_one_wins_and_nothing_is_lost) {
    struct race r = {.rounds = (int)scaled(5000)};
    run(park_each_round, kit_ptr(&r));
}
END_TEST

/* ---- join ---- */

static kit_value join_in_vain(kit_value arg)
{
    kit_value result = kit_int(77);
    any_task *task = beside(park_until_unparked, arg);
    ck_assert_int_eq(K(join_until)(task, &result, after_ms(2)), -ETIMEDOUT);
    ck_assert_int_eq(K(join_until)(task, &result, 0), -ETIMEDOUT);
    ck_assert_int_eq(result.i, 77);
    K(unpark)(task);
    ck_assert_int_eq(K(join_until)(task, &result, KIT_FOREVER), 0);
    ck_assert_int_eq(result.i, 0);
    return arg;
}

START_TEST (after_a_join_that_timed_out_the_task_can_be_joined) {
    run(join_in_vain, kit_none());
}
END_TEST

START_TEST (a_join_of_a_task_that_has_ended_needs_no_time) {
    any_sched *s;
    kit_value result;
    ck_assert_int_eq(K(sched_create)(&s, NULL), 0);
    any_task *task = spawned(s, sleep_in_the_past, kit_int(7));
    K(run)(s);
    ck_assert_int_eq(K(join_until)(task, &result, 0), 0);
    ck_assert_int_eq(result.i, 7);
    K(sched_destroy)(s);
}
END_TEST

static kit_value end_after(kit_value ns)
{
    int64_t deadline = kit_now() + ns.i;
    while (kit_now() < deadline)
        K(yield)();
    return ns;
}

/* The task ends about when the join gives up. */
static kit_value join_at_the_end(kit_value rounds)
{
    for (int64_t i = 0; i < rounds.i; i++) {
        kit_value result;
        int64_t ns = i % 30 * 2000;
        any_task *task = beside(end_after, kit_int(ns));
        int error = K(join_until)(task, &result, kit_now() + 30000);
        if (error == -ETIMEDOUT)
            error = K(join)(task, &result);
        ck_assert_int_eq(error, 0);
        ck_assert_int_eq(result.i, ns);
    }
    return rounds;
}

START_TEST (of_end_and_deadline_one_wins_and_the_result_is_kept) {
    run(join_at_the_end, kit_int((int64_t)scaled(1000)));
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_sleeper_wakes_when_the_time_has_come_and_not_before,
        a_sleep_until_the_past_is_over_at_once,
        several_sleep_at_the_same_time,
        a_park_that_nobody_ends_times_out,
        a_deadline_in_the_past_makes_park_a_try,
        an_unpark_before_the_deadline_ends_the_park,
        park_until_outside_a_task_is_refused,
        of_unpark_and_deadline_one_wins_and_nothing_is_lost,
        after_a_join_that_timed_out_the_task_can_be_joined,
        a_join_of_a_task_that_has_ended_needs_no_time,
        of_end_and_deadline_one_wins_and_the_result_is_kept,
        NULL,
    };
    return run_suite(SUITE("deadlines"), 10, tests);
}
