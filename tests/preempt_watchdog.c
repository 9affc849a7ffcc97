/* SPDX-License-Identifier: MIT */
/* The watchdog of a scheduler: what it finds, and what it leaves alone. */
#include "harness.h"

#include <preempt/chan.h>
#include <preempt/fd.h>
#include <preempt/group.h>
#include <preempt/pool.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MS INT64_C(1000000)

static preempt_sched *sched;

static void sched_with_watchdog(int64_t ns)
{
    struct preempt_sched_options o = {.watchdog_ns = ns};
    ck_assert_int_eq(preempt_sched_create(&sched, &o), 0);
}

static preempt_task *spawned(const char *name, preempt_task_fn body,
                             kit_value arg)
{
    struct preempt_task_options o = {.name = name};
    preempt_task *task;
    ck_assert_int_eq(preempt_spawn(sched, &task, body, arg, &o), 0);
    return task;
}

static int64_t joined(preempt_task *task)
{
    kit_value result;
    ck_assert_int_eq(preempt_join(task, &result), 0);
    return result.i;
}

/* What `body` prints on stderr, a scenario that ends in a deadlock. */
static char report[1024];

static void report_of(void (*body)(void *))
{
    errors_of(body, NULL, report, sizeof report);
}

static void ck_reported(const char *text)
{
    ck_assert_msg(strstr(report, text) != NULL, "'%s' is not in '%s'", text,
                  report);
}

/* Runs into the deadlock, and out of it again: each task gets -ECANCELED. */
static void end_in_deadlock(preempt_task *const *tasks, size_t count)
{
    fprintf(stderr, "run gave %s\n", kit_error_name(preempt_run(sched)));
    for (size_t i = 0; i < count; i++)
        preempt_cancel(tasks[i]);
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, "task gave %s\n",
                kit_error_name((int)joined(tasks[i])));
    fprintf(stderr, "then %d ", preempt_run(sched));
    fprintf(stderr, "%d\n", preempt_sched_destroy(sched));
}

/* ---- deadlocks ---- */

static preempt_mutex left, right;
static preempt_barrier both;

/* One of them gets what the other gives back once it is canceled. */
static kit_value lock_in_order(kit_value swapped)
{
    preempt_mutex *first = swapped.i ? &right : &left;
    preempt_mutex *second = swapped.i ? &left : &right;
    preempt_mutex_lock(first);
    preempt_barrier_wait(&both);
    int result = preempt_mutex_lock(second);
    if (result == 0)
        preempt_mutex_unlock(second);
    preempt_mutex_unlock(first);
    return kit_int(result);
}

static void deadlock_of_mutexes(void *arg)
{
    (void)arg;
    sched_with_watchdog(20 * MS);
    preempt_mutex_init(&left, &(struct preempt_mutex_options){.name = "left"});
    preempt_mutex_init(&right,
                       &(struct preempt_mutex_options){.name = "right"});
    preempt_barrier_init(&both, 2, NULL);
    spawned("ann", lock_in_order, kit_int(0));
    preempt_task *bob = spawned("bob", lock_in_order, kit_int(1));
    end_in_deadlock(&bob, 1);
}

START_TEST (two_mutexes_in_opposite_order_are_reported) {
    report_of(deadlock_of_mutexes);
    ck_reported("schedkit: deadlock: every task waits\n");
    ck_reported("  ann waits to lock right\n");
    ck_reported("  bob waits to lock left\n");
    ck_reported("run gave EDEADLK\ntask gave ECANCELED\nthen 0 0\n");
}
END_TEST

static kit_value receive_in_vain(kit_value ch)
{
    int64_t n;
    return kit_int(preempt_chan_recv(ch.p, &n));
}

static void deadlock_on_channel(size_t capacity, enum kit_wait_strategy wait)
{
    struct preempt_chan_options o = {.name = "orders", .wait = wait};
    preempt_chan *ch;
    sched_with_watchdog(20 * MS);
    ck_assert_int_eq(preempt_chan_create(&ch, sizeof(int64_t), capacity, &o),
                     0);
    preempt_task *task = spawned("cook", receive_in_vain, kit_ptr(ch));
    end_in_deadlock(&task, 1);
    preempt_chan_destroy(ch);
}

static void deadlock_on_rendezvous(void *arg)
{
    (void)arg;
    deadlock_on_channel(0, KIT_WAIT_ADAPTIVE);
}

static void deadlock_on_ring(void *arg)
{
    (void)arg;
    deadlock_on_channel(4, KIT_WAIT_PARK);
}

static void deadlock_on_condvar(void *arg)
{
    (void)arg;
    deadlock_on_channel(4, KIT_WAIT_CONDVAR);
}

START_TEST (a_channel_that_nobody_sends_on_is_reported) {
    void (*const scenarios[])(void *) = {deadlock_on_rendezvous,
                                         deadlock_on_ring, deadlock_on_condvar};
    for (int i = 0; i < 3; i++) {
        report_of(scenarios[i]);
        ck_reported("  cook waits to receive from orders\n");
        ck_reported("run gave EDEADLK\ntask gave ECANCELED\nthen 0 0\n");
    }
}
END_TEST

static preempt_task *couple[2];
static preempt_event parted;

/* Whoever is canceled stays until that is over: then the other one frees it. */
static kit_value join_the_other(kit_value me)
{
    preempt_barrier_wait(&both); /* until both are in `couple` */
    int result = preempt_join(couple[1 - me.i], NULL);
    preempt_shield(true);
    preempt_event_wait(&parted);
    return kit_int(result);
}

static void deadlock_of_joins(void *arg)
{
    (void)arg;
    sched_with_watchdog(20 * MS);
    preempt_barrier_init(&both, 3, NULL);
    preempt_event_init(&parted, NULL);
    couple[0] = spawned("chicken", join_the_other, kit_int(0));
    couple[1] = spawned("egg", join_the_other, kit_int(1));
    preempt_barrier_wait(&both);
    fprintf(stderr, "run gave %s\n", kit_error_name(preempt_run(sched)));
    preempt_cancel(couple[0]);
    preempt_event_set(&parted);
    fprintf(stderr, "then %d", preempt_sched_destroy(sched));
}

START_TEST (tasks_that_join_each_other_are_reported) {
    report_of(deadlock_of_joins);
    ck_reported("  chicken waits to join egg\n");
    ck_reported("  egg waits to join chicken\n");
    ck_reported("run gave EDEADLK\nthen 0");
}
END_TEST

static kit_value never_end(kit_value arg)
{
    (void)arg;
    return kit_int(preempt_park("wait for", "godot"));
}

static void destroy_while_stuck(void *arg)
{
    (void)arg;
    sched_with_watchdog(10 * MS);
    preempt_task *task = spawned("estragon", never_end, kit_none());
    fprintf(stderr, "%s ", kit_error_name(preempt_sched_destroy(sched)));
    fprintf(stderr, "%s ", kit_error_name(preempt_run(sched)));
    preempt_unpark(task);
    fprintf(stderr, "%d ", preempt_run(sched));
    fprintf(stderr, "%d", (int)joined(task));
    preempt_sched_destroy(sched);
}

START_TEST (a_scheduler_with_a_deadlock_is_not_destroyed_and_may_go_on) {
    report_of(destroy_while_stuck);
    ck_reported("  estragon waits to wait for godot\nEDEADLK ");
    ck_reported("  estragon waits to wait for godot\nEDEADLK 0 0");
}
END_TEST

static void deadlock_beside_a_pool(void *arg)
{
    struct preempt_pool_options o = {.name = "staff", .workers = 2};
    preempt_pool *pool;
    (void)arg;
    sched_with_watchdog(20 * MS);
    o.sched = sched;
    ck_assert_int_eq(preempt_pool_create(&pool, &o), 0);
    preempt_task *task = spawned("vladimir", never_end, kit_none());
    fprintf(stderr, "run gave %s\n", kit_error_name(preempt_run(sched)));
    preempt_pool_destroy(pool);
    preempt_unpark(task);
    joined(task);
    preempt_sched_destroy(sched);
}

START_TEST (workers_without_jobs_do_not_hide_a_deadlock) {
    report_of(deadlock_beside_a_pool);
    ck_reported("  vladimir waits to wait for godot\n");
    ck_reported("  staff 1 waits to take a job from staff\n");
    ck_reported("run gave EDEADLK\n");
}
END_TEST

/* ---- a thread in preempt_run that signals interrupt ---- */

static atomic_bool is_reported;

static void do_nothing(int number)
{
    (void)number;
}

static void *interrupt_often(void *thread)
{
    while (!atomic_load(&is_reported)) {
        pthread_kill(*(pthread_t *)thread, SIGUSR1);
        usleep(1000);
    }
    return NULL;
}

static void deadlock_among_signals(void *arg)
{
    pthread_t self = pthread_self(), other;
    preempt_chan *ch;
    (void)arg;
    signal(SIGUSR1, do_nothing);
    sched_with_watchdog(200 * MS);
    ck_assert_int_eq(preempt_chan_create(&ch, sizeof(int64_t), 0, NULL), 0);
    preempt_task *task = spawned("cook", receive_in_vain, kit_ptr(ch));
    ck_assert_int_eq(pthread_create(&other, NULL, interrupt_often, &self), 0);
    fprintf(stderr, "run gave %s\n", kit_error_name(preempt_run(sched)));
    atomic_store(&is_reported, true);
    pthread_join(other, NULL);
    preempt_cancel(task);
    joined(task);
    preempt_sched_destroy(sched);
    preempt_chan_destroy(ch);
}

START_TEST (signals_that_come_more_often_than_looks_hide_no_deadlock) {
    report_of(deadlock_among_signals);
    ck_reported("run gave EDEADLK\n");
}
END_TEST

/* ---- none ---- */

/* Many looks long. */
#define LOOK (3 * MS)
#define LONG (60 * MS)

static kit_value sleep_long(kit_value arg)
{
    (void)arg;
    return kit_int(preempt_sleep_until(kit_now() + LONG));
}

static kit_value receive_until(kit_value ch)
{
    int64_t n;
    return kit_int(preempt_chan_recv_until(ch.p, &n, kit_now() + LONG));
}

START_TEST (a_task_that_waits_until_a_time_is_no_deadlock) {
    preempt_chan *ch;
    sched_with_watchdog(LOOK);
    preempt_chan_create(&ch, sizeof(int64_t), 1, NULL);
    preempt_task *timed = spawned("timed", receive_until, kit_ptr(ch));
    preempt_task *sleeper = spawned("sleeper", sleep_long, kit_none());
    preempt_task *joiner = spawned("joiner", receive_until, kit_ptr(ch));
    ck_assert_int_eq(preempt_run(sched), 0);
    ck_assert_int_eq(joined(timed), -ETIMEDOUT);
    ck_assert_int_eq(joined(joiner), -ETIMEDOUT);
    ck_assert_int_eq(joined(sleeper), 0);
    ck_assert_int_eq(preempt_sched_destroy(sched), 0);
    preempt_chan_destroy(ch);
}
END_TEST

static kit_value read_byte(kit_value fd)
{
    char byte = 0;
    ck_assert_int_eq(read((int)fd.i, &byte, 1), 1);
    return kit_int(byte);
}

static kit_value join_it(kit_value task)
{
    return kit_int(joined(task.p));
}

static void *write_later(void *fd)
{
    preempt_sleep_until(kit_now() + LONG);
    ck_assert_int_eq(write(*(int *)fd, "x", 1), 1);
    return NULL;
}

static kit_value await_byte(kit_value fd)
{
    char byte = 0;
    ck_assert_int_eq(preempt_fd_read((int)fd.i, &byte, 1), 1);
    return kit_int(byte);
}

static void read_what_comes_from_outside(preempt_task_fn reads)
{
    int ends[2];
    pthread_t writer;
    ck_assert_int_eq(pipe(ends), 0);
    sched_with_watchdog(LOOK);
    preempt_task *reader = spawned("reader", reads, kit_int(ends[0]));
    preempt_task *joiner = spawned("joiner", join_it, kit_ptr(reader));
    ck_assert_int_eq(pthread_create(&writer, NULL, write_later, &ends[1]), 0);
    ck_assert_int_eq(preempt_run(sched), 0);
    ck_assert_int_eq(joined(joiner), 'x');
    pthread_join(writer, NULL);
    ck_assert_int_eq(preempt_sched_destroy(sched), 0);
    close(ends[0]);
    close(ends[1]);
}

START_TEST (a_task_in_a_system_call_is_no_deadlock_nor_is_who_waits_for_it) {
    read_what_comes_from_outside(read_byte);
}
END_TEST

START_TEST (a_task_that_waits_for_a_descriptor_is_no_deadlock) {
    read_what_comes_from_outside(await_byte);
}
END_TEST

static kit_value compute_long(kit_value arg)
{
    int64_t end = kit_now() + LONG;
    while (kit_now() < end)
        preempt_checkpoint();
    return arg;
}

START_TEST (a_task_that_computes_is_no_deadlock) {
    sched_with_watchdog(LOOK);
    preempt_task *task = spawned("thinker", compute_long, kit_int(1));
    preempt_task *joiner = spawned("joiner", join_it, kit_ptr(task));
    ck_assert_int_eq(preempt_run(sched), 0);
    ck_assert_int_eq(joined(joiner), 1);
    ck_assert_int_eq(preempt_sched_destroy(sched), 0);
}
END_TEST

/* The outside, which comes some twenty times from one look to the next. */
#define OUTSIDE_LOOK  (1000 * MS)
#define OUTSIDE_STEP  (50 * MS)
#define OUTSIDE_STEPS 50

static kit_value park_many_times(kit_value arg)
{
    for (int i = 0; i < OUTSIDE_STEPS; i++)
        ck_assert_int_eq(preempt_park("wait for", "the outside"), 0);
    return arg;
}

static void *unpark_many_times(void *task)
{
    for (int i = 0; i < OUTSIDE_STEPS; i++) {
        preempt_sleep_until(kit_now() + OUTSIDE_STEP);
        preempt_unpark(task);
    }
    return NULL;
}

START_TEST (tasks_that_are_woken_from_outside_are_no_deadlock) {
    pthread_t outside;
    sched_with_watchdog(OUTSIDE_LOOK);
    preempt_task *task = spawned("parker", park_many_times, kit_int(1));
    preempt_task *joiner = spawned("joiner", join_it, kit_ptr(task));
    ck_assert_int_eq(pthread_create(&outside, NULL, unpark_many_times, task),
                     0);
    ck_assert_int_eq(preempt_run(sched), 0);
    ck_assert_int_eq(joined(joiner), 1);
    pthread_join(outside, NULL);
    ck_assert_int_eq(preempt_sched_destroy(sched), 0);
}
END_TEST

static void *destroy_pool_later(void *pool)
{
    preempt_sleep_until(kit_now() + LONG);
    ck_assert_int_eq(preempt_pool_destroy(pool), 0);
    return NULL;
}

START_TEST (a_pool_without_jobs_is_no_deadlock) {
    struct preempt_pool_options o = {.workers = 2};
    preempt_pool *pool;
    pthread_t outside;
    sched_with_watchdog(LOOK);
    o.sched = sched;
    ck_assert_int_eq(preempt_pool_create(&pool, &o), 0);
    ck_assert_int_eq(pthread_create(&outside, NULL, destroy_pool_later, pool),
                     0);
    ck_assert_int_eq(preempt_run(sched), 0);
    pthread_join(outside, NULL);
    ck_assert_int_eq(preempt_sched_destroy(sched), 0);
}
END_TEST

START_TEST (a_negative_time_from_look_to_look_is_refused_and_any_other_taken) {
    struct preempt_sched_options o = {.watchdog_ns = -1};
    ck_assert_int_eq(preempt_sched_create(&sched, &o), -EINVAL);
    sched_with_watchdog(INT64_MAX);
    preempt_task *task = spawned("sleeper", sleep_long, kit_none());
    ck_assert_int_eq(preempt_run(sched), 0);
    joined(task);
    ck_assert_int_eq(preempt_sched_destroy(sched), 0);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        two_mutexes_in_opposite_order_are_reported,
        a_channel_that_nobody_sends_on_is_reported,
        tasks_that_join_each_other_are_reported,
        a_scheduler_with_a_deadlock_is_not_destroyed_and_may_go_on,
        workers_without_jobs_do_not_hide_a_deadlock,
        signals_that_come_more_often_than_looks_hide_no_deadlock,
        a_task_that_waits_until_a_time_is_no_deadlock,
        a_task_in_a_system_call_is_no_deadlock_nor_is_who_waits_for_it,
        a_task_that_waits_for_a_descriptor_is_no_deadlock,
        a_task_that_computes_is_no_deadlock,
        tasks_that_are_woken_from_outside_are_no_deadlock,
        a_pool_without_jobs_is_no_deadlock,
        a_negative_time_from_look_to_look_is_refused_and_any_other_taken,
        NULL,
    };
    return run_suite("preempt watchdog", 15, tests);
}
