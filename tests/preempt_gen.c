/* SPDX-License-Identifier: MIT */
/* Generators on threads: ways of waiting, running ahead, several steppers. */
#include "harness.h"

#include <kit/body.h>
#include <preempt/gen.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const enum kit_wait_strategy strategies[] = {
    KIT_WAIT_ADAPTIVE, KIT_WAIT_PARK, KIT_WAIT_SPIN, KIT_WAIT_CONDVAR};

static const size_t capacities[] = {1, 2, 3, 7, 64};

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static preempt_gen *made(preempt_gen_fn body, kit_value arg,
                         struct preempt_gen_options options)
{
    preempt_gen *g;
    ck_assert_int_eq(preempt_gen_create(&g, body, arg, &options), 0);
    return g;
}

static kit_step next(preempt_gen *g, int64_t value)
{
    return kit_iter_next(preempt_gen_iter(g), kit_int(value));
}

static void destroy(preempt_gen *g)
{
    ck_assert_int_eq(preempt_gen_destroy(g), 0);
}

static void pause_ms(int ms)
{
    usleep((useconds_t)ms * 1000);
}

/* ---- lock-step ---- */

static kit_completion echo(preempt_gen *self, kit_value arg)
{
    for (;;) {
        kit_completion c = preempt_gen_yield(self, arg);
        if (kit_is_abrupt(c))
            return c;
        arg = c.value;
    }
}

START_TEST (every_way_of_waiting_passes_every_value_both_ways) {
    for (size_t w = 0; w < COUNT_OF(strategies); w++) {
        struct preempt_gen_options o = {.wait = strategies[w]};
        preempt_gen *g = made(echo, kit_int(-1), o);
        ck_yielded(next(g, 0), -1);
        for (int64_t i = 0; i < (int64_t)scaled(5000); i++)
            ck_yielded(next(g, i), i);
        ck_done(kit_iter_return(preempt_gen_iter(g), kit_int(9)), 9);
        destroy(g);
    }
}
END_TEST

START_TEST (a_body_that_is_slow_is_waited_for) {
    for (size_t w = 0; w < COUNT_OF(strategies); w++) {
        struct preempt_gen_options o = {.wait = strategies[w]};
        preempt_gen *g = made(echo, kit_int(-1), o);
        next(g, 0);
        for (int64_t i = 0; i < 3; i++) {
            pause_ms(5); /* the body sleeps by now, if it ever does */
            ck_yielded(next(g, i), i);
        }
        destroy(g);
    }
}
END_TEST

/* Delegates; ends with how often its thread went to sleep meanwhile. */
static kit_completion sleep_through(preempt_gen *self, kit_value inner)
{
    struct rusage before, after;
    getrusage(RUSAGE_THREAD, &before);
    KIT_TRY(preempt_gen_delegate(self, inner.p));
    getrusage(RUSAGE_THREAD, &after);
    return kit_return(kit_int(after.ru_nvcsw - before.ru_nvcsw));
}

static kit_completion thousand(preempt_gen *self, kit_value arg)
{
    for (int i = 0; i < 1000; i++)
        KIT_TRY(preempt_gen_yield(self, arg));
    return kit_return(kit_none());
}

START_TEST (a_step_of_a_chain_wakes_the_innermost_thread_only) {
    struct preempt_gen_options o = {.wait = KIT_WAIT_PARK};
    preempt_gen *leaf = made(thousand, kit_int(1), o);
    kit_value inner = kit_ptr(&preempt_gen_iter(leaf)->iterable);
    preempt_gen *middle = made(sleep_through, inner, o);
    inner = kit_ptr(&preempt_gen_iter(middle)->iterable);
    preempt_gen *root = made(sleep_through, inner, o);
    for (int i = 0; i < 1000; i++)
        ck_yielded(next(root, 0), 1);
    kit_step end = next(root, 0);
    ck_assert_int_eq(end.state, KIT_DONE);
    ck_assert_int_lt(end.value.i, 100); /* one, were it not for the kernel */
    destroy(root);
    destroy(middle);
    destroy(leaf);
}
END_TEST

START_TEST (an_unknown_strategy_is_refused) {
    struct preempt_gen_options o = {.wait = (enum kit_wait_strategy)9};
    preempt_gen *g;
    ck_assert_int_eq(preempt_gen_create(&g, echo, kit_none(), &o), -EINVAL);
}
END_TEST

/* ---- running ahead ---- */

static atomic_long produced;
static atomic_int cleanups;

/* Yields 0, 1, 2 ...; counts what it has produced; cleans up. What it is sent
   is 0, or none where it runs ahead. */
static kit_completion naturals(preempt_gen *self, kit_value limit)
{
    for (int64_t i = 0; i < limit.i; i++) {
        produced++;
        kit_completion c = preempt_gen_yield(self, kit_int(i));
        if (kit_is_abrupt(c)) {
            cleanups++;
            return c;
        }
        ck_assert(c.value.i == 0 || kit_is_none(c.value));
    }
    return kit_return(kit_int(-7));
}

static preempt_gen *running_ahead(preempt_gen_fn body, int64_t limit,
                                  size_t capacity)
{
    struct preempt_gen_options o = {.capacity = capacity};
    return made(body, kit_int(limit), o);
}

/* Until the body is about to yield its n-th value, at last. */
static void until_produced(long n)
{
    while (produced < n)
        pause_ms(1);
}

/* Where a body stands of which `taken` values were taken: the buffer is full,
   and one more value waits in a yield. */
static long standing_at(size_t capacity, long taken)
{
    return taken + (long)capacity + 1;
}

START_TEST (a_body_that_runs_ahead_gives_every_value_in_order) {
    for (size_t i = 0; i < COUNT_OF(capacities); i++) {
        int64_t limit = (int64_t)scaled(5000);
        preempt_gen *g = running_ahead(naturals, limit, capacities[i]);
        for (int64_t n = 0; n < limit; n++)
            ck_yielded(next(g, 0), n);
        ck_done(next(g, 0), -7);
        ck_done_none(next(g, 0));
        ck_assert_uint_eq(preempt_gen_dropped(g), 0);
        destroy(g);
    }
}
END_TEST

START_TEST (the_ways_of_waiting_all_run_ahead) {
    for (size_t w = 0; w < COUNT_OF(strategies); w++) {
        struct preempt_gen_options o = {.capacity = 7, .wait = strategies[w]};
        preempt_gen *g = made(naturals, kit_int(1000), o);
        for (int64_t n = 0; n < 1000; n++)
            ck_yielded(next(g, 0), n);
        ck_done(next(g, 0), -7);
        destroy(g);
    }
}
END_TEST

START_TEST (a_body_runs_ahead_by_its_capacity_and_no_further) {
    for (size_t i = 0; i < COUNT_OF(capacities); i++) {
        preempt_gen *g = running_ahead(naturals, 1000, capacities[i]);
        produced = 0;
        ck_yielded(next(g, 0), 0);
        until_produced(standing_at(capacities[i], 1));
        pause_ms(10);
        ck_assert_int_eq(produced, standing_at(capacities[i], 1));
        destroy(g);
    }
}
END_TEST

START_TEST (nothing_runs_ahead_before_the_first_next) {
    preempt_gen *g = running_ahead(naturals, 1000, 8);
    produced = 0;
    pause_ms(20);
    ck_assert_int_eq(produced, 0);
    ck_assert_int_eq(preempt_gen_state(g), KIT_GEN_CREATED);
    destroy(g);
}
END_TEST

START_TEST (return_overtakes_what_is_buffered_and_counts_it) {
    for (size_t i = 0; i < COUNT_OF(capacities); i++) {
        preempt_gen *g = running_ahead(naturals, 1000, capacities[i]);
        produced = 0;
        cleanups = 0;
        ck_yielded(next(g, 0), 0);
        long stands_at = standing_at(capacities[i], 1);
        until_produced(stands_at);
        ck_done(kit_iter_return(preempt_gen_iter(g), kit_int(50)), 50);
        ck_assert_uint_eq(preempt_gen_dropped(g), (uint64_t)stands_at - 1);
        ck_assert_int_eq(cleanups, 1);
        ck_assert_int_eq(produced, stands_at);
        ck_assert_int_eq(preempt_gen_state(g), KIT_GEN_DONE);
        destroy(g);
    }
}
END_TEST

/* Yields 0, 1, 2 ...; answers a throw with its value and starts anew. */
static kit_completion restart_on_throw(preempt_gen *self, kit_value limit)
{
    for (int64_t i = 0; i < limit.i; i++) {
        produced++;
        kit_completion c = preempt_gen_yield(self, kit_int(i));
        if (c.how == KIT_RETURN)
            return c;
        if (c.how == KIT_THROW)
            i = c.value.i - 1;
    }
    return kit_return(kit_none());
}

START_TEST (throw_overtakes_what_is_buffered_and_the_body_may_go_on) {
    preempt_gen *g = running_ahead(restart_on_throw, 1000000, 7);
    kit_iter *it = preempt_gen_iter(g);
    produced = 0;
    ck_yielded(next(g, 0), 0);
    ck_yielded(next(g, 0), 1);
    until_produced(standing_at(7, 2));
    ck_yielded(kit_iter_throw(it, kit_int(500)), 500);
    ck_assert_uint_eq(preempt_gen_dropped(g), 8);
    for (int64_t n = 501; n < 600; n++)
        ck_yielded(next(g, 0), n);
    ck_yielded(kit_iter_throw(it, kit_int(0)), 0);
    ck_yielded(next(g, 0), 1);
    destroy(g);
}
END_TEST

START_TEST (abrupt_requests_in_a_row_each_overtake) {
    preempt_gen *g = running_ahead(restart_on_throw, 1000000, 7);
    ck_yielded(next(g, 0), 0);
    for (int64_t i = 0; i < (int64_t)scaled(2000); i++)
        ck_yielded(kit_iter_throw(preempt_gen_iter(g), kit_int(i * 3)), i * 3);
    ck_done(kit_iter_return(preempt_gen_iter(g), kit_int(8)), 8);
    destroy(g);
}
END_TEST

START_TEST (a_request_to_a_body_that_ended_unseen_finds_it_completed) {
    preempt_gen *g = running_ahead(naturals, 3, 8);
    produced = 0;
    ck_yielded(next(g, 0), 0);
    until_produced(3);
    ck_done(kit_iter_return(preempt_gen_iter(g), kit_int(50)), 50);
    ck_assert_uint_eq(preempt_gen_dropped(g), 2);
    ck_done_none(next(g, 0));
    destroy(g);
    g = running_ahead(naturals, 3, 8);
    produced = 0;
    ck_yielded(next(g, 0), 0);
    until_produced(3);
    ck_failed(kit_iter_throw(preempt_gen_iter(g), kit_int(51)), 51);
    ck_done_none(next(g, 0));
    destroy(g);
}
END_TEST

static kit_completion fail_at_end(preempt_gen *self, kit_value limit)
{
    for (int64_t i = 0; i < limit.i; i++)
        if (kit_is_abrupt(preempt_gen_yield(self, kit_int(i))))
            break;
    return kit_throw(kit_int(66));
}

START_TEST (an_error_of_a_body_that_ran_ahead_comes_after_its_values) {
    preempt_gen *g = running_ahead(fail_at_end, 5, 64);
    for (int64_t n = 0; n < 5; n++)
        ck_yielded(next(g, 0), n);
    ck_failed(next(g, 0), 66);
    ck_done_none(next(g, 0));
    destroy(g);
}
END_TEST

START_TEST (destroy_ends_a_body_that_ran_ahead) {
    for (size_t i = 0; i < COUNT_OF(capacities); i++) {
        preempt_gen *g = running_ahead(naturals, 1000000, capacities[i]);
        cleanups = 0;
        next(g, 0);
        destroy(g);
        ck_assert_int_eq(cleanups, 1);
    }
}
END_TEST

static kit_completion step_itself(preempt_gen *self, kit_value arg)
{
    (void)arg;
    kit_value answer = next(self, 1).value;
    kit_completion c = preempt_gen_yield(self, answer);
    return kit_is_abrupt(c) ? c : kit_return(kit_none());
}

START_TEST (a_request_from_inside_is_refused_while_running_ahead_too) {
    preempt_gen *g = running_ahead(step_itself, 0, 4);
    ck_yielded(next(g, 0), -EBUSY);
    ck_done_none(next(g, 0));
    destroy(g);
}
END_TEST

/* Generators of which each waits for the next one, and the last one asks the
   first, which runs ahead. */
static struct {
    preempt_gen *at[4];
    int64_t length;
    enum { BY_NEXT, BY_THROW, BY_RETURN, BY_DESTROY, BY_DELEGATION, WAYS } way;
    atomic_long answer;
} circle;

/* Yields, and goes on when nobody asks it: its state does not tell, then. */
static kit_completion yield_and_be_left(preempt_gen *self, kit_value value)
{
    KIT_TRY(preempt_gen_yield(self, value));
    while (preempt_gen_state(self) == KIT_GEN_RUNNING)
        pause_ms(1);
    return kit_next(kit_none());
}

static void until_answered(void)
{
    while (!circle.answer)
        pause_ms(1);
    ck_assert_int_eq(circle.answer, -EBUSY);
}

static int64_t ask_the_first(preempt_gen *self)
{
    kit_iter *it = preempt_gen_iter(circle.at[0]);
    switch (circle.way) {
    case BY_NEXT:
        return kit_iter_next(it, kit_none()).value.i;
    case BY_THROW:
        return kit_iter_throw(it, kit_int(1)).value.i;
    case BY_RETURN:
        return kit_iter_return(it, kit_int(1)).value.i;
    case BY_DESTROY:
        return preempt_gen_destroy(circle.at[0]);
    default:
        return preempt_gen_delegate(self, &it->iterable).value.i;
    }
}

/* Asks the next one: odd places delegate to it. Only the first one yields, for
   none may run on before it is asked. */
static kit_completion in_circle(preempt_gen *self, kit_value place)
{
    if (place.i == 0)
        KIT_TRY(yield_and_be_left(self, place));
    if (place.i + 1 == circle.length) {
        circle.answer = ask_the_first(self);
        return kit_return(place);
    }
    preempt_gen *after = circle.at[place.i + 1];
    if (place.i % 2)
        KIT_TRY(preempt_gen_delegate(self, &preempt_gen_iter(after)->iterable));
    else
        ck_done(next(after, 0), place.i + 1);
    return kit_return(place);
}

/* `ahead`: a bit for each that runs ahead, but for the first, which does. */
static void close_circle(unsigned ahead)
{
    for (int64_t i = 0; i < circle.length; i++) {
        struct preempt_gen_options o = {.capacity = ahead >> i & 1};
        o.capacity += i == 0 ? 4 : 0;
        circle.at[i] = made(in_circle, kit_int(i), o);
    }
    circle.answer = 0;
    ck_yielded(next(circle.at[0], 0), 0);
    until_answered();
    ck_done(next(circle.at[0], 0), 0);
    for (int64_t i = 0; i < circle.length; i++)
        destroy(circle.at[i]);
}

START_TEST (a_request_by_a_body_that_a_body_ahead_waits_for_is_refused) {
    for (circle.way = 0; circle.way < WAYS; circle.way++)
        for (circle.length = 1; circle.length <= 4; circle.length++)
            for (unsigned ahead = 0; ahead < 1U << circle.length; ahead += 2)
                close_circle(ahead);
}
END_TEST

/* Asks the one that it is given when it is thrown into. */
static kit_completion ask_on_throw(preempt_gen *self, kit_value other)
{
    kit_completion c = kit_next(kit_none());
    for (int i = 0; i < 100 && c.how == KIT_NEXT; i++)
        c = preempt_gen_yield(self, kit_int(i));
    if (c.how == KIT_THROW)
        circle.answer = next(other.p, 0).value.i;
    return kit_return(kit_none());
}

static kit_completion throw_into(preempt_gen *self, kit_value arg)
{
    struct preempt_gen_options o = {.capacity = 7};
    preempt_gen *inner = made(ask_on_throw, kit_ptr(self), o);
    ck_yielded(next(inner, 0), 0);
    KIT_TRY(yield_and_be_left(self, arg));
    ck_done_none(kit_iter_throw(preempt_gen_iter(inner), arg));
    destroy(inner);
    return kit_return(arg);
}

START_TEST (a_body_that_a_throw_overtakes_is_waited_for_too) {
    for (size_t i = 0; i < scaled(100); i++) {
        preempt_gen *g = running_ahead(throw_into, 5, 1);
        circle.answer = 0;
        ck_yielded(next(g, 0), 5);
        until_answered();
        ck_done(next(g, 0), 5);
        destroy(g);
    }
}
END_TEST

static atomic_int told;

static kit_completion ask_when_told(preempt_gen *self, kit_value other)
{
    KIT_TRY(preempt_gen_yield(self, kit_int(10)));
    while (!told)
        pause_ms(1);
    told = next(other.p, 0).state == KIT_YIELDED ? 2 : 3;
    return kit_return(kit_none());
}

/* Waits for the first value of a body that asks it later. */
static kit_completion wait_once(preempt_gen *self, kit_value arg)
{
    struct preempt_gen_options o = {.capacity = 1};
    (void)arg;
    preempt_gen *inner = made(ask_when_told, kit_ptr(self), o);
    ck_yielded(next(inner, 0), 10);
    KIT_TRY(preempt_gen_yield(self, kit_int(1)));
    KIT_TRY(preempt_gen_yield(self, kit_int(2)));
    while (told < 2)
        pause_ms(1);
    ck_done_none(next(inner, 0));
    destroy(inner);
    return kit_return(kit_none());
}

START_TEST (a_body_that_is_not_waited_for_any_more_may_ask_who_waited) {
    preempt_gen *g = running_ahead(wait_once, 0, 4);
    told = 0;
    ck_yielded(next(g, 0), 1);
    told = 1;
    while (told < 2)
        pause_ms(1);
    ck_assert_int_eq(told, 2);
    ck_done_none(next(g, 0));
    destroy(g);
}
END_TEST

static kit_completion add_one(preempt_gen *self, kit_value source)
{
    for (kit_step s; (s = next(source.p, 0)).state == KIT_YIELDED;)
        KIT_TRY(preempt_gen_yield(self, kit_int(s.value.i + 1)));
    return kit_return(kit_int(-7));
}

START_TEST (bodies_that_run_ahead_in_a_row_are_refused_nothing) {
    int64_t limit = (int64_t)scaled(5000);
    preempt_gen *row[4] = {running_ahead(naturals, limit, 2)};
    for (int i = 1; i < 4; i++) {
        struct preempt_gen_options o = {.capacity = (size_t)i % 3};
        row[i] = made(add_one, kit_ptr(row[i - 1]), o);
    }
    for (int64_t n = 0; n < limit; n++)
        ck_yielded(next(row[3], 0), n + 3);
    ck_done(next(row[3], 0), -7);
    for (int i = 3; i >= 0; i--)
        destroy(row[i]);
}
END_TEST

START_TEST (a_capacity_out_of_range_is_refused) {
    struct preempt_gen_options o = {.capacity = SIZE_MAX};
    preempt_gen *g;
    ck_assert_int_eq(preempt_gen_create(&g, echo, kit_none(), &o), -EINVAL);
}
END_TEST

/* ---- several threads ---- */

struct stepper {
    preempt_gen *g;
    int64_t limit, last, sum;
    atomic_int *ready;
    size_t items, refusals;
};

/* Steps until the stream ends; counts refusals and checks the order. */
static void *step_to_the_end(void *arg)
{
    struct stepper *s = arg;
    s->last = -1;
    --*s->ready;
    while (*s->ready > 0)
        sched_yield();
    for (;;) {
        kit_step step = next(s->g, 0);
        if (step.state == KIT_DONE)
            return NULL;
        if (step.state == KIT_FAILED) {
            ck_assert_int_eq(step.value.i, -EBUSY);
            s->refusals++;
            sched_yield();
            continue;
        }
        ck_assert_int_gt(step.value.i, s->last);
        s->last = step.value.i;
        s->sum += step.value.i;
        s->items++;
    }
}

static void step_by_two(struct preempt_gen_options o, int64_t limit)
{
    preempt_gen *g = made(naturals, kit_int(limit), o);
    atomic_int ready = 2;
    struct stepper s[2] = {{.g = g, .ready = &ready},
                           {.g = g, .ready = &ready}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, step_to_the_end, &s[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq((int64_t)(s[0].items + s[1].items), limit);
    ck_assert_int_eq(s[0].sum + s[1].sum, limit * (limit - 1) / 2);
    destroy(g);
}

START_TEST (of_two_threads_that_step_one_generator_each_value_goes_to_one) {
    for (size_t w = 0; w < COUNT_OF(strategies); w++) {
        struct preempt_gen_options o = {.wait = strategies[w]};
        step_by_two(o, (int64_t)scaled(3000));
        o.capacity = 3;
        step_by_two(o, (int64_t)scaled(3000));
        o.capacity = 100;
        step_by_two(o, (int64_t)scaled(3000));
    }
}
END_TEST

START_TEST (of_two_threads_that_begin_a_generator_one_is_refused_or_waits) {
    struct preempt_gen_options o = {.capacity = 0};
    for (size_t i = 0; i < scaled(1000); i++)
        step_by_two(o, 2);
    for (size_t i = 0; i < scaled(500); i++) {
        o.capacity = 4 + i % 2 * 4;
        step_by_two(o, 2 + (int64_t)i % 50);
    }
}
END_TEST

/* A body that yields 0, and 1 when it may, and who steps it. */
struct slow {
    preempt_gen *g;
    atomic_bool stepped, may_yield;
};

static kit_completion yield_slowly(preempt_gen *self, kit_value arg)
{
    struct slow *s = arg.p;
    preempt_gen_yield(self, kit_int(0));
    while (!s->may_yield)
        sched_yield();
    preempt_gen_yield(self, kit_int(1));
    return kit_return(kit_none());
}

static void *step_slowly(void *arg)
{
    struct slow *s = arg;
    ck_yielded(next(s->g, 0), 0);
    s->stepped = true;
    ck_yielded(next(s->g, 0), 1);
    return NULL;
}

START_TEST (a_step_beside_one_that_waits_is_refused_while_running_ahead_too) {
    for (size_t i = 0; i < COUNT_OF(capacities); i++) {
        struct preempt_gen_options o = {.capacity = capacities[i]};
        struct slow s = {.may_yield = false};
        pthread_t first;
        s.g = made(yield_slowly, kit_ptr(&s), o);
        pthread_create(&first, NULL, step_slowly, &s);
        while (!s.stepped || preempt_gen_state(s.g) != KIT_GEN_RUNNING)
            sched_yield();
        ck_failed(next(s.g, 0), -EBUSY);
        ck_failed(kit_iter_return(preempt_gen_iter(s.g), kit_int(5)), -EBUSY);
        ck_assert_int_eq(preempt_gen_destroy(s.g), -EBUSY);
        s.may_yield = true;
        pthread_join(first, NULL);
        ck_assert_int_eq(preempt_gen_state(s.g), KIT_GEN_SUSPENDED);
        ck_done_none(next(s.g, 0));
        destroy(s.g);
    }
}
END_TEST

static void *step_twice(void *g)
{
    ck_yielded(next(g, 1), 1);
    ck_yielded(next(g, 2), 2);
    return NULL;
}

START_TEST (any_thread_may_step_a_generator) {
    struct preempt_gen_options o = {.capacity = 0};
    preempt_gen *g = made(echo, kit_int(0), o);
    pthread_t thread;
    ck_yielded(next(g, 0), 0);
    for (int i = 0; i < 5; i++) {
        pthread_create(&thread, NULL, step_twice, g);
        pthread_join(thread, NULL);
        ck_yielded(next(g, 3), 3);
    }
    destroy(g);
}
END_TEST

struct turn {
    preempt_gen *g;
    int64_t from;
};

static void *step_in_turn(void *arg)
{
    struct turn *t = arg;
    for (int64_t n = 0; n < 3; n++)
        ck_yielded(next(t->g, 0), t->from + n);
    return NULL;
}

START_TEST (any_thread_may_step_a_generator_that_runs_ahead) {
    struct preempt_gen_options o = {.capacity = 8};
    struct turn t = {.g = made(naturals, kit_int(1000000), o)};
    pthread_t thread;
    for (; t.from < 60; t.from += 3) {
        pthread_create(&thread, NULL, step_in_turn, &t);
        pthread_join(thread, NULL);
    }
    for (int64_t n = t.from; n < 100; n++)
        ck_yielded(next(t.g, 0), n);
    destroy(t.g);
}
END_TEST

/* ---- the thread ---- */

static kit_completion yield_cpu(preempt_gen *self, kit_value arg)
{
    (void)arg;
    kit_completion c = preempt_gen_yield(self, kit_int(sched_getcpu()));
    return kit_is_abrupt(c) ? c : kit_return(kit_none());
}

START_TEST (a_generator_runs_on_the_cpu_that_was_asked_for) {
    cpu_set_t allowed;
    ck_assert_int_eq(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &allowed))
            continue;
        struct preempt_gen_options o = {.cpu_plus_one = cpu + 1};
        preempt_gen *g = made(yield_cpu, kit_none(), o);
        ck_yielded(next(g, 0), cpu);
        destroy(g);
    }
}
END_TEST

START_TEST (a_cpu_that_does_not_exist_fails_the_first_next) {
    struct preempt_gen_options o = {.cpu_plus_one = CPU_SETSIZE};
    preempt_gen *g = made(echo, kit_none(), o);
    ck_failed(next(g, 0), -EINVAL);
    ck_assert_int_eq(preempt_gen_state(g), KIT_GEN_CREATED);
    destroy(g);
}
END_TEST

START_TEST (a_thread_that_cannot_start_fails_the_first_next_and_may_later) {
    struct preempt_gen_options o = {.stack_size = (size_t)1 << 30};
    struct rlimit little = {(rlim_t)256 << 20, RLIM_INFINITY};
    struct rlimit enough = {RLIM_INFINITY, RLIM_INFINITY};
    if (is_watched() || setrlimit(RLIMIT_AS, &little) != 0)
        return;
    preempt_gen *g = made(echo, kit_int(5), o);
    ck_failed(next(g, 0), -EAGAIN);
    ck_failed(next(g, 0), -EAGAIN);
    ck_assert_int_eq(preempt_gen_state(g), KIT_GEN_CREATED);
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &enough), 0);
    ck_yielded(next(g, 0), 5);
    destroy(g);
}
END_TEST

static kit_completion destroy_itself(preempt_gen *self, kit_value arg)
{
    (void)arg;
    KIT_TRY(preempt_gen_yield(self, kit_int(1)));
    KIT_TRY(preempt_gen_yield(self, kit_int(preempt_gen_destroy(self))));
    return kit_return(kit_none());
}

START_TEST (a_body_that_runs_ahead_cannot_destroy_itself) {
    preempt_gen *g = made(destroy_itself, kit_none(),
                          (struct preempt_gen_options){.capacity = 8});
    ck_yielded(next(g, 0), 1);
    pause_ms(20); /* meanwhile it goes on */
    ck_yielded(next(g, 0), -EBUSY);
    ck_done_none(next(g, 0));
    destroy(g);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        every_way_of_waiting_passes_every_value_both_ways,
        a_body_that_is_slow_is_waited_for,
        a_step_of_a_chain_wakes_the_innermost_thread_only,
        an_unknown_strategy_is_refused,
        a_body_that_runs_ahead_gives_every_value_in_order,
        the_ways_of_waiting_all_run_ahead,
        a_body_runs_ahead_by_its_capacity_and_no_further,
        nothing_runs_ahead_before_the_first_next,
        return_overtakes_what_is_buffered_and_counts_it,
        throw_overtakes_what_is_buffered_and_the_body_may_go_on,
        abrupt_requests_in_a_row_each_overtake,
        a_request_to_a_body_that_ended_unseen_finds_it_completed,
        an_error_of_a_body_that_ran_ahead_comes_after_its_values,
        destroy_ends_a_body_that_ran_ahead,
        a_request_from_inside_is_refused_while_running_ahead_too,
        a_request_by_a_body_that_a_body_ahead_waits_for_is_refused,
        a_body_that_a_throw_overtakes_is_waited_for_too,
        a_body_that_is_not_waited_for_any_more_may_ask_who_waited,
        bodies_that_run_ahead_in_a_row_are_refused_nothing,
        a_capacity_out_of_range_is_refused,
        of_two_threads_that_step_one_generator_each_value_goes_to_one,
        of_two_threads_that_begin_a_generator_one_is_refused_or_waits,
        any_thread_may_step_a_generator,
        any_thread_may_step_a_generator_that_runs_ahead,
        a_step_beside_one_that_waits_is_refused_while_running_ahead_too,
        a_generator_runs_on_the_cpu_that_was_asked_for,
        a_cpu_that_does_not_exist_fails_the_first_next,
        a_thread_that_cannot_start_fails_the_first_next_and_may_later,
        a_body_that_runs_ahead_cannot_destroy_itself,
        NULL,
    };
    return run_suite("preempt generators ahead", 20, tests);
}
