/* SPDX-License-Identifier: MIT */
/* Semaphore, mutex, event, wait group, barrier, and park. */
#include "scenarios.h"

#include <preempt/sync.h>

#include <errno.h>
#include <stdatomic.h>

#define SOON INT64_C(1000000000) /* the deadline of whoever has one */

static struct {
    preempt_semaphore semaphore;
    preempt_mutex mutex;
    preempt_event event;
    preempt_waitgroup group;
    preempt_barrier barrier;
    kit_word inside; /* threads between lock and unlock */
    kit_word served; /* acquired, or gone on, in the end */
    int data;        /* what an event tells of */
    int result[MODEL_THREADS_MAX];
} shared;

static void *do_clock(void *arg)
{
    (void)arg;
    model_clock_reach(SOON);
    return NULL;
}

static void *do_interrupt(void *arg)
{
    (void)arg;
    model_interrupt();
    return NULL;
}

/* Of the first thread. */
static void *do_cancel(void *arg)
{
    (void)arg;
    preempt_cancel(model_task(0));
    return NULL;
}

static void count_served(void)
{
    atomic_fetch_add_explicit(&shared.served, 1, memory_order_relaxed);
}

static uint32_t served(void)
{
    return atomic_load_explicit(&shared.served, memory_order_relaxed);
}

static void add_threads(const char *name, void *(*body)(void *), int n)
{
    for (int i = 0; i < n; i++)
        model_thread_add(name, body, NULL);
}

/* ---- semaphore ---- */

static void *do_acquire(void *arg)
{
    (void)arg;
    model_check(preempt_semaphore_acquire(&shared.semaphore) == 0);
    count_served();
    return NULL;
}

static void *do_acquire_until(void *arg)
{
    (void)arg;
    int result = preempt_semaphore_acquire_until(&shared.semaphore, SOON);
    shared.result[model_self()] = result;
    model_check(result == 0 || result == -ETIMEDOUT || result == -ECANCELED);
    if (result == 0)
        count_served();
    return NULL;
}

static void *do_release(void *arg)
{
    (void)arg;
    model_check(preempt_semaphore_release(&shared.semaphore) == 0);
    return NULL;
}

static void *do_release_twice(void *arg)
{
    do_release(arg);
    return do_release(arg);
}

static void begin_semaphore(size_t value)
{
    preempt_semaphore_init(&shared.semaphore, value, NULL);
    shared.served = shared.inside = 0;
}

/* As many as were released have been acquired, or are left. */
static void end_semaphore(uint32_t tokens)
{
    size_t left = preempt_semaphore_value(&shared.semaphore);
    model_check(served() + left == tokens);
    model_check(preempt_semaphore_destroy(&shared.semaphore) == 0);
}

static void begin_acquire_release(const void *arg)
{
    (void)arg;
    begin_semaphore(0);
    add_threads("acquirer", do_acquire, 1);
    add_threads("releaser", do_release, 1);
}

static void end_one_token(const void *arg)
{
    (void)arg;
    end_semaphore(1);
}

static void begin_two_acquire(const void *arg)
{
    (void)arg;
    begin_semaphore(0);
    add_threads("acquirer", do_acquire, 2);
    add_threads("releaser", do_release_twice, 1);
}

static void end_two_tokens(const void *arg)
{
    (void)arg;
    end_semaphore(2);
}

static void begin_acquire_until(const void *arg)
{
    (void)arg;
    begin_semaphore(0);
    add_threads("acquirer", do_acquire_until, 1);
    add_threads("releaser", do_release, 1);
    add_threads("clock", do_clock, 1);
}

static void begin_acquire_canceled(const void *arg)
{
    (void)arg;
    begin_semaphore(0);
    add_threads("acquirer", do_acquire_until, 1);
    add_threads("releaser", do_release, 1);
    add_threads("canceler", do_cancel, 1);
}

static void begin_acquire_interrupted(const void *arg)
{
    (void)arg;
    begin_semaphore(0);
    add_threads("acquirer", do_acquire, 1);
    add_threads("releaser", do_release, 1);
    add_threads("interrupt", do_interrupt, 1);
}

/* ---- mutex ---- */

static void inside_alone(void)
{
    model_check(atomic_fetch_add_explicit(&shared.inside, 1,
                                          memory_order_relaxed) == 0);
    atomic_fetch_sub_explicit(&shared.inside, 1, memory_order_relaxed);
    count_served();
}

static void *do_lock(void *arg)
{
    (void)arg;
    model_check(preempt_mutex_lock(&shared.mutex) == 0);
    inside_alone();
    model_check(preempt_mutex_unlock(&shared.mutex) == 0);
    return NULL;
}

static void *do_lock_until(void *arg)
{
    (void)arg;
    int result = preempt_mutex_lock_until(&shared.mutex, SOON);
    model_check(result == 0 || result == -ETIMEDOUT || result == -ECANCELED);
    if (result < 0)
        return NULL;
    inside_alone();
    model_check(preempt_mutex_unlock(&shared.mutex) == 0);
    return NULL;
}

static void *do_try_lock(void *arg)
{
    (void)arg;
    int result = preempt_mutex_try_lock(&shared.mutex);
    model_check(result == 0 || result == -EAGAIN);
    if (result < 0)
        return NULL;
    inside_alone();
    model_check(preempt_mutex_unlock(&shared.mutex) == 0);
    return NULL;
}

static void begin_mutex(void)
{
    preempt_mutex_init(&shared.mutex, NULL);
    shared.served = shared.inside = 0;
}

static void begin_two_lock(const void *arg)
{
    (void)arg;
    begin_mutex();
    add_threads("locker", do_lock, 2);
}

static void begin_three_lock(const void *arg)
{
    (void)arg;
    begin_mutex();
    add_threads("locker", do_lock, 2);
    add_threads("trier", do_try_lock, 1);
}

static void *do_lock_twice(void *arg)
{
    do_lock(arg);
    return do_lock(arg);
}

static void begin_lock_twice(const void *arg)
{
    (void)arg;
    begin_mutex();
    add_threads("locker", do_lock_twice, 2);
    add_threads("locker", do_lock, 1);
}

/* Who is woken, and comes too late, has waited long. */
static void begin_lock_for_long(const void *arg)
{
    begin_lock_twice(arg);
    add_threads("clock", do_clock, 1);
}

static void begin_lock_until(const void *arg)
{
    (void)arg;
    begin_mutex();
    add_threads("hurried", do_lock_until, 1);
    add_threads("locker", do_lock, 1);
    add_threads("clock", do_clock, 1);
}

static void begin_lock_canceled(const void *arg)
{
    (void)arg;
    begin_mutex();
    add_threads("hurried", do_lock_until, 1);
    add_threads("locker", do_lock, 1);
    add_threads("canceler", do_cancel, 1);
}

static void end_mutex(const void *arg)
{
    (void)arg;
    model_check(served() >= 1);
    model_check(preempt_mutex_try_lock(&shared.mutex) == 0);
    model_check(preempt_mutex_unlock(&shared.mutex) == 0);
    model_check(preempt_mutex_destroy(&shared.mutex) == 0);
}

/* ---- event ---- */

static void *do_set(void *arg)
{
    (void)arg;
    shared.data = 1;
    preempt_event_set(&shared.event);
    return NULL;
}

static void *do_await(void *arg)
{
    (void)arg;
    model_check(preempt_event_wait(&shared.event) == 0);
    model_check(shared.data == 1);
    count_served();
    return NULL;
}

static void *do_await_until(void *arg)
{
    (void)arg;
    int result = preempt_event_wait_until(&shared.event, SOON);
    model_check(result == -ETIMEDOUT || (result == 0 && shared.data == 1));
    count_served();
    return NULL;
}

static void begin_event(void)
{
    preempt_event_init(&shared.event, NULL);
    shared.data = 0;
    shared.served = 0;
}

static void begin_set_and_wait(const void *arg)
{
    (void)arg;
    begin_event();
    add_threads("waiter", do_await, 2);
    add_threads("setter", do_set, 1);
}

static void begin_set_and_wait_until(const void *arg)
{
    (void)arg;
    begin_event();
    add_threads("waiter", do_await_until, 1);
    add_threads("setter", do_set, 1);
    add_threads("clock", do_clock, 1);
}

static void end_event(const void *arg)
{
    (void)arg;
    model_check(preempt_event_is_set(&shared.event));
    model_check(preempt_event_destroy(&shared.event) == 0);
}

/* ---- wait group and barrier ---- */

static void *do_finish(void *arg)
{
    (void)arg;
    atomic_fetch_add_explicit(&shared.inside, 1, memory_order_relaxed);
    model_check(preempt_waitgroup_done(&shared.group) == 0);
    return NULL;
}

static void *do_wait_for_group(void *arg)
{
    (void)arg;
    model_check(preempt_waitgroup_wait(&shared.group) == 0);
    model_check(atomic_load_explicit(&shared.inside, memory_order_relaxed) ==
                2);
    return NULL;
}

static void begin_group(const void *arg)
{
    (void)arg;
    preempt_waitgroup_init(&shared.group, NULL);
    preempt_waitgroup_add(&shared.group, 2);
    shared.inside = 0;
    add_threads("waiter", do_wait_for_group, 1);
    add_threads("worker", do_finish, 2);
}

static void end_group(const void *arg)
{
    (void)arg;
    model_check(preempt_waitgroup_destroy(&shared.group) == 0);
}

static void *do_arrive(void *arg)
{
    (void)arg;
    for (uint32_t round = 1; round <= 2; round++) {
        int result = preempt_barrier_wait(&shared.barrier);
        model_check(result == 0 || result == 1);
        if (result == 1)
            count_served();
    }
    return NULL;
}

static void begin_barrier(const void *arg)
{
    (void)arg;
    preempt_barrier_init(&shared.barrier, 2, NULL);
    shared.served = 0;
    add_threads("party", do_arrive, 2);
}

static void end_barrier(const void *arg)
{
    (void)arg;
    model_check(served() == 2);
    model_check(preempt_barrier_destroy(&shared.barrier) == 0);
}

/* ---- park ---- */

static void *do_park(void *arg)
{
    (void)arg;
    int result = preempt_park_until("wait for", "a word", SOON);
    model_check(result == 0 || result == -ETIMEDOUT || result == -ECANCELED);
    shared.result[0] = result;
    return NULL;
}

static void *do_park_for_good(void *arg)
{
    (void)arg;
    model_check(preempt_park("wait for", "a word") == 0);
    return NULL;
}

static void *do_unpark(void *arg)
{
    (void)arg;
    preempt_unpark(model_task(0));
    return NULL;
}

static void begin_park(const void *arg)
{
    (void)arg;
    model_thread_add("parker", do_park_for_good, NULL);
    add_threads("waker", do_unpark, 1);
    add_threads("interrupt", do_interrupt, 1);
}

static void begin_park_canceled(const void *arg)
{
    (void)arg;
    model_thread_add("parker", do_park, NULL);
    add_threads("canceler", do_cancel, 1);
    add_threads("waker", do_unpark, 1);
}

static void *do_sleep_for_good(void *arg)
{
    (void)arg;
    model_check(preempt_sleep_until(KIT_FOREVER) == -ECANCELED);
    return NULL;
}

static void begin_sleep_canceled(const void *arg)
{
    (void)arg;
    add_threads("sleeper", do_sleep_for_good, 1);
    add_threads("canceler", do_cancel, 1);
    add_threads("interrupt", do_interrupt, 1);
}

static void end_nothing(const void *arg)
{
    (void)arg;
}

const struct scenario sync_scenarios[] = {
    {"semaphore: acquire, release",
     begin_acquire_release,
     end_one_token,
     NULL,
     4,
     {0}},
    {"semaphore: two acquire, one releases twice",
     begin_two_acquire,
     end_two_tokens,
     NULL,
     2,
     {0}},
    {"semaphore: acquire until, release",
     begin_acquire_until,
     end_one_token,
     NULL,
     3,
     {0}},
    {"semaphore: acquire, release, cancel",
     begin_acquire_canceled,
     end_one_token,
     NULL,
     3,
     {0}},
    {"semaphore: acquire, release, interrupt",
     begin_acquire_interrupted,
     end_one_token,
     NULL,
     3,
     {0}},
    {"mutex: two lock", begin_two_lock, end_mutex, NULL, 4, {0}},
    {"mutex: two lock, one tries", begin_three_lock, end_mutex, NULL, 2, {0}},
    {"mutex: two lock twice, one once",
     begin_lock_twice,
     end_mutex,
     NULL,
     1,
     {0}},
    {"mutex: the same for long", begin_lock_for_long, end_mutex, NULL, 2, {0}},
    {"mutex: lock until, lock", begin_lock_until, end_mutex, NULL, 3, {0}},
    {"mutex: lock, lock, cancel", begin_lock_canceled, end_mutex, NULL, 3, {0}},
    {"event: two wait, one sets", begin_set_and_wait, end_event, NULL, 2, {0}},
    {"event: wait until, set",
     begin_set_and_wait_until,
     end_event,
     NULL,
     3,
     {0}},
    {"wait group: two done, one waits", begin_group, end_group, NULL, 2, {0}},
    {"barrier: two arrive, twice", begin_barrier, end_barrier, NULL, 3, {0}},
    {"park: unpark, interrupt", begin_park, end_nothing, NULL, 4, {0}},
    {"park: unpark, cancel", begin_park_canceled, end_nothing, NULL, 4, {0}},
    {"sleep: cancel, interrupt",
     begin_sleep_canceled,
     end_nothing,
     NULL,
     4,
     {0}},
    {NULL, NULL, NULL, NULL, 0, {0}},
};
