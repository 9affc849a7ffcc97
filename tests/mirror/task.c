/* SPDX-License-Identifier: MIT */
/* Tasks, in both libraries: spawn, join, park, and what is refused. */
#include "mirror.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static any_sched *new_sched(void)
{
    any_sched *s;
    ck_assert_int_eq(K(sched_create)(&s, NULL), 0);
    return s;
}

static any_task *spawned(any_sched *s, K(task_fn) body, kit_value arg)
{
    any_task *task;
    ck_assert_int_eq(K(spawn)(s, &task, body, arg, NULL), 0);
    return task;
}

static any_sched *here(void)
{
    return K(sched_of)(K(current)());
}

static int64_t joined(any_task *task)
{
    kit_value result;
    ck_assert_int_eq(K(join)(task, &result), 0);
    return result.i;
}

/* Runs `body` as a task, and all that it spawns. */
static int64_t run(K(task_fn) body, kit_value arg)
{
    any_sched *s = new_sched();
    any_task *task = spawned(s, body, arg);
    ck_assert_int_eq(K(run)(s), 0);
    int64_t result = joined(task);
    ck_assert_int_eq(K(sched_destroy)(s), 0);
    return result;
}

static atomic_int count; /* of what tasks have done */

/* ---- spawn and join ---- */

static kit_value times_two(kit_value arg)
{
    count++;
    return kit_int(arg.i * 2);
}

START_TEST (a_task_runs_and_its_result_goes_to_whoever_joins) {
    ck_assert_int_eq(run(times_two, kit_int(21)), 42);
}
END_TEST

static kit_value join_three(kit_value arg)
{
    any_task *tasks[3];
    int64_t sum = 0;
    for (int i = 0; i < 3; i++)
        tasks[i] = spawned(here(), times_two, kit_int(arg.i + i));
    for (int i = 2; i >= 0; i--)
        sum = sum * 100 + joined(tasks[i]);
    return kit_int(sum);
}

START_TEST (a_task_joins_others_in_any_order) {
    ck_assert_int_eq(run(join_three, kit_int(1)), 60402);
}
END_TEST

START_TEST (join_may_drop_the_result) {
    any_sched *s = new_sched();
    any_task *task = spawned(s, times_two, kit_int(1));
    K(run)(s);
    ck_assert_int_eq(K(join)(task, NULL), 0);
    K(sched_destroy)(s);
}
END_TEST

static kit_value spawn_unclaimed(kit_value arg)
{
    for (int64_t i = 0; i < arg.i; i++)
        ck_assert_int_eq(K(spawn)(here(), NULL, times_two, arg, NULL), 0);
    return kit_none();
}

START_TEST (run_waits_for_tasks_that_nobody_joins) {
    run(spawn_unclaimed, kit_int(50));
    ck_assert_int_eq(count, 50);
}
END_TEST

START_TEST (run_without_tasks_is_over_at_once) {
    any_sched *s = new_sched();
    ck_assert_int_eq(K(run)(s), 0);
    ck_assert_int_eq(K(run)(s), 0);
    ck_assert_int_eq(K(sched_destroy)(s), 0);
}
END_TEST

START_TEST (a_scheduler_runs_again_with_new_tasks) {
    any_sched *s = new_sched();
    for (int i = 1; i <= 3; i++) {
        K(spawn)(s, NULL, times_two, kit_int(i), NULL);
        ck_assert_int_eq(K(run)(s), 0);
        ck_assert_int_eq(count, i);
    }
    ck_assert_int_eq(K(sched_destroy)(s), 0);
}
END_TEST

START_TEST (destroy_frees_tasks_that_were_not_joined) {
    any_sched *s = new_sched();
    for (int i = 0; i < 5; i++)
        spawned(s, times_two, kit_int(i));
    K(run)(s);
    ck_assert_int_eq(K(sched_destroy)(s), 0);
    ck_assert_int_eq(K(sched_destroy)(NULL), 0);
}
END_TEST

static kit_value grow_tree(kit_value arg)
{
    if (arg.i == 0)
        return kit_int(1);
    any_task *left = spawned(here(), grow_tree, kit_int(arg.i - 1));
    any_task *right = spawned(here(), grow_tree, kit_int(arg.i - 1));
    return kit_int(joined(left) + joined(right));
}

START_TEST (tasks_spawn_tasks_that_spawn_tasks) {
    int64_t depth = is_watched() ? 5 : 8;
    ck_assert_int_eq(run(grow_tree, kit_int(depth)), (int64_t)1 << depth);
}
END_TEST

static kit_value leave_errno(kit_value arg)
{
    errno = 77;
    any_task *task = spawned(here(), times_two, arg);
    ck_assert_int_eq(errno, 77);
    joined(task);
    return kit_int(errno);
}

START_TEST (errno_is_left_alone) {
    ck_assert_int_eq(run(leave_errno, kit_int(1)), 77);
}
END_TEST

/* ---- who is who ---- */

static kit_value check_self(kit_value arg)
{
    any_task *self = K(current)();
    ck_assert_ptr_nonnull(self);
    ck_assert_ptr_eq(K(sched_of)(self), arg.p);
    return kit_ptr(self);
}

START_TEST (a_task_knows_itself_and_its_scheduler) {
    any_sched *s = new_sched();
    any_task *task = spawned(s, check_self, kit_ptr(s));
    kit_value result;
    K(run)(s);
    ck_assert_ptr_null(K(current)());
    ck_assert_int_eq(K(join)(task, &result), 0);
    ck_assert_ptr_eq(result.p, task);
    K(sched_destroy)(s);
}
END_TEST

static kit_value name_length(kit_value arg)
{
    const char *name = K(task_name)(K(current)());
    ck_assert_int_eq(strncmp(name, arg.p, strlen(name)), 0);
    return kit_int((int64_t)strlen(name));
}

static int64_t length_of_name(const char *asked, const char *expected)
{
    struct K(task_options) o = {.name = asked};
    any_sched *s = new_sched();
    any_task *task;
    ck_assert_int_eq(K(spawn)(s, &task, name_length, kit_ptr(expected), &o), 0);
    K(run)(s);
    int64_t length = joined(task);
    K(sched_destroy)(s);
    return length;
}

START_TEST (a_task_has_the_name_that_it_was_given) {
    const char *longer = "a name of much more than thirty-one characters";
    ck_assert_int_eq(length_of_name("consumer", "consumer"), 8);
    ck_assert_int_eq(length_of_name(longer, longer), 31);
    ck_assert_int_eq(length_of_name(NULL, "task"), 4);
}
END_TEST

/* ---- what is refused ---- */

static kit_value join_itself(kit_value arg)
{
    (void)arg;
    return kit_int(K(join)(K(current)(), NULL));
}

START_TEST (a_task_cannot_join_itself) {
    ck_assert_int_eq(run(join_itself, kit_none()), -EDEADLK);
}
END_TEST

static kit_value run_own_scheduler(kit_value arg)
{
    (void)arg;
    return kit_int(K(run)(here()));
}

static kit_value destroy_own_scheduler(kit_value arg)
{
    (void)arg;
    return kit_int(K(sched_destroy)(here()));
}

START_TEST (a_task_cannot_run_or_destroy_its_scheduler) {
    ck_assert_int_eq(run(run_own_scheduler, kit_none()), -EBUSY);
    ck_assert_int_eq(run(destroy_own_scheduler, kit_none()), -EBUSY);
}
END_TEST

static kit_value park_once(kit_value arg)
{
    (void)arg;
    return kit_int(K(park)("wait for", "the test"));
}

/* Of two that join one task, one is refused; it then lets the task end. */
static kit_value join_or_unpark(kit_value task)
{
    int result = K(join)(task.p, NULL);
    if (result == -EBUSY)
        K(unpark)(task.p);
    return kit_int(result);
}

static kit_value join_twice(kit_value arg)
{
    (void)arg;
    any_task *waits = spawned(here(), park_once, kit_none());
    any_task *one = spawned(here(), join_or_unpark, kit_ptr(waits));
    any_task *two = spawned(here(), join_or_unpark, kit_ptr(waits));
    return kit_int(joined(one) + joined(two));
}

START_TEST (only_one_may_wait_for_a_task) {
    ck_assert_int_eq(run(join_twice, kit_none()), -EBUSY);
}
END_TEST

static any_task *_Atomic nobodys; /* itself, while it is parked */

static kit_value tell_and_park(kit_value arg)
{
    count++;
    nobodys = K(current)();
    ck_assert_int_eq(K(park)("wait for", "the test"), 0);
    return arg;
}

static kit_value join_what_is_nobodys(kit_value arg)
{
    ck_assert_int_eq(K(spawn)(here(), NULL, tell_and_park, arg, NULL), 0);
    while (!nobodys)
        K(yield)();
    ck_assert_int_eq(K(join)(nobodys, NULL), -EINVAL);
    ck_assert_int_eq(K(join_until)(nobodys, &arg, 0), -EINVAL);
    K(unpark)(nobodys);
    return arg;
}

START_TEST (a_task_that_is_nobodys_to_join_cannot_be_joined) {
    ck_assert_int_eq(run(join_what_is_nobodys, kit_int(7)), 7);
    ck_assert_int_eq(count, 1);
}
END_TEST

START_TEST (a_stack_size_out_of_range_is_refused) {
    struct K(task_options) o = {.stack_size = SIZE_MAX};
    any_sched *s = new_sched();
    any_task *task;
    ck_assert_int_eq(K(spawn)(s, &task, times_two, kit_none(), &o), -EINVAL);
    ck_assert_int_eq(K(spawn)(s, NULL, times_two, kit_none(), &o), -EINVAL);
    ck_assert_int_eq(K(run)(s), 0);
    ck_assert_int_eq(K(sched_destroy)(s), 0);
}
END_TEST

START_TEST (a_stack_too_small_is_made_larger) {
    struct K(task_options) o = {.stack_size = 1};
    any_sched *s = new_sched();
    any_task *task;
    ck_assert_int_eq(K(spawn)(s, &task, times_two, kit_int(4), &o), 0);
    K(run)(s);
    ck_assert_int_eq(joined(task), 8);
    K(sched_destroy)(s);
}
END_TEST

static kit_value use_stack(kit_value arg)
{
    volatile char block[600 * 1024];
    for (size_t i = 0; i < sizeof block; i += 4096)
        block[i] = (char)arg.i;
    return kit_int(block[4096]);
}

START_TEST (a_larger_stack_can_be_asked_for) {
    struct K(task_options) o = {.stack_size = (size_t)1 << 20};
    any_sched *s = new_sched();
    any_task *task;
    ck_assert_int_eq(K(spawn)(s, &task, use_stack, kit_int(9), &o), 0);
    K(run)(s);
    ck_assert_int_eq(joined(task), 9);
    K(sched_destroy)(s);
}
END_TEST

/* ---- park, unpark, yield ---- */

START_TEST (park_outside_a_task_is_refused) {
    ck_assert_int_eq(K(park)("wait for", "nothing"), -EDEADLK);
}
END_TEST

START_TEST (yield_outside_a_task_does_nothing) {
    K(yield)();
}
END_TEST

static kit_value unpark_itself_then_park(kit_value arg)
{
    (void)arg;
    K(unpark)(K(current)());
    K(unpark)(K(current)());
    return kit_int(K(park)("wait for", "itself"));
}

START_TEST (unpark_before_park_is_remembered) {
    ck_assert_int_eq(run(unpark_itself_then_park, kit_none()), 0);
}
END_TEST

static kit_value unpark_it(kit_value task)
{
    K(unpark)(task.p);
    return kit_none();
}

/* Two unparks before a park are one permit: the second park waits. */
static kit_value park_twice(kit_value arg)
{
    (void)arg;
    unpark_itself_then_park(kit_none());
    any_task *waker = spawned(here(), unpark_it, kit_ptr(K(current)()));
    int result = K(park)("wait for", "its waker");
    joined(waker);
    return kit_int(result);
}

START_TEST (a_parked_task_goes_on_when_another_unparks_it) {
    ck_assert_int_eq(run(park_twice, kit_none()), 0);
}
END_TEST

struct turns {
    any_task *tasks[2];
    atomic_int turn;
    int rounds;
};

/* Waits for its turn by park, and gives the other one its turn. */
static void alternate(struct turns *t, int me)
{
    for (int i = 0; i < t->rounds; i++) {
        while (t->turn != me)
            K(park)("wait for", "its turn");
        t->turn = 1 - me;
        K(unpark)(t->tasks[1 - me]);
    }
}

static kit_value alternate_as_1(kit_value arg)
{
    alternate(arg.p, 1);
    return kit_none();
}

static kit_value alternate_as_0(kit_value arg)
{
    struct turns *t = arg.p;
    t->tasks[0] = K(current)();
    t->tasks[1] = spawned(here(), alternate_as_1, arg);
    alternate(t, 0);
    joined(t->tasks[1]);
    return kit_none();
}

START_TEST (no_wake_up_is_lost_when_two_take_turns) {
    struct turns t = {.rounds = (int)scaled(20000)};
    run(alternate_as_0, kit_ptr(&t));
    ck_assert_int_eq(t.turn, 0);
}
END_TEST

static kit_value yield_often(kit_value arg)
{
    for (int64_t i = 0; i < arg.i; i++) {
        count++;
        K(yield)();
    }
    return kit_none();
}

START_TEST (tasks_that_yield_all_end) {
    any_sched *s = new_sched();
    for (int i = 0; i < 5; i++)
        K(spawn)(s, NULL, yield_often, kit_int(100), NULL);
    ck_assert_int_eq(K(run)(s), 0);
    ck_assert_int_eq(count, 500);
    K(sched_destroy)(s);
}
END_TEST

static kit_value spawn_and_join(kit_value arg)
{
    for (int64_t i = 0; i < arg.i; i++)
        ck_assert_int_eq(joined(spawned(here(), times_two, kit_int(i))), 2 * i);
    return kit_none();
}

START_TEST (many_tasks_come_and_go) {
    run(spawn_and_join, kit_int((int64_t)scaled(5000)));
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_task_runs_and_its_result_goes_to_whoever_joins,
        a_task_joins_others_in_any_order,
        join_may_drop_the_result,
        run_waits_for_tasks_that_nobody_joins,
        run_without_tasks_is_over_at_once,
        a_scheduler_runs_again_with_new_tasks,
        destroy_frees_tasks_that_were_not_joined,
        tasks_spawn_tasks_that_spawn_tasks,
        errno_is_left_alone,
        a_task_knows_itself_and_its_scheduler,
        a_task_has_the_name_that_it_was_given,
        a_task_cannot_join_itself,
        a_task_cannot_run_or_destroy_its_scheduler,
        only_one_may_wait_for_a_task,
        a_task_that_is_nobodys_to_join_cannot_be_joined,
        a_stack_size_out_of_range_is_refused,
        a_stack_too_small_is_made_larger,
        a_larger_stack_can_be_asked_for,
        park_outside_a_task_is_refused,
        yield_outside_a_task_does_nothing,
        unpark_before_park_is_remembered,
        a_parked_task_goes_on_when_another_unparks_it,
        no_wake_up_is_lost_when_two_take_turns,
        tasks_that_yield_all_end,
        many_tasks_come_and_go,
        NULL,
    };
    return run_suite(SUITE("tasks"), 10, tests);
}
