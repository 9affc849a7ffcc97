/* SPDX-License-Identifier: MIT */
/* Short bodies (kit/body.h), in both libraries. */
#include "generator.h"

#include <kit/body.h>

#include <string.h>

static char order[16]; /* what was cleaned up, in this order */

static void note(void *letter)
{
    strcat(order, letter);
}

/* Yields what it was sent, until that is 0; ends with 42. */
static kit_completion deferring(any_gen *self, kit_value arg)
{
    KIT_DEFER(note, "a");
    KIT_DEFER(note, "b");
    while (arg.i != 0) {
        KIT_DEFER(note, "c");
        arg = KIT_TRY(K(gen_yield)(self, arg));
    }
    return kit_return(kit_int(42));
}

static any_gen *begun_deferring(void)
{
    any_gen *g = made(deferring, kit_int(1));
    order[0] = '\0';
    ck_yielded(next(g, 0), 1);
    ck_assert_str_eq(order, "");
    return g;
}

START_TEST (what_is_deferred_runs_once_on_every_way_out_last_first) {
    any_gen *g = begun_deferring();
    ck_yielded(next(g, 2), 2);
    ck_assert_str_eq(order, "c");
    ck_done(next(g, 0), 42);
    ck_assert_str_eq(order, "ccba");
    destroy(g);
    g = begun_deferring();
    ck_failed(throw(g, 5), 5);
    ck_assert_str_eq(order, "cba");
    destroy(g);
    g = begun_deferring();
    ck_done(return_(g, 6), 6);
    ck_assert_str_eq(order, "cba");
    destroy(g);
    ck_assert_str_eq(order, "cba");
    destroy(begun_deferring());
    ck_assert_str_eq(order, "cba");
}
END_TEST

START_TEST (a_body_that_never_began_has_deferred_nothing) {
    any_gen *g = made(deferring, kit_int(1));
    ck_done(return_(g, 6), 6);
    destroy(g);
    destroy(made(deferring, kit_int(1)));
    ck_assert_str_eq(order, "");
}
END_TEST

/* Refuses to leave, once. */
static kit_completion deferring_stubbornly(any_gen *self, kit_value arg)
{
    KIT_DEFER(note, "a");
    K(gen_yield)(self, arg);
    return K(gen_yield)(self, arg);
}

START_TEST (what_is_deferred_waits_until_the_body_leaves) {
    any_gen *g = made(deferring_stubbornly, kit_int(1));
    ck_yielded(next(g, 0), 1);
    ck_yielded(return_(g, 2), 1);
    ck_assert_str_eq(order, "");
    ck_done(return_(g, 3), 3);
    ck_assert_str_eq(order, "a");
    destroy(g);
}
END_TEST

/* yield yield yield arg */
static kit_completion nested(any_gen *self, kit_value arg)
{
    kit_value v = KIT_TRY(K(gen_yield)(
        self, KIT_TRY(K(gen_yield)(self, KIT_TRY(K(gen_yield)(self, arg))))));
    return kit_return(v);
}

START_TEST (tries_may_nest) {
    any_gen *g = made(nested, kit_int(1));
    ck_yielded(next(g, 0), 1);
    ck_yielded(next(g, 2), 2);
    ck_yielded(next(g, 3), 3);
    ck_done(next(g, 4), 4);
    destroy(g);
}
END_TEST

/* Passes the items of an iterable on, each plus what was sent for it. */
static kit_completion looping(any_gen *self, kit_value source)
{
    kit_loop loop;
    kit_value item, sent = kit_int(0);
    for (kit_loop_open(&loop, source.p); kit_loop_next(&loop, &item);) {
        item = kit_int(item.i + sent.i);
        sent = KIT_LOOP_TRY(&loop, K(gen_yield)(self, item));
    }
    return kit_loop_close(&loop, kit_next(kit_none()));
}

START_TEST (leaving_a_loop_by_a_try_closes_its_source) {
    any_gen *source = made(one_two, kit_none());
    any_gen *g = made(looping, kit_ptr(&K(gen_iter)(source)->iterable));
    ck_yielded(next(g, 0), 1);
    ck_yielded(next(g, 10), 12);
    ck_done(return_(g, 7), 7);
    ck_assert_int_eq(cleanups, 1);
    ck_assert_int_eq(K(gen_state)(source), KIT_GEN_DONE);
    destroy(g);
    destroy(source);
}
END_TEST

/* Passes one item on, and once its loop is left, how many bodies cleaned up. */
static kit_completion breaking(any_gen *self, kit_value source)
{
    kit_loop loop;
    kit_value item;
    for (kit_loop_open(&loop, source.p); kit_loop_next(&loop, &item);) {
        KIT_LOOP_TRY(&loop, K(gen_yield)(self, item));
        break;
    }
    KIT_TRY(kit_loop_close(&loop, kit_next(kit_none())));
    KIT_TRY(K(gen_yield)(self, kit_int(cleanups)));
    return kit_return(kit_int(5));
}

START_TEST (a_body_that_leaves_a_loop_by_break_closes_it_and_goes_on) {
    any_gen *source = made(one_two, kit_none());
    any_gen *g = made(breaking, kit_ptr(&K(gen_iter)(source)->iterable));
    ck_yielded(next(g, 0), 1);
    ck_yielded(next(g, 0), 1);
    ck_assert_int_eq(K(gen_state)(source), KIT_GEN_DONE);
    ck_done(next(g, 0), 5);
    ck_assert_int_eq(cleanups, 1);
    destroy(g);
    destroy(source);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        what_is_deferred_runs_once_on_every_way_out_last_first,
        a_body_that_never_began_has_deferred_nothing,
        what_is_deferred_waits_until_the_body_leaves,
        tries_may_nest,
        leaving_a_loop_by_a_try_closes_its_source,
        a_body_that_leaves_a_loop_by_break_closes_it_and_goes_on,
        NULL,
    };
    return run_suite(SUITE("bodies"), 10, tests);
}
