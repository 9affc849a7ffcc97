/* SPDX-License-Identifier: MIT */
/* Who answers what while generators delegate and step one another, in both
   libraries. */
#include "generator.h"
#include "transcript.h"

#include <kit/body.h>
#include <kit/helpers.h>

#include <errno.h>

static kit_iterable *iterable_of(any_gen *g)
{
    return &K(gen_iter)(g)->iterable;
}

/* ---- clean-up ---- */

/* try { yield 1 } finally { ends as told, unless that is next } */
static kit_completion finally_(any_gen *self, kit_value told)
{
    const kit_completion *over = told.p;
    kit_completion end = K(gen_yield)(self, kit_int(1));
    return kit_is_abrupt(*over) ? *over : end;
}

static any_gen *begun_finally(const kit_completion *over)
{
    any_gen *g = made(finally_, kit_ptr(over));
    ck_yielded(next(g, 0), 1);
    return g;
}

START_TEST (how_clean_up_ends_wins_over_return_and_throw) {
    const kit_completion ends[] = {kit_return(kit_int(9)),
                                   kit_throw(kit_int(9))};
    const enum kit_state states[] = {KIT_DONE, KIT_FAILED};
    for (int i = 0; i < 2; i++) {
        any_gen *g = begun_finally(&ends[i]);
        ck_step(return_(g, 7), states[i], kit_int(9));
        ck_done_none(next(g, 0));
        destroy(g);
        g = begun_finally(&ends[i]);
        ck_step(throw(g, 8), states[i], kit_int(9));
        ck_done_none(next(g, 0));
        destroy(g);
    }
}
END_TEST

/* ---- what a delegation ends with ---- */

/* Yields what its delegation ended with: next(v) as v + 1000, throw(e) as e +
   2000; an abrupt end that it does not handle is return. */
static kit_completion tell(any_gen *self, kit_value inner)
{
    kit_completion c = K(gen_delegate)(self, inner.p);
    if (c.how == KIT_RETURN)
        return c;
    int64_t more = c.how == KIT_THROW ? 2000 : 1000;
    KIT_TRY(K(gen_yield)(self, kit_int(c.value.i + more)));
    return kit_return(kit_int(3000));
}

static any_gen *telling(any_gen *inner)
{
    return made(tell, kit_ptr(iterable_of(inner)));
}

START_TEST (an_inner_that_ends_otherwise_at_return_decides_for_the_outer) {
    const kit_completion done = kit_return(kit_int(20));
    const kit_completion failed = kit_throw(kit_int(60));
    any_gen *inner = made(finally_, kit_ptr(&done)), *outer = telling(inner);
    next(outer, 0);
    ck_done(return_(outer, 7), 20);
    ck_done_none(next(outer, 0));
    destroy(outer);
    destroy(inner);
    inner = made(finally_, kit_ptr(&failed));
    outer = telling(inner);
    next(outer, 0);
    ck_yielded(return_(outer, 7), 2060);
    ck_done(next(outer, 0), 3000);
    destroy(outer);
    destroy(inner);
}
END_TEST

static kit_completion tell_of_nothing(any_gen *self, kit_value arg)
{
    (void)arg;
    return tell(self, kit_ptr(NULL));
}

START_TEST (a_delegation_to_nothing_is_a_failure_that_can_be_handled) {
    any_gen *outer = made(tell_of_nothing, kit_none());
    ck_yielded(next(outer, 0), 2000 - EINVAL);
    ck_done(next(outer, 0), 3000);
    destroy(outer);
}
END_TEST

START_TEST (an_inner_that_handles_a_throw_and_ends_lets_the_outer_go_on) {
    const kit_completion done = kit_return(kit_int(9));
    any_gen *inner = made(finally_, kit_ptr(&done)), *outer = telling(inner);
    next(outer, 0);
    ck_yielded(throw(outer, 8), 1009);
    ck_done(next(outer, 0), 3000);
    destroy(outer);
    destroy(inner);
}
END_TEST

/* try { yield 1 } finally { yield 50 } */
static kit_completion yield_in_clean_up(any_gen *self, kit_value arg)
{
    (void)arg;
    kit_completion end = K(gen_yield)(self, kit_int(1));
    KIT_TRY(K(gen_yield)(self, kit_int(50)));
    return end;
}

START_TEST (a_return_that_the_inner_puts_off_is_a_normal_end_for_the_outer) {
    any_gen *inner = made(yield_in_clean_up, kit_none());
    any_gen *outer = telling(inner);
    next(outer, 0);
    ck_yielded(return_(outer, 7), 50);
    ck_yielded(next(outer, 0), 1007);
    ck_done(next(outer, 0), 3000);
    destroy(outer);
    destroy(inner);
}
END_TEST

START_TEST (requests_before_the_start_do_not_touch_the_inner) {
    any_gen *inner = made(one_two, kit_none());
    any_gen *one = telling(inner), *two = telling(inner);
    ck_failed(throw(one, 5), 5);
    ck_done(return_(two, 6), 6);
    ck_assert_int_eq(runs, 0);
    ck_yielded(next(inner, 0), 1);
    destroy(one);
    destroy(two);
    destroy(inner);
}
END_TEST

/* An outer whose inner was ended by somebody else. */
static any_gen *outer_of_ended(any_gen **inner)
{
    *inner = made(one_two, kit_none());
    any_gen *outer = telling(*inner);
    ck_yielded(next(outer, 0), 1);
    ck_done(return_(*inner, 33), 33);
    return outer;
}

START_TEST (an_inner_that_was_stepped_from_the_side_is_kept_for_its_outer) {
    any_gen *inner = made(one_two, kit_none()), *outer = telling(inner);
    ck_yielded(next(outer, 0), 1);
    ck_yielded(next(inner, 0), 2);
    ck_assert_int_eq(K(gen_destroy)(inner), -EBUSY);
    ck_done(next(inner, 0), 3);
    ck_assert_int_eq(K(gen_destroy)(inner), -EBUSY);
    ck_yielded(next(outer, 0), kit_none().i + 1000);
    destroy(inner);
    destroy(outer);
}
END_TEST

START_TEST (an_inner_of_two_is_kept_for_either) {
    any_gen *inner = made(one_two, kit_none());
    any_gen *one = telling(inner), *two = telling(inner);
    ck_yielded(next(one, 0), 1);
    ck_yielded(next(two, 0), 2);
    destroy(one);
    ck_assert_int_eq(K(gen_destroy)(inner), -EBUSY);
    destroy(two);
    destroy(inner);
}
END_TEST

START_TEST (an_inner_ended_from_the_side_answers_as_a_completed_one) {
    any_gen *inner, *outer = outer_of_ended(&inner);
    ck_yielded(next(outer, 0), kit_none().i + 1000);
    destroy(outer);
    destroy(inner);
    outer = outer_of_ended(&inner);
    ck_done(return_(outer, 44), 44);
    destroy(outer);
    destroy(inner);
    outer = outer_of_ended(&inner);
    ck_yielded(throw(outer, 55), 2055);
    destroy(outer);
    destroy(inner);
}
END_TEST

/* Delegates, and in its clean-up yields a step of the inner. */
static kit_completion step_inner_in_clean_up(any_gen *self, kit_value inner)
{
    kit_completion end = K(gen_delegate)(self, iterable_of(inner.p));
    kit_step s = next(inner.p, 0);
    ck_done_none(s);
    KIT_TRY(K(gen_yield)(self, kit_int(s.state)));
    return end;
}

START_TEST (the_inner_is_done_when_the_outer_cleans_up) {
    any_gen *inner = made(one_two, kit_none());
    any_gen *outer = made(step_inner_in_clean_up, kit_ptr(inner));
    next(outer, 0);
    ck_yielded(return_(outer, 7), KIT_DONE);
    ck_done(next(outer, 0), 7);
    destroy(outer);
    destroy(inner);
}
END_TEST

/* Delegates to what yields in its clean-up, then to what may be in its place
   in memory. Ends with how the second delegation ended. */
static kit_completion delegate_twice(any_gen *self, kit_value first)
{
    KIT_TRY(K(gen_delegate)(self, iterable_of(first.p)));
    destroy(first.p);
    const kit_completion end = kit_return(kit_int(5));
    any_gen *second = made(finally_, kit_ptr(&end));
    next(second, 0);
    kit_completion c = K(gen_delegate)(self, iterable_of(second));
    destroy(second);
    return kit_return(kit_int(c.how));
}

START_TEST (a_return_that_the_inner_has_outlived_is_forgotten) {
    any_gen *inner = made(yield_in_clean_up, kit_none());
    any_gen *outer = made(delegate_twice, kit_ptr(inner));
    ck_yielded(next(outer, 0), 1);
    ck_yielded(return_(outer, 7), 50);
    ck_done(next(inner, 0), 7);
    ck_done(next(outer, 0), KIT_NEXT);
    destroy(outer);
}
END_TEST

/* ---- requests from inside ---- */

/* Makes each request of *target and yields the error that it got. */
static kit_completion bother(any_gen *self, kit_value target)
{
    any_gen **of = target.p;
    KIT_TRY(K(gen_yield)(self, next(*of, 1).value));
    KIT_TRY(K(gen_yield)(self, throw(*of, 1).value));
    KIT_TRY(K(gen_yield)(self, return_(*of, 1).value));
    return kit_return(kit_int(5));
}

/* Those between the root and the inner are as busy as the root. */
START_TEST (an_inner_that_steps_a_delegator_is_refused_and_does_no_harm) {
    any_gen *target;
    for (int which = 0; which < 2; which++) {
        any_gen *inner = made(bother, kit_ptr(&target));
        any_gen *middle = telling(inner), *root = telling(middle);
        target = which ? middle : root;
        for (int i = 0; i < 3; i++)
            ck_yielded(next(root, 0), -EBUSY);
        ck_yielded(next(root, 0), 1005);
        ck_yielded(next(root, 0), 4000);
        ck_done(next(root, 0), 3000);
        destroy(root);
        destroy(middle);
        destroy(inner);
    }
}
END_TEST

static any_gen *root_of_spy;

static kit_step step_root(struct spy *s, kit_value v)
{
    (void)s, (void)v;
    return kit_yielded(next(root_of_spy, 1).value);
}

static kit_step return_root(struct spy *s, kit_value v)
{
    (void)s, (void)v;
    return kit_done(return_(root_of_spy, 1).value);
}

static kit_step throw_to_root(struct spy *s, kit_value v)
{
    (void)s, (void)v;
    return kit_yielded(throw(root_of_spy, 1).value);
}

START_TEST (a_hand_made_inner_that_steps_its_delegator_is_refused) {
    struct spy s;
    transcript_begin();
    spy_init(&s, "s", 0, NULL);
    spy_with_throw(&s, throw_to_root);
    s.on_next = step_root;
    s.on_return = return_root;
    any_gen *middle = made(tell, kit_ptr(&s.iter.iterable));
    root_of_spy = telling(middle);
    ck_yielded(next(root_of_spy, 0), -EBUSY);
    ck_yielded(throw(root_of_spy, 0), -EBUSY);
    ck_done(return_(root_of_spy, 0), -EBUSY);
    destroy(root_of_spy);
    destroy(middle);
    ck_assert_int_eq(s.released, 1);
}
END_TEST

/* Steps another generator, which delegates to this one. */
static kit_completion step_delegator(any_gen *self, kit_value delegator)
{
    any_gen **of = delegator.p;
    KIT_TRY(K(gen_yield)(self, next(*of, 0).value));
    KIT_TRY(K(gen_yield)(self, kit_int(4)));
    return kit_return(kit_none());
}

START_TEST (a_generator_that_waits_for_its_delegator_is_running) {
    any_gen *delegator, *inner = made(step_delegator, kit_ptr(&delegator));
    delegator = telling(inner);
    ck_yielded(next(inner, 0), 2000 - EBUSY);
    ck_done(next(delegator, 0), 3000);
    ck_yielded(next(inner, 0), 4);
    ck_done_none(next(inner, 0));
    destroy(delegator);
    destroy(inner);
}
END_TEST

/* ---- delegation to helpers, helpers over generators ---- */

static kit_completion twice(void *context, kit_value item, uint64_t index)
{
    (void)context, (void)index;
    return kit_next(kit_int(item.i * 2));
}

START_TEST (a_throw_at_a_delegation_to_a_helper_closes_its_source) {
    any_gen *source = made(one_two, kit_none());
    kit_helper map;
    kit_map_init(&map, K(gen_iter)(source), twice, NULL);
    any_gen *outer = made(tell, kit_ptr(&map.iter.iterable));
    ck_yielded(next(outer, 0), 2);
    ck_yielded(throw(outer, 5), 2000 - EPROTO);
    ck_assert_int_eq(cleanups, 1);
    ck_assert_int_eq(K(gen_state)(source), KIT_GEN_DONE);
    destroy(outer);
    destroy(source);
}
END_TEST

START_TEST (a_helper_drops_the_value_of_a_return_that_delegation_forwards) {
    any_gen *source = made(one_two, kit_none());
    kit_helper map;
    kit_map_init(&map, K(gen_iter)(source), twice, NULL);
    any_gen *outer = made(tell, kit_ptr(&map.iter.iterable));
    ck_yielded(next(outer, 0), 2);
    ck_done_none(return_(outer, 5));
    ck_assert_int_eq(cleanups, 1);
    destroy(outer);
    destroy(source);
}
END_TEST

START_TEST (a_helper_closes_a_generator_before_and_after_its_start) {
    any_gen *source = made(one_two, kit_none());
    kit_helper map, take;
    kit_map_init(&map, K(gen_iter)(source), twice, NULL);
    ck_done_none(kit_iter_return(&map.iter, kit_int(9)));
    ck_assert_int_eq(runs, 0);
    ck_done_none(next(source, 0));
    destroy(source);
    source = made(one_two, kit_none());
    kit_take_init(&take, K(gen_iter)(source), 1);
    ck_yielded(kit_iter_next(&take.iter, kit_none()), 1);
    ck_done_none(kit_iter_next(&take.iter, kit_none()));
    ck_assert_int_eq(cleanups, 1);
    destroy(source);
}
END_TEST

/* ---- loops over generators ---- */

/* Takes `count` items and stops, as a destructuring does: what is left of the
   source is closed, unless it was seen to end. */
static int64_t sum_of_first(any_gen *g, int count)
{
    kit_loop loop;
    kit_value item;
    int64_t sum = 0;
    kit_loop_open(&loop, iterable_of(g));
    while (count-- > 0 && kit_loop_next(&loop, &item))
        sum += item.i;
    ck_completion(kit_loop_close(&loop, kit_next(kit_none())), KIT_NEXT,
                  kit_none());
    return sum;
}

START_TEST (taking_some_items_out_of_a_generator_closes_it) {
    any_gen *g = made(one_two, kit_none());
    ck_assert_int_eq(sum_of_first(g, 2), 3);
    ck_assert_int_eq(cleanups, 1);
    ck_done_none(next(g, 0));
    destroy(g);
    g = made(one_two, kit_none());
    ck_assert_int_eq(sum_of_first(g, 3), 3);
    ck_assert_int_eq(cleanups, 1);
    destroy(g);
    g = made(one_two, kit_none());
    ck_assert_int_eq(sum_of_first(g, 0), 0);
    ck_assert_int_eq(runs, 2);
    ck_done_none(next(g, 0));
    destroy(g);
}
END_TEST

/* A loop whose body fails, over a generator whose clean-up has its own end. */
static kit_completion loop_that_ends(any_gen *g, kit_completion left)
{
    kit_loop loop;
    kit_value item;
    kit_loop_open(&loop, iterable_of(g));
    ck_assert(kit_loop_next(&loop, &item));
    kit_completion end = kit_loop_close(&loop, left);
    ck_assert_int_eq(K(gen_state)(g), KIT_GEN_DONE);
    destroy(g);
    return end;
}

START_TEST (
    what_a_generators_clean_up_says_counts_on_a_break_only_if_it_fails) {
    const kit_completion returns = kit_return(kit_int(9));
    const kit_completion throws = kit_throw(kit_int(9));
    const kit_completion broken = kit_return(kit_int(1));
    const kit_completion failed = kit_throw(kit_int(2));
    any_gen *g = made(finally_, kit_ptr(&returns));
    ck_completion(loop_that_ends(g, broken), KIT_RETURN, kit_int(1));
    g = made(finally_, kit_ptr(&throws));
    ck_completion(loop_that_ends(g, broken), KIT_THROW, kit_int(9));
    g = made(finally_, kit_ptr(&throws));
    ck_completion(loop_that_ends(g, failed), KIT_THROW, kit_int(2));
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        how_clean_up_ends_wins_over_return_and_throw,
        an_inner_that_ends_otherwise_at_return_decides_for_the_outer,
        a_delegation_to_nothing_is_a_failure_that_can_be_handled,
        an_inner_that_handles_a_throw_and_ends_lets_the_outer_go_on,
        a_return_that_the_inner_puts_off_is_a_normal_end_for_the_outer,
        requests_before_the_start_do_not_touch_the_inner,
        an_inner_that_was_stepped_from_the_side_is_kept_for_its_outer,
        an_inner_of_two_is_kept_for_either,
        an_inner_ended_from_the_side_answers_as_a_completed_one,
        the_inner_is_done_when_the_outer_cleans_up,
        a_return_that_the_inner_has_outlived_is_forgotten,
        an_inner_that_steps_a_delegator_is_refused_and_does_no_harm,
        a_hand_made_inner_that_steps_its_delegator_is_refused,
        a_generator_that_waits_for_its_delegator_is_running,
        a_throw_at_a_delegation_to_a_helper_closes_its_source,
        a_helper_drops_the_value_of_a_return_that_delegation_forwards,
        a_helper_closes_a_generator_before_and_after_its_start,
        taking_some_items_out_of_a_generator_closes_it,
        what_a_generators_clean_up_says_counts_on_a_break_only_if_it_fails,
        NULL,
    };
    return run_suite(SUITE("delegation"), 10, tests);
}
