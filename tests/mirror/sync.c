/* SPDX-License-Identifier: MIT */
/* Mutex, semaphore, wait group, event and barrier, in both libraries. */
#include "running.h"

#if MIRROR_IS_PREEMPT
#include <preempt/sync.h>
enum { KINDS = 2 }; /* of mutex: the second inherits priorities */
#define OPTIONS(kind)                                                          \
    {                                                                          \
        .inherits_priority = (kind) == 1                                       \
    }
#else
#include <coop/sync.h>
enum { KINDS = 1 };
#define OPTIONS(kind)                                                          \
    {                                                                          \
        .name = "mutex"                                                        \
    }
#endif

#include <errno.h>
#include <stdatomic.h>

static K(mutex) mutex;
static K(semaphore) sem;
static K(waitgroup) wg;
static K(event) event;
static K(barrier) barrier;
static int64_t counter; /* under the mutex */

/* ---- mutex ---- */

static void with_each_mutex(K(task_fn) body)
{
    for (int kind = 0; kind < KINDS; kind++) {
        struct K(mutex_options) o = OPTIONS(kind);
        ck_assert_int_eq(K(mutex_init)(&mutex, &o), 0);
        run(body, kit_int((int64_t)scaled(2000)));
        ck_assert_int_eq(K(mutex_destroy)(&mutex), 0);
    }
}

static kit_value count_up(kit_value rounds)
{
    for (int64_t i = 0; i < rounds.i; i++) {
        ck_assert_int_eq(K(mutex_lock)(&mutex), 0);
        int64_t before = counter;
        if (i % 16 == 0)
            K(yield)();
        counter = before + 1;
        ck_assert_int_eq(K(mutex_unlock)(&mutex), 0);
    }
    return rounds;
}

static kit_value count_together(kit_value rounds)
{
    any_task *tasks[4];
    counter = 0;
    for (int i = 0; i < 4; i++)
        tasks[i] = beside(count_up, rounds);
    for (int i = 0; i < 4; i++)
        joined(tasks[i]);
    ck_assert_int_eq(counter, 4 * rounds.i);
    return rounds;
}

START_TEST (a_mutex_lets_one_in_at_a_time) {
    with_each_mutex(count_together);
}
END_TEST

static kit_value lock_it(kit_value deadline)
{
    return kit_int(K(mutex_lock_until)(&mutex, deadline.i));
}

static int64_t canceled(K(task_fn) body, kit_value arg)
{
    any_task *task = beside(body, arg);
    until_waiting(task);
    K(cancel)(task);
    return joined(task);
}

static kit_value lock_in_vain(kit_value arg)
{
    ck_assert_int_eq(K(mutex_lock)(&mutex), 0);
    ck_assert_int_eq(K(mutex_lock)(&mutex), -EDEADLK);
    ck_assert_int_eq(K(mutex_try_lock)(&mutex), -EAGAIN);
    ck_assert_int_eq(joined(beside(lock_it, kit_int(after_ms(1)))), -ETIMEDOUT);
    ck_assert_int_eq(joined(beside(lock_it, kit_int(0))), -ETIMEDOUT);
    ck_assert_int_eq(canceled(lock_it, kit_int(KIT_FOREVER)), -ECANCELED);
    ck_assert_int_eq(K(mutex_destroy)(&mutex), -EBUSY);
    ck_assert_int_eq(K(mutex_unlock)(&mutex), 0);
    if (!UNDER_TSAN) /* which reports the mistake, as it should */
        ck_assert_int_eq(K(mutex_unlock)(&mutex), -EPERM);
    ck_assert_int_eq(K(mutex_try_lock)(&mutex), 0);
    ck_assert_int_eq(K(mutex_unlock)(&mutex), 0);
    return arg;
}

START_TEST (a_locked_mutex_is_refused_in_time) {
    with_each_mutex(lock_in_vain);
}
END_TEST

/* ---- an owner that has ended ---- */

static kit_value lock_and_end(kit_value arg)
{
    ck_assert_int_eq(K(mutex_lock)(&mutex), 0);
    return arg;
}

/* It may get the stack, and the memory, of the one that has ended. */
static kit_value find_it_locked(kit_value arg)
{
    ck_assert_int_eq(K(mutex_try_lock)(&mutex), -EAGAIN);
    ck_assert_int_eq(K(mutex_lock_until)(&mutex, after_ms(1)), -ETIMEDOUT);
    if (!UNDER_TSAN) /* which reports the mistake, as it should */
        ck_assert_int_eq(K(mutex_unlock)(&mutex), -EPERM);
    return arg;
}

static kit_value leave_it_locked(kit_value arg)
{
    joined(beside(lock_and_end, arg));
    for (int i = 0; i < 20; i++)
        joined(beside(find_it_locked, arg));
    ck_assert_int_eq(K(mutex_destroy)(&mutex), -EBUSY);
    return arg;
}

START_TEST (what_an_owner_has_left_locked_is_nobody_elses) {
    if (UNDER_HELGRIND) /* it reports the mistake, as it should */
        return;
    for (int kind = 0; kind < KINDS; kind++) {
        struct K(mutex_options) o = OPTIONS(kind);
        ck_assert_int_eq(K(mutex_init)(&mutex, &o), 0);
        run(leave_it_locked, kit_none());
    }
}
END_TEST

static void spawn_named(const char *name, K(task_fn) body)
{
    struct K(task_options) o = {.name = name};
    any_task *task;
    K(spawn)(here(), &task, body, kit_none(), &o);
    joined(task);
}

static kit_value lock_and_unlock(kit_value arg)
{
    K(mutex_lock)(&mutex);
    K(mutex_unlock)(&mutex);
    return arg;
}

/* It is handed over to one that waits, or left to it. */
static kit_value unlock_for_another(kit_value arg)
{
    K(mutex_lock)(&mutex);
    any_task *other = beside(lock_and_unlock, arg);
    until_waiting(other);
    K(mutex_unlock)(&mutex);
    joined(other);
    return arg;
}

static kit_value end_in_three_ways(kit_value arg)
{
    spawn_named("tidy", lock_and_unlock);
    spawn_named("generous", unlock_for_another);
    spawn_named("careless", lock_and_end);
    return arg;
}

static void run_careless(void *kind)
{
    struct K(mutex_options) o = OPTIONS(*(int *)kind);
    (void)kind;
    K(mutex_init)(&mutex, &o);
    run(end_in_three_ways, kit_none());
}

START_TEST (a_task_that_ends_with_a_mutex_locked_is_reported) {
    const char *expected = MIRROR_IS_PREEMPT
                               ? "schedkit: task: careless: ended with a mutex "
                                 "locked\n"
                               : "schedkit: task careless: ended with a mutex "
                                 "locked\n";
    if (UNDER_HELGRIND) /* it reports that, too */
        return;
    for (int kind = 0; kind < KINDS; kind++) {
        char text[1024];
        errors_of(run_careless, &kind, text, sizeof text);
        ck_assert_str_eq(text, expected);
    }
}
END_TEST

/* ---- semaphore ---- */

static kit_value acquire(kit_value deadline)
{
    return kit_int(K(semaphore_acquire_until)(&sem, deadline.i));
}

static kit_value use_semaphore(kit_value arg)
{
    any_task *task;
    ck_assert_int_eq(K(semaphore_init)(&sem, 1, "slots"), 0);
    ck_assert_int_eq(K(semaphore_acquire)(&sem), 0);
    ck_assert_int_eq(K(semaphore_try_acquire)(&sem), -EAGAIN);
    ck_assert_int_eq(K(semaphore_acquire_until)(&sem, 0), -ETIMEDOUT);
    ck_assert_int_eq(canceled(acquire, kit_int(KIT_FOREVER)), -ECANCELED);
    task = beside(acquire, kit_int(KIT_FOREVER));
    until_waiting(task);
    ck_assert_int_eq(K(semaphore_destroy)(&sem), -EBUSY);
    ck_assert_int_eq(K(semaphore_release)(&sem), 0);
    ck_assert_int_eq(K(semaphore_try_acquire)(&sem), -EAGAIN);
    ck_assert_int_eq(joined(task), 0);
    ck_assert_int_eq(K(semaphore_release)(&sem), 0);
    ck_assert_uint_eq(K(semaphore_value)(&sem), 1);
    ck_assert_int_eq(K(semaphore_destroy)(&sem), 0);
    return arg;
}

/* ---- two of them, in opposite order ---- */

static K(mutex) pair[2];
static atomic_int have_one;

static kit_value lock_both(kit_value first)
{
    ck_assert_int_eq(K(mutex_lock)(&pair[first.i]), 0);
    for (have_one++; have_one < 2;)
        K(yield)();
    int result = K(mutex_lock_until)(&pair[1 - first.i], after_ms(30));
    if (result == 0)
        ck_assert_int_eq(K(mutex_unlock)(&pair[1 - first.i]), 0);
    ck_assert_int_eq(K(mutex_unlock)(&pair[first.i]), 0);
    return kit_int(result);
}

static kit_value cross(kit_value arg)
{
    any_task *one = beside(lock_both, kit_int(0));
    any_task *two = beside(lock_both, kit_int(1));
    int64_t first = joined(one), second = joined(two);
    ck_assert(first == 0 || first == -ETIMEDOUT);
    ck_assert(second == 0 || second == -ETIMEDOUT);
    ck_assert_int_lt(first + second, 0);
    return arg;
}

START_TEST (two_that_lock_in_opposite_order_come_apart_at_a_deadline) {
    for (int kind = 0; kind < KINDS; kind++) {
        struct K(mutex_options) o = OPTIONS(kind);
        have_one = 0;
        for (int i = 0; i < 2; i++)
            ck_assert_int_eq(K(mutex_init)(&pair[i], &o), 0);
        run(cross, kit_none());
        for (int i = 0; i < 2; i++)
            ck_assert_int_eq(K(mutex_destroy)(&pair[i]), 0);
    }
}
END_TEST

START_TEST (a_semaphore_gives_what_is_released_to_who_waits) {
    run(use_semaphore, kit_none());
}
END_TEST

static kit_value release_too_often(kit_value arg)
{
#if MIRROR_IS_PREEMPT
    size_t most = PREEMPT_SEMAPHORE_MAX;
#else
    size_t most = SIZE_MAX;
#endif
    ck_assert_int_eq(K(semaphore_init)(&sem, most - 1, NULL), 0);
    ck_assert_int_eq(K(semaphore_release)(&sem), 0);
    ck_assert_int_eq(K(semaphore_release)(&sem), -EOVERFLOW);
    ck_assert_uint_eq(K(semaphore_value)(&sem), most);
    ck_assert_int_eq(K(semaphore_destroy)(&sem), 0);
    return arg;
}

START_TEST (a_semaphore_does_not_overflow) {
    run(release_too_often, kit_none());
}
END_TEST

static atomic_int got;

static kit_value acquire_with_patience(kit_value rounds)
{
    for (int64_t i = 0; i < rounds.i; i++) {
        int64_t deadline = kit_now() + i % 8 * 2000;
        if (K(semaphore_acquire_until)(&sem, deadline) == 0)
            got++;
    }
    return rounds;
}

static kit_value release_to_the_impatient(kit_value rounds)
{
    any_task *tasks[3];
    K(semaphore_init)(&sem, 0, NULL);
    got = 0;
    for (int i = 0; i < 3; i++)
        tasks[i] = beside(acquire_with_patience, rounds);
    for (int64_t i = 0; i < rounds.i; i++) {
        K(semaphore_release)(&sem);
        K(yield)();
    }
    for (int i = 0; i < 3; i++)
        joined(tasks[i]);
    while (K(semaphore_try_acquire)(&sem) == 0)
        got++;
    ck_assert_int_eq(got, rounds.i);
    return rounds;
}

START_TEST (of_release_and_deadline_one_wins_and_nothing_is_lost) {
    run(release_to_the_impatient, kit_int((int64_t)scaled(1000)));
}
END_TEST

/* ---- wait group, event ---- */

static kit_value wait_for_group(kit_value deadline)
{
    return kit_int(K(waitgroup_wait_until)(&wg, deadline.i));
}

static kit_value use_waitgroup(kit_value arg)
{
    any_task *tasks[2];
    K(waitgroup_init)(&wg, NULL);
    ck_assert_int_eq(K(waitgroup_wait)(&wg), 0);
    ck_assert_int_eq(K(waitgroup_done)(&wg), -EINVAL);
    ck_assert_int_eq(K(waitgroup_add)(&wg, 2), 0);
    ck_assert_int_eq(K(waitgroup_add)(&wg, SIZE_MAX), -EOVERFLOW);
    for (int i = 0; i < 2; i++)
        until_waiting(tasks[i] = beside(wait_for_group, kit_int(KIT_FOREVER)));
    ck_assert_int_eq(K(waitgroup_done)(&wg), 0);
    ck_assert_int_eq(K(waitgroup_wait_until)(&wg, after_ms(1)), -ETIMEDOUT);
    ck_assert_int_eq(canceled(wait_for_group, kit_int(KIT_FOREVER)),
                     -ECANCELED);
    ck_assert_int_eq(K(waitgroup_destroy)(&wg), -EBUSY);
    ck_assert_int_eq(K(waitgroup_done)(&wg), 0);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(joined(tasks[i]), 0);
    ck_assert_int_eq(K(waitgroup_destroy)(&wg), 0);
    return arg;
}

START_TEST (a_wait_group_lets_all_go_when_the_last_is_done) {
    run(use_waitgroup, kit_none());
}
END_TEST

static kit_value wait_for_event(kit_value deadline)
{
    return kit_int(K(event_wait_until)(&event, deadline.i));
}

static kit_value use_event(kit_value arg)
{
    any_task *tasks[2];
    K(event_init)(&event, NULL);
    ck_assert_int_eq(K(event_wait_until)(&event, after_ms(1)), -ETIMEDOUT);
    ck_assert_int_eq(canceled(wait_for_event, kit_int(KIT_FOREVER)),
                     -ECANCELED);
    for (int i = 0; i < 2; i++)
        until_waiting(tasks[i] = beside(wait_for_event, kit_int(KIT_FOREVER)));
    ck_assert_int_eq(K(event_destroy)(&event), -EBUSY);
    K(event_set)(&event);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(joined(tasks[i]), 0);
    ck_assert(K(event_is_set)(&event));
    ck_assert_int_eq(K(event_wait)(&event), 0);
    K(event_reset)(&event);
    ck_assert_int_eq(K(event_wait_until)(&event, 0), -ETIMEDOUT);
    ck_assert_int_eq(K(event_destroy)(&event), 0);
    return arg;
}

START_TEST (an_event_lets_all_go_until_it_is_reset) {
    run(use_event, kit_none());
}
END_TEST

/* ---- barrier ---- */

static kit_value meet(kit_value rounds)
{
    int64_t last = 0;
    for (int64_t i = 0; i < rounds.i; i++) {
        int result = K(barrier_wait)(&barrier);
        ck_assert(result == 0 || result == 1);
        last += result;
    }
    return kit_int(last);
}

static kit_value wait_at_barrier(kit_value deadline)
{
    return kit_int(K(barrier_wait_until)(&barrier, deadline.i));
}

static kit_value meet_often(kit_value rounds)
{
    any_task *tasks[3];
    int64_t last = 0;
    ck_assert_int_eq(K(barrier_init)(&barrier, 0, NULL), -EINVAL);
    ck_assert_int_eq(K(barrier_init)(&barrier, 3, NULL), 0);
    ck_assert_int_eq(K(barrier_wait_until)(&barrier, after_ms(1)), -ETIMEDOUT);
    ck_assert_int_eq(canceled(wait_at_barrier, kit_int(KIT_FOREVER)),
                     -ECANCELED);
    for (int i = 0; i < 3; i++)
        tasks[i] = beside(meet, rounds);
    for (int i = 0; i < 3; i++)
        last += joined(tasks[i]);
    ck_assert_int_eq(last, rounds.i);
    ck_assert_int_eq(K(barrier_destroy)(&barrier), 0);
    return rounds;
}

START_TEST (a_barrier_has_one_last_in_each_round) {
    run(meet_often, kit_int((int64_t)scaled(300)));
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_mutex_lets_one_in_at_a_time,
        a_locked_mutex_is_refused_in_time,
        what_an_owner_has_left_locked_is_nobody_elses,
        a_task_that_ends_with_a_mutex_locked_is_reported,
        two_that_lock_in_opposite_order_come_apart_at_a_deadline,
        a_semaphore_gives_what_is_released_to_who_waits,
        a_semaphore_does_not_overflow,
        of_release_and_deadline_one_wins_and_nothing_is_lost,
        a_wait_group_lets_all_go_when_the_last_is_done,
        an_event_lets_all_go_until_it_is_reset,
        a_barrier_has_one_last_in_each_round,
        NULL,
    };
    return run_suite(SUITE("sync"), 20, tests);
}
