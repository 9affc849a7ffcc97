/* SPDX-License-Identifier: MIT */
/* Select over channels, and what cancellation and deadlines do to it. */
#include "harness.h"

#include <coop/select.h>
#include <coop/task.h>

#include <errno.h>
#include <string.h>

#include "mechanism.h"

static coop_chan *a, *b;
static coop_sched *sched;

static void begin(size_t capacity)
{
    ck_assert_int_eq(coop_sched_create(&sched, NULL), 0);
    ck_assert_int_eq(coop_chan_create(&a, 8, capacity, NULL), 0);
    ck_assert_int_eq(coop_chan_create(&b, 8, capacity, NULL), 0);
}

static coop_task *spawn(coop_task_fn body, int64_t arg)
{
    coop_task *t;
    ck_assert_int_eq(coop_spawn(sched, &t, body, kit_int(arg), NULL), 0);
    return t;
}

/* The results of all tasks must be joined before. */
static void end(void)
{
    ck_assert_int_eq(coop_chan_destroy(a), 0);
    ck_assert_int_eq(coop_chan_destroy(b), 0);
    ck_assert_int_eq(coop_sched_destroy(sched), 0);
}

static int64_t joined(coop_task *t)
{
    kit_value result;
    ck_assert_int_eq(coop_join(t, &result), 0);
    return result.i;
}

/* ---- bodies ---- */

static int64_t got;

/* Receives from a or b; the result is the index. */
static kit_value select_recv(kit_value deadline)
{
    struct coop_select_case cases[] = {
        {.chan = a, .op = COOP_SELECT_RECV, .element = &got},
        {.chan = b, .op = COOP_SELECT_RECV, .element = &got},
    };
    int i = coop_select_until(cases, 2, deadline.i);
    return kit_int(i < 0 ? i : i * 10 + cases[i].result);
}

/* Sends 7 to a or 8 to b. */
static kit_value select_send(kit_value deadline)
{
    int64_t seven = 7, eight = 8;
    struct coop_select_case cases[] = {
        {.chan = a, .op = COOP_SELECT_SEND, .element = &seven},
        {.chan = b, .op = COOP_SELECT_SEND, .element = &eight},
    };
    int i = coop_select_until(cases, 2, deadline.i);
    return kit_int(i < 0 ? i : i * 10 - cases[i].result);
}

static kit_value send_to_b(kit_value n)
{
    return kit_int(coop_chan_send(b, &n));
}

static kit_value recv_from_b(kit_value arg)
{
    (void)arg;
    return kit_int(coop_chan_recv(b, &got));
}

static kit_value close_b(kit_value arg)
{
    (void)arg;
    return kit_int(coop_chan_close(b));
}

static kit_value cancel_it(kit_value task)
{
    coop_cancel(task.p);
    return kit_none();
}

/* ---- one that waits ---- */

static void waits_then_gets(size_t capacity)
{
    begin(capacity);
    coop_task *selects = spawn(select_recv, KIT_FOREVER);
    coop_task *sends = spawn(send_to_b, 5);
    ck_assert_int_eq(coop_run(sched), 0);
    ck_assert_int_eq(joined(selects), 11);
    ck_assert_int_eq(joined(sends), 0);
    ck_assert_int_eq(got, 5);
    end();
}

START_TEST (a_select_that_waits_receives_what_is_sent_to_one_of_its_channels) {
    waits_then_gets(0);
    waits_then_gets(4);
}
END_TEST

START_TEST (a_select_that_waits_sends_to_the_first_receiver) {
    begin(0);
    coop_task *selects = spawn(select_send, KIT_FOREVER);
    coop_task *receives = spawn(recv_from_b, 0);
    ck_assert_int_eq(coop_run(sched), 0);
    ck_assert_int_eq(joined(selects), 10);
    ck_assert_int_eq(joined(receives), 1);
    ck_assert_int_eq(got, 8);
    end();
}
END_TEST

START_TEST (two_selects_meet) {
    begin(0);
    coop_task *one = spawn(select_recv, KIT_FOREVER);
    coop_task *other = spawn(select_send, KIT_FOREVER);
    ck_assert_int_eq(coop_run(sched), 0);
    int64_t index = joined(one) / 10;
    ck_assert_int_eq(joined(other) / 10, index);
    ck_assert_int_eq(got, 7 + index);
    end();
}
END_TEST

START_TEST (a_closed_channel_ends_the_wait) {
    begin(0);
    coop_task *receives = spawn(select_recv, KIT_FOREVER);
    coop_task *sends = spawn(close_b, 0);
    ck_assert_int_eq(coop_run(sched), 0);
    ck_assert_int_eq(joined(receives), 10); /* b, and its end */
    joined(sends);
    coop_task *again = spawn(select_send, KIT_FOREVER);
    ck_assert_int_eq(coop_run(sched), 0);
    ck_assert_int_eq(joined(again), 10 + EPIPE);
    end();
}
END_TEST

START_TEST (a_select_out_of_time_has_done_nothing) {
    begin(0);
    coop_task *late = spawn(select_recv, kit_now() + 2000000);
    coop_task *past = spawn(select_recv, 1);
    ck_assert_int_eq(coop_run(sched), 0);
    ck_assert_int_eq(joined(late), -ETIMEDOUT);
    ck_assert_int_eq(joined(past), -ETIMEDOUT);
    /* It is in no queue any more: nobody takes this. */
    int64_t n = 1;
    ck_assert_int_eq(coop_chan_try_send(a, &n), -EAGAIN);
    end();
}
END_TEST

START_TEST (a_canceled_select_has_done_nothing) {
    begin(0);
    coop_task *selects = spawn(select_recv, KIT_FOREVER);
    coop_spawn(sched, NULL, cancel_it, kit_ptr(selects), NULL);
    ck_assert_int_eq(coop_run(sched), 0);
    ck_assert_int_eq(joined(selects), -ECANCELED);
    int64_t n = 1;
    ck_assert_int_eq(coop_chan_try_send(b, &n), -EAGAIN);
    end();
}
END_TEST

/* ---- without waiting ---- */

START_TEST (try_select_does_what_can_be_done) {
    begin(2);
    int64_t n = 3;
    struct coop_select_case c[] = {
        {.chan = NULL, .op = COOP_SELECT_SEND, .element = &n},
        {.chan = a, .op = COOP_SELECT_RECV, .element = &got},
    };
    ck_assert_int_eq(coop_try_select(c, 2), -EAGAIN);
    ck_assert_int_eq(coop_try_select(NULL, 0), -EAGAIN);
    coop_chan_send(a, &n);
    ck_assert_int_eq(coop_try_select(c, 2), 1);
    ck_assert_int_eq(c[1].result, 1);
    ck_assert_int_eq(got, 3);
    ck_assert_int_eq(coop_select(c, 2), -EDEADLK);
    ck_assert_int_eq(coop_select(c, COOP_SELECT_MAX + 1), -EINVAL);
    end();
}
END_TEST

START_TEST (each_case_that_can_be_done_is_as_likely) {
    enum { CASES = 5, ROUNDS = 5000 };
    struct coop_select_case c[CASES];
    size_t chosen[CASES] = {0};
    coop_chan *full;
    int64_t n = 1;
    ck_assert_int_eq(coop_chan_create(&full, 8, 1, NULL), 0);
    coop_chan_send(full, &n);
    coop_chan_close(full);
    for (size_t i = 0; i < CASES; i++)
        c[i] = (struct coop_select_case){
            .chan = full, .op = COOP_SELECT_SEND, .element = &n};
    for (size_t i = 0; i < ROUNDS; i++)
        chosen[coop_try_select(c, CASES)]++;
    for (size_t i = 0; i < CASES; i++) {
        ck_assert_uint_gt(chosen[i], ROUNDS / CASES * 8 / 10);
        ck_assert_uint_lt(chosen[i], ROUNDS / CASES * 12 / 10);
    }
    coop_chan_destroy(full);
}
END_TEST

/* ---- many ---- */

#define SENDERS 4
#define EACH    500

static kit_value send_each(kit_value first)
{
    for (int64_t i = 0; i < EACH; i++) {
        int64_t n = first.i * EACH + i;
        struct coop_select_case c[] = {
            {.chan = a, .op = COOP_SELECT_SEND, .element = &n},
            {.chan = b, .op = COOP_SELECT_SEND, .element = &n},
        };
        ck_assert_int_ge(coop_select(c, 2), 0);
    }
    return kit_none();
}

static kit_value receive_all(kit_value seen_of)
{
    unsigned char *seen = seen_of.p;
    for (size_t i = 0; i < (size_t)SENDERS * EACH / 2; i++) {
        int64_t n;
        struct coop_select_case c[] = {
            {.chan = a, .op = COOP_SELECT_RECV, .element = &n},
            {.chan = b, .op = COOP_SELECT_RECV, .element = &n},
        };
        ck_assert_int_ge(coop_select(c, 2), 0);
        seen[n]++;
    }
    return kit_none();
}

static void nothing_is_lost(size_t capacity)
{
    static unsigned char seen[SENDERS * EACH];
    memset(seen, 0, sizeof seen);
    begin(capacity);
    for (int64_t i = 0; i < SENDERS; i++)
        coop_spawn(sched, NULL, send_each, kit_int(i), NULL);
    for (int i = 0; i < 2; i++)
        coop_spawn(sched, NULL, receive_all, kit_ptr(seen), NULL);
    ck_assert_int_eq(coop_run(sched), 0);
    for (size_t i = 0; i < sizeof seen; i++)
        ck_assert_uint_eq(seen[i], 1);
    end();
}

START_TEST (selects_on_both_sides_lose_and_duplicate_nothing) {
    nothing_is_lost(0);
    nothing_is_lost(1);
    nothing_is_lost(100);
}
END_TEST

/* ---- fairness among receivers ---- */

static int64_t served[4];
static int sending;

static kit_value receive_and_count(kit_value index)
{
    int64_t n;
    while (coop_chan_recv(a, &n) == 1)
        served[index.i]++;
    return kit_none();
}

static kit_value send_many(kit_value count)
{
    for (int64_t i = 0; i < count.i; i++)
        coop_chan_send(a, &i);
    if (--sending == 0)
        coop_chan_close(a);
    return kit_none();
}

static void are_served_alike(size_t capacity)
{
    begin(capacity);
    sending = 4;
    memset(served, 0, sizeof served);
    for (int64_t i = 0; i < 4; i++)
        coop_spawn(sched, NULL, receive_and_count, kit_int(i), NULL);
    for (int i = 0; i < 4; i++)
        coop_spawn(sched, NULL, send_many, kit_int(10000), NULL);
    ck_assert_int_eq(coop_run(sched), 0);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_gt(served[i], 7000);
    end();
}

START_TEST (several_receivers_are_served_alike) {
    are_served_alike(0);
    are_served_alike(1);
    are_served_alike(4);
    are_served_alike(1000);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_select_that_waits_receives_what_is_sent_to_one_of_its_channels,
        a_select_that_waits_sends_to_the_first_receiver,
        two_selects_meet,
        a_closed_channel_ends_the_wait,
        a_select_out_of_time_has_done_nothing,
        a_canceled_select_has_done_nothing,
        try_select_does_what_can_be_done,
        each_case_that_can_be_done_is_as_likely,
        selects_on_both_sides_lose_and_duplicate_nothing,
        several_receivers_are_served_alike,
        NULL,
    };
    return run_suite("coop select", 10, tests);
}
