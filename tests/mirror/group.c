/* SPDX-License-Identifier: MIT */
/* Groups, in both libraries. */
#include "running.h"

#if MIRROR_IS_PREEMPT
#include <preempt/group.h>
#else
#include <coop/group.h>
#endif

#include <errno.h>

typedef K(group) any_group;

static any_group *new_group(bool cancel_on_failure)
{
    struct K(group_options) o = {.cancel_on_failure = cancel_on_failure};
    any_group *g;
    ck_assert_int_eq(K(group_create)(&g, here(), &o), 0);
    return g;
}

static void begin(any_group *g, K(group_fn) body, int64_t arg)
{
    ck_assert_int_eq(K(group_spawn)(g, body, kit_int(arg), NULL), 0);
}

static int end_with(kit_value result)
{
    K(yield)();
    return (int)result.i;
}

static int park_until_canceled(kit_value arg)
{
    (void)arg;
    return K(park)("wait for", "the end");
}

/* Whoever is canceled cleans up, shielded, and has not failed. */
static kit_value cleaned;
static int clean_up(kit_value arg)
{
    (void)arg;
    int result = K(park)("wait for", "the end");
    K(shield)(true);
    ck_assert_int_eq(K(sleep_until)(after_ms(1)), 0);
    cleaned = kit_int(result);
    return result;
}

static kit_value wait_for_all(kit_value arg)
{
    any_group *g = new_group(false);
    ck_assert_int_eq(K(group_wait)(g), 0);
    for (int i = 0; i < 5; i++)
        begin(g, end_with, i);
    ck_assert_int_eq(K(group_wait)(g), 0);
    ck_assert_uint_eq(K(group_size)(g), 0);
    ck_assert_int_eq(K(group_destroy)(g), 0);
    return arg;
}

START_TEST (a_wait_ends_when_all_members_have) {
    run(wait_for_all, kit_none());
}
END_TEST

static kit_value fail_once(kit_value arg)
{
    any_group *g = new_group(false);
    begin(g, end_with, -5);
    begin(g, end_with, 1);
    ck_assert_int_eq(K(group_wait)(g), -5);
    begin(g, end_with, 0);
    ck_assert_int_eq(K(group_wait)(g), 0);
    K(group_destroy)(g);
    return arg;
}

START_TEST (a_failure_is_told_once_and_the_group_begins_anew) {
    run(fail_once, kit_none());
}
END_TEST

static kit_value wait_for(kit_value group)
{
    return kit_int(K(group_wait)(group.p));
}

/* In the next round there is another failure. */
static kit_value wait_and_fail_again(kit_value group)
{
    ck_assert_int_eq(K(group_wait)(group.p), -5);
    begin(group.p, end_with, -7);
    return kit_int(K(group_wait)(group.p));
}

static _Atomic(any_task *) failing;

static int fail_when_unparked(kit_value arg)
{
    (void)arg;
    failing = K(current)();
    K(park)("wait for", "those who wait");
    return -5;
}

static kit_value tell_two(kit_value arg)
{
    any_group *g = new_group(false);
    any_task *again, *once;
    failing = NULL;
    begin(g, fail_when_unparked, 0);
    until_waiting(again = beside(wait_and_fail_again, kit_ptr(g)));
    until_waiting(once = beside(wait_for, kit_ptr(g)));
    while (!failing)
        K(yield)();
    K(unpark)(failing);
    ck_assert_int_eq(joined(once), -5);
    ck_assert_int_eq(joined(again), -7);
    ck_assert_int_eq(K(group_wait)(g), 0);
    ck_assert_int_eq(K(group_destroy)(g), 0);
    return arg;
}

START_TEST (all_who_wait_are_told_of_the_failure_they_waited_for) {
    run(tell_two, kit_none());
}
END_TEST

static kit_value fail_and_cancel(kit_value arg)
{
    any_group *g = new_group(true);
    for (int i = 0; i < 3; i++)
        begin(g, park_until_canceled, 0);
    begin(g, end_with, -7);
    ck_assert_int_eq(K(group_wait)(g), -7);
    begin(g, end_with, 0);
    ck_assert_int_eq(K(group_wait)(g), 0);
    K(group_destroy)(g);
    return arg;
}

START_TEST (the_first_failure_cancels_the_others_if_asked_to) {
    run(fail_and_cancel, kit_none());
}
END_TEST

static kit_value cancel_and_refuse(kit_value arg)
{
    any_group *g = new_group(false);
    begin(g, park_until_canceled, 0);
    begin(g, park_until_canceled, 0);
    ck_assert_uint_eq(K(group_size)(g), 2);
    K(group_cancel)(g);
    ck_assert_int_eq(K(group_spawn)(g, end_with, arg, NULL), -ECANCELED);
    ck_assert_int_eq(K(group_wait)(g), 0);
    begin(g, end_with, 0);
    K(group_destroy)(g);
    return arg;
}

START_TEST (a_canceled_group_refuses_members_until_the_next_wait) {
    run(cancel_and_refuse, kit_none());
}
END_TEST

static kit_value wait_in_vain(kit_value arg)
{
    any_group *g = new_group(false);
    begin(g, clean_up, 0);
    ck_assert_int_eq(K(group_wait_until)(g, after_ms(1)), -ETIMEDOUT);
    K(cancel)(K(current)());
    ck_assert_int_eq(K(group_wait)(g), -ECANCELED);
    ck_assert_uint_eq(K(group_size)(g), 1);
    ck_assert_int_eq(K(group_destroy)(g), 0);
    ck_assert_int_eq(cleaned.i, -ECANCELED);
    ck_assert_int_eq(K(park)("wait for", "nothing"), -ECANCELED);
    return arg;
}

START_TEST (destroy_cancels_and_awaits_what_a_wait_has_left) {
    run(wait_in_vain, kit_none());
}
END_TEST

static int wait_inside(kit_value group)
{
    ck_assert_int_eq(K(group_wait)(group.p), -EDEADLK);
    ck_assert_int_eq(K(group_destroy)(group.p), -EDEADLK);
    return 0;
}

static kit_value wait_as_member(kit_value arg)
{
    any_group *g = new_group(false);
    ck_assert_int_eq(K(group_spawn)(g, wait_inside, kit_ptr(g), NULL), 0);
    ck_assert_int_eq(K(group_wait)(g), 0);
    K(group_destroy)(g);
    return arg;
}

/* Two await the group, and it is destroyed when its last member ends. */
static kit_value destroy_beside_waits(kit_value arg)
{
    any_group *g = new_group(false);
    any_task *waits[2];
    begin(g, park_until_canceled, 0);
    for (int i = 0; i < 2; i++) {
        waits[i] = beside(wait_for, kit_ptr(g));
        until_waiting(waits[i]);
    }
    ck_assert_int_eq(K(group_destroy)(g), 0);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(joined(waits[i]), 0);
    return arg;
}

START_TEST (destroy_awaits_those_who_wait_for_the_group) {
    run(destroy_beside_waits, kit_none());
}
END_TEST

START_TEST (a_member_cannot_wait_for_its_group) {
    run(wait_as_member, kit_none());
}
END_TEST

static any_group *of_two;

static int fail_as_the_last(kit_value result)
{
    while (K(group_size)(of_two) > 1)
        K(yield)();
    return (int)result.i;
}

static kit_value fail_twice(kit_value arg)
{
    of_two = new_group(false);
    begin(of_two, end_with, -5);
    begin(of_two, fail_as_the_last, -7);
    ck_assert_int_eq(K(group_wait)(of_two), -5);
    ck_assert_int_eq(K(group_destroy)(of_two), 0);
    return arg;
}

START_TEST (of_two_failures_the_first_is_told) {
    run(fail_twice, kit_none());
}
END_TEST

static any_task *_Atomic member;

static int tell_and_park(kit_value arg)
{
    member = K(current)();
    return park_until_canceled(arg);
}

static kit_value join_member(kit_value arg)
{
    any_group *g = new_group(false);
    begin(g, tell_and_park, 0);
    while (!member)
        K(yield)();
    ck_assert_int_eq(K(join)(member, NULL), -EINVAL);
    ck_assert_int_eq(K(group_destroy)(g), 0);
    return arg;
}

START_TEST (a_member_cannot_be_joined) {
    run(join_member, kit_none());
}
END_TEST

static kit_value cancel_beginners(kit_value rounds)
{
    for (int64_t i = 0; i < rounds.i; i++) {
        any_group *g = new_group(false);
        for (int n = 0; n < 3; n++)
            begin(g, park_until_canceled, 0);
        for (int64_t n = 0; n < i % 4; n++)
            K(yield)();
        ck_assert_int_eq(K(group_destroy)(g), 0);
    }
    return rounds;
}

START_TEST (members_may_be_canceled_before_they_begin) {
    run(cancel_beginners, kit_int((int64_t)scaled(300)));
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_wait_ends_when_all_members_have,
        a_failure_is_told_once_and_the_group_begins_anew,
        of_two_failures_the_first_is_told,
        all_who_wait_are_told_of_the_failure_they_waited_for,
        the_first_failure_cancels_the_others_if_asked_to,
        a_canceled_group_refuses_members_until_the_next_wait,
        destroy_cancels_and_awaits_what_a_wait_has_left,
        destroy_awaits_those_who_wait_for_the_group,
        a_member_cannot_wait_for_its_group,
        a_member_cannot_be_joined,
        members_may_be_canceled_before_they_begin,
        NULL,
    };
    return run_suite(SUITE("groups"), 10, tests);
}
