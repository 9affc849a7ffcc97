/* SPDX-License-Identifier: MIT */
/* The helper threads that make calls which block. */
#include "harness.h"

#include <coop/fd.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "mechanism.h"

#define MS INT64_C(1000000)

static coop_sched *sched; /* of the test */

static void begin(int threads)
{
    struct coop_sched_options o = {.offload_threads = threads};
    ck_assert_int_eq(coop_sched_create(&sched, &o), 0);
}

static coop_task *spawn(coop_task_fn body, kit_value arg)
{
    coop_task *t;
    ck_assert_int_eq(coop_spawn(sched, &t, body, arg, NULL), 0);
    return t;
}

static int64_t joined(coop_task *t)
{
    kit_value result;
    ck_assert_int_eq(coop_join(t, &result), 0);
    return result.i;
}

/* Runs one task, which is the test, with `threads` helpers at most. */
static void run_task(coop_task_fn body, int threads)
{
    begin(threads);
    coop_task *t = spawn(body, kit_none());
    ck_assert_int_eq(coop_run(sched), 0);
    joined(t);
    ck_assert_int_eq(coop_sched_destroy(sched), 0);
}

/* ---- calls ---- */

static atomic_int calls, under_way, most_under_way;

static void forget_calls(void)
{
    atomic_store(&calls, 0);
    atomic_store(&under_way, 0);
    atomic_store(&most_under_way, 0);
}

/* Blocks its thread until a byte comes. */
static kit_value read_blocking(kit_value fd)
{
    char byte;
    atomic_fetch_add(&calls, 1);
    return kit_int(read((int)fd.i, &byte, 1));
}

static kit_value square_slowly(kit_value n)
{
    int now = atomic_fetch_add(&under_way, 1) + 1;
    int most = atomic_load(&most_under_way);
    while (now > most &&
           !atomic_compare_exchange_weak(&most_under_way, &most, now))
        continue;
    usleep(1000);
    atomic_fetch_sub(&under_way, 1);
    return kit_int(n.i * n.i);
}

/* ---- tasks ---- */

/* What came of it, or of the call. */
static kit_value offload_reading(kit_value fd)
{
    kit_value result = kit_int(99);
    int failure = coop_offload(read_blocking, fd, &result);
    return failure < 0 ? kit_int(failure) : result;
}

static void await_calls(int count)
{
    while (atomic_load(&calls) < count)
        coop_yield();
}

static void wake_reader(const int ends[2])
{
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
}

static void close_both(const int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

static kit_value thread_of_call(kit_value thread)
{
    *(pthread_t *)thread.p = pthread_self();
    return kit_none();
}

static kit_value call_elsewhere(kit_value none)
{
    pthread_t thread = pthread_self();
    ck_assert_int_eq(coop_offload(thread_of_call, kit_ptr(&thread), NULL), 0);
    ck_assert(!pthread_equal(thread, pthread_self()));
    return none;
}

START_TEST (a_call_is_made_on_another_thread) {
    run_task(call_elsewhere, 0);
}
END_TEST

static kit_value offload_square(kit_value n)
{
    kit_value result;
    ck_assert_int_eq(coop_offload(square_slowly, n, &result), 0);
    return result;
}

static kit_value offload_many(kit_value none)
{
    enum { MANY = 20 };
    coop_task *tasks[MANY];
    forget_calls();
    for (int i = 0; i < MANY; i++)
        tasks[i] = spawn(offload_square, kit_int(i));
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(joined(tasks[i]), i * i);
    return none;
}

START_TEST (more_calls_than_threads_take_turns) {
    run_task(offload_many, 2);
    ck_assert_int_le(atomic_load(&most_under_way), 2);
    run_task(offload_many, 0);
    ck_assert_int_le(atomic_load(&most_under_way),
                     COOP_OFFLOAD_THREADS_DEFAULT);
}
END_TEST

static kit_value run_two_at_once(kit_value none)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    forget_calls();
    coop_task *a = spawn(offload_reading, kit_int(ends[0]));
    coop_task *b = spawn(offload_reading, kit_int(ends[0]));
    await_calls(2);
    wake_reader(ends);
    wake_reader(ends);
    ck_assert_int_eq(joined(a) + joined(b), 2);
    close_both(ends);
    return none;
}

START_TEST (as_many_calls_as_threads_run_at_once) {
    run_task(run_two_at_once, 2);
}
END_TEST

static kit_value cancel_in_the_queue(kit_value none)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    forget_calls();
    coop_task *running = spawn(offload_reading, kit_int(ends[0]));
    await_calls(1);
    coop_task *queued = spawn(offload_reading, kit_int(ends[0]));
    coop_yield();
    coop_cancel(queued);
    ck_assert_int_eq(joined(queued), -ECANCELED);
    wake_reader(ends);
    ck_assert_int_eq(joined(running), 1);
    kit_value result; /* the helper is still of use */
    ck_assert_int_eq(coop_offload(square_slowly, kit_int(3), &result), 0);
    ck_assert_int_eq(result.i, 9);
    ck_assert_int_eq(atomic_load(&calls), 1);
    close_both(ends);
    return none;
}

START_TEST (a_call_that_is_canceled_in_the_queue_is_not_made) {
    run_task(cancel_in_the_queue, 1);
}
END_TEST

static kit_value run_out_of_time(kit_value none)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    forget_calls();
    coop_task *running = spawn(offload_reading, kit_int(ends[0]));
    await_calls(1);
    ck_assert_int_eq(coop_offload_until(read_blocking, kit_int(ends[0]), NULL,
                                        kit_now() + MS),
                     -ETIMEDOUT);
    wake_reader(ends);
    ck_assert_int_eq(joined(running), 1);
    ck_assert_int_eq(atomic_load(&calls), 1);
    close_both(ends);
    return none;
}

START_TEST (a_call_whose_time_is_up_in_the_queue_is_not_made) {
    run_task(run_out_of_time, 1);
}
END_TEST

START_TEST (outside_a_task_no_call_is_made) {
    forget_calls();
    ck_assert_int_eq(coop_offload(read_blocking, kit_int(0), NULL), -EDEADLK);
    ck_assert_int_eq(atomic_load(&calls), 0);
}
END_TEST

static kit_value signals_blocked(kit_value none)
{
    sigset_t blocked;
    (void)none;
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    return kit_int(sigismember(&blocked, SIGUSR1));
}

static kit_value look_at_signals(kit_value none)
{
    kit_value result;
    ck_assert_int_eq(signals_blocked(none).i, 0);
    ck_assert_int_eq(coop_offload(signals_blocked, none, &result), 0);
    ck_assert_int_eq(result.i, 1);
    ck_assert_int_eq(signals_blocked(none).i, 0);
    return none;
}

START_TEST (signals_do_not_arrive_at_helpers) {
    run_task(look_at_signals, 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_call_is_made_on_another_thread,
        more_calls_than_threads_take_turns,
        as_many_calls_as_threads_run_at_once,
        a_call_that_is_canceled_in_the_queue_is_not_made,
        a_call_whose_time_is_up_in_the_queue_is_not_made,
        outside_a_task_no_call_is_made,
        signals_do_not_arrive_at_helpers,
        NULL,
    };
    return run_suite("coop helpers", 10, tests);
}
