/* SPDX-License-Identifier: MIT */
/* Generators in depth, in number, and on several threads; both libraries. */
#include "generator.h"

#include <kit/source.h>
#include <kit/stack.h>

#include <pthread.h>
#include <stdlib.h>

/* ---- depth ---- */

/* Ends with one more than the inner; notes when it is left or failed. */
static kit_completion forward(any_gen *self, kit_value inner)
{
    kit_completion c = K(gen_delegate)(self, inner.p);
    if (kit_is_abrupt(c)) {
        cleanups++;
        return c;
    }
    return kit_return(kit_int(c.value.i + 1));
}

static any_gen *forwarding(any_gen *inner)
{
    return made(forward, kit_ptr(&K(gen_iter)(inner)->iterable));
}

/* How deep a chain is tried. A thread costs more than a coroutine;
   ThreadSanitizer, which takes each for a thread, has room for 8000 of them,
   and valgrind's time goes with the square of their number. */
static size_t depth_tried(void)
{
    bool few = UNDER_TSAN || under_valgrind();
    return scaled(MIRROR_IS_PREEMPT ? 1000 : few ? 10000 : 100000);
}

/* Delegators over `body`; chain[0] is the innermost. */
static any_gen **chain_over(K(gen_fn) body, kit_value arg, size_t depth)
{
    struct K(gen_options) o = {.stack_size = KIT_STACK_MIN};
    any_gen **chain = calloc(depth + 1, sizeof(any_gen *));
    must_be_0(K(gen_create)(&chain[0], body, arg, &o), "create");
    for (size_t i = 1; i <= depth; i++) {
        arg = kit_ptr(&K(gen_iter)(chain[i - 1])->iterable);
        must_be_0(K(gen_create)(&chain[i], forward, arg, &o), "create");
    }
    return chain;
}

static size_t done_of(any_gen **chain, size_t depth)
{
    size_t done = 0;
    for (size_t i = 0; i <= depth; i++)
        done += K(gen_state)(chain[i]) == KIT_GEN_DONE;
    return done;
}

static void destroy_chain(any_gen **chain, size_t depth)
{
    for (size_t i = depth + 1; i-- > 0;)
        destroy(chain[i]);
    free(chain);
}

START_TEST (a_deep_chain_carries_what_is_sent_and_the_final_value) {
    size_t depth = depth_tried();
    any_gen **chain = chain_over(one_two, kit_none(), depth);
    any_gen *root = chain[depth];
    ck_yielded(next(root, 0), 1);
    ck_yielded(next(root, 0), 2);
    ck_done(next(root, 0), 3 + (int64_t)depth);
    ck_assert_uint_eq(done_of(chain, depth), depth + 1);
    ck_assert_int_eq(cleanups, 0);
    destroy_chain(chain, depth);
    chain = chain_over(echo, kit_int(100), depth);
    root = chain[depth];
    ck_yielded(next(root, 0), 100);
    for (int i = 0; i < 100; i++)
        ck_yielded(next(root, i), i);
    destroy_chain(chain, depth);
}
END_TEST

START_TEST (a_deep_chain_carries_throw_and_return) {
    size_t depth = depth_tried();
    for (int how = KIT_THROW; how <= KIT_RETURN; how++) {
        any_gen **chain = chain_over(one_two, kit_none(), depth);
        any_gen *root = chain[depth];
        cleanups = 0;
        ck_yielded(next(root, 0), 1);
        if (how == KIT_THROW)
            ck_failed(throw(root, 8), 8);
        else
            ck_done(return_(root, 9), 9);
        ck_assert_int_eq(cleanups, (int)depth + 1);
        ck_assert_uint_eq(done_of(chain, depth), depth + 1);
        destroy_chain(chain, depth);
        ck_assert_int_eq(cleanups, (int)depth + 1);
    }
}
END_TEST

START_TEST (destroying_the_root_of_a_deep_chain_cleans_all_of_it_up) {
    size_t depth = depth_tried();
    any_gen **chain = chain_over(one_two, kit_none(), depth);
    ck_yielded(next(chain[depth], 0), 1);
    destroy(chain[depth]);
    ck_assert_int_eq(cleanups, (int)depth + 1);
    ck_assert_uint_eq(done_of(chain, depth - 1), depth);
    destroy_chain(chain, depth - 1);
    ck_assert_int_eq(cleanups, (int)depth + 1);
}
END_TEST

/* ---- threads ---- */

enum { TURNS = 200 };

struct stepper {
    any_gen *g;
    pthread_barrier_t *turn;
    int mine; /* takes the even or the odd turns */
    int wrong;
};

static void *step_in_turn(void *arg)
{
    struct stepper *s = arg;
    for (int64_t i = 0; i < TURNS; i++) {
        if (i % 2 == s->mine) {
            kit_step got = next(s->g, i);
            s->wrong += got.state != KIT_YIELDED || got.value.i != i;
        }
        pthread_barrier_wait(s->turn);
    }
    return NULL;
}

/* Of a suspended generator that echoes. */
static void step_by_two(any_gen *g)
{
    pthread_barrier_t turn;
    pthread_t other;
    ck_assert_int_eq(pthread_barrier_init(&turn, NULL, 2), 0);
    struct stepper here = {.g = g, .turn = &turn, .mine = 0};
    struct stepper there = {.g = g, .turn = &turn, .mine = 1};
    ck_assert_int_eq(pthread_create(&other, NULL, step_in_turn, &there), 0);
    step_in_turn(&here);
    pthread_join(other, NULL);
    pthread_barrier_destroy(&turn);
    ck_assert_int_eq(here.wrong + there.wrong, 0);
}

START_TEST (two_threads_may_step_a_generator_in_turn) {
    any_gen *g = made(echo, kit_int(100));
    ck_yielded(next(g, 0), 100);
    step_by_two(g);
    ck_done(return_(g, 7), 7);
    destroy(g);
}
END_TEST

START_TEST (two_threads_may_step_a_chain_in_turn) {
    any_gen *leaf = made(echo, kit_int(100)), *middle = forwarding(leaf);
    any_gen *root = forwarding(middle);
    ck_yielded(next(root, 0), 100);
    step_by_two(root);
    step_by_two(middle); /* from the side */
    step_by_two(root);
    ck_done(return_(root, 7), 7);
    ck_assert_int_eq(cleanups, 2);
    destroy(root);
    destroy(middle);
    destroy(leaf);
}
END_TEST

/* A delegator and what it delegates to. */
struct two {
    any_gen *outer, *inner;
};

static void *create_two(void *arg)
{
    struct two *two = arg;
    two->inner = made(one_two, kit_none());
    two->outer = forwarding(two->inner);
    return NULL;
}

static void *step_two(void *arg)
{
    struct two *two = arg;
    kit_step s = next(two->outer, 0);
    must_be_0(s.state != KIT_YIELDED, "a step");
    return NULL;
}

static void *destroy_two(void *arg)
{
    struct two *two = arg;
    destroy(two->outer);
    destroy(two->inner);
    return NULL;
}

START_TEST (each_moment_of_a_life_may_be_on_another_thread) {
    struct two two;
    int rounds = (int)scaled(200);
    for (int i = 0; i < rounds; i++) {
        on_another_thread(create_two, &two);
        on_another_thread(step_two, &two);
        on_another_thread(step_two, &two);
        on_another_thread(destroy_two, &two);
    }
    ck_assert_int_eq(cleanups, 2 * rounds);
}
END_TEST

START_TEST (a_generator_outlives_the_thread_that_created_it) {
    enum { MANY = 20 };
    struct two many[MANY];
    for (int i = 0; i < MANY; i++)
        on_another_thread(create_two, &many[i]);
    for (int i = 0; i < MANY; i++)
        step_two(&many[i]);
    for (int i = 0; i < MANY; i++)
        destroy_two(&many[i]);
    ck_assert_int_eq(cleanups, 2 * MANY);
}
END_TEST

/* ---- abandonment ---- */

/* One of them, left where it stands; how many clean-ups that makes due. */
static int begin_some(struct two *two, size_t i)
{
    static const kit_value items[] = {{.i = 1}, {.i = 2}};
    *two = (struct two){NULL, NULL};
    switch (i % 5) {
    case 0: /* never begun */
        two->inner = made(one_two, kit_none());
        return 0;
    case 1: /* mid-delegation */
        create_two(two);
        step_two(two);
        return 2;
    case 2: /* mid-delegation to what open allocates */
        break;
    default:
        two->inner = made(one_two, kit_none());
        for (size_t steps = i % 5 - 2; steps > 0; steps--)
            next(two->inner, 0);
        return 1;
    }
    static kit_array array;
    kit_array_init(&array, items, 2);
    two->inner = made(forward, kit_ptr(&array));
    next(two->inner, 0);
    return 1;
}

/* Abandons `n`, of which a few are alive at a time; clean-ups that were due. */
static long abandon(size_t n)
{
    static struct two alive[16];
    long due = 0;
    for (size_t i = 0; i < n; i++) {
        struct two *two = &alive[i % 16];
        destroy_two(two);
        due += begin_some(two, i);
    }
    for (size_t i = 0; i < 16; i++) {
        destroy_two(&alive[i]);
        alive[i] = (struct two){NULL, NULL};
    }
    return due;
}

/* A million threads take long: once is enough, where nobody watches them, and
   without assembly preempt is no other. */
static bool makes_many_threads(void)
{
    return MIRROR_IS_PREEMPT && !is_watched() &&
           kit_mechanism_default()->inlines;
}

static size_t abandoned(void)
{
    bool few = UNDER_TSAN || (MIRROR_IS_PREEMPT && !makes_many_threads());
    return scaled(few ? 10000 : 1000000);
}

/* On every CPU at first. Of that many threads, made one after the other, the
   rest would take minutes there: on one CPU it is a third of the time. */
START_TEST (abandoned_generators_clean_up_once_and_leave_nothing_behind) {
    size_t n = abandoned();
    long due = abandon(n / 20);
    if (makes_many_threads())
        keep_to_one_cpu();
    size_t early = resident_bytes();
    due += abandon(n - n / 20);
    ck_assert_int_eq(cleanups, due);
    ck_assert_uint_le(resident_bytes(), early + ((size_t)4 << 20));
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_deep_chain_carries_what_is_sent_and_the_final_value,
        a_deep_chain_carries_throw_and_return,
        destroying_the_root_of_a_deep_chain_cleans_all_of_it_up,
        two_threads_may_step_a_generator_in_turn,
        two_threads_may_step_a_chain_in_turn,
        each_moment_of_a_life_may_be_on_another_thread,
        a_generator_outlives_the_thread_that_created_it,
        abandoned_generators_clean_up_once_and_leave_nothing_behind,
        NULL,
    };
    double seconds = makes_many_threads() ? 140 : 30;
    return run_suite(SUITE("generators at scale"), seconds, tests);
}
