/* SPDX-License-Identifier: MIT */
/* Select over channels, and what cancellation and deadlines do to it. */
#include "running.h"

#if MIRROR_IS_PREEMPT
#include <preempt/select.h>
enum { STRATEGIES = 4 };
#define SELECT_RECV PREEMPT_SELECT_RECV
#define SELECT_SEND PREEMPT_SELECT_SEND
#define SELECT_MAX  PREEMPT_SELECT_MAX
#else
#include <coop/select.h>
enum { STRATEGIES = 1 };
#define SELECT_RECV COOP_SELECT_RECV
#define SELECT_SEND COOP_SELECT_SEND
#define SELECT_MAX  COOP_SELECT_MAX
#endif

#include <errno.h>
#include <string.h>

typedef struct K(select_case) any_case;

static any_chan *a, *b;

static void make(any_chan **out, size_t capacity, int strategy)
{
    struct K(chan_options) o = {.name = "it"};
#if MIRROR_IS_PREEMPT
    o.wait = (enum kit_wait_strategy)strategy;
    o.single = MIRROR_IS_SINGLE;
#else
    ck_assert_int_eq(strategy, 0);
#endif
    ck_assert_int_eq(K(chan_create)(out, 8, capacity, &o), 0);
}

static void with_strategy(K(task_fn) body, size_t capacity, int strategy)
{
    make(&a, capacity, strategy);
    make(&b, capacity, strategy);
    run(body, kit_int((int64_t)capacity));
    ck_assert_int_eq(K(chan_destroy)(a), 0);
    ck_assert_int_eq(K(chan_destroy)(b), 0);
}

/* Runs `body` as a task, once with channels of each kind. */
static void with_each(K(task_fn) body, size_t capacity)
{
    for (int strategy = 0; strategy < STRATEGIES; strategy++)
        with_strategy(body, capacity, strategy);
}

static any_case recv_case(any_chan *ch, int64_t *to)
{
    return (any_case){.chan = ch, .op = SELECT_RECV, .element = to};
}

static any_case send_case(any_chan *ch, int64_t *from)
{
    return (any_case){.chan = ch, .op = SELECT_SEND, .element = from};
}

/* ---- tasks ---- */

static int64_t got; /* read after a join */

/* Receives from a or b; the result is the index, and what came of it. */
static kit_value select_recv(kit_value deadline)
{
    any_case cases[] = {recv_case(a, &got), recv_case(b, &got)};
    int i = K(select_until)(cases, 2, deadline.i);
    return kit_int(i < 0 ? i : i * 10 + cases[i].result);
}

/* Sends 7 to a or 8 to b. */
static kit_value select_send(kit_value deadline)
{
    int64_t seven = 7, eight = 8;
    any_case cases[] = {send_case(a, &seven), send_case(b, &eight)};
    int i = K(select_until)(cases, 2, deadline.i);
    return kit_int(i < 0 ? i : i * 10 - cases[i].result);
}

static kit_value recv_from_b(kit_value arg)
{
    (void)arg;
    return kit_int(K(chan_recv)(b, &got));
}

static any_task *waiting(K(task_fn) body)
{
    any_task *task = beside(body, kit_int(KIT_FOREVER));
    until_waiting(task);
    return task;
}

/* Nobody is there to take anything any more. */
static void nobody_takes(any_chan *ch)
{
    int64_t n = 1;
    if (K(chan_capacity)(ch) == 0)
        ck_assert_int_eq(K(chan_try_send)(ch, &n), -EAGAIN);
    else
        ck_assert_uint_eq(K(chan_length)(ch), 0);
}

/* ---- one that waits ---- */

static kit_value send_to_select(kit_value capacity)
{
    int64_t five = 5;
    any_task *task = waiting(select_recv);
    ck_assert_int_eq(K(chan_send)(b, &five), 0);
    ck_assert_int_eq(joined(task), 11);
    ck_assert_int_eq(got, 5);
    nobody_takes(a);
    nobody_takes(b);
    return capacity;
}

START_TEST (a_select_that_waits_receives_what_is_sent_to_one_of_its_channels) {
    with_each(send_to_select, 0);
    with_each(send_to_select, 4);
}
END_TEST

static kit_value try_send_to_select(kit_value capacity)
{
    int64_t six = 6;
    any_task *task = waiting(select_recv);
    while (K(chan_try_send)(a, &six) == -EAGAIN)
        K(yield)();
    ck_assert_int_eq(joined(task), 1);
    ck_assert_int_eq(got, 6);
    return capacity;
}

START_TEST (a_try_send_serves_a_select_that_waits) {
    with_each(try_send_to_select, 0);
    with_each(try_send_to_select, 1);
}
END_TEST

static kit_value receive_from_select(kit_value none)
{
    any_task *sends = waiting(select_send);
    ck_assert_int_eq(K(chan_recv)(b, &got), 1);
    ck_assert_int_eq(joined(sends), 10);
    ck_assert_int_eq(got, 8);
    ck_assert_int_eq(K(chan_try_recv)(a, &got), -EAGAIN);
    return none;
}

START_TEST (a_select_that_waits_sends_to_the_first_receiver) {
    with_each(receive_from_select, 0);
}
END_TEST

static kit_value select_with_receiver(kit_value none)
{
    any_task *receives = beside(recv_from_b, none);
    K(sleep_until)(after_ms(1)); /* it may poll, and not be seen to wait */
    ck_assert_int_eq(select_send(kit_int(KIT_FOREVER)).i, 10);
    ck_assert_int_eq(joined(receives), 1);
    ck_assert_int_eq(got, 8);
    return none;
}

START_TEST (a_select_sends_to_a_receiver_that_waits) {
    with_each(select_with_receiver, 0);
}
END_TEST

static kit_value drain_a_full_one(kit_value none)
{
    int64_t n = 1;
    ck_assert_int_eq(K(chan_send)(a, &n), 0);
    ck_assert_int_eq(K(chan_send)(b, &n), 0);
    any_task *sends = waiting(select_send);
    ck_assert_int_eq(K(chan_recv)(b, &got), 1);
    ck_assert_int_eq(joined(sends), 10);
    ck_assert_int_eq(K(chan_recv)(b, &got), 1);
    ck_assert_int_eq(got, 8);
    return none;
}

START_TEST (a_select_that_waits_sends_when_there_is_room) {
    with_each(drain_a_full_one, 1);
}
END_TEST

static kit_value meet(kit_value none)
{
    any_task *one = beside(select_recv, kit_int(KIT_FOREVER));
    any_task *other = beside(select_send, kit_int(KIT_FOREVER));
    int64_t index = joined(one) / 10;
    ck_assert_int_eq(joined(other) / 10, index);
    ck_assert_int_eq(got, 7 + index);
    return none;
}

START_TEST (two_selects_meet) {
    with_each(meet, 0);
}
END_TEST

/* Sends to one channel or receives from the other. */
static kit_value send_or_receive(kit_value sends_to_a)
{
    int64_t n = 1, m = 0;
    any_case cases[] = {
        sends_to_a.i ? recv_case(b, &m) : send_case(b, &n),
        sends_to_a.i ? send_case(a, &n) : recv_case(a, &m),
    };
    int i = K(select)(cases, 2);
    ck_assert_int_ge(i, 0);
    ck_assert_int_eq(cases[i].result, cases[i].op == SELECT_RECV);
    ck_assert_int_eq(m, cases[i].op == SELECT_RECV);
    return kit_int(i);
}

static kit_value meet_crosswise(kit_value none)
{
    for (size_t i = 0; i < scaled(300); i++) {
        any_task *one = beside(send_or_receive, kit_int(i % 2));
        any_task *other = beside(send_or_receive, kit_int((i + 1) % 2));
        ck_assert_int_eq(joined(one), joined(other));
    }
    return none;
}

START_TEST (two_selects_that_each_send_and_receive_meet_once) {
    with_each(meet_crosswise, 0);
}
END_TEST

static kit_value select_both_ways(kit_value none)
{
    int64_t n = 1;
    any_case cases[] = {recv_case(a, &got), send_case(a, &n)};
    ck_assert_int_eq(K(select_until)(cases, 2, after_ms(2)), -ETIMEDOUT);
    ck_assert_int_eq(K(try_select)(cases, 2), -EAGAIN);
    return none;
}

START_TEST (a_select_does_not_meet_itself) {
    with_each(select_both_ways, 0);
}
END_TEST

static kit_value select_with_many_cases(kit_value none)
{
    enum { CASES = 20000 };
    static any_case cases[2 * CASES];
    int64_t n = 1;
    for (size_t i = 0; i < CASES; i++) {
        cases[i] = send_case(a, &n);
        cases[CASES + i] = recv_case(a, &got);
    }
    int i = K(select_until)(cases, 2 * CASES, after_ms(1));
    ck_assert_int_eq(i, -ETIMEDOUT);
    any_task *task = beside(select_recv, kit_int(KIT_FOREVER));
    i = K(select)(cases, 2 * CASES);
    ck_assert_int_ge(i, 0);
    ck_assert_int_lt(i, CASES);
    ck_assert_int_eq(joined(task), 1);
    ck_assert_int_eq(got, 1);
    return none;
}

START_TEST (one_channel_may_be_in_a_great_many_cases) {
    with_each(select_with_many_cases, 0);
}
END_TEST

static kit_value close_under_selects(kit_value none)
{
    any_task *receives = waiting(select_recv);
    ck_assert_int_eq(K(chan_close)(b), 0);
    ck_assert_int_eq(joined(receives), 10); /* b, and its end */
    ck_assert_int_eq(select_send(kit_int(KIT_FOREVER)).i, 10 + EPIPE);
    return none;
}

START_TEST (a_closed_channel_ends_the_wait) {
    with_each(close_under_selects, 0);
}
END_TEST

static kit_value close_under_senders(kit_value capacity)
{
    int64_t n = 1;
    for (int64_t i = 0; i < capacity.i; i++) {
        ck_assert_int_eq(K(chan_send)(a, &n), 0);
        ck_assert_int_eq(K(chan_send)(b, &n), 0);
    }
    any_task *sends = waiting(select_send);
    ck_assert_int_eq(K(chan_destroy)(a), -EBUSY);
    ck_assert_int_eq(K(chan_close)(b), 0);
    ck_assert_int_eq(joined(sends), 10 + EPIPE);
    ck_assert_uint_eq(K(chan_length)(b), (size_t)capacity.i);
    return capacity;
}

START_TEST (a_closed_channel_ends_the_wait_of_a_send_which_is_not_made) {
    with_each(close_under_senders, 0);
    with_each(close_under_senders, 2);
}
END_TEST

static kit_value run_out_of_time(kit_value capacity)
{
    any_task *late = beside(select_recv, kit_int(after_ms(2)));
    any_task *past = beside(select_recv, kit_int(1));
    ck_assert_int_eq(joined(late), -ETIMEDOUT);
    ck_assert_int_eq(joined(past), -ETIMEDOUT);
    nobody_takes(a);
    nobody_takes(b);
    return capacity;
}

START_TEST (a_select_out_of_time_has_done_nothing) {
    with_each(run_out_of_time, 0);
    with_each(run_out_of_time, 1);
}
END_TEST

static kit_value cancel_a_select(kit_value capacity)
{
    any_task *selects = waiting(select_recv);
    K(cancel)(selects);
    ck_assert_int_eq(joined(selects), -ECANCELED);
    nobody_takes(a);
    nobody_takes(b);
    return capacity;
}

START_TEST (a_canceled_select_has_done_nothing) {
    with_each(cancel_a_select, 0);
    with_each(cancel_a_select, 1);
}
END_TEST

static kit_value select_nothing(kit_value deadline)
{
    any_case none = {.chan = NULL};
    int i = K(select_until)(NULL, 0, deadline.i);
    ck_assert_int_eq(K(select_until)(&none, 1, deadline.i), i);
    return kit_int(i);
}

static kit_value cancel_a_select_of_nothing(kit_value none)
{
    ck_assert_int_eq(select_nothing(kit_int(after_ms(1))).i, -ETIMEDOUT);
    any_task *task = waiting(select_nothing);
    K(cancel)(task);
    ck_assert_int_eq(joined(task), -ECANCELED);
    return none;
}

START_TEST (without_cases_a_select_waits_for_its_time_or_cancellation) {
    run(cancel_a_select_of_nothing, kit_none());
}
END_TEST

/* ---- without waiting ---- */

static kit_value do_what_can_be_done(kit_value none)
{
    int64_t n = 3;
    any_case c[] = {{.chan = NULL, .op = SELECT_SEND, .element = &n},
                    recv_case(a, &got)};
    ck_assert_int_eq(K(try_select)(c, 2), -EAGAIN);
    ck_assert_int_eq(K(try_select)(NULL, 0), -EAGAIN);
    ck_assert_int_eq(K(chan_send)(a, &n), 0);
    K(cancel)(K(current)());
    ck_assert_int_eq(K(select)(c, 2), 1); /* it need not wait */
    ck_assert_int_eq(c[1].result, 1);
    ck_assert_int_eq(got, 3);
    ck_assert_int_eq(K(select)(c, 2), -ECANCELED);
    ck_assert_int_eq(K(select)(c, SELECT_MAX + 1), -EINVAL);
    return none;
}

START_TEST (what_can_be_done_is_done_without_waiting) {
    with_each(do_what_can_be_done, 2);
}
END_TEST

/* Of eight cases these can be done: not as far from each other. */
static bool is_ready(size_t i)
{
    return i == 0 || i == 1 || i == 6;
}

static kit_value choose_often(kit_value none)
{
    enum { CASES = 8, ROUNDS = 6000 };
    any_case c[CASES];
    size_t chosen[CASES] = {0};
    int64_t n = 1;
    K(chan_close)(b);
    for (size_t i = 0; i < CASES; i++)
        c[i] = is_ready(i) ? send_case(b, &n) : recv_case(a, &got);
    for (size_t i = 0; i < ROUNDS; i++)
        chosen[K(try_select)(c, CASES)]++;
    for (size_t i = 0; i < CASES; i++) {
        ck_assert_uint_ge(chosen[i], is_ready(i) ? ROUNDS / 3 * 8 / 10 : 0);
        ck_assert_uint_le(chosen[i], is_ready(i) ? ROUNDS / 3 * 12 / 10 : 0);
    }
    return none;
}

START_TEST (each_case_that_can_be_done_is_as_likely) {
    with_each(choose_often, 0);
    with_each(choose_often, 1);
}
END_TEST

/* ---- many ---- */

enum {
    SENDERS = MIRROR_IS_SINGLE ? 1 : 4,
    RECEIVERS = MIRROR_IS_SINGLE ? 1 : 2
};

static int64_t each; /* elements of each sender */

static kit_value send_each(kit_value first)
{
    for (int64_t i = 0; i < each; i++) {
        int64_t n = first.i * each + i;
        any_case c[] = {send_case(a, &n), send_case(b, &n)};
        ck_assert_int_ge(K(select)(c, 2), 0);
    }
    return kit_none();
}

static kit_value receive_share(kit_value seen_of)
{
    unsigned char *seen = seen_of.p;
    for (int64_t i = 0; i < SENDERS * each / RECEIVERS; i++) {
        int64_t n;
        any_case c[] = {recv_case(a, &n), recv_case(b, &n)};
        ck_assert_int_ge(K(select)(c, 2), 0);
        seen[n]++;
    }
    return kit_none();
}

static kit_value exchange(kit_value none)
{
    static unsigned char seen[RECEIVERS][SENDERS * 500];
    any_task *tasks[SENDERS + RECEIVERS];
    memset(seen, 0, sizeof seen);
    each = (int64_t)scaled(500);
    for (int64_t i = 0; i < SENDERS; i++)
        tasks[i] = beside(send_each, kit_int(i));
    for (int i = 0; i < RECEIVERS; i++)
        tasks[SENDERS + i] = beside(receive_share, kit_ptr(seen[i]));
    for (int i = 0; i < SENDERS + RECEIVERS; i++)
        joined(tasks[i]);
    for (int64_t i = 0; i < SENDERS * each; i++)
        ck_assert_uint_eq(seen[0][i] + (RECEIVERS > 1 ? seen[1][i] : 0), 1);
    return none;
}

START_TEST (selects_on_both_sides_lose_and_duplicate_nothing) {
    with_each(exchange, 0);
    with_each(exchange, 1);
    with_each(exchange, 100);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_select_that_waits_receives_what_is_sent_to_one_of_its_channels,
        a_try_send_serves_a_select_that_waits,
        a_select_that_waits_sends_to_the_first_receiver,
        a_select_sends_to_a_receiver_that_waits,
        a_select_that_waits_sends_when_there_is_room,
        two_selects_meet,
        two_selects_that_each_send_and_receive_meet_once,
        a_select_does_not_meet_itself,
        one_channel_may_be_in_a_great_many_cases,
        a_closed_channel_ends_the_wait,
        a_closed_channel_ends_the_wait_of_a_send_which_is_not_made,
        a_select_out_of_time_has_done_nothing,
        a_canceled_select_has_done_nothing,
        without_cases_a_select_waits_for_its_time_or_cancellation,
        what_can_be_done_is_done_without_waiting,
        each_case_that_can_be_done_is_as_likely,
        selects_on_both_sides_lose_and_duplicate_nothing,
        NULL,
    };
    return run_suite(SUITE("select"), 30, tests);
}
