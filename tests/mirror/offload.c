/* SPDX-License-Identifier: MIT */
/* Calls that block, in both libraries. */
#include "running.h"

#if MIRROR_IS_PREEMPT
#include <preempt/fd.h>
#else
#include <coop/fd.h>
#endif

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

static atomic_int calls;

static void make_pipe(int ends[2])
{
    ck_assert_int_eq(pipe(ends), 0);
    atomic_store(&calls, 0);
}

static void close_both(const int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

static void wake_reader(const int ends[2])
{
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
}

/* The call: blocks its thread until a byte comes. */
static kit_value read_blocking(kit_value fd)
{
    char byte;
    atomic_fetch_add(&calls, 1);
    return kit_int(read((int)fd.i, &byte, 1));
}

static void await_calls(int count)
{
    while (atomic_load(&calls) < count)
        K(yield)();
}

/* A task: what came of it, or of the call. */
static kit_value offload_reading(kit_value fd)
{
    kit_value result = kit_int(99);
    int failure = K(offload)(read_blocking, fd, &result);
    return failure < 0 ? kit_int(failure) : result;
}

static kit_value go_on_meanwhile(kit_value none)
{
    int ends[2];
    make_pipe(ends);
    any_task *t = beside(offload_reading, kit_int(ends[0]));
    await_calls(1);
    wake_reader(ends);
    ck_assert_int_eq(joined(t), 1);
    close_both(ends);
    return none;
}

START_TEST (the_other_tasks_go_on_while_a_call_blocks) {
    run(go_on_meanwhile, kit_none());
}
END_TEST

static kit_value square(kit_value n)
{
    return kit_int(n.i * n.i);
}

static kit_value offload_square(kit_value n)
{
    kit_value result;
    errno = 99;
    ck_assert_int_eq(K(offload)(square, n, NULL), 0);
    ck_assert_int_eq(K(offload)(square, n, &result), 0);
    ck_assert_int_eq(errno, 99);
    return result;
}

static kit_value offload_many(kit_value none)
{
    enum { MANY = 20 };
    any_task *tasks[MANY];
    for (int i = 0; i < MANY; i++)
        tasks[i] = beside(offload_square, kit_int(i));
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(joined(tasks[i]), i * i);
    return none;
}

START_TEST (each_of_many_calls_gives_its_own_result) {
    run(offload_many, kit_none());
}
END_TEST

static _Atomic int64_t brief; /* enough for a call to begin */

static kit_value offload_reading_briefly(kit_value fd)
{
    kit_value result;
    brief = after_ms(500);
    int failure = K(offload_until)(read_blocking, fd, &result, brief);
    return failure < 0 ? kit_int(failure) : result;
}

static kit_value cancel_too_late(kit_value none)
{
    int ends[2];
    make_pipe(ends);
    any_task *t = beside(offload_reading, kit_int(ends[0]));
    any_task *u = beside(offload_reading_briefly, kit_int(ends[0]));
    await_calls(2);
    K(cancel)(t);
    K(sleep_until)(brief + 5000000);
    wake_reader(ends);
    wake_reader(ends);
    ck_assert_int_eq(joined(t), 1);
    ck_assert_int_eq(joined(u), 1);
    close_both(ends);
    return none;
}

START_TEST (a_call_that_has_begun_is_waited_for) {
    run(cancel_too_late, kit_none());
}
END_TEST

static kit_value offload_canceled(kit_value none)
{
    atomic_store(&calls, 0);
    ck_assert_int_eq(K(offload_until)(read_blocking, kit_int(0), NULL, 0),
                     -ETIMEDOUT);
    K(cancel)(K(current)());
    ck_assert_int_eq(K(offload)(read_blocking, kit_int(0), NULL), -ECANCELED);
    ck_assert_int_eq(atomic_load(&calls), 0);
    return none;
}

START_TEST (who_may_not_wait_makes_no_call) {
    run(offload_canceled, kit_none());
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        the_other_tasks_go_on_while_a_call_blocks,
        each_of_many_calls_gives_its_own_result,
        a_call_that_has_begun_is_waited_for,
        who_may_not_wait_makes_no_call,
        NULL,
    };
    return run_suite(SUITE("offload"), 10, tests);
}
