/* SPDX-License-Identifier: MIT */
/* Cancellation, in both libraries: what waits wakes, and nothing is lost. */
#include "running.h"

#include <errno.h>

/* ---- what a canceled task gets ---- */

static kit_value park_forever(kit_value arg)
{
    (void)arg;
    return kit_int(K(park)("wait for", "the end"));
}

static kit_value sleep_forever(kit_value arg)
{
    (void)arg;
    return kit_int(K(sleep_until)(KIT_FOREVER));
}

/* Joins a task that parks; that is left for the caller in `arg`. */
static kit_value join_forever(kit_value arg)
{
    return kit_int(K(join)(arg.p, NULL));
}

/* Cancels a task that waits, and gives what it returns. */
static int64_t canceled_while_waiting(K(task_fn) body, kit_value arg)
{
    any_task *task = beside(body, arg);
    until_waiting(task);
    K(cancel)(task);
    return joined(task);
}

static int64_t canceled_at_once(K(task_fn) body, kit_value arg)
{
    any_task *task = beside(body, arg);
    K(cancel)(task);
    return joined(task);
}

static kit_value cancel_waits(kit_value arg)
{
    any_task *parked = beside(park_forever, arg);
    ck_assert_int_eq(canceled_while_waiting(park_forever, arg), -ECANCELED);
    ck_assert_int_eq(canceled_while_waiting(sleep_forever, arg), -ECANCELED);
    ck_assert_int_eq(canceled_while_waiting(join_forever, kit_ptr(parked)),
                     -ECANCELED);
    K(unpark)(parked);
    ck_assert_int_eq(joined(parked), 0);
    return arg;
}

START_TEST (whoever_waits_wakes_when_canceled) {
    run(cancel_waits, kit_none());
}
END_TEST

static kit_value cancel_before_waits(kit_value arg)
{
    any_task *parked = beside(park_forever, arg);
    ck_assert_int_eq(canceled_at_once(park_forever, arg), -ECANCELED);
    ck_assert_int_eq(canceled_at_once(sleep_forever, arg), -ECANCELED);
    ck_assert_int_eq(canceled_at_once(join_forever, kit_ptr(parked)),
                     -ECANCELED);
    K(unpark)(parked);
    ck_assert_int_eq(joined(parked), 0);
    return arg;
}

START_TEST (a_canceled_task_does_not_begin_to_wait) {
    run(cancel_before_waits, kit_none());
}
END_TEST

static kit_value cancel_itself(kit_value arg)
{
    ck_assert_int_eq(K(yield)(), 0);
    ck_assert_int_eq(K(checkpoint)(), 0);
    K(cancel)(K(current)());
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(K(yield)(), -ECANCELED);
        ck_assert_int_eq(K(checkpoint)(), -ECANCELED);
        ck_assert_int_eq(K(park)("wait for", "nothing"), -ECANCELED);
        ck_assert_int_eq(K(sleep_until)(KIT_FOREVER), -ECANCELED);
    }
    return arg;
}

START_TEST (a_canceled_task_stays_canceled) {
    run(cancel_itself, kit_none());
}
END_TEST

static kit_value need_not_wait(kit_value ended)
{
    any_task *self = K(current)();
    while (K(join_until)(ended.p, NULL, after_ms(1)) == -ETIMEDOUT)
        continue;
    any_task *task = beside(park_forever, kit_none());
    K(unpark)(task);
    ck_assert_int_eq(joined(task), 0);
    K(cancel)(self);
    K(unpark)(self);
    ck_assert_int_eq(K(park)("wait for", "itself"), 0);
    ck_assert_int_eq(K(sleep_until)(0), 0);
    return kit_int(1);
}

static kit_value end_at_once(kit_value arg)
{
    return arg;
}

static kit_value cancel_what_need_not_wait(kit_value arg)
{
    any_task *ended = beside(end_at_once, arg);
    return kit_int(joined(beside(need_not_wait, kit_ptr(ended))));
}

START_TEST (what_need_not_wait_succeeds_all_the_same) {
    ck_assert_int_eq(run(cancel_what_need_not_wait, kit_none()), 1);
}
END_TEST

START_TEST (a_task_that_has_ended_does_not_care) {
    any_sched *s;
    ck_assert_int_eq(K(sched_create)(&s, NULL), 0);
    any_task *task = spawned(s, end_at_once, kit_int(7));
    K(run)(s);
    K(cancel)(task);
    ck_assert_int_eq(joined(task), 7);
    K(sched_destroy)(s);
}
END_TEST

/* ---- shield ---- */

static kit_value wait_shielded(kit_value arg)
{
    ck_assert(!K(shield)(true));
    ck_assert(K(shield)(true));
    ck_assert_int_eq(K(park)("wait for", "the canceller"), 0);
    ck_assert_int_eq(K(checkpoint)(), 0);
    ck_assert_int_eq(K(yield)(), 0);
    ck_assert_int_eq(K(sleep_until)(after_ms(1)), 0);
    ck_assert(K(shield)(false));
    ck_assert_int_eq(K(checkpoint)(), -ECANCELED);
    ck_assert_int_eq(K(park)("wait for", "nothing"), -ECANCELED);
    return arg;
}

static kit_value cancel_the_shielded(kit_value arg)
{
    any_task *task = beside(wait_shielded, arg);
    until_waiting(task);
    K(cancel)(task);
    K(unpark)(task);
    return kit_int(joined(task));
}

START_TEST (a_shield_holds_cancellation_back_until_it_is_down) {
    ck_assert_int_eq(run(cancel_the_shielded, kit_int(3)), 3);
}
END_TEST

START_TEST (there_is_no_shield_outside_a_task) {
    ck_assert(!K(shield)(true));
    ck_assert(!K(shield)(true));
    ck_assert_int_eq(K(checkpoint)(), 0);
}
END_TEST

/* ---- races ---- */

/* Woken by an unpark or canceled: a permit that was not used is still there. */
static kit_value park_in_a_race(kit_value arg)
{
    int result = K(park)("wait for", "the race");
    if (result == 0)
        return arg;
    ck_assert_int_eq(result, -ECANCELED);
    K(shield)(true);
    ck_assert_int_eq(K(park)("wait for", "the permit"), 0);
    ck_assert_int_eq(K(park_until)("wait for", "another", 0), -ETIMEDOUT);
    return arg;
}

static kit_value cancel_it(kit_value task)
{
    K(cancel)(task.p);
    return kit_none();
}

static kit_value cancel_and_unpark(kit_value rounds)
{
    for (int64_t i = 0; i < rounds.i; i++) {
        any_task *task = beside(park_in_a_race, kit_int(i));
        any_task *other = beside(cancel_it, kit_ptr(task));
        for (int64_t n = 0; n < i % 4; n++)
            K(yield)();
        K(unpark)(task);
        joined(other);
        ck_assert_int_eq(joined(task), i);
    }
    return rounds;
}

START_TEST (of_unpark_and_cancellation_one_wins_and_nothing_is_lost) {
    run(cancel_and_unpark, kit_int((int64_t)scaled(1000)));
}
END_TEST

/* A joiner that is canceled while the task ends: one of the two. */
static kit_value join_in_a_race(kit_value task)
{
    int result = K(join)(task.p, NULL);
    if (result == -ECANCELED) {
        K(shield)(true);
        return kit_int(K(join)(task.p, NULL));
    }
    return kit_int(result);
}

static kit_value cancel_joiners(kit_value rounds)
{
    for (int64_t i = 0; i < rounds.i; i++) {
        any_task *task = beside(park_forever, kit_none());
        any_task *joiner = beside(join_in_a_race, kit_ptr(task));
        any_task *other = beside(cancel_it, kit_ptr(joiner));
        for (int64_t n = 0; n < i % 4; n++)
            K(yield)();
        K(unpark)(task);
        joined(other);
        ck_assert_int_eq(joined(joiner), 0);
    }
    return rounds;
}

START_TEST (of_end_and_cancellation_one_wins_and_the_task_is_joined_once) {
    run(cancel_joiners, kit_int((int64_t)scaled(1000)));
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        whoever_waits_wakes_when_canceled,
        a_canceled_task_does_not_begin_to_wait,
        a_canceled_task_stays_canceled,
        what_need_not_wait_succeeds_all_the_same,
        a_task_that_has_ended_does_not_care,
        a_shield_holds_cancellation_back_until_it_is_down,
        there_is_no_shield_outside_a_task,
        of_unpark_and_cancellation_one_wins_and_nothing_is_lost,
        of_end_and_cancellation_one_wins_and_the_task_is_joined_once,
        NULL,
    };
    return run_suite(SUITE("cancellation"), 10, tests);
}
