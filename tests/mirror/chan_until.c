/* SPDX-License-Identifier: MIT */
/* Channels with deadlines and cancellation, in both libraries. */
#include "running.h"

#include <errno.h>
#include <stdatomic.h>

/* ---- every kind of channel ---- */

#if MIRROR_IS_PREEMPT
enum { WAYS = 4 }; /* of waiting; the last is KIT_WAIT_CONDVAR */
#define OPTIONS(way)                                                           \
    {                                                                          \
        .name = "pipe", .wait = (enum kit_wait_strategy)(way),                 \
        .single = MIRROR_IS_SINGLE                                             \
    }
#else
enum { WAYS = 1 };
#define OPTIONS(way)                                                           \
    {                                                                          \
        .name = (way) ? NULL : "pipe"                                          \
    }
#endif

static const size_t capacities[] = {0, 1, 3};

static any_chan *new_chan(size_t capacity, int way)
{
    struct K(chan_options) o = OPTIONS(way);
    any_chan *ch;
    ck_assert_int_eq(K(chan_create)(&ch, sizeof(int64_t), capacity, &o), 0);
    return ch;
}

/* Runs `body` with a channel of each kind, which it leaves unused. */
static void with_each_kind(K(task_fn) body)
{
    for (int way = 0; way < WAYS; way++) {
        for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
            any_chan *ch = new_chan(capacities[i], way);
            run(body, kit_ptr(ch));
            ck_assert_int_eq(K(chan_destroy)(ch), 0);
        }
    }
}

static void fill(any_chan *ch)
{
    int64_t n = 0;
    while (K(chan_try_send)(ch, &n) == 0)
        n++;
    ck_assert_uint_eq((size_t)n, K(chan_capacity)(ch));
}

/* ---- deadlines ---- */

static kit_value wait_in_vain(kit_value ch)
{
    int64_t element = 77, deadline = after_ms(1);
    ck_assert_int_eq(K(chan_recv_until)(ch.p, &element, deadline), -ETIMEDOUT);
    ck_assert_int_ge(kit_now(), deadline);
    ck_assert_int_eq(element, 77);
    fill(ch.p);
    deadline = after_ms(1);
    ck_assert_int_eq(K(chan_send_until)(ch.p, &element, deadline), -ETIMEDOUT);
    ck_assert_int_ge(kit_now(), deadline);
    ck_assert_uint_eq(K(chan_length)(ch.p), K(chan_capacity)(ch.p));
    return kit_none();
}

START_TEST (a_wait_until_nothing_happens_times_out_and_moves_nothing) {
    with_each_kind(wait_in_vain);
}
END_TEST

static kit_value only_try(kit_value ch)
{
    static const int64_t past[] = {INT64_MIN, -1, 0, 1};
    for (size_t i = 0; i < 4; i++) {
        int64_t n = 5, got = 0;
        bool room = K(chan_capacity)(ch.p) > 0;
        ck_assert_int_eq(K(chan_send_until)(ch.p, &n, past[i]),
                         room ? 0 : -ETIMEDOUT);
        ck_assert_int_eq(K(chan_recv_until)(ch.p, &got, past[i]),
                         room ? 1 : -ETIMEDOUT);
        ck_assert_int_eq(got, room ? 5 : 0);
        ck_assert_int_eq(K(chan_recv_until)(ch.p, &got, past[i]), -ETIMEDOUT);
    }
    return kit_none();
}

START_TEST (a_deadline_in_the_past_makes_it_a_try) {
    with_each_kind(only_try);
}
END_TEST

static kit_value recv_forever(kit_value ch)
{
    int64_t element;
    int result = K(chan_recv)(ch.p, &element);
    return kit_int(result == 1 ? element : result);
}

static kit_value send_forever(kit_value ch)
{
    int64_t element = 9;
    return kit_int(K(chan_send)(ch.p, &element));
}

static kit_value recv_until_later(kit_value ch)
{
    int64_t element;
    int result = K(chan_recv_until)(ch.p, &element, KIT_FOREVER - 1);
    return kit_int(result == 1 ? element : result);
}

static kit_value serve_in_time(kit_value ch)
{
    int64_t element = 8;
    any_task *task = beside(recv_until_later, ch);
    ck_assert_int_eq(K(chan_send_until)(ch.p, &element, KIT_FOREVER), 0);
    ck_assert_int_eq(joined(task), 8);
    task = beside(recv_until_later, ch);
    K(yield)();
    ck_assert_int_eq(K(chan_close)(ch.p), 0);
    ck_assert_int_eq(joined(task), 0);
    ck_assert_int_eq(K(chan_send_until)(ch.p, &element, 0), -EPIPE);
    ck_assert_int_eq(K(chan_recv_until)(ch.p, &element, 0), 0);
    return kit_none();
}

START_TEST (what_comes_before_the_deadline_ends_the_wait) {
    with_each_kind(serve_in_time);
}
END_TEST

/* ---- cancellation ---- */

static int64_t canceled(K(task_fn) body, kit_value arg, bool at_once)
{
    any_task *task = beside(body, arg);
    for (int i = 0; i < 10 && !at_once; i++)
        K(yield)();
    K(cancel)(task);
    return joined(task);
}

static kit_value cancel_both(kit_value ch)
{
    int64_t n = (int64_t)K(chan_capacity)(ch.p);
    for (int at_once = 0; at_once < 2; at_once++)
        ck_assert_int_eq(canceled(recv_forever, ch, at_once), -ECANCELED);
    fill(ch.p);
    for (int at_once = 0; at_once < 2; at_once++)
        ck_assert_int_eq(canceled(send_forever, ch, at_once), -ECANCELED);
    for (int64_t element = -1, i = 0; i < n; i++) {
        ck_assert_int_eq(K(chan_try_recv)(ch.p, &element), 1);
        ck_assert_int_eq(element, i);
    }
    ck_assert_uint_eq(K(chan_length)(ch.p), 0);
    return kit_none();
}

START_TEST (whoever_waits_wakes_when_canceled_and_has_moved_nothing) {
    with_each_kind(cancel_both);
}
END_TEST

static kit_value use_canceled(kit_value ch)
{
    int64_t element = 4;
    bool room = K(chan_capacity)(ch.p) > 0;
    K(cancel)(K(current)());
    ck_assert_int_eq(K(chan_send)(ch.p, &element), room ? 0 : -ECANCELED);
    ck_assert_int_eq(K(chan_recv)(ch.p, &element), room ? 1 : -ECANCELED);
    ck_assert_int_eq(K(chan_recv)(ch.p, &element), -ECANCELED);
    ck_assert_int_eq(K(chan_try_recv)(ch.p, &element), -EAGAIN);
    K(chan_close)(ch.p);
    ck_assert_int_eq(K(chan_recv)(ch.p, &element), 0);
    return kit_none();
}

START_TEST (a_canceled_task_may_send_and_receive_what_need_not_wait) {
    with_each_kind(use_canceled);
}
END_TEST

/* ---- nothing is lost in races ---- */

struct traffic {
    any_chan *ch;
    atomic_int sent, received, senders;
    int64_t items;    /* per sender */
    int64_t patience; /* ns; 0: until canceled */
};

static int64_t deadline_of(const struct traffic *t, int64_t i)
{
    return t->patience ? kit_now() + i % 8 * t->patience : KIT_FOREVER;
}

static kit_value send_with_patience(kit_value arg)
{
    struct traffic *t = arg.p;
    for (int64_t i = 0; i < t->items; i++) {
        int64_t element = 1;
        int result = K(chan_send_until)(t->ch, &element, deadline_of(t, i));
        if (result == -ECANCELED)
            break;
        ck_assert(result == 0 || result == -ETIMEDOUT);
        t->sent += result == 0;
        if (result < 0)
            K(yield)();
    }
    if (--t->senders == 0)
        K(chan_close)(t->ch);
    return kit_none();
}

static kit_value recv_with_patience(kit_value arg)
{
    struct traffic *t = arg.p;
    int64_t element, i = 0;
    int result;
    while ((result = K(chan_recv_until)(t->ch, &element, deadline_of(t, i))) !=
           0) {
        if (result == -ECANCELED)
            break;
        ck_assert(result == 1 || result == -ETIMEDOUT);
        t->received += result == 1;
        if (result < 0)
            K(yield)();
        i++;
    }
    return kit_none();
}

enum {
    SENDERS = MIRROR_IS_SINGLE ? 1 : 3,
    RECEIVERS = MIRROR_IS_SINGLE ? 1 : 3
};

static void start_traffic(struct traffic *t, any_task *tasks[])
{
    t->senders = SENDERS;
    for (int i = 0; i < RECEIVERS; i++)
        tasks[SENDERS + i] = beside(recv_with_patience, kit_ptr(t));
    for (int i = 0; i < SENDERS; i++)
        tasks[i] = beside(send_with_patience, kit_ptr(t));
}

/* What is in the channel after all have ended. */
static void drain(struct traffic *t)
{
    int64_t element;
    while (K(chan_try_recv)(t->ch, &element) == 1)
        t->received++;
    ck_assert_int_eq(t->received, t->sent);
}

static kit_value give_up_often(kit_value ch)
{
    struct traffic t = {.ch = ch.p, .patience = 3000};
    any_task *tasks[SENDERS + RECEIVERS];
    t.items = (int64_t)scaled(1000);
    start_traffic(&t, tasks);
    for (int i = 0; i < SENDERS + RECEIVERS; i++)
        joined(tasks[i]);
    drain(&t);
    return kit_none();
}

START_TEST (senders_and_receivers_that_give_up_lose_and_double_nothing) {
    with_each_kind(give_up_often);
}
END_TEST

#if !MIRROR_IS_SINGLE
/* All but one of each side are canceled: those two can still do it all. */
static kit_value cancel_most(kit_value ch)
{
    struct traffic t = {.ch = ch.p};
    any_task *tasks[SENDERS + RECEIVERS];
    t.items = (int64_t)scaled(400);
    start_traffic(&t, tasks);
    for (int i = 1; i < SENDERS + RECEIVERS; i++) {
        K(yield)();
        if (i != SENDERS)
            K(cancel)(tasks[i]);
    }
    for (int i = 0; i < SENDERS + RECEIVERS; i++)
        joined(tasks[i]);
    ck_assert_int_ge(t.sent, t.items);
    drain(&t);
    return kit_none();
}

START_TEST (when_most_are_canceled_the_others_go_on_and_nothing_is_lost) {
    with_each_kind(cancel_most);
}
END_TEST
#endif

/* ---- reports ---- */

static kit_value wait_and_tell(kit_value ch)
{
    struct K(task_info) infos[2];
    any_task *task = beside(recv_forever, ch);
    until_waiting(task);
    ck_assert_uint_eq(K(tasks)(here(), infos, 2), 2);
    ck_assert_str_eq(infos[1].waits_to, "receive from");
    ck_assert_str_eq(infos[1].waits_on, "pipe");
    K(cancel)(task);
    joined(task);
    fill(ch.p);
    task = beside(send_forever, ch);
    until_waiting(task);
    ck_assert_uint_eq(K(tasks)(here(), infos, 2), 2);
    ck_assert_str_eq(infos[1].waits_to, "send to");
    K(cancel)(task);
    joined(task);
    return kit_none();
}

START_TEST (the_list_of_tasks_says_who_waits_for_which_channel) {
    for (int way = 0; way < WAYS; way++) {
        for (size_t i = 0; i < 3 && way != 2; i++) { /* 2 never sleeps */
            any_chan *ch = new_chan(capacities[i], way);
            run(wait_and_tell, kit_ptr(ch));
            ck_assert_int_eq(K(chan_destroy)(ch), 0);
        }
    }
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_wait_until_nothing_happens_times_out_and_moves_nothing,
        a_deadline_in_the_past_makes_it_a_try,
        what_comes_before_the_deadline_ends_the_wait,
        whoever_waits_wakes_when_canceled_and_has_moved_nothing,
        a_canceled_task_may_send_and_receive_what_need_not_wait,
        senders_and_receivers_that_give_up_lose_and_double_nothing,
#if !MIRROR_IS_SINGLE
        when_most_are_canceled_the_others_go_on_and_nothing_is_lost,
#endif
        the_list_of_tasks_says_who_waits_for_which_channel,
        NULL,
    };
    return run_suite(SUITE("channel waits"), 20, tests);
}
