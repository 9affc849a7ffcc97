/* SPDX-License-Identifier: MIT */
/*
 * What is done before is seen after: plain variables that threads share by
 * means of each object of the library, for those who look for races.
 */
#include "harness.h"

#include <preempt/chan.h>
#include <preempt/group.h>
#include <preempt/pool.h>

#include <stdlib.h>

enum { THREADS = 4 };

static int64_t shared[THREADS + 1]; /* no atomics, on purpose */
static size_t rounds;
static preempt_sched *sched;

static void run_all(preempt_task_fn body)
{
    rounds = scaled(2000) + 10;
    for (size_t i = 0; i <= THREADS; i++)
        shared[i] = 0;
    ck_assert_int_eq(preempt_sched_create(&sched, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(preempt_spawn(sched, NULL, body, kit_int(i), NULL), 0);
    ck_assert_int_eq(preempt_run(sched), 0);
}

static void end_all(void)
{
    ck_assert_int_eq(preempt_sched_destroy(sched), 0);
}

/* ---- locks ---- */

static preempt_mutex mutex;

static kit_value add_under_mutex(kit_value arg)
{
    for (size_t i = 0; i < rounds; i++) {
        while (i % 3 == 0 ? preempt_mutex_try_lock(&mutex)
                          : preempt_mutex_lock_until(&mutex, KIT_FOREVER))
            preempt_yield();
        shared[0]++;
        preempt_mutex_unlock(&mutex);
    }
    return arg;
}

START_TEST (a_mutex_orders_what_it_guards) {
    for (int kind = 0; kind < 2; kind++) {
        struct preempt_mutex_options o = {.inherits_priority = kind == 1};
        ck_assert_int_eq(preempt_mutex_init(&mutex, &o), 0);
        run_all(add_under_mutex);
        ck_assert_int_eq(shared[0], (int64_t)(THREADS * rounds));
        end_all();
        ck_assert_int_eq(preempt_mutex_destroy(&mutex), 0);
    }
}
END_TEST

static preempt_semaphore semaphore;

static kit_value add_under_semaphore(kit_value arg)
{
    for (size_t i = 0; i < rounds; i++) {
        preempt_semaphore_acquire(&semaphore);
        shared[0]++;
        preempt_semaphore_release(&semaphore);
    }
    return arg;
}

START_TEST (a_semaphore_of_one_orders_what_it_guards) {
    preempt_semaphore_init(&semaphore, 1, NULL);
    run_all(add_under_semaphore);
    ck_assert_int_eq(shared[0], (int64_t)(THREADS * rounds));
    end_all();
    preempt_semaphore_destroy(&semaphore);
}
END_TEST

/* ---- those who wait for something ---- */

static preempt_barrier barrier;

/* In each round one writes, and then all read. */
static kit_value write_in_turn(kit_value arg)
{
    int64_t wrong = 0;
    for (size_t i = 0; i < rounds; i++) {
        if ((int64_t)(i % THREADS) == arg.i)
            shared[0] = (int64_t)i;
        preempt_barrier_wait(&barrier);
        wrong += shared[0] != (int64_t)i;
        preempt_barrier_wait(&barrier);
    }
    shared[1 + arg.i] = wrong;
    return arg;
}

static void ck_none_wrong(void)
{
    for (int i = 1; i <= THREADS; i++)
        ck_assert_int_eq(shared[i], 0);
}

START_TEST (a_barrier_orders_what_is_before_it_and_after_it) {
    preempt_barrier_init(&barrier, THREADS, NULL);
    run_all(write_in_turn);
    ck_none_wrong();
    end_all();
    preempt_barrier_destroy(&barrier);
}
END_TEST

static preempt_event event;
static preempt_waitgroup readers;

/* The first writes once the others have come; they read what it wrote. */
static kit_value write_and_set(kit_value arg)
{
    if (arg.i == 0) {
        shared[0] = 42;
        preempt_event_set(&event);
        preempt_waitgroup_wait(&readers);
        shared[0] += shared[2] + shared[3] + shared[4];
    } else {
        preempt_event_wait(&event);
        shared[1 + arg.i] = shared[0];
        preempt_waitgroup_done(&readers);
    }
    return arg;
}

START_TEST (an_event_and_a_wait_group_order_what_is_before_and_after) {
    preempt_event_init(&event, NULL);
    preempt_waitgroup_init(&readers, NULL);
    preempt_waitgroup_add(&readers, THREADS - 1);
    run_all(write_and_set);
    ck_assert_int_eq(shared[0], 42 * THREADS);
    end_all();
    preempt_event_destroy(&event);
    preempt_waitgroup_destroy(&readers);
}
END_TEST

static preempt_task *waker, *parker;

static kit_value park_and_read(kit_value arg)
{
    preempt_park("wait for", "the writer");
    shared[1] = shared[0] + 1;
    return arg;
}

static kit_value write_and_unpark(kit_value arg)
{
    shared[0] = 41;
    preempt_unpark(arg.p);
    return arg;
}

START_TEST (unpark_and_join_order_what_is_before_and_after) {
    kit_value result;
    ck_assert_int_eq(preempt_sched_create(&sched, NULL), 0);
    ck_assert_int_eq(
        preempt_spawn(sched, &parker, park_and_read, kit_none(), NULL), 0);
    ck_assert_int_eq(
        preempt_spawn(sched, &waker, write_and_unpark, kit_ptr(parker), NULL),
        0);
    ck_assert_int_eq(preempt_join(waker, &result), 0);
    ck_assert_int_eq(preempt_join(parker, &result), 0);
    ck_assert_int_eq(shared[1], 42);
    end_all();
}
END_TEST

static int write_as_member(kit_value arg)
{
    shared[arg.i] = arg.i;
    return 0;
}

START_TEST (who_waits_for_a_group_sees_what_its_members_did) {
    preempt_group *g;
    ck_assert_int_eq(preempt_sched_create(&sched, NULL), 0);
    ck_assert_int_eq(preempt_group_create(&g, sched, NULL), 0);
    for (int i = 0; i <= THREADS; i++)
        ck_assert_int_eq(
            preempt_group_spawn(g, write_as_member, kit_int(i), NULL), 0);
    ck_assert_int_eq(preempt_group_wait(g), 0);
    for (int i = 0; i <= THREADS; i++)
        ck_assert_int_eq(shared[i], i);
    ck_assert_int_eq(preempt_group_destroy(g), 0);
    end_all();
}
END_TEST

/* ---- those who pass something on ---- */

static preempt_chan *chan;

/* Two send what they wrote, two read what was sent. */
static kit_value pass_on(kit_value arg)
{
    int64_t *p, sum = 0;
    for (size_t i = 0; arg.i % 2 == 0 && i < rounds; i++) {
        p = malloc(sizeof *p);
        *p = (int64_t)i;
        preempt_chan_send(chan, &p);
    }
    if (arg.i % 2 == 0) {
        p = NULL;
        preempt_chan_send(chan, &p);
    }
    while (arg.i % 2 == 1 && preempt_chan_recv(chan, &p) == 1 && p) {
        sum += *p;
        free(p);
    }
    shared[1 + arg.i] = sum;
    return arg;
}

static void pass_all_on(size_t capacity, enum kit_wait_strategy wait)
{
    struct preempt_chan_options o = {.wait = wait};
    ck_assert_int_eq(preempt_chan_create(&chan, sizeof(void *), capacity, &o),
                     0);
    run_all(pass_on);
    ck_assert_int_eq(shared[2] + shared[4], (int64_t)(rounds * (rounds - 1)));
    end_all();
    ck_assert_int_eq(preempt_chan_destroy(chan), 0);
}

START_TEST (a_channel_with_condition_variables_orders_what_it_passes_on) {
    pass_all_on(0, KIT_WAIT_CONDVAR);
    pass_all_on(4, KIT_WAIT_CONDVAR);
}
END_TEST

static kit_value add_to(kit_value p)
{
    *(int64_t *)p.p += 1;
    return kit_none();
}

START_TEST (a_job_sees_what_was_done_before_and_its_end_shows_what_it_did) {
    struct preempt_pool_options o = {.workers = 2};
    preempt_pool *pool;
    preempt_job jobs[THREADS];
    ck_assert_int_eq(preempt_pool_create(&pool, &o), 0);
    for (size_t round = 0; round < scaled(2000) + 10; round++) {
        for (int i = 0; i < THREADS; i++) {
            shared[i] = i;
            preempt_job_init(&jobs[i], add_to, kit_ptr(&shared[i]), NULL);
            ck_assert_int_eq(preempt_pool_submit(pool, &jobs[i]), 0);
        }
        for (int i = 0; i < THREADS; i++) {
            ck_assert_int_eq(preempt_job_wait(&jobs[i], NULL), 0);
            ck_assert_int_eq(shared[i], i + 1);
        }
    }
    ck_assert_int_eq(preempt_pool_destroy(pool), 0);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_mutex_orders_what_it_guards,
        a_semaphore_of_one_orders_what_it_guards,
        a_barrier_orders_what_is_before_it_and_after_it,
        an_event_and_a_wait_group_order_what_is_before_and_after,
        unpark_and_join_order_what_is_before_and_after,
        who_waits_for_a_group_sees_what_its_members_did,
        a_channel_with_condition_variables_orders_what_it_passes_on,
        a_job_sees_what_was_done_before_and_its_end_shows_what_it_did,
        NULL,
    };
    return run_suite("preempt order", 10, tests);
}
