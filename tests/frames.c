/* SPDX-License-Identifier: MIT */
/* Stackless generators: resumable functions over a frame of the caller's. */
#include "harness.h"
#include "transcript.h"

#include <coop/frame.h>
#include <coop/gen.h>

#include <errno.h>

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
static kit_step count(coop_frame *f, kit_completion how)
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
static kit_step echo(coop_frame *f, kit_completion how)
{
    COOP_FRAME_BEGIN(f);
    for (;;) {
        COOP_FRAME_YIELD(f, how.value);
        if (kit_is_abrupt(how))
            return kit_step_of_end(how);
    }
    COOP_FRAME_END(f);
    return kit_done(kit_none());
}

/* Yields the value of its delegation plus 1000. */
static kit_step delegate(coop_frame *f, kit_completion how)
{
    struct counter *self = (struct counter *)f;
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_DELEGATE(f, self->inner);
    if (kit_is_abrupt(how))
        return kit_step_of_end(how);
    COOP_FRAME_YIELD(f, kit_int(how.value.i + 1000));
    if (kit_is_abrupt(how))
        return kit_step_of_end(how);
    COOP_FRAME_END(f);
    return kit_done(kit_int(2000));
}

static void begin(struct counter *c, coop_frame_fn body, int64_t limit)
{
    *c = (struct counter){.limit = limit};
    coop_frame_init(&c->frame, body);
}

static void begin_over(struct counter *c, kit_iterable *inner)
{
    begin(c, delegate, 0);
    c->inner = inner;
}

/* ---- states ---- */

START_TEST (a_frame_yields_then_is_done_then_gives_none) {
    struct counter c;
    begin(&c, count, 2);
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

START_TEST (requests_before_the_start_complete_without_running) {
    struct counter c;
    begin(&c, count, 2);
    ck_done(return_(&c, 7), 7);
    ck_done_none(next(&c, 0));
    begin(&c, count, 2);
    ck_failed(throw(&c, 8), 8);
    ck_done_none(next(&c, 0));
    ck_assert_int_eq(c.cleanups, 0);
}
END_TEST

START_TEST (a_frame_is_told_how_it_was_resumed) {
    struct counter c;
    begin(&c, echo, 0);
    next(&c, 0);
    for (int64_t i = 1; i < 100; i++)
        ck_yielded(next(&c, i), i);
    ck_failed(throw(&c, 5), 5);
    begin(&c, count, 5);
    next(&c, 0);
    ck_done(return_(&c, 6), 6);
    ck_assert_int_eq(c.cleanups, 1);
}
END_TEST

START_TEST (close_lets_a_suspended_frame_clean_up) {
    struct counter c;
    begin(&c, count, 5);
    next(&c, 0);
    ck_assert_int_eq(coop_frame_close(&c.frame), 0);
    ck_assert_int_eq(c.cleanups, 1);
    ck_assert_int_eq(coop_frame_close(&c.frame), 0);
    ck_done_none(next(&c, 0));
    ck_assert_int_eq(c.cleanups, 1);
}
END_TEST

static kit_step never_leave(coop_frame *f, kit_completion how)
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
    begin(&c, never_leave, 0);
    next(&c, 0);
    ck_assert_int_eq(coop_frame_close(&c.frame), -EBUSY);
    ck_yielded(next(&c, 0), 1);
}
END_TEST

static kit_step step_itself(coop_frame *f, kit_completion how)
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
    begin(&c, step_itself, 0);
    ck_yielded(next(&c, 0), -EBUSY);
    ck_yielded(next(&c, 0), -EBUSY);
    ck_done(next(&c, 0), KIT_GEN_RUNNING);
}
END_TEST

/* ---- delegation ---- */

START_TEST (a_frame_delegates_to_a_frame) {
    struct counter inner, outer;
    begin(&inner, count, 2);
    begin_over(&outer, &inner.frame.iter.iterable);
    ck_yielded(next(&outer, 0), 0);
    ck_assert_int_eq(coop_frame_close(&inner.frame), -EBUSY);
    ck_yielded(next(&outer, 0), 1);
    ck_yielded(next(&outer, 0), 1099);
    ck_done(next(&outer, 0), 2000);
}
END_TEST

START_TEST (throw_and_return_go_to_the_inner_frame) {
    struct counter inner, outer;
    begin(&inner, count, 2);
    begin_over(&outer, &inner.frame.iter.iterable);
    next(&outer, 0);
    ck_done(return_(&outer, 5), 5);
    ck_assert_int_eq(inner.cleanups, 1);
    begin(&inner, count, 2);
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
    begin(&inner, count, 4);
    begin_over(&outer, &inner.frame.iter.iterable);
    ck_yielded(next(&outer, 0), 0);
    ck_yielded(next(&inner, 0), 1);
    ck_yielded(next(&outer, 0), 2);
    ck_yielded(next(&inner, 0), 3);
    ck_yielded(next(&outer, 0), 1099);
    ck_done(next(&outer, 0), 2000);
}
END_TEST

enum { DEPTH = 100000 };

START_TEST (a_chain_may_be_very_deep) {
    static struct counter chain[DEPTH];
    begin(&chain[0], echo, 0);
    for (int i = 1; i < DEPTH; i++)
        begin_over(&chain[i], &chain[i - 1].frame.iter.iterable);
    next(&chain[DEPTH - 1], 0);
    for (int64_t i = 1; i < 1000; i++)
        ck_yielded(next(&chain[DEPTH - 1], i), i);
    ck_done(return_(&chain[DEPTH - 1], 7), 7);
    ck_assert_int_eq(coop_frame_state(&chain[0].frame), KIT_GEN_DONE);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_frame_yields_then_is_done_then_gives_none,
        requests_before_the_start_complete_without_running,
        a_frame_is_told_how_it_was_resumed,
        close_lets_a_suspended_frame_clean_up,
        close_gives_up_on_a_frame_that_never_ends,
        a_request_from_inside_is_refused,
        a_frame_delegates_to_a_frame,
        throw_and_return_go_to_the_inner_frame,
        a_frame_delegates_to_generators_and_sources_alike,
        an_inner_frame_may_be_stepped_from_the_side,
        a_chain_may_be_very_deep,
        NULL,
    };
    return run_suite("frames", 10, tests);
}
