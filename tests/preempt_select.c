/* SPDX-License-Identifier: MIT */
/*
 * Selects between many threads: each element is sent once and received once,
 * whatever the channels, whoever meets whom, and whoever gives up meanwhile.
 */
#include "harness.h"

#include <preempt/select.h>
#include <preempt/task.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { CHANNELS = 4, CROWD = 4 };

static const size_t capacities[] = {0, 1, 3};

static const enum kit_wait_strategy strategies[] = {
    KIT_WAIT_ADAPTIVE, KIT_WAIT_PARK, KIT_WAIT_SPIN, KIT_WAIT_CONDVAR};

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* How a thread sends or receives. */
enum manner {
    PLAINLY,     /* with a send or a receive on one channel */
    BY_SELECT,   /* over all channels */
    IMPATIENTLY, /* the same, giving up and coming back */
    MIXED,       /* every other thread plainly, the rest by select */
};

struct stress {
    preempt_chan *channels[CHANNELS];
    enum manner sends, receives;
    size_t items; /* of each sender */
    atomic_size_t to_receive;
    atomic_uchar *seen;
    atomic_size_t next_sender, next_receiver;
};

static enum manner manner_of(enum manner all, size_t thread)
{
    if (all != MIXED)
        return all;
    return thread % 2 ? PLAINLY : BY_SELECT;
}

static int64_t limit_of(enum manner manner, size_t i)
{
    return manner == IMPATIENTLY ? kit_now() + (int64_t)(i % 5) * 20000
                                 : KIT_FOREVER;
}

/* Cases for all channels. */
static void fill(struct preempt_select_case *cases, const struct stress *s,
                 enum preempt_select_op op, int64_t *element)
{
    for (size_t c = 0; c < CHANNELS; c++)
        cases[c] = (struct preempt_select_case){
            .chan = s->channels[c], .op = op, .element = element};
}

/* ---- sending ---- */

static void send_by_select(struct stress *s, int64_t element,
                           enum manner manner, size_t i)
{
    struct preempt_select_case cases[CHANNELS];
    int done;
    fill(cases, s, PREEMPT_SELECT_SEND, &element);
    do
        done = preempt_select_until(cases, CHANNELS, limit_of(manner, i++));
    while (done == -ETIMEDOUT);
    ck_assert_int_ge(done, 0);
    ck_assert_int_eq(cases[done].result, 0);
}

static kit_value stress_sender(kit_value arg)
{
    struct stress *s = arg.p;
    size_t me = s->next_sender++;
    enum manner manner = manner_of(s->sends, me);
    for (size_t i = 0; i < s->items; i++) {
        int64_t element = (int64_t)(me * s->items + i);
        if (manner != PLAINLY)
            send_by_select(s, element, manner, i);
        else
            ck_assert_int_eq(
                preempt_chan_send(s->channels[i % CHANNELS], &element), 0);
    }
    return kit_none();
}

/* ---- receiving ---- */

static void received(struct stress *s, int64_t element)
{
    ck_assert_int_eq(s->seen[element]++, 0);
    /* The last closes all: that ends the other receivers. */
    if (--s->to_receive == 0)
        for (size_t c = 0; c < CHANNELS; c++)
            preempt_chan_close(s->channels[c]);
}

static void receive_plainly(struct stress *s, preempt_chan *ch)
{
    int64_t element;
    while (preempt_chan_recv(ch, &element) == 1)
        received(s, element);
}

static void receive_by_select(struct stress *s, enum manner manner)
{
    struct preempt_select_case cases[CHANNELS];
    int64_t element = -1;
    fill(cases, s, PREEMPT_SELECT_RECV, &element);
    for (size_t i = 0;; i++) {
        int done = preempt_select_until(cases, CHANNELS, limit_of(manner, i));
        if (done == -ETIMEDOUT)
            continue;
        ck_assert_int_ge(done, 0);
        if (cases[done].result == 0)
            return;
        received(s, element);
    }
}

static kit_value stress_receiver(kit_value arg)
{
    struct stress *s = arg.p;
    size_t me = s->next_receiver++;
    enum manner manner = manner_of(s->receives, me);
    if (manner == PLAINLY)
        receive_plainly(s, s->channels[me % CHANNELS]);
    else
        receive_by_select(s, manner);
    return kit_none();
}

/* ---- both in one ---- */

/* Each sends what it has to send, and receives until the end of all. */
static kit_value stress_peer(kit_value arg)
{
    struct stress *s = arg.p;
    struct preempt_select_case cases[2 * CHANNELS];
    int64_t next = (int64_t)(s->next_sender++ * s->items), element = -1;
    int64_t end = next + (int64_t)s->items;
    fill(cases, s, PREEMPT_SELECT_RECV, &element);
    fill(cases + CHANNELS, s, PREEMPT_SELECT_SEND, &next);
    for (;;) {
        size_t count = next < end ? 2 * CHANNELS : CHANNELS;
        int done = preempt_select(cases, count);
        ck_assert_int_ge(done, 0);
        if (done >= CHANNELS) {
            ck_assert_int_eq(cases[done].result, 0);
            next++;
        } else if (cases[done].result == 1) {
            received(s, element);
        } else {
            ck_assert_int_eq(next, end);
            return kit_none();
        }
    }
}

/* ---- the crowd ---- */

static void make_channels(struct stress *s, size_t capacity,
                          enum kit_wait_strategy wait, bool single)
{
    struct preempt_chan_options o = {.wait = wait, .single = single};
    for (size_t c = 0; c < CHANNELS; c++)
        ck_assert_int_eq(preempt_chan_create(&s->channels[c], 8, capacity, &o),
                         0);
}

static void destroy_channels(struct stress *s)
{
    for (size_t c = 0; c < CHANNELS; c++) {
        ck_assert_uint_eq(preempt_chan_length(s->channels[c]), 0);
        ck_assert_int_eq(preempt_chan_destroy(s->channels[c]), 0);
    }
}

/* Every thread of the crowd runs `one` and `other` (or NULL). */
static void run_stress(struct stress *s, preempt_task_fn one,
                       preempt_task_fn other)
{
    preempt_sched *sched;
    s->items = scaled(600);
    s->to_receive = CROWD * s->items;
    s->seen = calloc(CROWD, s->items);
    ck_assert_int_eq(preempt_sched_create(&sched, NULL), 0);
    for (size_t i = 0; i < CROWD; i++) {
        preempt_spawn(sched, NULL, one, kit_ptr(s), NULL);
        if (other)
            preempt_spawn(sched, NULL, other, kit_ptr(s), NULL);
    }
    ck_assert_int_eq(preempt_sched_destroy(sched), 0);
    ck_assert_uint_eq(s->to_receive, 0);
    free(s->seen);
}

/* Threads that poll stand in each other's way where they run one by one. */
static bool can_poll(enum kit_wait_strategy wait)
{
    return wait != KIT_WAIT_SPIN || !under_valgrind();
}

static void stress_all(enum manner sends, enum manner receives,
                       preempt_task_fn one, preempt_task_fn other)
{
    for (size_t w = 0; w < COUNT_OF(strategies); w++) {
        for (size_t c = 0; can_poll(strategies[w]) && c < COUNT_OF(capacities);
             c++) {
            struct stress s = {.sends = sends, .receives = receives};
            make_channels(&s, capacities[c], strategies[w], false);
            run_stress(&s, one, other);
            destroy_channels(&s);
        }
    }
}

static void send_and_receive(enum manner sends, enum manner receives)
{
    stress_all(sends, receives, stress_sender, stress_receiver);
}

START_TEST (selects_that_send_to_selects_that_receive_lose_nothing) {
    send_and_receive(BY_SELECT, BY_SELECT);
}
END_TEST

START_TEST (threads_that_send_to_selects_that_receive_lose_nothing) {
    send_and_receive(PLAINLY, BY_SELECT);
}
END_TEST

START_TEST (selects_that_send_to_threads_that_receive_lose_nothing) {
    send_and_receive(BY_SELECT, PLAINLY);
}
END_TEST

START_TEST (threads_and_selects_on_the_same_channels_lose_nothing) {
    send_and_receive(MIXED, MIXED);
}
END_TEST

START_TEST (selects_that_give_up_and_come_back_lose_nothing) {
    send_and_receive(IMPATIENTLY, IMPATIENTLY);
    send_and_receive(MIXED, IMPATIENTLY);
    send_and_receive(IMPATIENTLY, MIXED);
}
END_TEST

START_TEST (selects_that_send_and_receive_at_once_lose_nothing) {
    stress_all(BY_SELECT, BY_SELECT, stress_peer, NULL);
}
END_TEST

/* ---- two threads, of whom one waits: a lost wake-up is the end ---- */

struct dialogue {
    preempt_chan *there[2], *back[2];
    size_t rounds;
};

/* Passes a moment of its own each time, so as to come at every moment. */
static void linger(size_t i)
{
    for (volatile size_t n = i * 37 % 4096; n > 0; n--)
        continue;
}

/* Receives from either by select; the element says how often. */
static void hear(preempt_chan *const *from, int64_t expected)
{
    int64_t element = -1;
    struct preempt_select_case cases[] = {
        {.chan = from[0], .element = &element},
        {.chan = from[1], .element = &element},
    };
    int done = preempt_select(cases, 2);
    ck_assert_int_eq(done, expected % 2);
    ck_assert_int_eq(cases[done].result, 1);
    ck_assert_int_eq(element, expected);
}

/* By select now and then, too. */
static void say(preempt_chan *const *to, int64_t element)
{
    struct preempt_select_case c = {.chan = to[element % 2],
                                    .op = PREEMPT_SELECT_SEND,
                                    .element = &element};
    if (element % 3)
        ck_assert_int_eq(preempt_chan_send(c.chan, &element), 0);
    else
        ck_assert_int_eq(preempt_select(&c, 1), 0);
}

static kit_value answer(kit_value arg)
{
    struct dialogue *d = arg.p;
    for (size_t i = 0; i < d->rounds; i++) {
        hear(d->there, (int64_t)i);
        say(d->back, (int64_t)i);
    }
    return kit_none();
}

static kit_value ask(kit_value arg)
{
    struct dialogue *d = arg.p;
    for (size_t i = 0; i < d->rounds; i++) {
        say(d->there, (int64_t)i);
        linger(i);
        hear(d->back, (int64_t)i);
    }
    return kit_none();
}

static void converse(size_t capacity, enum kit_wait_strategy wait, bool single)
{
    struct stress s;
    preempt_sched *sched;
    make_channels(&s, capacity, wait, single);
    struct dialogue d = {.there = {s.channels[0], s.channels[1]},
                         .back = {s.channels[2], s.channels[3]},
                         .rounds = scaled(4000)};
    ck_assert_int_eq(preempt_sched_create(&sched, NULL), 0);
    preempt_spawn(sched, NULL, ask, kit_ptr(&d), NULL);
    preempt_spawn(sched, NULL, answer, kit_ptr(&d), NULL);
    ck_assert_int_eq(preempt_sched_destroy(sched), 0);
    destroy_channels(&s);
}

START_TEST (no_wake_up_is_lost_at_whatever_moment_a_select_comes) {
    for (size_t w = 0; w < COUNT_OF(strategies); w++)
        for (size_t c = 0; can_poll(strategies[w]) && c < COUNT_OF(capacities);
             c++)
            converse(capacities[c], strategies[w], false);
}
END_TEST

START_TEST (no_wake_up_is_lost_on_a_channel_for_one_of_each) {
    for (size_t w = 0; w < COUNT_OF(strategies); w++)
        for (size_t c = 0; can_poll(strategies[w]) && c < COUNT_OF(capacities);
             c++)
            converse(capacities[c], strategies[w], true);
}
END_TEST

/* ---- a select that comes while somebody is woken ---- */

static kit_value receive_once(kit_value ch)
{
    int64_t element = 0;
    ck_assert_int_eq(preempt_chan_recv(ch.p, &element), 1);
    return kit_int(element);
}

static kit_value send_once(kit_value ch)
{
    int64_t element = 1;
    return kit_int(preempt_chan_send(ch.p, &element));
}

static void use_twice(preempt_chan *ch, enum preempt_select_op op)
{
    for (int i = 0; i < 2; i++) {
        int64_t element = 1;
        struct preempt_select_case c = {
            .chan = ch, .op = op, .element = &element};
        ck_assert_int_eq(preempt_select(&c, 1), 0);
        ck_assert_int_eq(c.result, op == PREEMPT_SELECT_RECV);
    }
}

/* Two threads wait, or are about to; a select meets the one, and comes back
   for the other before that one's wake-up is over. */
static void meet_two(preempt_task_fn body, enum preempt_select_op op,
                     enum kit_wait_strategy wait)
{
    struct preempt_chan_options o = {.wait = wait};
    preempt_sched *sched;
    preempt_chan *ch;
    ck_assert_int_eq(preempt_chan_create(&ch, 8, 0, &o), 0);
    ck_assert_int_eq(preempt_sched_create(&sched, NULL), 0);
    for (size_t i = 0; i < scaled(50); i++) {
        preempt_spawn(sched, NULL, body, kit_ptr(ch), NULL);
        preempt_spawn(sched, NULL, body, kit_ptr(ch), NULL);
        preempt_sleep_until(kit_now() + 500000);
        use_twice(ch, op);
        ck_assert_int_eq(preempt_run(sched), 0);
    }
    ck_assert_int_eq(preempt_sched_destroy(sched), 0);
    ck_assert_int_eq(preempt_chan_destroy(ch), 0);
}

START_TEST (a_select_meets_one_thread_while_another_is_being_woken) {
    for (size_t w = 0; w < COUNT_OF(strategies); w++) {
        meet_two(receive_once, PREEMPT_SELECT_SEND, strategies[w]);
        meet_two(send_once, PREEMPT_SELECT_RECV, strategies[w]);
    }
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        selects_that_send_to_selects_that_receive_lose_nothing,
        threads_that_send_to_selects_that_receive_lose_nothing,
        selects_that_send_to_threads_that_receive_lose_nothing,
        threads_and_selects_on_the_same_channels_lose_nothing,
        selects_that_give_up_and_come_back_lose_nothing,
        selects_that_send_and_receive_at_once_lose_nothing,
        no_wake_up_is_lost_at_whatever_moment_a_select_comes,
        no_wake_up_is_lost_on_a_channel_for_one_of_each,
        a_select_meets_one_thread_while_another_is_being_woken,
        NULL,
    };
    return run_suite("preempt selects", 60, tests);
}
