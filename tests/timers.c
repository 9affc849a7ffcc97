/* SPDX-License-Identifier: MIT */
/* The wheel of timers beside a sorted list, and tasks that sleep. */
#include "harness.h"

#include <coop/task.h>

#include "../coop/src/timer.h"

#include "mechanism.h"

/* ---- the wheel ---- */

struct entry {
    struct coop_timer timer;
    int64_t deadline;
    size_t order; /* in which it was started */
};

static struct coop_timers wheel_memory, *const wheel = &wheel_memory;

static struct entry *fired(int64_t now)
{
    struct coop_timer *t = coop_timer_fire(wheel, now);
    return t ? KIT_CONTAINER(t, struct entry, timer) : NULL;
}

static void start(struct entry *e, int64_t deadline)
{
    static size_t started;
    e->deadline = deadline;
    e->order = started++;
    coop_timer_start(wheel, &e->timer, deadline);
}

START_TEST (an_empty_wheel_fires_nothing) {
    ck_assert_ptr_null(fired(INT64_MAX - 1));
    ck_assert_int_eq(coop_timer_next(wheel), INT64_MAX);
}
END_TEST

START_TEST (a_timer_fires_at_its_nanosecond_and_not_before) {
    struct entry e = {0};
    const int64_t far[] = {1, 63, 64, 4095, 4096, 123456789, INT64_MAX - 1};
    int64_t base = 0;
    for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
        start(&e, far[i]);
        ck_assert_int_eq(coop_timer_next(wheel), far[i]);
        ck_assert_ptr_null(fired(base));
        ck_assert_ptr_null(fired(far[i] - 1));
        ck_assert_ptr_eq(fired(far[i]), &e);
        ck_assert_ptr_null(fired(far[i]));
        base = far[i];
    }
}
END_TEST

START_TEST (a_deadline_in_the_past_fires_at_once) {
    struct entry e = {0};
    ck_assert_ptr_null(fired(1000));
    coop_timer_start(wheel, &e.timer, 10);
    ck_assert_ptr_eq(fired(1000), &e);
}
END_TEST

START_TEST (equal_deadlines_fire_first_in_first_out) {
    struct entry e[10] = {0};
    for (size_t i = 0; i < 5; i++)
        start(&e[i], 1000000);
    ck_assert_ptr_null(fired(999000)); /* these move to a lower level */
    for (size_t i = 5; i < 10; i++)
        start(&e[i], 1000000);
    for (size_t i = 0; i < 10; i++)
        ck_assert_ptr_eq(fired(1000000), &e[i]);
}
END_TEST

START_TEST (a_stopped_timer_does_not_fire) {
    struct entry e[3] = {0};
    for (size_t i = 0; i < 3; i++)
        start(&e[i], 70);
    coop_timer_stop(wheel, &e[1].timer);
    coop_timer_stop(wheel, &e[1].timer);
    ck_assert_ptr_eq(fired(100), &e[0]);
    ck_assert_ptr_eq(fired(100), &e[2]);
    ck_assert_ptr_null(fired(100));
    coop_timer_stop(wheel, &e[0].timer);
    ck_assert_uint_eq(wheel->count, 0);
}
END_TEST

/* The one that must fire next by the naive way. */
static struct entry *earliest(struct entry *all, size_t count)
{
    struct entry *best = NULL;
    for (size_t i = 0; i < count; i++)
        if (all[i].timer.next &&
            (!best || all[i].deadline < best->deadline ||
             (all[i].deadline == best->deadline && all[i].order < best->order)))
            best = &all[i];
    return best;
}

static uint64_t seed = 1;

static uint64_t random_number(void)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return seed >> 20;
}

/* Fires all that is due, in the order of a sorted list. */
static void fire_in_order(struct entry *all, size_t count, int64_t now)
{
    struct entry *want;
    while ((want = earliest(all, count)) && want->deadline <= now) {
        ck_assert_int_le(coop_timer_next(wheel), want->deadline);
        ck_assert_ptr_eq(fired(now), want);
    }
    ck_assert_ptr_null(fired(now));
}

START_TEST (random_timers_fire_in_the_order_of_a_sorted_list) {
    enum { COUNT = 200 };
    struct entry all[COUNT] = {0};
    int64_t now = 0;
    for (size_t round = 0; round < scaled(20000); round++) {
        struct entry *e = &all[random_number() % COUNT];
        if (e->timer.next)
            coop_timer_stop(wheel, &e->timer);
        else
            start(e, now + (int64_t)(random_number() %
                                     (UINT64_C(1) << random_number() % 40)));
        if (round % 16 == 0)
            fire_in_order(all, COUNT, now += (int64_t)(random_number() % 5000));
    }
}
END_TEST

START_TEST (timers_of_one_slot_may_stop_while_others_come) {
    enum { COUNT = 300 };
    const int64_t slot = INT64_C(1) << 30;
    struct entry all[COUNT] = {0};
    for (int i = 0; i < COUNT; i++) {
        start(&all[i], slot + i * 7 % COUNT);
        /* what is gone must not be looked at any more */
        if (i >= 20 && i % 3 == 0) {
            coop_timer_stop(wheel, &all[i - 20].timer);
            all[i - 20].timer.previous = (struct coop_timer *)1;
        }
    }
    fire_in_order(all, COUNT, slot - 1);
    fire_in_order(all, COUNT, slot + COUNT);
    ck_assert_uint_eq(wheel->count, 0);
}
END_TEST

/* ---- tasks that sleep ---- */

static int64_t woken[1000];
static size_t woken_count;

static int64_t delay = 200000000;
static int64_t begun;  /* when the first task ran: by then there are all */
static bool came_late; /* not all slept before the first was due */

static kit_value sleep_and_note(kit_value ns)
{
    begun = begun ? begun : kit_now();
    int64_t deadline = begun + delay + ns.i;
    ck_assert_int_eq(coop_sleep_until(deadline), 0);
    ck_assert_int_ge(kit_now(), deadline);
    woken[woken_count++] = deadline;
    return kit_none();
}

/* Runs when the others sleep, until all of them are due if `busy`. */
static kit_value see_whether_all_sleep(kit_value busy)
{
    came_late = kit_now() >= begun + delay;
    while (busy.i && kit_now() < begun + delay + 1000)
        continue;
    return kit_none();
}

static void run_all(coop_sched *s)
{
    ck_assert_int_eq(coop_run(s), 0);
    ck_assert_int_eq(coop_sched_destroy(s), 0);
}

static void sleep_once(size_t count, int64_t apart, bool busy)
{
    coop_sched *s;
    coop_sched_create(&s, NULL);
    woken_count = 0;
    begun = 0;
    for (size_t i = 0; i < count; i++)
        coop_spawn(s, NULL, sleep_and_note,
                   kit_int((int64_t)(i * 79 % count) * apart), NULL);
    coop_spawn(s, NULL, see_whether_all_sleep, kit_int(busy), NULL);
    run_all(s);
    ck_assert_uint_eq(woken_count, count);
}

/* A machine that is slow to start the tasks is given longer. */
static void wake_in_order(size_t count, int64_t apart, bool busy)
{
    sleep_once(count, apart, busy);
    while (came_late && delay < 4000000000) {
        delay *= 2;
        sleep_once(count, apart, busy);
    }
    ck_assert(!came_late);
    for (size_t i = 1; i < count; i++)
        ck_assert_int_le(woken[i - 1], woken[i]);
}

START_TEST (sleepers_wake_in_the_order_of_their_deadlines) {
    wake_in_order(100, 10000, false);
}
END_TEST

START_TEST (many_sleepers_that_are_due_together_wake_in_order) {
    wake_in_order(300, 1, true);
}
END_TEST

static kit_value sleep_in_the_past(kit_value arg)
{
    (void)arg;
    ck_assert_int_eq(coop_sleep_until(0), 0);
    ck_assert_int_eq(coop_sleep_until(kit_now() - 1), 0);
    return kit_none();
}

START_TEST (a_time_that_has_come_need_not_be_waited_for) {
    coop_sched *s;
    coop_sched_create(&s, NULL);
    coop_spawn(s, NULL, sleep_in_the_past, kit_none(), NULL);
    run_all(s);
}
END_TEST

static bool is_over;

static kit_value yield_until_over(kit_value arg)
{
    (void)arg;
    while (!is_over)
        coop_yield();
    return kit_none();
}

static kit_value check_until_over(kit_value arg)
{
    (void)arg;
    while (!is_over)
        coop_checkpoint();
    return kit_none();
}

static kit_value end_it_after_a_while(kit_value arg)
{
    (void)arg;
    coop_sleep_until(kit_now() + 5000000);
    is_over = true;
    return kit_none();
}

static void ends_beside_a_sleeper(coop_task_fn busy)
{
    coop_sched *s;
    coop_sched_create(&s, NULL);
    coop_spawn(s, NULL, end_it_after_a_while, kit_none(), NULL);
    coop_spawn(s, NULL, busy, kit_none(), NULL);
    run_all(s);
}

START_TEST (sleepers_wake_although_others_always_yield) {
    ends_beside_a_sleeper(yield_until_over);
}
END_TEST

START_TEST (sleepers_wake_although_another_only_has_checkpoints) {
    ends_beside_a_sleeper(check_until_over);
}
END_TEST

static kit_value check_often(kit_value arg)
{
    for (int i = 0; i < 1000; i++)
        coop_checkpoint();
    *(int *)arg.p = 1;
    return kit_none();
}

static kit_value ended_before(kit_value arg)
{
    return kit_int(*(int *)arg.p);
}

START_TEST (a_slice_without_end_is_never_used_up) {
    struct coop_sched_options o = {.slice = INT64_MAX};
    coop_sched *s;
    coop_task *task;
    kit_value before;
    int ended = 0;
    coop_sched_create(&s, &o);
    coop_spawn(s, NULL, check_often, kit_ptr(&ended), NULL);
    coop_spawn(s, &task, ended_before, kit_ptr(&ended), NULL);
    ck_assert_int_eq(coop_run(s), 0);
    coop_join(task, &before);
    ck_assert_int_eq(before.i, 1);
    coop_sched_destroy(s);
}
END_TEST

static kit_value check_seldom(kit_value arg)
{
    for (int i = 0; i < 10; i++) {
        int64_t end = kit_now() + 2 * COOP_SLICE_DEFAULT;
        while (kit_now() < end)
            continue;
        coop_checkpoint();
    }
    is_over = true;
    return arg;
}

static kit_value count_turns(kit_value turns)
{
    for (; !is_over; turns.i++)
        coop_yield();
    return turns;
}

START_TEST (who_seldom_comes_to_a_checkpoint_gives_way_at_each) {
    coop_sched *s;
    coop_task *other;
    kit_value turns;
    coop_sched_create(&s, NULL);
    coop_spawn(s, NULL, check_seldom, kit_none(), NULL);
    coop_spawn(s, &other, count_turns, kit_int(0), NULL);
    ck_assert_int_eq(coop_run(s), 0);
    coop_join(other, &turns);
    ck_assert_int_ge(turns.i, 9);
    coop_sched_destroy(s);
}
END_TEST

static kit_value yield_seldom(kit_value arg)
{
    int64_t turns = 0;
    for (; !is_over; turns++) {
        int64_t end = kit_now() + 1000000;
        while (kit_now() < end)
            continue;
        coop_yield();
    }
    return kit_int(turns + arg.i);
}

START_TEST (a_sleeper_wakes_after_a_few_turns_of_one_who_yields_seldom) {
    coop_sched *s;
    coop_task *busy;
    kit_value turns;
    coop_sched_create(&s, NULL);
    coop_spawn(s, NULL, end_it_after_a_while, kit_none(), NULL);
    coop_spawn(s, &busy, yield_seldom, kit_int(0), NULL);
    ck_assert_int_eq(coop_run(s), 0);
    ck_assert_int_eq(coop_join(busy, &turns), 0);
    ck_assert_int_lt(turns.i, 30); /* five of a millisecond each are due */
    coop_sched_destroy(s);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        an_empty_wheel_fires_nothing,
        a_timer_fires_at_its_nanosecond_and_not_before,
        a_deadline_in_the_past_fires_at_once,
        equal_deadlines_fire_first_in_first_out,
        a_stopped_timer_does_not_fire,
        random_timers_fire_in_the_order_of_a_sorted_list,
        timers_of_one_slot_may_stop_while_others_come,
        sleepers_wake_in_the_order_of_their_deadlines,
        many_sleepers_that_are_due_together_wake_in_order,
        a_time_that_has_come_need_not_be_waited_for,
        sleepers_wake_although_others_always_yield,
        sleepers_wake_although_another_only_has_checkpoints,
        a_slice_without_end_is_never_used_up,
        who_seldom_comes_to_a_checkpoint_gives_way_at_each,
        a_sleeper_wakes_after_a_few_turns_of_one_who_yields_seldom,
        NULL,
    };
    return run_suite("coop timers", 10, tests);
}
