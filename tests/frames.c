/* SPDX-License-Identifier: MIT */
/* Stackless generators: resumable functions over a frame of the caller's. */
#include "harness.h"
#include "transcript.h"

#include <coop/frame.h>
#include <coop/gen.h>

#include <kit/source.h>

#include <errno.h>
#include <pthread.h>

#include "mechanism.h"

struct counter {
    coop_frame frame;
    int64_t i, limit;
    int cleanups;
    kit_iterable *inner; /* of those that delegate */
};

static kit_step next(struct counter *c, int64_t value)
{
    return kit_iter_next(&c->frame.iter, kit_int(value));
}

static kit_step throw(struct counter * c, int64_t value)
{
    return kit_iter_throw(&c->frame.iter, kit_int(value));
}

static kit_step return_(struct counter *c, int64_t value)
{
    return kit_iter_return(&c->frame.iter, kit_int(value));
}

/* Yields 0, 1 ... and ends with 99; cleans up when it is told to leave. */
COOP_FRAME_FUNCTION(count)
{
    struct counter *self = (struct counter *)f;
    COOP_FRAME_BEGIN(f);
    for (self->i = 0; self->i < self->limit; self->i++) {
        COOP_FRAME_YIELD(f, kit_int(self->i));
        if (kit_is_abrupt(how)) {
            self->cleanups++;
            return kit_step_of_end(how);
        }
    }
    COOP_FRAME_END(f);
    return kit_done(kit_int(99));
}

/* Yields what it was sent. */
COOP_FRAME_FUNCTION(echo)
{
    COOP_FRAME_BEGIN(f);
    for (;;)
        COOP_FRAME_TRY_YIELD(f, how.value);
    COOP_FRAME_END(f);
    return kit_done(kit_none());
}

/* Yields the value of its delegation plus 1000. */
COOP_FRAME_FUNCTION(delegate)
{
    struct counter *self = (struct counter *)f;
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_TRY_DELEGATE(f, self->inner);
    COOP_FRAME_TRY_YIELD(f, kit_int(how.value.i + 1000));
    COOP_FRAME_END(f);
    return kit_done(kit_int(2000));
}

static void begin(struct counter *c, const coop_frame_function *function,
                  int64_t limit)
{
    *c = (struct counter){.limit = limit};
    coop_frame_init(&c->frame, function);
}

static void begin_over(struct counter *c, kit_iterable *inner)
{
    begin(c, &delegate, 0);
    c->inner = inner;
}

/* ---- states ---- */

START_TEST (a_frame_yields_then_is_done_then_gives_none) {
    struct counter c;
    begin(&c, &count, 2);
    ck_assert_int_eq(coop_frame_state(&c.frame), KIT_GEN_CREATED);
    ck_yielded(next(&c, 7), 0);
    ck_assert_int_eq(coop_frame_state(&c.frame), KIT_GEN_SUSPENDED);
    ck_yielded(next(&c, 7), 1);
    ck_done(next(&c, 7), 99);
    ck_assert_int_eq(coop_frame_state(&c.frame), KIT_GEN_DONE);
    ck_done_none(next(&c, 7));
    ck_done(return_(&c, 8), 8);
    ck_failed(throw(&c, 9), 9);
}
END_TEST

START_TEST (the_own_next_of_a_function_is_a_step_in_every_state) {
    struct counter c;
    begin(&c, &count, 2);
    ck_yielded(count_next(&c.frame.iter, kit_int(7)), 0);
    ck_yielded(next(&c, 7), 1);
    ck_done(count_next(&c.frame.iter, kit_int(7)), 99);
    ck_done_none(count_next(&c.frame.iter, kit_int(7)));
    begin(&c, &count, 2);
    ck_done(return_(&c, 7), 7);
    ck_done_none(count_next(&c.frame.iter, kit_int(7)));
    begin(&c, &count, 2);
    coop_frame_close(&c.frame);
    ck_done_none(count_next(&c.frame.iter, kit_int(7)));
    ck_assert_int_eq(coop_frame_state(&c.frame), KIT_GEN_DONE);
}
END_TEST

START_TEST (requests_before_the_start_complete_without_running) {
    struct counter c;
    begin(&c, &count, 2);
    ck_done(return_(&c, 7), 7);
    ck_done_none(next(&c, 0));
    begin(&c, &count, 2);
    ck_failed(throw(&c, 8), 8);
    ck_done_none(next(&c, 0));
    ck_assert_int_eq(c.cleanups, 0);
}
END_TEST

START_TEST (a_frame_is_told_how_it_was_resumed) {
    struct counter c;
    begin(&c, &echo, 0);
    next(&c, 0);
    for (int64_t i = 1; i < 100; i++)
        ck_yielded(next(&c, i), i);
    ck_failed(throw(&c, 5), 5);
    begin(&c, &count, 5);
    next(&c, 0);
    ck_done(return_(&c, 6), 6);
    ck_assert_int_eq(c.cleanups, 1);
}
END_TEST

START_TEST (close_lets_a_suspended_frame_clean_up) {
    struct counter c;
    begin(&c, &count, 5);
    next(&c, 0);
    ck_assert_int_eq(coop_frame_close(&c.frame), 0);
    ck_assert_int_eq(c.cleanups, 1);
    ck_assert_int_eq(coop_frame_close(&c.frame), 0);
    ck_done_none(next(&c, 0));
    ck_assert_int_eq(c.cleanups, 1);
}
END_TEST

COOP_FRAME_FUNCTION(never_leave)
{
    (void)how;
    COOP_FRAME_BEGIN(f);
    for (;;)
        COOP_FRAME_YIELD(f, kit_int(1));
    COOP_FRAME_END(f);
    return kit_done(kit_none());
}

START_TEST (close_gives_up_on_a_frame_that_never_ends) {
    struct counter c;
    begin(&c, &never_leave, 0);
    next(&c, 0);
    ck_assert_int_eq(coop_frame_close(&c.frame), -EBUSY);
    ck_yielded(next(&c, 0), 1);
}
END_TEST

COOP_FRAME_FUNCTION(step_itself)
{
    (void)how;
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_YIELD(f, kit_iter_next(&f->iter, kit_none()).value);
    COOP_FRAME_YIELD(f, kit_int(coop_frame_close(f)));
    COOP_FRAME_END(f);
    return kit_done(kit_int(coop_frame_state(f)));
}

START_TEST (a_request_from_inside_is_refused) {
    struct counter c;
    begin(&c, &step_itself, 0);
    ck_yielded(next(&c, 0), -EBUSY);
    ck_yielded(next(&c, 0), -EBUSY);
    ck_done(next(&c, 0), KIT_GEN_RUNNING);
}
END_TEST

/* ---- delegation ---- */

START_TEST (a_frame_delegates_to_a_frame) {
    struct counter inner, outer;
    begin(&inner, &count, 2);
    begin_over(&outer, &inner.frame.iter.iterable);
    ck_yielded(next(&outer, 0), 0);
    ck_assert_int_eq(coop_frame_close(&inner.frame), -EBUSY);
    ck_yielded(next(&outer, 0), 1);
    ck_yielded(next(&outer, 0), 1099);
    ck_done(next(&outer, 0), 2000);
}
END_TEST

START_TEST (a_frame_that_was_stepped_from_the_side_is_kept_for_its_outer) {
    struct counter inner, outer;
    begin(&inner, &count, 3);
    begin_over(&outer, &inner.frame.iter.iterable);
    ck_yielded(next(&outer, 0), 0);
    ck_yielded(next(&inner, 0), 1);
    ck_assert_int_eq(coop_frame_close(&inner.frame), -EBUSY);
    ck_yielded(next(&outer, 0), 2);
    ck_assert_int_eq(coop_frame_close(&inner.frame), -EBUSY);
    ck_yielded(next(&outer, 0), 1099);
    ck_assert_int_eq(coop_frame_close(&inner.frame), 0);
    ck_done(next(&outer, 0), 2000);
}
END_TEST

START_TEST (a_frame_of_two_is_kept_for_either) {
    struct counter inner, one, two;
    begin(&inner, &count, 3);
    begin_over(&one, &inner.frame.iter.iterable);
    begin_over(&two, &inner.frame.iter.iterable);
    ck_yielded(next(&one, 0), 0);
    ck_yielded(next(&two, 0), 1);
    ck_assert_int_eq(coop_frame_close(&one.frame), 0);
    ck_assert_int_eq(coop_frame_close(&inner.frame), -EBUSY);
    ck_assert_int_eq(coop_frame_close(&two.frame), 0);
    ck_assert_int_eq(coop_frame_close(&inner.frame), 0);
}
END_TEST

START_TEST (a_delegation_of_a_frame_to_nothing_fails) {
    struct counter outer;
    begin_over(&outer, NULL);
    ck_failed(next(&outer, 0), -EINVAL);
    begin_over(&outer, kit_none().p);
    ck_failed(next(&outer, 0), -EINVAL);
    ck_assert_int_eq(coop_frame_state(&outer.frame), KIT_GEN_DONE);
}
END_TEST

START_TEST (throw_and_return_go_to_the_inner_frame) {
    struct counter inner, outer;
    begin(&inner, &count, 2);
    begin_over(&outer, &inner.frame.iter.iterable);
    next(&outer, 0);
    ck_done(return_(&outer, 5), 5);
    ck_assert_int_eq(inner.cleanups, 1);
    begin(&inner, &count, 2);
    begin_over(&outer, &inner.frame.iter.iterable);
    next(&outer, 0);
    ck_failed(throw(&outer, 6), 6);
    ck_assert_int_eq(inner.cleanups, 1);
}
END_TEST

static kit_completion two_and_three(coop_gen *self, kit_value arg)
{
    (void)arg;
    kit_completion c = coop_gen_yield(self, kit_int(2));
    if (!kit_is_abrupt(c))
        c = coop_gen_yield(self, kit_int(3));
    return kit_is_abrupt(c) ? c : kit_return(kit_int(4));
}

START_TEST (a_frame_delegates_to_generators_and_sources_alike) {
    struct counter outer;
    struct spy spy;
    const kit_value one = kit_int(1);
    coop_gen *g;
    coop_gen_create(&g, two_and_three, kit_none(), NULL);
    begin_over(&outer, &coop_gen_iter(g)->iterable);
    ck_yielded(next(&outer, 0), 2);
    ck_yielded(next(&outer, 0), 3);
    ck_yielded(next(&outer, 0), 1004);
    coop_gen_destroy(g);
    transcript_begin();
    spy_init(&spy, "s", 1, &one);
    begin_over(&outer, &spy.iter.iterable);
    ck_yielded(next(&outer, 0), 1);
    ck_done(return_(&outer, 7), 7);
    transcript_check("s.iter\ns.next(undefined)\ns.return(7)\n");
    ck_assert_int_eq(spy.released, 1);
}
END_TEST

START_TEST (an_inner_frame_may_be_stepped_from_the_side) {
    struct counter inner, outer;
    begin(&inner, &count, 4);
    begin_over(&outer, &inner.frame.iter.iterable);
    ck_yielded(next(&outer, 0), 0);
    ck_yielded(next(&inner, 0), 1);
    ck_yielded(next(&outer, 0), 2);
    ck_yielded(next(&inner, 0), 3);
    ck_yielded(next(&outer, 0), 1099);
    ck_done(next(&outer, 0), 2000);
}
END_TEST

/* ---- depth ---- */

static size_t calls;    /* of the functions of a chain */
static size_t cleanups; /* of all frames of a test */

static void clean_up(coop_frame *f)
{
    (void)f;
    cleanups++;
}

/* Ends with one more than the inner. */
COOP_FRAME_FUNCTION(forward)
{
    struct counter *self = (struct counter *)f;
    calls++;
    COOP_FRAME_BEGIN(f);
    coop_frame_defer(f, clean_up);
    COOP_FRAME_TRY_DELEGATE(f, self->inner);
    COOP_FRAME_END(f);
    return kit_done(kit_int(how.value.i + 1));
}

/* Yields what it was sent until that is 0; ends with 50. */
COOP_FRAME_FUNCTION(echo_until_0)
{
    calls++;
    COOP_FRAME_BEGIN(f);
    coop_frame_defer(f, clean_up);
    do
        COOP_FRAME_TRY_YIELD(f, how.value);
    while (how.value.i != 0);
    COOP_FRAME_END(f);
    return kit_done(kit_int(50));
}

static void begin_forward(struct counter *c, struct counter *inner)
{
    begin(c, &forward, 0);
    c->inner = &inner->frame.iter.iterable;
}

enum { DEPTH = 100000 };

/* The outermost of a suspended chain over echo_until_0. */
static struct counter *deep_chain(void)
{
    static struct counter chain[DEPTH];
    begin(&chain[0], &echo_until_0, 0);
    for (int i = 1; i < DEPTH; i++)
        begin_forward(&chain[i], &chain[i - 1]);
    ck_yielded_none(next(&chain[DEPTH - 1], 100)); /* started with none */
    cleanups = 0;
    return &chain[DEPTH - 1];
}

START_TEST (a_very_deep_chain_carries_what_is_sent_and_the_final_value) {
    struct counter *root = deep_chain();
    for (int64_t i = 1; i < 1000; i++)
        ck_yielded(next(root, i), i);
    ck_assert_uint_eq(cleanups, 0);
    ck_done(next(root, 0), 50 + DEPTH - 1);
    ck_assert_uint_eq(cleanups, DEPTH);
}
END_TEST

START_TEST (a_very_deep_chain_carries_throw_and_return) {
    struct counter *root = deep_chain();
    ck_failed(throw(root, 8), 8);
    ck_assert_uint_eq(cleanups, DEPTH);
    root = deep_chain();
    ck_done(return_(root, 7), 7);
    ck_assert_uint_eq(cleanups, DEPTH);
}
END_TEST

START_TEST (closing_the_root_of_a_very_deep_chain_cleans_all_of_it_up) {
    struct counter *root = deep_chain();
    ck_assert_int_eq(coop_frame_close(&root->frame), 0);
    ck_assert_uint_eq(cleanups, DEPTH);
    for (int i = 0; i < DEPTH; i++)
        if (coop_frame_state(&root[-i].frame) != KIT_GEN_DONE)
            ck_abort_msg("%d is not done", i);
}
END_TEST

/* A deep chain of which each was stepped from the side, outermost first. */
static struct counter *sidestepped_chain(void)
{
    struct counter *root = deep_chain();
    for (int i = 1; i < DEPTH; i++)
        ck_yielded(next(&root[-i], i), i);
    return root;
}

START_TEST (each_of_a_very_deep_chain_may_be_stepped_from_the_side) {
    struct counter *root = sidestepped_chain();
    ck_yielded(next(root, 3), 3);
    calls = 0;
    ck_yielded(next(root, 4), 4);
    ck_assert_uint_eq(calls, 1);
    ck_assert_int_eq(coop_frame_close(&root[-1].frame), -EBUSY);
    ck_done(next(root, 0), 50 + DEPTH - 1);
    root = sidestepped_chain();
    ck_failed(throw(root, 8), 8);
    ck_assert_uint_eq(cleanups, DEPTH);
    root = sidestepped_chain();
    ck_done(return_(root, 7), 7);
    ck_assert_uint_eq(cleanups, DEPTH);
    ck_assert_int_eq(coop_frame_close(&root[-1].frame), 0);
}
END_TEST

COOP_FRAME_FUNCTION(argument)
{
    struct counter *self = (struct counter *)f;
    COOP_FRAME_BEGIN(f);
    self->i = kit_is_none(how.value) ? self->limit : how.value.i;
    COOP_FRAME_TRY_YIELD(f, kit_int(self->i));
    COOP_FRAME_END(f);
    return kit_done(how.value);
}

START_TEST (the_first_value_is_refused_or_the_argument_as_the_policy_says) {
    struct counter c;
    begin(&c, &argument, 5);
    ck_assert_int_eq(coop_frame_set_first(&c.frame, KIT_GEN_FIRST_LUA), 0);
    ck_yielded(next(&c, 7), 7);
    ck_assert_int_eq(coop_frame_set_first(&c.frame, KIT_GEN_FIRST_LUA), -EBUSY);
    begin(&c, &argument, 5);
    ck_assert_int_eq(coop_frame_set_first(&c.frame, (enum kit_gen_first)3),
                     -EINVAL);
    ck_assert_int_eq(coop_frame_set_first(&c.frame, KIT_GEN_FIRST_PYTHON), 0);
    ck_failed(next(&c, 7), -EINVAL);
    ck_failed(argument_next(&c.frame.iter, kit_int(7)), -EINVAL);
    ck_assert_int_eq(coop_frame_state(&c.frame), KIT_GEN_CREATED);
    ck_yielded(kit_iter_next(&c.frame.iter, kit_none()), 5);
    ck_done(next(&c, 8), 8);
    begin(&c, &argument, 5);
    ck_assert_int_eq(coop_frame_set_first(&c.frame, KIT_GEN_FIRST_PYTHON), 0);
    ck_done(return_(&c, 9), 9);
    ck_assert_int_eq(coop_frame_set_first(&c.frame, KIT_GEN_FIRST_JS), -EBUSY);
}
END_TEST

START_TEST (a_delegation_starts_a_frame_whatever_its_policy) {
    struct counter inner, outer;
    begin(&inner, &argument, 5);
    ck_assert_int_eq(coop_frame_set_first(&inner.frame, KIT_GEN_FIRST_PYTHON),
                     0);
    begin_over(&outer, &inner.frame.iter.iterable);
    ck_yielded(next(&outer, 7), 5);
    ck_yielded(next(&outer, 8), 1008);
}
END_TEST

START_TEST (a_step_of_a_deep_chain_calls_the_innermost_function_only) {
    struct counter *root = deep_chain();
    ck_assert_uint_eq(calls, DEPTH);
    calls = 0;
    for (int64_t i = 1; i <= 1000; i++)
        next(root, i);
    ck_assert_uint_eq(calls, 1000);
}
END_TEST

/* ---- loops ---- */

struct breaker {
    coop_frame frame;
    kit_loop loop;
    kit_iterable *source;
};

/* Passes one item on, and ends with 5 once its loop is left. */
COOP_FRAME_FUNCTION(breaking)
{
    struct breaker *self = (struct breaker *)f;
    kit_value item;
    COOP_FRAME_BEGIN(f);
    kit_loop_open(&self->loop, self->source);
    while (kit_loop_next(&self->loop, &item)) {
        COOP_FRAME_YIELD(f, item);
        if (kit_is_abrupt(how))
            return kit_step_of_end(kit_loop_close(&self->loop, how));
        break;
    }
    how = kit_loop_close(&self->loop, kit_next(kit_int(5)));
    COOP_FRAME_END(f);
    return kit_step_of_end(how);
}

START_TEST (a_frame_that_leaves_a_loop_by_break_closes_it_and_goes_on) {
    struct counter c = {.limit = 9};
    struct breaker b = {.source = &c.frame.iter.iterable};
    coop_frame_init(&c.frame, &count);
    coop_frame_init(&b.frame, &breaking);
    ck_yielded(kit_iter_next(&b.frame.iter, kit_none()), 0);
    ck_done(kit_iter_next(&b.frame.iter, kit_none()), 5);
    ck_assert_int_eq(c.cleanups, 1);
    ck_assert_int_eq(coop_frame_state(&c.frame), KIT_GEN_DONE);
}
END_TEST

/* ---- clean-up ---- */

static void note_state(coop_frame *f)
{
    struct counter *self = (struct counter *)f;
    self->cleanups++;
    self->limit = coop_frame_state(f) == KIT_GEN_RUNNING;
    self->i = next(self, 0).value.i;
}

/* Yields 1, then fails with 66. */
COOP_FRAME_FUNCTION(defer_and_fail)
{
    COOP_FRAME_BEGIN(f);
    coop_frame_defer(f, note_state);
    COOP_FRAME_TRY_YIELD(f, kit_int(1));
    COOP_FRAME_END(f);
    return kit_failed(kit_int(66));
}

START_TEST (what_is_deferred_runs_once_at_any_end) {
    for (int how = KIT_NEXT; how <= KIT_RETURN; how++) {
        kit_completion request = {kit_int(7), (enum kit_how)how};
        struct counter c;
        begin(&c, &defer_and_fail, 0);
        ck_yielded(next(&c, 0), 1);
        ck_assert_int_eq(c.cleanups, 0);
        kit_step s = kit_iter_request(&c.frame.iter, request);
        ck_assert_int_eq(s.value.i, how == KIT_NEXT ? 66 : 7);
        ck_assert_int_eq(c.cleanups, 1);
        next(&c, 0);
        throw(&c, 0);
        ck_assert_int_eq(coop_frame_close(&c.frame), 0);
        ck_assert_int_eq(c.cleanups, 1);
    }
}
END_TEST

START_TEST (what_is_deferred_finds_the_frame_running) {
    struct counter c;
    begin(&c, &defer_and_fail, 0);
    next(&c, 0);
    ck_assert_int_eq(coop_frame_close(&c.frame), 0);
    ck_assert_int_eq(c.cleanups, 1);
    ck_assert_int_eq(c.limit, true);
    ck_assert_int_eq(c.i, -EBUSY);
}
END_TEST

START_TEST (a_frame_that_never_began_cleans_nothing_up) {
    struct counter c;
    begin(&c, &defer_and_fail, 0);
    ck_assert_int_eq(coop_frame_close(&c.frame), 0);
    begin(&c, &defer_and_fail, 0);
    coop_frame_defer(&c.frame, clean_up);
    ck_done(return_(&c, 7), 7);
    ck_assert_int_eq(c.cleanups, 0);
    ck_assert_uint_eq(cleanups, 0);
}
END_TEST

/* Registers one, another, and none. */
COOP_FRAME_FUNCTION(change_its_mind)
{
    COOP_FRAME_BEGIN(f);
    coop_frame_defer(f, note_state);
    COOP_FRAME_TRY_YIELD(f, kit_int(1));
    coop_frame_defer(f, clean_up);
    COOP_FRAME_TRY_YIELD(f, kit_int(2));
    coop_frame_defer(f, NULL);
    COOP_FRAME_TRY_YIELD(f, kit_int(3));
    COOP_FRAME_END(f);
    return kit_done(kit_none());
}

START_TEST (the_last_clean_up_registered_counts) {
    for (int steps = 1; steps <= 3; steps++) {
        struct counter c;
        begin(&c, &change_its_mind, 0);
        for (int i = 1; i <= steps; i++)
            ck_yielded(next(&c, 0), i);
        cleanups = 0;
        ck_done(return_(&c, 7), 7);
        ck_assert_int_eq(c.cleanups, steps == 1);
        ck_assert_uint_eq(cleanups, steps == 2);
    }
}
END_TEST

/* The inner has cleaned up when this goes on. */
COOP_FRAME_FUNCTION(see_clean_up)
{
    struct counter *self = (struct counter *)f;
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_DELEGATE(f, self->inner);
    COOP_FRAME_YIELD(f, kit_int((int64_t)cleanups));
    COOP_FRAME_END(f);
    return kit_step_of_end(how);
}

START_TEST (an_inner_cleans_up_before_its_delegator_goes_on) {
    struct counter inner, outer;
    begin(&inner, &echo_until_0, 0);
    begin(&outer, &see_clean_up, 0);
    outer.inner = &inner.frame.iter.iterable;
    next(&outer, 0);
    ck_yielded(next(&outer, 5), 5);
    ck_yielded(next(&outer, 0), 1);
    ck_assert_uint_eq(cleanups, 1);
}
END_TEST

/* ---- threads ---- */

enum { TURNS = 200 };

struct stepper {
    struct counter *root;
    pthread_barrier_t *turn;
    int mine; /* takes the even or the odd turns */
    int wrong;
};

static void *step_in_turn(void *arg)
{
    struct stepper *s = arg;
    for (int64_t i = 1; i <= TURNS; i++) {
        if (i % 2 == s->mine) {
            kit_step got = next(s->root, i);
            s->wrong += got.state != KIT_YIELDED || got.value.i != i;
        }
        pthread_barrier_wait(s->turn);
    }
    return NULL;
}

static void *close_there(void *root)
{
    struct counter *c = root;
    if (coop_frame_close(&c->frame) != 0)
        ck_abort_msg("not closed");
    return NULL;
}

START_TEST (two_threads_may_step_a_chain_in_turn_and_a_third_close_it) {
    struct counter leaf, middle, root;
    pthread_barrier_t turn;
    pthread_t other;
    begin(&leaf, &echo_until_0, 0);
    begin_forward(&middle, &leaf);
    begin_forward(&root, &middle);
    ck_yielded_none(next(&root, 1));
    ck_assert_int_eq(pthread_barrier_init(&turn, NULL, 2), 0);
    struct stepper here = {.root = &root, .turn = &turn, .mine = 0};
    struct stepper there = {.root = &root, .turn = &turn, .mine = 1};
    ck_assert_int_eq(pthread_create(&other, NULL, step_in_turn, &there), 0);
    step_in_turn(&here);
    pthread_join(other, NULL);
    pthread_barrier_destroy(&turn);
    ck_assert_int_eq(here.wrong + there.wrong, 0);
    on_another_thread(close_there, &root);
    ck_assert_uint_eq(cleanups, 3);
}
END_TEST

/* ---- abandonment ---- */

/* Begins and abandons a frame; the clean-ups that were due. */
static size_t abandon_one(size_t i)
{
    static const kit_value items[] = {{.i = 1}, {.i = 2}};
    struct counter inner, outer;
    kit_array array;
    begin(&inner, &echo_until_0, 0);
    begin_forward(&outer, &inner);
    struct counter *root = i % 4 == 1 ? &inner : &outer;
    if (i % 4 == 3) { /* what open allocates is released */
        kit_array_init(&array, items, 2);
        outer.inner = &array.iterable;
    }
    if (i % 4 > 0)
        next(root, 1);
    close_there(root);
    return i % 4 == 0 ? 0 : i % 4 == 2 ? 2 : 1;
}

static size_t abandon_with_coroutine(void)
{
    coop_gen *g;
    struct counter outer;
    if (coop_gen_create(&g, two_and_three, kit_none(), NULL) < 0)
        ck_abort_msg("not created");
    begin(&outer, &forward, 0);
    outer.inner = &coop_gen_iter(g)->iterable;
    next(&outer, 0);
    close_there(&outer);
    return coop_gen_destroy(g) == 0;
}

static size_t abandon(size_t n)
{
    size_t due = 0;
    for (size_t i = 0; i < n; i++)
        due += i % 5 == 4 ? abandon_with_coroutine() : abandon_one(i);
    return due;
}

START_TEST (abandoned_frames_clean_up_once_and_leave_nothing_behind) {
    size_t n = scaled(UNDER_TSAN ? 10000 : 1000000);
    size_t due = abandon(n / 20);
    size_t early = resident_bytes();
    due += abandon(n - n / 20);
    ck_assert_uint_eq(cleanups, due);
    ck_assert_uint_le(resident_bytes(), early + ((size_t)4 << 20));
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_frame_yields_then_is_done_then_gives_none,
        the_own_next_of_a_function_is_a_step_in_every_state,
        requests_before_the_start_complete_without_running,
        a_frame_is_told_how_it_was_resumed,
        close_lets_a_suspended_frame_clean_up,
        close_gives_up_on_a_frame_that_never_ends,
        a_request_from_inside_is_refused,
        a_frame_delegates_to_a_frame,
        a_frame_that_was_stepped_from_the_side_is_kept_for_its_outer,
        a_frame_of_two_is_kept_for_either,
        a_delegation_of_a_frame_to_nothing_fails,
        throw_and_return_go_to_the_inner_frame,
        a_frame_delegates_to_generators_and_sources_alike,
        an_inner_frame_may_be_stepped_from_the_side,
        a_very_deep_chain_carries_what_is_sent_and_the_final_value,
        a_very_deep_chain_carries_throw_and_return,
        closing_the_root_of_a_very_deep_chain_cleans_all_of_it_up,
        each_of_a_very_deep_chain_may_be_stepped_from_the_side,
        the_first_value_is_refused_or_the_argument_as_the_policy_says,
        a_delegation_starts_a_frame_whatever_its_policy,
        a_step_of_a_deep_chain_calls_the_innermost_function_only,
        a_frame_that_leaves_a_loop_by_break_closes_it_and_goes_on,
        what_is_deferred_runs_once_at_any_end,
        what_is_deferred_finds_the_frame_running,
        a_frame_that_never_began_cleans_nothing_up,
        the_last_clean_up_registered_counts,
        an_inner_cleans_up_before_its_delegator_goes_on,
        two_threads_may_step_a_chain_in_turn_and_a_third_close_it,
        abandoned_frames_clean_up_once_and_leave_nothing_behind,
        NULL,
    };
    return run_suite("frames", 10, tests);
}
