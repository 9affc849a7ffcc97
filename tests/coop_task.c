/* SPDX-License-Identifier: MIT */
/* What only the cooperative scheduler promises: order, deadlock reports. */
#include "harness.h"

#include <coop/chan.h>
#include <coop/gen.h>
#include <coop/group.h>
#include <coop/select.h>
#include <coop/sync.h>
#include <coop/task.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "mechanism.h"

static char trace[256];

static void note(const char *word)
{
    strncat(trace, word, sizeof trace - strlen(trace) - 1);
}

static coop_sched *new_sched(void)
{
    coop_sched *s;
    ck_assert_int_eq(coop_sched_create(&s, NULL), 0);
    return s;
}

static void spawn(coop_sched *s, const char *name, coop_task_fn body,
                  kit_value arg)
{
    struct coop_task_options o = {.name = name};
    ck_assert_int_eq(coop_spawn(s, NULL, body, arg, &o), 0);
}

static coop_sched *here(void)
{
    return coop_sched_of(coop_current());
}

static void finish(coop_sched *s)
{
    ck_assert_int_eq(coop_run(s), 0);
    ck_assert_int_eq(coop_sched_destroy(s), 0);
}

/* ---- join ---- */

static coop_task *joined_twice;

static kit_value join_and_tell(kit_value result)
{
    *(int *)result.p = coop_join(joined_twice, NULL);
    return kit_none();
}

static kit_value end_at_once(kit_value arg)
{
    return arg;
}

START_TEST (
    who_joins_between_the_end_of_a_task_and_its_joiners_turn_is_refused) {
    int first = 1, second = 1;
    coop_sched *s = new_sched();
    spawn(s, "first", join_and_tell, kit_ptr(&first));
    coop_spawn(s, &joined_twice, end_at_once, kit_none(), NULL);
    spawn(s, "second", join_and_tell, kit_ptr(&second));
    finish(s);
    ck_assert_int_eq(first, 0);
    ck_assert_int_eq(second, -EBUSY);
}
END_TEST

/* ---- order ---- */

static kit_value three_turns(kit_value word)
{
    for (int i = 0; i < 3; i++) {
        note(word.p);
        coop_yield();
    }
    return kit_none();
}

static kit_value one_turn(kit_value word)
{
    note(word.p);
    return kit_none();
}

START_TEST (nothing_runs_before_run) {
    coop_sched *s = new_sched();
    spawn(s, NULL, one_turn, kit_ptr("a"));
    ck_assert_str_eq(trace, "");
    finish(s);
    ck_assert_str_eq(trace, "a");
}
END_TEST

START_TEST (ready_tasks_take_turns_first_in_first_out) {
    coop_sched *s = new_sched();
    spawn(s, NULL, three_turns, kit_ptr("a"));
    spawn(s, NULL, one_turn, kit_ptr("b"));
    spawn(s, NULL, three_turns, kit_ptr("c"));
    finish(s);
    ck_assert_str_eq(trace, "abcacac");
}
END_TEST

static kit_value spawn_more(kit_value arg)
{
    (void)arg;
    spawn(here(), NULL, one_turn, kit_ptr("x"));
    spawn(here(), NULL, one_turn, kit_ptr("y"));
    note("a");
    coop_yield();
    note("b");
    return kit_none();
}

START_TEST (a_spawned_task_runs_behind_those_that_are_ready) {
    coop_sched *s = new_sched();
    spawn(s, NULL, spawn_more, kit_none());
    spawn(s, NULL, one_turn, kit_ptr("c"));
    finish(s);
    ck_assert_str_eq(trace, "acxyb");
}
END_TEST

static kit_value work_without_a_yield_point(kit_value word)
{
    for (int i = 0; i < 3; i++)
        note(word.p);
    return kit_none();
}

START_TEST (a_task_that_does_not_wait_is_not_interrupted) {
    coop_sched *s = new_sched();
    spawn(s, NULL, work_without_a_yield_point, kit_ptr("a"));
    spawn(s, NULL, work_without_a_yield_point, kit_ptr("b"));
    finish(s);
    ck_assert_str_eq(trace, "aaabbb");
}
END_TEST

static coop_task *parked[3];

static kit_value park_and_note(kit_value index)
{
    static const char *const words[] = {"0", "1", "2"};
    parked[index.i] = coop_current();
    coop_park("wait for", "its turn");
    note(words[index.i]);
    return kit_none();
}

static kit_value unpark_backwards(kit_value arg)
{
    (void)arg;
    for (int i = 2; i >= 0; i--)
        coop_unpark(parked[i]);
    note("u");
    return kit_none();
}

START_TEST (unparked_tasks_run_in_the_order_of_their_unparking) {
    coop_sched *s = new_sched();
    for (int i = 0; i < 3; i++)
        spawn(s, NULL, park_and_note, kit_int(i));
    spawn(s, NULL, unpark_backwards, kit_none());
    finish(s);
    ck_assert_str_eq(trace, "u210");
}
END_TEST

static coop_chan *channel;

static kit_value receive_and_note(kit_value word)
{
    int64_t element;
    ck_assert_int_eq(coop_chan_recv(channel, &element), 1);
    note(word.p);
    return kit_none();
}

static kit_value send_three(kit_value arg)
{
    (void)arg;
    for (int64_t i = 0; i < 3; i++)
        coop_chan_send(channel, &i);
    note(".");
    return kit_none();
}

START_TEST (waiting_receivers_are_served_first_in_first_out) {
    coop_sched *s = new_sched();
    coop_chan_create(&channel, 8, 0, NULL);
    spawn(s, NULL, receive_and_note, kit_ptr("a"));
    spawn(s, NULL, receive_and_note, kit_ptr("b"));
    spawn(s, NULL, receive_and_note, kit_ptr("c"));
    spawn(s, NULL, send_three, kit_none());
    finish(s);
    ck_assert_str_eq(trace, ".abc");
    coop_chan_destroy(channel);
}
END_TEST

static kit_value send_two(kit_value arg)
{
    (void)arg;
    for (int64_t i = 0; i < 2; i++)
        coop_chan_send(channel, &i);
    note("s");
    return kit_none();
}

START_TEST (
    the_first_receiver_that_a_task_wakes_overtakes_those_that_are_ready) {
    coop_sched *s = new_sched();
    coop_chan_create(&channel, 8, 0, NULL);
    spawn(s, NULL, receive_and_note, kit_ptr("1"));
    spawn(s, NULL, receive_and_note, kit_ptr("2"));
    spawn(s, NULL, send_two, kit_none());
    spawn(s, NULL, one_turn, kit_ptr("r"));
    finish(s);
    ck_assert_str_eq(trace, "s1r2");
    coop_chan_destroy(channel);
}
END_TEST

/* ---- a chain, along which an element is handed ---- */

#define CHAIN 64

static coop_chan *links[CHAIN + 1];
static int turns;

static kit_value hand_on(kit_value index)
{
    int64_t element;
    ck_assert_int_eq(coop_chan_recv(links[index.i], &element), 1);
    turns++;
    if (index.i < CHAIN - 1)
        coop_chan_send(links[index.i + 1], &element);
    return kit_none();
}

static kit_value hand_on_selected(kit_value index)
{
    int64_t element;
    struct coop_select_case one = {
        .chan = links[index.i], .op = COOP_SELECT_RECV, .element = &element};
    ck_assert_int_eq(coop_select(&one, 1), 0);
    turns++;
    if (index.i < CHAIN - 1)
        coop_chan_send(links[index.i + 1], &element);
    return kit_none();
}

static kit_value count_turns(kit_value counted)
{
    turns = 0;
    coop_yield();
    ((int *)counted.p)[0] = turns;
    coop_yield();
    ((int *)counted.p)[1] = turns;
    return kit_none();
}

static kit_value begin_chain(kit_value arg)
{
    coop_chan_send(links[0], &arg);
    return kit_none();
}

static void run_chain(coop_task_fn link, size_t capacity, int counted[2])
{
    coop_sched *s = new_sched();
    for (int i = 0; i < CHAIN; i++) {
        coop_chan_create(&links[i], 8, capacity, NULL);
        spawn(s, NULL, link, kit_int(i));
    }
    spawn(s, NULL, begin_chain, kit_none());
    spawn(s, NULL, count_turns, kit_ptr(counted));
    finish(s);
    for (int i = 0; i < CHAIN; i++)
        coop_chan_destroy(links[i]);
}

START_TEST (who_is_ready_is_overtaken_by_16_in_a_row_at_the_most) {
    static const coop_task_fn kinds[] = {hand_on, hand_on_selected};
    for (size_t i = 0; i < 4; i++) {
        int counted[2];
        run_chain(kinds[i / 2], i % 2, counted);
        /* One has its turn as the first in, and then 16 overtake. */
        ck_assert_int_eq(counted[0], 17);
        ck_assert_int_eq(counted[1], 34);
    }
}
END_TEST

static kit_value send_and_note(kit_value n)
{
    coop_chan_send(channel, &n);
    note("s");
    return kit_none();
}

static kit_value receive_in_order(kit_value arg)
{
    (void)arg;
    for (int64_t i = 0, n; i < 4; i++) {
        coop_chan_recv(channel, &n);
        ck_assert_int_eq(n, i);
    }
    return kit_none();
}

START_TEST (waiting_senders_are_served_first_in_first_out) {
    coop_sched *s = new_sched();
    coop_chan_create(&channel, 8, 1, NULL);
    for (int64_t i = 0; i < 4; i++)
        spawn(s, NULL, send_and_note, kit_int(i));
    spawn(s, NULL, receive_in_order, kit_none());
    finish(s);
    ck_assert_str_eq(trace, "ssss");
    coop_chan_destroy(channel);
}
END_TEST

/* ---- deadlock ---- */

static kit_value receive_for_ever(kit_value ch)
{
    int64_t element;
    return kit_int(coop_chan_recv(ch.p, &element));
}

static kit_value send_to_nobody(kit_value ch)
{
    int64_t element = 1;
    return kit_int(coop_chan_send(ch.p, &element));
}

static void deadlock(void *arg)
{
    struct coop_chan_options orders = {.name = "orders"};
    struct coop_chan_options bills = {.name = "bills"};
    coop_chan *a, *b;
    coop_sched *s = new_sched();
    (void)arg;
    coop_chan_create(&a, 8, 3, &orders);
    coop_chan_create(&b, 8, 0, &bills);
    spawn(s, "consumer", receive_for_ever, kit_ptr(a));
    spawn(s, "finished", one_turn, kit_ptr("."));
    spawn(s, "clerk", send_to_nobody, kit_ptr(b));
    fprintf(stderr, "%s\n", kit_error_name(coop_run(s)));
}

START_TEST (a_deadlock_is_reported_with_who_waits_for_what) {
    char text[512];
    errors_of(deadlock, NULL, text, sizeof text);
    ck_assert_str_eq(text, "schedkit: deadlock: every task waits\n"
                           "  consumer waits to receive from orders\n"
                           "  clerk waits to send to bills\n"
                           "EDEADLK\n");
}
END_TEST

static kit_value await_event(kit_value event)
{
    return kit_int(coop_event_wait(event.p));
}

/* As if it were free, and its memory in use for something else. */
static kit_value overwrite_name(kit_value event)
{
    ((coop_event *)event.p)->name = (const char *)1;
    return kit_none();
}

static void lose_an_event(void *arg)
{
    coop_event event;
    coop_sched *s = new_sched();
    (void)arg;
    coop_event_init(&event, "the lost one");
    spawn(s, "victim", await_event, kit_ptr(&event));
    spawn(s, "culprit", overwrite_name, kit_ptr(&event));
    coop_run(s);
    coop_sched_destroy(s);
}

START_TEST (what_a_task_waits_for_can_be_told_when_it_is_gone) {
    char text[512];
    errors_of(lose_an_event, NULL, text, sizeof text);
    ck_assert_str_eq(text, "schedkit: deadlock: every task waits\n"
                           "  victim waits to await the lost one\n");
}
END_TEST

static kit_value join_it(kit_value task)
{
    coop_task **other = task.p;
    return kit_int(coop_join(*other, NULL));
}

static void circle(void *arg)
{
    coop_task *tasks[2];
    struct coop_task_options names[] = {{.name = "hen"}, {.name = "egg"}};
    coop_sched *s = new_sched();
    (void)arg;
    for (int i = 0; i < 2; i++)
        coop_spawn(s, &tasks[i], join_it, kit_ptr(&tasks[1 - i]), &names[i]);
    coop_run(s);
    coop_sched_destroy(s);
}

START_TEST (tasks_that_join_in_a_circle_are_reported) {
    char text[512];
    errors_of(circle, NULL, text, sizeof text);
    ck_assert_str_eq(text, "schedkit: deadlock: every task waits\n"
                           "  hen waits to join egg\n"
                           "  egg waits to join hen\n");
}
END_TEST

static void be_quiet(void)
{
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
}

START_TEST (a_scheduler_stays_usable_after_a_deadlock) {
    coop_sched *s = new_sched();
    coop_task *task;
    kit_value result;
    be_quiet();
    coop_chan_create(&channel, 8, 0, NULL);
    coop_spawn(s, &task, receive_for_ever, kit_ptr(channel), NULL);
    ck_assert_int_eq(coop_run(s), -EDEADLK);
    ck_assert_int_eq(coop_run(s), -EDEADLK);
    coop_chan_close(channel);
    ck_assert_int_eq(coop_run(s), 0);
    ck_assert_int_eq(coop_join(task, &result), 0);
    ck_assert_int_eq(result.i, 0);
    ck_assert_int_eq(coop_sched_destroy(s), 0);
    coop_chan_destroy(channel);
}
END_TEST

START_TEST (destroy_abandons_tasks_that_wait) {
    coop_sched *s = new_sched();
    be_quiet();
    coop_chan_create(&channel, 8, 0, NULL);
    for (int i = 0; i < 5; i++)
        spawn(s, NULL, receive_for_ever, kit_ptr(channel));
    spawn(s, NULL, park_and_note, kit_int(0));
    ck_assert_int_eq(coop_run(s), -EDEADLK);
    spawn(s, NULL, one_turn, kit_ptr("never"));
    ck_assert_int_eq(coop_sched_destroy(s), 0);
    ck_assert_str_eq(trace, "");
    ck_assert_int_eq(coop_chan_close(channel), 0);
    ck_assert_int_eq(coop_chan_destroy(channel), 0);
}
END_TEST

START_TEST (who_is_abandoned_leaves_what_it_waits_for) {
    coop_sched *s = new_sched();
    be_quiet();
    coop_chan_create(&channel, 8, 0, NULL);
    for (int i = 0; i < 5; i++)
        spawn(s, NULL, receive_for_ever, kit_ptr(channel));
    ck_assert_int_eq(coop_run(s), -EDEADLK);
    ck_assert_int_eq(coop_sched_destroy(s), 0);
    ck_assert_int_eq(coop_chan_destroy(channel), 0);
}
END_TEST

/* ---- joiners of another scheduler ---- */

static coop_task *of_other; /* what they join */
static int joined;          /* and what that gave */
static kit_value got;

static kit_value park_for_good(kit_value arg)
{
    coop_park("see", "the end");
    return arg;
}

static kit_value join_other(kit_value none)
{
    joined = coop_join(of_other, &got);
    return none;
}

static kit_value cancel_joiner_and_destroy(kit_value joiner)
{
    coop_sched *other = coop_sched_of(of_other);
    if (joiner.p)
        coop_cancel(joiner.p);
    coop_run(other);
    return kit_int(coop_sched_destroy(other));
}

/* One joins a task of another scheduler, which a second destroys: it may run it
   before. What the first one gets. */
static int join_what_is_destroyed(coop_task_fn body, bool cancels)
{
    coop_sched *s = new_sched(), *other = new_sched();
    coop_task *joiner, *destroyer;
    kit_value result;
    joined = 1;
    coop_spawn(other, &of_other, body, kit_int(5), NULL);
    coop_spawn(s, &joiner, join_other, kit_none(), NULL);
    coop_spawn(s, &destroyer, cancel_joiner_and_destroy,
               kit_ptr(cancels ? joiner : NULL), NULL);
    ck_assert_int_eq(coop_run(s), 0);
    ck_assert_int_eq(coop_join(destroyer, &result), 0);
    ck_assert_int_eq(result.i, 0);
    ck_assert_int_eq(coop_join(joiner, NULL), 0);
    ck_assert_int_eq(coop_sched_destroy(s), 0);
    return joined;
}

START_TEST (who_joins_a_task_that_destroy_abandons_is_told) {
    be_quiet();
    ck_assert_int_eq(join_what_is_destroyed(park_for_good, false), -ESRCH);
    ck_assert_int_eq(join_what_is_destroyed(park_for_good, true), -ESRCH);
}
END_TEST

static void join_what_has_ended(void *arg)
{
    (void)arg;
    ck_assert_int_eq(join_what_is_destroyed(end_at_once, false), 0);
    ck_assert_int_eq(got.i, 5);
}

START_TEST (who_joins_a_task_that_has_ended_gets_its_result_after_destroy) {
    char text[256];
    errors_of(join_what_has_ended, NULL, text, sizeof text);
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST (a_task_whose_joiner_is_abandoned_may_be_joined_by_another) {
    coop_sched *s = new_sched(), *other = new_sched();
    be_quiet();
    coop_spawn(other, &of_other, park_for_good, kit_int(6), NULL);
    spawn(s, NULL, join_other, kit_none());
    ck_assert_int_eq(coop_run(s), -EDEADLK);
    ck_assert_int_eq(coop_sched_destroy(s), 0);
    coop_unpark(of_other);
    ck_assert_int_eq(coop_run(other), 0);
    ck_assert_int_eq(coop_join(of_other, &got), 0);
    ck_assert_int_eq(got.i, 6);
    ck_assert_int_eq(coop_sched_destroy(other), 0);
}
END_TEST

static int wait_for_ever(kit_value arg)
{
    (void)arg;
    return coop_park("see", "the end");
}

static kit_value wait_for_group(kit_value group)
{
    coop_group **g = group.p;
    return kit_int(coop_group_wait(*g));
}

/* Two that wait, and one that has not begun; who waits for them is in the
   same scheduler. */
START_TEST (members_that_destroy_abandons_leave_their_group) {
    coop_sched *s = new_sched();
    coop_group *g;
    be_quiet();
    ck_assert_int_eq(coop_group_create(&g, s, NULL), 0);
    for (int i = 0; i < 2; i++)
        coop_group_spawn(g, wait_for_ever, kit_none(), NULL);
    spawn(s, NULL, wait_for_group, kit_ptr(&g));
    ck_assert_int_eq(coop_run(s), -EDEADLK);
    coop_group_spawn(g, wait_for_ever, kit_none(), NULL);
    ck_assert_int_eq(coop_group_destroy(g), -EDEADLK);
    ck_assert_uint_eq(coop_group_size(g), 3);
    ck_assert_int_eq(coop_sched_destroy(s), 0);
    ck_assert_uint_eq(coop_group_size(g), 0);
    coop_group_cancel(g);
    ck_assert_int_eq(coop_group_wait(g), 0);
    ck_assert_int_eq(coop_group_destroy(g), 0);
}
END_TEST

static kit_value wait_and_spawn_in_group(kit_value group)
{
    coop_group **g = group.p;
    ck_assert_int_eq(coop_group_wait(*g), 0);
    return kit_int(coop_group_spawn(*g, wait_for_ever, kit_none(), NULL));
}

static kit_value destroy_group(kit_value group)
{
    coop_group **g = group.p;
    return kit_int(coop_group_destroy(*g));
}

/* Who has waited longer runs before the group is freed. */
START_TEST (a_group_that_is_being_destroyed_takes_no_members) {
    coop_sched *s = new_sched();
    coop_group *g;
    coop_task *spawns;
    kit_value result;
    ck_assert_int_eq(coop_group_create(&g, s, NULL), 0);
    coop_group_spawn(g, wait_for_ever, kit_none(), NULL);
    coop_spawn(s, &spawns, wait_and_spawn_in_group, kit_ptr(&g), NULL);
    spawn(s, NULL, destroy_group, kit_ptr(&g));
    ck_assert_int_eq(coop_run(s), 0);
    ck_assert_int_eq(coop_join(spawns, &result), 0);
    ck_assert_int_eq(result.i, -ECANCELED);
    ck_assert_int_eq(coop_sched_destroy(s), 0);
}
END_TEST

static kit_value destroy_with_member(kit_value group)
{
    coop_sched *inner = new_sched();
    ck_assert_int_eq(coop_group_create(group.p, inner, NULL), 0);
    coop_group_spawn(*(coop_group **)group.p, wait_for_ever, kit_none(), NULL);
    ck_assert_int_eq(coop_run(inner), -EDEADLK);
    coop_yield(); /* the other waits */
    ck_assert_int_eq(coop_sched_destroy(inner), 0);
    return kit_none();
}

START_TEST (who_waits_for_members_that_are_abandoned_goes_on) {
    coop_sched *s = new_sched();
    coop_group *g;
    coop_task *waits;
    kit_value result = kit_int(1);
    be_quiet();
    spawn(s, NULL, destroy_with_member, kit_ptr(&g));
    coop_spawn(s, &waits, wait_for_group, kit_ptr(&g), NULL);
    ck_assert_int_eq(coop_run(s), 0);
    ck_assert_int_eq(coop_join(waits, &result), 0);
    ck_assert_int_eq(result.i, 0);
    ck_assert_int_eq(coop_group_destroy(g), 0);
    ck_assert_int_eq(coop_sched_destroy(s), 0);
}
END_TEST

static void forget(void *arg)
{
    (void)arg;
    coop_sched *s = new_sched();
    coop_task *task;
    struct coop_task_options o = {.name = "unjoined"};
    coop_spawn(s, &task, one_turn, kit_ptr("-"), &o);
    coop_run(s);
    spawn(s, "not run", one_turn, kit_ptr("-"));
    coop_sched_destroy(s);
}

START_TEST (destroy_reports_tasks_that_were_not_run_or_not_joined) {
    char text[1024];
    errors_of(forget, NULL, text, sizeof text);
    ck_assert_str_eq(text,
                     "schedkit: task unjoined: ended, and was never joined\n"
                     "schedkit: task not run: was ready, and coop_run was not "
                     "called\n");
}
END_TEST

START_TEST (a_channel_is_not_destroyed_while_tasks_wait_on_it) {
    coop_sched *s = new_sched();
    be_quiet();
    coop_chan_create(&channel, 8, 0, NULL);
    spawn(s, NULL, receive_for_ever, kit_ptr(channel));
    coop_run(s);
    ck_assert_int_eq(coop_chan_destroy(channel), -EBUSY);
    coop_chan_close(channel);
    finish(s);
    ck_assert_int_eq(coop_chan_destroy(channel), 0);
}
END_TEST

/* ---- who never has to wait ---- */

static bool is_over; /* or the others have got no turn */

static kit_value sleep_thrice(kit_value none)
{
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(coop_sleep_until(kit_now() + 2000000), 0);
    is_over = true;
    return none;
}

static kit_value send_and_receive(kit_value canceled)
{
    int64_t element = 7, end = kit_now() + INT64_C(2000000000);
    if (canceled.i)
        coop_cancel(coop_current());
    while (!is_over && kit_now() < end) {
        ck_assert_int_eq(coop_chan_send(channel, &element), 0);
        ck_assert_int_eq(coop_chan_recv(channel, &element), 1);
    }
    ck_assert(is_over);
    return canceled;
}

START_TEST (who_never_has_to_wait_for_a_channel_gives_way_all_the_same) {
    coop_chan_create(&channel, 8, 4, NULL);
    for (int canceled = 0; canceled < 2; canceled++) {
        coop_sched *s = new_sched();
        is_over = false;
        spawn(s, NULL, sleep_thrice, kit_none());
        spawn(s, NULL, send_and_receive, kit_int(canceled));
        finish(s);
    }
    ck_assert_int_eq(coop_chan_destroy(channel), 0);
}
END_TEST

/* ---- outside any task ---- */

static bool is_gone;

static kit_value send_until_gone(kit_value arg)
{
    for (int64_t i = 0; !is_gone; i++)
        ck_assert_int_eq(coop_chan_send(channel, &i), 0);
    return arg;
}

static kit_value receive_until_gone(kit_value arg)
{
    for (int64_t i = 0; !is_gone; i++)
        ck_assert_int_eq(coop_chan_recv(channel, &i), 1);
    return arg;
}

static kit_value close_and_destroy(kit_value arg)
{
    ck_assert_int_eq(coop_chan_close(channel), 0);
    ck_assert_int_eq(coop_chan_destroy(channel), 0);
    is_gone = true;
    return arg;
}

START_TEST (a_channel_may_be_destroyed_while_a_task_gives_way_in_it) {
    static const coop_task_fn kinds[] = {send_until_gone, receive_until_gone};
    for (int64_t i = 0; i < 2; i++) {
        coop_sched *s = new_sched();
        coop_chan_create(&channel, 8, 400, NULL);
        for (int64_t n = 0; n < 200 * i; n++)
            ck_assert_int_eq(coop_chan_try_send(channel, &n), 0);
        is_gone = false;
        spawn(s, NULL, kinds[i], kit_none());
        spawn(s, NULL, close_and_destroy, kit_none());
        finish(s);
    }
}
END_TEST

START_TEST (outside_a_task_nothing_can_wait) {
    int64_t element = 1;
    ck_assert_int_eq(coop_sleep_until(kit_now()), 0);
    ck_assert_int_eq(coop_sleep_until(kit_now() + 1000000000), -EDEADLK);
    coop_chan_create(&channel, 8, 1, NULL);
    ck_assert_int_eq(coop_chan_recv(channel, &element), -EDEADLK);
    ck_assert_int_eq(coop_chan_send(channel, &element), 0);
    ck_assert_int_eq(coop_chan_send(channel, &element), -EDEADLK);
    ck_assert_int_eq(coop_chan_recv(channel, &element), 1);
    ck_assert_int_eq(coop_chan_destroy(channel), 0);
}
END_TEST

START_TEST (outside_a_task_only_ended_tasks_can_be_joined) {
    coop_sched *s = new_sched();
    coop_task *task;
    coop_spawn(s, &task, one_turn, kit_ptr("a"), NULL);
    ck_assert_int_eq(coop_join(task, NULL), -EDEADLK);
    coop_run(s);
    ck_assert_int_eq(coop_join(task, NULL), 0);
    coop_sched_destroy(s);
}
END_TEST

/* ---- many, nested, several ---- */

static size_t mappings(void)
{
    size_t count = 0;
    FILE *f = fopen("/proc/self/maps", "re");
    for (int c; (c = getc(f)) != EOF;)
        count += c == '\n';
    fclose(f);
    return count;
}

static kit_value count_down(kit_value n)
{
    if (n.i > 0)
        spawn(here(), NULL, count_down, kit_int(n.i - 1));
    return kit_none();
}

START_TEST (a_task_that_nobody_joins_frees_itself) {
    coop_sched *s = new_sched();
    spawn(s, NULL, count_down, kit_int(100));
    ck_assert_int_eq(coop_run(s), 0);
    size_t before = mappings();
    spawn(s, NULL, count_down, kit_int((int64_t)scaled(20000)));
    finish(s);
    if (!is_watched())
        ck_assert_uint_le(mappings(), before + 1);
}
END_TEST

static kit_value run_inner(kit_value depth)
{
    coop_task *self = coop_current();
    note("<");
    if (depth.i > 0) {
        coop_sched *inner = new_sched();
        spawn(inner, NULL, run_inner, kit_int(depth.i - 1));
        spawn(inner, NULL, three_turns, kit_ptr("."));
        finish(inner);
    }
    note(">");
    ck_assert_ptr_eq(coop_current(), self);
    return kit_none();
}

START_TEST (a_task_may_run_a_scheduler_of_its_own) {
    coop_sched *s = new_sched();
    spawn(s, NULL, run_inner, kit_int(2));
    spawn(s, NULL, one_turn, kit_ptr("o"));
    finish(s);
    ck_assert_str_eq(trace, "<<<>...>...>o");
}
END_TEST

static kit_value deadlock_inside(kit_value arg)
{
    (void)arg;
    coop_sched *inner = new_sched();
    spawn(inner, NULL, receive_for_ever, kit_ptr(channel));
    ck_assert_int_eq(coop_run(inner), -EDEADLK);
    coop_chan_close(channel);
    finish(inner);
    return kit_none();
}

START_TEST (a_deadlock_of_an_inner_scheduler_is_its_own) {
    coop_sched *s = new_sched();
    be_quiet();
    coop_chan_create(&channel, 8, 0, NULL);
    spawn(s, NULL, deadlock_inside, kit_none());
    finish(s);
    coop_chan_destroy(channel);
}
END_TEST

static kit_value add_turns(kit_value sum)
{
    for (int i = 0; i < 1000; i++) {
        ++*(int64_t *)sum.p;
        coop_yield();
    }
    return kit_none();
}

static void *run_own_scheduler(void *sum)
{
    coop_sched *s = new_sched();
    for (int i = 0; i < 10; i++)
        spawn(s, NULL, add_turns, kit_ptr(sum));
    finish(s);
    return NULL;
}

START_TEST (each_thread_may_run_a_scheduler) {
    pthread_t threads[4];
    int64_t sums[4] = {0};
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, run_own_scheduler, &sums[i]);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(sums[i], 10000);
    }
}
END_TEST

static kit_completion receive_and_yield(coop_gen *self, kit_value ch)
{
    kit_value v;
    while (coop_chan_recv(ch.p, &v) == 1) {
        kit_completion c = coop_gen_yield(self, v);
        if (kit_is_abrupt(c))
            return c;
    }
    return kit_return(kit_int(99));
}

static kit_value step_generator(kit_value ch)
{
    coop_gen *g;
    kit_step s;
    int64_t sum = 0;
    ck_assert_int_eq(coop_gen_create(&g, receive_and_yield, ch, NULL), 0);
    while ((s = kit_iter_next(coop_gen_iter(g), kit_none())).state ==
           KIT_YIELDED)
        sum += s.value.i;
    ck_done(s, 99);
    ck_assert_int_eq(sum, 0 + 1 + 2);
    coop_gen_destroy(g);
    return kit_none();
}

static kit_value send_three_and_close(kit_value ch)
{
    for (int64_t i = 0; i < 3; i++) {
        coop_chan_send(ch.p, &i);
        coop_yield();
    }
    coop_chan_close(ch.p);
    return kit_none();
}

START_TEST (a_generator_may_wait_on_behalf_of_its_task) {
    coop_sched *s = new_sched();
    coop_chan_create(&channel, 8, 0, NULL);
    spawn(s, NULL, step_generator, kit_ptr(channel));
    spawn(s, NULL, send_three_and_close, kit_ptr(channel));
    finish(s);
    coop_chan_destroy(channel);
}
END_TEST

START_TEST (tasks_run_on_ucontext_too) {
    struct coop_sched_options o = {.mechanism =
                                       kit_mechanism_named("ucontext")};
    coop_sched *s;
    ck_assert_int_eq(coop_sched_create(&s, &o), 0);
    coop_chan_create(&channel, 8, 0, NULL);
    spawn(s, NULL, step_generator, kit_ptr(channel));
    spawn(s, NULL, send_three_and_close, kit_ptr(channel));
    for (int i = 0; i < 3; i++)
        spawn(s, NULL, three_turns, kit_ptr("a"));
    finish(s);
    ck_assert_str_eq(trace, "aaaaaaaaa");
    coop_chan_destroy(channel);
}
END_TEST

/* ---- first ---- */

static size_t live_at_most;

static kit_value branch(kit_value depth)
{
    struct coop_task_options o = {.first = true};
    coop_task *children[5];
    int64_t sum = 0;
    size_t live = coop_tasks(here(), NULL, 0);
    live_at_most = live > live_at_most ? live : live_at_most;
    if (depth.i == 0)
        return kit_int(1);
    for (int i = 0; i < 5; i++)
        coop_spawn(here(), &children[i], branch, kit_int(depth.i - 1), &o);
    for (int i = 0; i < 5; i++) {
        kit_value result;
        coop_join(children[i], &result);
        sum += result.i;
    }
    return kit_int(sum);
}

START_TEST (a_tree_of_tasks_that_are_first_is_done_branch_by_branch) {
    coop_sched *s = new_sched();
    coop_task *root;
    kit_value leaves;
    coop_spawn(s, &root, branch, kit_int(4), NULL);
    ck_assert_int_eq(coop_run(s), 0);
    coop_join(root, &leaves);
    ck_assert_int_eq(leaves.i, 625);
    ck_assert_uint_le(live_at_most, 1 + 4 * 5);
    coop_sched_destroy(s);
}
END_TEST

static int rounds;

static kit_value spawn_and_join(kit_value arg)
{
    struct coop_task_options o = {.first = true};
    for (rounds = 0; rounds < 10000; rounds++) {
        coop_task *task;
        coop_spawn(here(), &task, one_turn, kit_ptr(""), &o);
        coop_join(task, NULL);
    }
    return arg;
}

static kit_value look_at_rounds(kit_value arg)
{
    (void)arg;
    return kit_int(rounds);
}

START_TEST (who_spawns_first_and_joins_overtakes_4096_times_in_a_row) {
    coop_sched *s = new_sched();
    coop_task *task;
    kit_value seen;
    spawn(s, NULL, spawn_and_join, kit_none());
    coop_spawn(s, &task, look_at_rounds, kit_none(), NULL);
    ck_assert_int_eq(coop_run(s), 0);
    coop_join(task, &seen);
    ck_assert_int_eq(seen.i, 2048); /* the one and the other by turns */
    coop_sched_destroy(s);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        nothing_runs_before_run,
        who_joins_between_the_end_of_a_task_and_its_joiners_turn_is_refused,
        ready_tasks_take_turns_first_in_first_out,
        a_spawned_task_runs_behind_those_that_are_ready,
        a_task_that_does_not_wait_is_not_interrupted,
        unparked_tasks_run_in_the_order_of_their_unparking,
        waiting_receivers_are_served_first_in_first_out,
        the_first_receiver_that_a_task_wakes_overtakes_those_that_are_ready,
        who_is_ready_is_overtaken_by_16_in_a_row_at_the_most,
        waiting_senders_are_served_first_in_first_out,
        a_deadlock_is_reported_with_who_waits_for_what,
        what_a_task_waits_for_can_be_told_when_it_is_gone,
        tasks_that_join_in_a_circle_are_reported,
        a_scheduler_stays_usable_after_a_deadlock,
        destroy_abandons_tasks_that_wait,
        who_is_abandoned_leaves_what_it_waits_for,
        a_group_that_is_being_destroyed_takes_no_members,
        who_joins_a_task_that_destroy_abandons_is_told,
        who_joins_a_task_that_has_ended_gets_its_result_after_destroy,
        a_task_whose_joiner_is_abandoned_may_be_joined_by_another,
        members_that_destroy_abandons_leave_their_group,
        who_waits_for_members_that_are_abandoned_goes_on,
        destroy_reports_tasks_that_were_not_run_or_not_joined,
        a_channel_is_not_destroyed_while_tasks_wait_on_it,
        who_never_has_to_wait_for_a_channel_gives_way_all_the_same,
        a_channel_may_be_destroyed_while_a_task_gives_way_in_it,
        outside_a_task_nothing_can_wait,
        outside_a_task_only_ended_tasks_can_be_joined,
        a_task_that_nobody_joins_frees_itself,
        a_task_may_run_a_scheduler_of_its_own,
        a_deadlock_of_an_inner_scheduler_is_its_own,
        each_thread_may_run_a_scheduler,
        a_generator_may_wait_on_behalf_of_its_task,
        tasks_run_on_ucontext_too,
        a_tree_of_tasks_that_are_first_is_done_branch_by_branch,
        who_spawns_first_and_joins_overtakes_4096_times_in_a_row,
        NULL,
    };
    return run_suite("coop order", 10, tests);
}
