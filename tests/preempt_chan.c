/* SPDX-License-Identifier: MIT */
/*
 * Channels between many threads: nothing is lost, doubled or torn, whatever
 * the capacity, the number of senders and receivers, and the way of waiting.
 */
#include "harness.h"

#include <preempt/chan.h>
#include <preempt/task.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const size_t capacities[] = {0, 1, 2, 3, 7, 128};

static const enum kit_wait_strategy strategies[] = {
    KIT_WAIT_ADAPTIVE, KIT_WAIT_PARK, KIT_WAIT_SPIN, KIT_WAIT_CONDVAR};

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static preempt_chan *new_chan(size_t size, size_t capacity,
                              enum kit_wait_strategy wait, bool single)
{
    struct preempt_chan_options o = {.wait = wait, .single = single};
    preempt_chan *ch;
    ck_assert_int_eq(preempt_chan_create(&ch, size, capacity, &o), 0);
    return ch;
}

/* ---- stress ---- */

enum { CROWD_MAX = 8 };

struct element {
    uint32_t sender, number;
    uint64_t check; /* that all of it is of one element */
};

enum manner {
    PLAIN,
    POLITE, /* every other thread uses the try forms */
    SINGLE, /* there is one sender and one receiver, and the channel knows */
};

struct stress {
    preempt_chan *ch;
    size_t senders, receivers, items; /* items per sender */
    enum manner manner;
    atomic_uint next_sender, next_receiver, senders_left;
    atomic_uchar *seen; /* [sender][number] */
    atomic_size_t received;
};

static struct element element_of(uint32_t sender, uint32_t number)
{
    struct element e = {sender, number, 0};
    e.check = ((uint64_t)number << 32 | sender) * UINT64_C(0x9e3779b97f4a7c15);
    return e;
}

static int send_or_try(struct stress *s, bool polite, const struct element *e)
{
    int result;
    if (!polite)
        return preempt_chan_send(s->ch, e);
    while ((result = preempt_chan_try_send(s->ch, e)) == -EAGAIN)
        sched_yield();
    return result;
}

static int recv_or_try(struct stress *s, bool polite, struct element *e)
{
    int result;
    if (!polite)
        return preempt_chan_recv(s->ch, e);
    while ((result = preempt_chan_try_recv(s->ch, e)) == -EAGAIN)
        sched_yield();
    return result;
}

static kit_value stress_sender(kit_value arg)
{
    struct stress *s = arg.p;
    uint32_t me = s->next_sender++;
    for (uint32_t i = 0; i < s->items; i++) {
        struct element e = element_of(me, i);
        ck_assert_int_eq(send_or_try(s, s->manner == POLITE && me % 2, &e), 0);
    }
    if (--s->senders_left == 0)
        preempt_chan_close(s->ch);
    return kit_none();
}

static kit_value stress_receiver(kit_value arg)
{
    struct stress *s = arg.p;
    int64_t last[CROWD_MAX];
    struct element e;
    int result;
    bool polite = s->manner == POLITE && s->next_receiver++ % 2;
    memset(last, -1, sizeof last);
    while ((result = recv_or_try(s, polite, &e)) == 1) {
        struct element whole = element_of(e.sender, e.number);
        ck_assert_uint_eq(e.check, whole.check);
        ck_assert_int_eq(s->seen[e.sender * s->items + e.number]++, 0);
        /* one sender's elements arrive in the order of their sending */
        ck_assert_int_gt(e.number, last[e.sender]);
        last[e.sender] = e.number;
        s->received++;
    }
    ck_assert_int_eq(result, 0);
    return kit_none();
}

static void stress(size_t senders, size_t receivers, size_t capacity,
                   enum kit_wait_strategy wait, enum manner manner)
{
    struct stress s = {.senders = senders, .receivers = receivers};
    s.items = (scaled(4000) + senders - 1) / senders;
    s.manner = manner;
    s.senders_left = (unsigned)senders;
    s.ch = new_chan(sizeof(struct element), capacity, wait, manner == SINGLE);
    s.seen = calloc(senders * s.items, 1);
    preempt_sched *sched;
    ck_assert_int_eq(preempt_sched_create(&sched, NULL), 0);
    for (size_t i = 0; i < receivers; i++)
        preempt_spawn(sched, NULL, stress_receiver, kit_ptr(&s), NULL);
    for (size_t i = 0; i < senders; i++)
        preempt_spawn(sched, NULL, stress_sender, kit_ptr(&s), NULL);
    ck_assert_int_eq(preempt_sched_destroy(sched), 0);
    ck_assert_uint_eq(s.received, senders * s.items);
    ck_assert_uint_eq(preempt_chan_length(s.ch), 0);
    ck_assert_int_eq(preempt_chan_destroy(s.ch), 0);
    free(s.seen);
}

/* Threads that poll stand in each other's way where they run one by one. */
static bool can_poll(enum kit_wait_strategy wait)
{
    return wait != KIT_WAIT_SPIN || !under_valgrind();
}

static void stress_all(size_t senders, size_t receivers, enum manner manner)
{
    for (size_t w = 0; w < COUNT_OF(strategies); w++)
        for (size_t c = 0; can_poll(strategies[w]) && c < COUNT_OF(capacities);
             c++)
            stress(senders, receivers, capacities[c], strategies[w], manner);
}

START_TEST (one_sender_and_one_receiver_lose_and_double_nothing) {
    stress_all(1, 1, PLAIN);
}
END_TEST

START_TEST (one_of_each_on_a_channel_for_them_lose_and_double_nothing) {
    stress_all(1, 1, SINGLE);
}
END_TEST

START_TEST (four_senders_and_four_receivers_lose_and_double_nothing) {
    stress_all(4, 4, PLAIN);
}
END_TEST

START_TEST (one_sender_and_eight_receivers_lose_and_double_nothing) {
    stress_all(1, 8, PLAIN);
}
END_TEST

START_TEST (eight_senders_and_one_receiver_lose_and_double_nothing) {
    stress_all(8, 1, PLAIN);
}
END_TEST

START_TEST (blocking_and_try_forms_mix) {
    for (size_t w = 0; w < COUNT_OF(strategies); w++)
        for (size_t c = 1; !under_valgrind() && c < COUNT_OF(capacities); c++)
            stress(4, 4, capacities[c], strategies[w], POLITE);
}
END_TEST

/* ---- one sender and one receiver at a time, but not always the same ---- */

struct relay {
    preempt_chan *ch;
    pthread_mutex_t sends, receives; /* held by who has the role */
    uint64_t items;                  /* of each thread */
    uint64_t sent, received;
};

static kit_value send_in_relay(kit_value arg)
{
    struct relay *r = arg.p;
    for (uint64_t i = 0; i < r->items; i++) {
        pthread_mutex_lock(&r->sends);
        ck_assert_int_eq(preempt_chan_send(r->ch, &r->sent), 0);
        r->sent++;
        pthread_mutex_unlock(&r->sends);
    }
    return kit_none();
}

static kit_value receive_in_relay(kit_value arg)
{
    struct relay *r = arg.p;
    for (uint64_t i = 0; i < r->items; i++) {
        uint64_t element = ~UINT64_C(0);
        pthread_mutex_lock(&r->receives);
        ck_assert_int_eq(preempt_chan_recv(r->ch, &element), 1);
        ck_assert_uint_eq(element, r->received);
        r->received++;
        pthread_mutex_unlock(&r->receives);
    }
    return kit_none();
}

static void pass_roles_on(size_t capacity, enum kit_wait_strategy wait)
{
    struct relay r = {.ch = new_chan(8, capacity, wait, true)};
    preempt_sched *s;
    r.items = scaled(500);
    pthread_mutex_init(&r.sends, NULL);
    pthread_mutex_init(&r.receives, NULL);
    ck_assert_int_eq(preempt_sched_create(&s, NULL), 0);
    for (int i = 0; i < 3; i++) {
        preempt_spawn(s, NULL, send_in_relay, kit_ptr(&r), NULL);
        preempt_spawn(s, NULL, receive_in_relay, kit_ptr(&r), NULL);
    }
    ck_assert_int_eq(preempt_sched_destroy(s), 0);
    ck_assert_uint_eq(r.received, 3 * r.items);
    pthread_mutex_destroy(&r.sends);
    pthread_mutex_destroy(&r.receives);
    ck_assert_int_eq(preempt_chan_destroy(r.ch), 0);
}

START_TEST (the_roles_of_a_channel_for_one_of_each_pass_under_a_lock) {
    for (size_t w = 0; w < COUNT_OF(strategies); w++)
        for (size_t c = 0; can_poll(strategies[w]) && c < COUNT_OF(capacities);
             c++)
            pass_roles_on(capacities[c], strategies[w]);
}
END_TEST

/* ---- closing under way ---- */

struct race {
    preempt_chan *ch;
    atomic_size_t accepted, received;
    atomic_int ready;
};

static kit_value race_sender(kit_value arg)
{
    struct race *r = arg.p;
    int64_t element = 1;
    int result;
    r->ready++;
    while ((result = preempt_chan_send(r->ch, &element)) == 0)
        r->accepted++;
    ck_assert_int_eq(result, -EPIPE);
    return kit_none();
}

static kit_value race_receiver(kit_value arg)
{
    struct race *r = arg.p;
    int64_t element;
    int result;
    r->ready++;
    while ((result = preempt_chan_recv(r->ch, &element)) == 1)
        r->received++;
    ck_assert_int_eq(result, 0);
    return kit_none();
}

/* Closes a channel that threads are using or waiting on. */
static void close_under_way(size_t senders, size_t receivers, size_t capacity,
                            enum kit_wait_strategy wait, bool single)
{
    struct race r = {.ch = new_chan(8, capacity, wait, single)};
    preempt_sched *s;
    int64_t element;
    preempt_sched_create(&s, NULL);
    for (size_t i = 0; i < receivers; i++)
        preempt_spawn(s, NULL, race_receiver, kit_ptr(&r), NULL);
    for (size_t i = 0; i < senders; i++)
        preempt_spawn(s, NULL, race_sender, kit_ptr(&r), NULL);
    while ((size_t)r.ready < senders + receivers)
        sched_yield();
    usleep(200);
    ck_assert_int_eq(preempt_chan_close(r.ch), 0);
    ck_assert_int_eq(preempt_sched_destroy(s), 0);
    while (preempt_chan_recv(r.ch, &element) == 1)
        r.received++;
    ck_assert_uint_eq(r.received, r.accepted);
    ck_assert_int_eq(preempt_chan_destroy(r.ch), 0);
}

static void close_all(size_t senders, size_t receivers, bool single)
{
    for (size_t w = 0; w < COUNT_OF(strategies); w++)
        for (size_t c = 0; can_poll(strategies[w]) && c < 4; c++)
            for (size_t i = 0; i < scaled(40); i++)
                close_under_way(senders, receivers, c, strategies[w], single);
}

START_TEST (close_ends_senders_and_receivers_and_loses_nothing) {
    close_all(3, 3, false);
}
END_TEST

START_TEST (close_ends_one_of_each_and_loses_nothing) {
    close_all(1, 1, true);
}
END_TEST

START_TEST (close_ends_receivers_that_wait) {
    close_all(0, 4, false);
    close_all(0, 1, true);
}
END_TEST

START_TEST (close_ends_senders_that_wait) {
    close_all(4, 0, false);
    close_all(1, 0, true);
}
END_TEST

/*
 * ---- what was done before a close is seen by who learns of it ----
 *
 * For those who look for races: a check is a message of Check's, which would
 * put in order what comes before it and after it.
 */

struct farewell {
    preempt_chan *ch;
    int (*learn)(struct farewell *f);
    int64_t word; /* no atomic, on purpose */
    atomic_bool closed;
};

static int send_to_the_end(struct farewell *f)
{
    int64_t element = 1;
    int result;
    do
        result = preempt_chan_send(f->ch, &element);
    while (result == 0);
    return result;
}

static int try_send_to_the_end(struct farewell *f)
{
    int64_t element = 1;
    int result;
    while ((result = preempt_chan_try_send(f->ch, &element)) != -EPIPE)
        sched_yield();
    return result;
}

static int try_recv_to_the_end(struct farewell *f)
{
    int64_t element;
    int result;
    while ((result = preempt_chan_try_recv(f->ch, &element)) == -EAGAIN)
        sched_yield();
    return result == 0 ? -EPIPE : result;
}

static int close_again(struct farewell *f)
{
    while (!atomic_load_explicit(&f->closed, memory_order_relaxed))
        sched_yield();
    return preempt_chan_close(f->ch);
}

static kit_value hear_farewell(kit_value arg)
{
    struct farewell *f = arg.p;
    int result = f->learn(f);
    int64_t word = f->word;
    ck_assert_int_eq(result, -EPIPE);
    ck_assert_int_eq(word, 7);
    return kit_none();
}

static void say_farewell(int (*learn)(struct farewell *), size_t capacity,
                         enum kit_wait_strategy wait, bool single)
{
    struct farewell f = {.ch = new_chan(8, capacity, wait, single),
                         .learn = learn};
    preempt_sched *s;
    preempt_sched_create(&s, NULL);
    preempt_spawn(s, NULL, hear_farewell, kit_ptr(&f), NULL);
    usleep(1000);
    f.word = 7;
    ck_assert_int_eq(preempt_chan_close(f.ch), 0);
    atomic_store_explicit(&f.closed, true, memory_order_relaxed);
    ck_assert_int_eq(preempt_sched_destroy(s), 0);
    ck_assert_int_eq(preempt_chan_destroy(f.ch), 0);
}

START_TEST (who_learns_of_a_close_sees_what_was_done_before) {
    static int (*const ways[])(struct farewell *) = {
        send_to_the_end, try_send_to_the_end, try_recv_to_the_end, close_again};
    for (size_t i = 0; i < COUNT_OF(ways); i++)
        for (size_t w = 0; w < COUNT_OF(strategies); w++)
            for (size_t c = 0; can_poll(strategies[w]) && c < 4; c++)
                for (int single = 0; single < 2; single++)
                    say_farewell(ways[i], capacities[c], strategies[w], single);
}
END_TEST

/* ---- waiting for certain ---- */

struct waiter {
    preempt_chan *ch;
    atomic_int tid;
    int result;
    bool sends;
};

static void *wait_on(void *arg)
{
    struct waiter *w = arg;
    int64_t element = 1;
    w->tid = (int)syscall(SYS_gettid);
    w->result = w->sends ? preempt_chan_send(w->ch, &element)
                         : preempt_chan_recv(w->ch, &element);
    return NULL;
}

static bool is_in_futex(int tid)
{
    char path[64];
    long number = -1;
    snprintf(path, sizeof path, "/proc/self/task/%d/syscall", tid);
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    bool known = fscanf(f, "%ld", &number) == 1;
    fclose(f);
    return known && number == SYS_futex;
}

/* valgrind's threads sleep in its own lock, not in the futex; an emulator's do,
   but the kernel has another number for it. */
static bool shows_sleep(void)
{
    return !under_valgrind() && !under_emulator();
}

static void until_asleep(struct waiter *w)
{
    while (w->tid == 0 || !is_in_futex(w->tid))
        usleep(1000);
}

static void wait_and_close(enum kit_wait_strategy wait, size_t capacity,
                           bool sends, bool single)
{
    struct waiter w = {.ch = new_chan(8, capacity, wait, single)};
    w.sends = sends;
    int64_t element = 7;
    pthread_t thread;
    for (size_t i = 0; sends && i < capacity; i++)
        ck_assert_int_eq(preempt_chan_send(w.ch, &element), 0);
    pthread_create(&thread, NULL, wait_on, &w);
    until_asleep(&w);
    ck_assert_int_eq(preempt_chan_destroy(w.ch), -EBUSY);
    ck_assert_int_eq(preempt_chan_close(w.ch), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(w.result, sends ? -EPIPE : 0);
    ck_assert_int_eq(preempt_chan_destroy(w.ch), 0);
}

static const enum kit_wait_strategy sleepy[] = {
    KIT_WAIT_ADAPTIVE, KIT_WAIT_PARK, KIT_WAIT_CONDVAR};

START_TEST (a_channel_is_not_destroyed_while_a_thread_sleeps_on_it) {
    for (size_t i = 0; shows_sleep() && i < COUNT_OF(sleepy); i++)
        for (size_t capacity = 0; capacity < 3; capacity++)
            for (int way = 0; way < 4; way++)
                wait_and_close(sleepy[i], capacity, way & 1, way & 2);
}
END_TEST

static void serve_sleeper(enum kit_wait_strategy wait, size_t capacity,
                          bool single)
{
    struct waiter w = {.ch = new_chan(8, capacity, wait, single)};
    int64_t element = 7;
    pthread_t thread;
    pthread_create(&thread, NULL, wait_on, &w);
    until_asleep(&w);
    if (capacity == 0)
        while (preempt_chan_try_send(w.ch, &element) == -EAGAIN)
            usleep(1000);
    else
        ck_assert_int_eq(preempt_chan_try_send(w.ch, &element), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(w.result, 1);
    ck_assert_int_eq(preempt_chan_destroy(w.ch), 0);
}

START_TEST (a_try_send_wakes_a_receiver_that_sleeps) {
    for (size_t i = 0; shows_sleep() && i < COUNT_OF(sleepy); i++)
        for (size_t capacity = 0; capacity < 3; capacity++)
            for (int single = 0; single < 2; single++)
                serve_sleeper(sleepy[i], capacity, single);
}
END_TEST

/* ---- three threads on one CPU ---- */

#define QUESTIONS 40

struct talk {
    preempt_chan *questions, *answers;
    atomic_bool is_over;
};

static void share_a_cpu(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(sched_getcpu(), &set);
    ck_assert_int_eq(pthread_setaffinity_np(pthread_self(), sizeof set, &set),
                     0);
}

static void *compute(void *arg)
{
    struct talk *t = arg;
    while (!atomic_load(&t->is_over))
        continue;
    return NULL;
}

static void *answer(void *arg)
{
    struct talk *t = arg;
    int64_t n;
    while (preempt_chan_recv(t->questions, &n) == 1)
        preempt_chan_send(t->answers, &n);
    preempt_chan_close(t->answers);
    return NULL;
}

/* No batch ever comes, and nobody may wait for one for long. */
static void talk(bool single)
{
    struct talk t = {.questions = new_chan(8, 128, KIT_WAIT_ADAPTIVE, single),
                     .answers = new_chan(8, 128, KIT_WAIT_ADAPTIVE, single)};
    pthread_t busy, other;
    int64_t got = 0;
    share_a_cpu(); /* the threads inherit that */
    pthread_create(&busy, NULL, compute, &t);
    pthread_create(&other, NULL, answer, &t);
    for (int64_t n = 0; n < QUESTIONS; n++) {
        ck_assert_int_eq(preempt_chan_send(t.questions, &n), 0);
        ck_assert_int_eq(preempt_chan_recv(t.answers, &got), 1);
        ck_assert_int_eq(got, n);
    }
    preempt_chan_close(t.questions);
    ck_assert_int_eq(preempt_chan_recv(t.answers, &got), 0);
    atomic_store(&t.is_over, true);
    pthread_join(other, NULL);
    pthread_join(busy, NULL);
    ck_assert_int_eq(preempt_chan_destroy(t.questions), 0);
    ck_assert_int_eq(preempt_chan_destroy(t.answers), 0);
}

START_TEST (questions_are_answered_beside_a_busy_thread_on_the_same_cpu) {
    talk(false);
    talk(true);
}
END_TEST

START_TEST (an_unknown_strategy_is_refused) {
    struct preempt_chan_options o = {.wait = (enum kit_wait_strategy)9};
    preempt_chan *ch;
    ck_assert_int_eq(preempt_chan_create(&ch, 8, 1, &o), -EINVAL);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        one_sender_and_one_receiver_lose_and_double_nothing,
        one_of_each_on_a_channel_for_them_lose_and_double_nothing,
        four_senders_and_four_receivers_lose_and_double_nothing,
        one_sender_and_eight_receivers_lose_and_double_nothing,
        eight_senders_and_one_receiver_lose_and_double_nothing,
        blocking_and_try_forms_mix,
        the_roles_of_a_channel_for_one_of_each_pass_under_a_lock,
        close_ends_senders_and_receivers_and_loses_nothing,
        close_ends_one_of_each_and_loses_nothing,
        close_ends_receivers_that_wait,
        close_ends_senders_that_wait,
        who_learns_of_a_close_sees_what_was_done_before,
        a_channel_is_not_destroyed_while_a_thread_sleeps_on_it,
        a_try_send_wakes_a_receiver_that_sleeps,
        questions_are_answered_beside_a_busy_thread_on_the_same_cpu,
        an_unknown_strategy_is_refused,
        NULL,
    };
    return run_suite("preempt stress", 30, tests);
}
