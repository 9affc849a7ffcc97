/* SPDX-License-Identifier: MIT */
/* Generators, in both libraries: the states and the rules of ECMAScript. */
#include "generator.h"

#include <kit/body.h>

#include <errno.h>

/* ---- states ---- */

START_TEST (creating_runs_none_of_the_body) {
    any_gen *g = made(one_two, kit_none());
    ck_assert_int_eq(K(gen_state)(g), KIT_GEN_CREATED);
    destroy(g);
    ck_assert_int_eq(runs, 0);
}
END_TEST

START_TEST (a_generator_yields_then_is_done_then_gives_none) {
    any_gen *g = made(one_two, kit_none());
    ck_yielded(next(g, 0), 1);
    ck_assert_int_eq(K(gen_state)(g), KIT_GEN_SUSPENDED);
    ck_yielded(next(g, 0), 2);
    ck_done(next(g, 0), 3);
    ck_assert_int_eq(K(gen_state)(g), KIT_GEN_DONE);
    ck_done_none(next(g, 0));
    ck_done_none(next(g, 0));
    destroy(g);
}
END_TEST

static kit_completion end_with(any_gen *self, kit_value arg)
{
    (void)self;
    const kit_completion *end = arg.p;
    return *end;
}

static kit_step first_step_of(kit_completion end)
{
    any_gen *g = made(end_with, kit_ptr(&end));
    kit_step s = next(g, 0);
    ck_done_none(next(g, 0));
    destroy(g);
    return s;
}

START_TEST (a_body_that_never_yields_ends_at_the_first_next) {
    ck_done(first_step_of(kit_return(kit_int(23))), 23);
    ck_done(first_step_of(kit_next(kit_int(24))), 24);
    ck_failed(first_step_of(kit_throw(kit_int(25))), 25);
}
END_TEST

START_TEST (the_first_value_sent_is_dropped_and_later_ones_arrive) {
    any_gen *g = made(echo, kit_int(100));
    ck_yielded(next(g, 1), 100);
    ck_yielded(next(g, 2), 2);
    ck_yielded(next(g, INT64_MIN), INT64_MIN);
    ck_step(kit_iter_next(K(gen_iter)(g), kit_none()), KIT_YIELDED, kit_none());
    destroy(g);
}
END_TEST

START_TEST (next_without_the_iterator_is_the_same_in_every_state) {
    any_gen *g = made(echo, kit_int(100));
    ck_yielded(K(gen_next)(g, kit_int(1)), 100);
    ck_yielded(K(gen_next)(g, kit_int(2)), 2);
    ck_yielded(next(g, 3), 3);
    ck_yielded(K(gen_next)(g, kit_int(4)), 4);
    ck_done(return_(g, 5), 5);
    ck_done_none(K(gen_next)(g, kit_int(6)));
    destroy(g);
    g = made(end_with, kit_ptr(&(kit_completion){kit_int(7), KIT_THROW}));
    ck_failed(K(gen_next)(g, kit_none()), 7);
    ck_done_none(K(gen_next)(g, kit_none()));
    destroy(g);
}
END_TEST

START_TEST (return_before_the_start_completes_without_running) {
    any_gen *g = made(one_two, kit_none());
    ck_done(return_(g, 7), 7);
    ck_assert_int_eq(K(gen_state)(g), KIT_GEN_DONE);
    ck_done_none(next(g, 0));
    ck_done(return_(g, 8), 8);
    ck_assert_int_eq(runs, 0);
    destroy(g);
}
END_TEST

START_TEST (throw_before_the_start_completes_without_running) {
    any_gen *g = made(one_two, kit_none());
    ck_failed(throw(g, 7), 7);
    ck_assert_int_eq(K(gen_state)(g), KIT_GEN_DONE);
    ck_done_none(next(g, 0));
    ck_failed(throw(g, 8), 8);
    ck_assert_int_eq(runs, 0);
    destroy(g);
}
END_TEST

START_TEST (a_completed_generator_answers_alike_for_ever) {
    any_gen *g = made(one_two, kit_none());
    while (next(g, 0).state == KIT_YIELDED)
        continue;
    for (int i = 0; i < 3; i++) {
        ck_done_none(next(g, i));
        ck_done(return_(g, i), i);
        ck_failed(throw(g, i), i);
    }
    destroy(g);
}
END_TEST

START_TEST (an_error_of_the_body_reaches_the_caller_and_completes) {
    any_gen *g = made(one_two, kit_none());
    ck_yielded(next(g, 0), 1);
    ck_failed(throw(g, 9), 9);
    ck_assert_int_eq(K(gen_state)(g), KIT_GEN_DONE);
    ck_done_none(next(g, 0));
    ck_assert_int_eq(cleanups, 1);
    destroy(g);
}
END_TEST

START_TEST (return_runs_the_clean_up_and_completes) {
    any_gen *g = made(one_two, kit_none());
    ck_yielded(next(g, 0), 1);
    ck_done(return_(g, 9), 9);
    ck_assert_int_eq(cleanups, 1);
    ck_done_none(next(g, 0));
    destroy(g);
    ck_assert_int_eq(cleanups, 1);
}
END_TEST

/* ---- clean-up ---- */

/* try { yield 1 } finally { yield 50 } */
static kit_completion guarded(any_gen *self, kit_value arg)
{
    (void)arg;
    kit_completion end = K(gen_yield)(self, kit_int(1));
    cleanups++;
    kit_completion c = K(gen_yield)(self, kit_int(50));
    return kit_is_abrupt(c) ? c : end;
}

START_TEST (clean_up_may_yield_and_then_the_request_goes_on) {
    any_gen *g = made(guarded, kit_none());
    next(g, 0);
    ck_yielded(return_(g, 7), 50);
    ck_done(next(g, 0), 7);
    destroy(g);
    g = made(guarded, kit_none());
    next(g, 0);
    ck_yielded(throw(g, 8), 50);
    ck_failed(next(g, 0), 8);
    destroy(g);
}
END_TEST

START_TEST (a_request_during_clean_up_supersedes_the_first) {
    any_gen *g = made(guarded, kit_none());
    next(g, 0);
    ck_yielded(return_(g, 7), 50);
    ck_done(return_(g, 17), 17);
    destroy(g);
    g = made(guarded, kit_none());
    next(g, 0);
    ck_yielded(return_(g, 7), 50);
    ck_failed(throw(g, 18), 18);
    destroy(g);
}
END_TEST

/* Answers every request with a yield of what it got. */
static kit_completion stubborn(any_gen *self, kit_value arg)
{
    int64_t patience = arg.i;
    kit_completion c = kit_next(kit_none());
    while (patience-- > 0)
        c = K(gen_yield)(self, kit_int(c.how));
    cleanups++;
    return c;
}

START_TEST (a_body_may_refuse_to_leave) {
    any_gen *g = made(stubborn, kit_int(4));
    ck_yielded(next(g, 0), KIT_NEXT);
    ck_yielded(return_(g, 0), KIT_RETURN);
    ck_yielded(throw(g, 0), KIT_THROW);
    ck_yielded(next(g, 0), KIT_NEXT);
    ck_done(return_(g, 5), 5);
    destroy(g);
}
END_TEST

/* ---- destroy ---- */

START_TEST (destroy_lets_a_suspended_body_clean_up) {
    any_gen *g = made(one_two, kit_none());
    next(g, 0);
    destroy(g);
    ck_assert_int_eq(cleanups, 1);
}
END_TEST

START_TEST (destroy_drops_what_the_clean_up_yields) {
    any_gen *g = made(stubborn, kit_int(100));
    next(g, 0);
    destroy(g);
    ck_assert_int_eq(cleanups, 1);
}
END_TEST

START_TEST (destroy_gives_up_on_a_body_that_never_ends) {
    any_gen *g = made(stubborn, kit_int(KIT_GEN_PATIENCE * 2));
    next(g, 0);
    ck_assert_int_eq(K(gen_destroy)(g), -EBUSY);
    ck_assert_int_eq(K(gen_state)(g), KIT_GEN_SUSPENDED);
    destroy(g);
    ck_assert_int_eq(cleanups, 1);
}
END_TEST

START_TEST (destroy_of_nothing_does_nothing) {
    destroy(NULL);
}
END_TEST

/* ---- re-entry ---- */

/* Requests each kind from itself, and yields the errors. */
static kit_completion step_itself(any_gen *self, kit_value arg)
{
    (void)arg;
    K(gen_yield)(self, next(self, 1).value);
    K(gen_yield)(self, throw(self, 1).value);
    K(gen_yield)(self, return_(self, 1).value);
    K(gen_yield)(self, kit_int(K(gen_destroy)(self)));
    return kit_return(kit_int(K(gen_state)(self)));
}

START_TEST (a_request_from_inside_is_refused_and_does_no_harm) {
    any_gen *g = made(step_itself, kit_none());
    for (int i = 0; i < 4; i++)
        ck_yielded(next(g, 0), -EBUSY);
    ck_done(next(g, 0), KIT_GEN_RUNNING);
    destroy(g);
}
END_TEST

static kit_completion step_itself_and_fail(any_gen *self, kit_value arg)
{
    (void)arg;
    return kit_throw(next(self, 1).value);
}

START_TEST (a_refused_request_that_escapes_completes_the_generator) {
    any_gen *g = made(step_itself_and_fail, kit_none());
    ck_failed(next(g, 0), -EBUSY);
    ck_done_none(next(g, 0));
    destroy(g);
}
END_TEST

/* ---- as an iterable ---- */

static kit_completion add(void *sum, kit_value item)
{
    *(int64_t *)sum += item.i;
    return kit_next(kit_none());
}

static kit_completion leave(void *context, kit_value item)
{
    (void)context;
    return kit_return(item);
}

START_TEST (a_generator_is_its_own_iterable) {
    any_gen *g = made(one_two, kit_none());
    kit_iter *it = K(gen_iter)(g);
    ck_assert_ptr_eq(kit_iterable_open(&it->iterable).value.p, it);
    destroy(g);
}
END_TEST

START_TEST (for_each_over_a_generator_sees_its_yields_only) {
    any_gen *g = made(one_two, kit_none());
    int64_t sum = 0;
    kit_completion end = kit_for_each(&K(gen_iter)(g)->iterable, add, &sum);
    ck_completion(end, KIT_NEXT, kit_none());
    ck_assert_int_eq(sum, 3);
    destroy(g);
}
END_TEST

START_TEST (a_break_closes_the_generator) {
    any_gen *g = made(one_two, kit_none());
    kit_completion end = kit_for_each(&K(gen_iter)(g)->iterable, leave, NULL);
    ck_completion(end, KIT_RETURN, kit_int(1));
    ck_assert_int_eq(K(gen_state)(g), KIT_GEN_DONE);
    ck_assert_int_eq(cleanups, 1);
    destroy(g);
}
END_TEST

/* ---- delegation ---- */

static kit_completion delegate_to(any_gen *self, kit_value inner)
{
    kit_value end = KIT_TRY(K(gen_delegate)(self, inner.p));
    KIT_TRY(K(gen_yield)(self, kit_int(end.i + 1000)));
    return kit_return(kit_int(2000));
}

static any_gen *delegating_to(any_gen *inner)
{
    return made(delegate_to, kit_ptr(&K(gen_iter)(inner)->iterable));
}

START_TEST (a_delegator_passes_everything_both_ways) {
    any_gen *inner = made(echo, kit_int(100)), *outer = delegating_to(inner);
    ck_yielded(next(outer, 5), 100);
    ck_yielded(next(outer, 6), 6);
    ck_done(return_(outer, 7), 7);
    ck_assert_int_eq(K(gen_state)(inner), KIT_GEN_DONE);
    destroy(outer);
    destroy(inner);
}
END_TEST

START_TEST (a_delegation_has_the_final_value_of_the_inner) {
    any_gen *inner = made(one_two, kit_none()), *outer = delegating_to(inner);
    ck_yielded(next(outer, 0), 1);
    ck_yielded(next(outer, 0), 2);
    ck_yielded(next(outer, 0), 1003);
    ck_done(next(outer, 0), 2000);
    destroy(outer);
    destroy(inner);
}
END_TEST

START_TEST (a_part_consumed_inner_continues) {
    any_gen *inner = made(one_two, kit_none()), *outer = delegating_to(inner);
    ck_yielded(next(inner, 0), 1);
    ck_yielded(next(outer, 0), 2);
    ck_yielded(next(outer, 0), 1003);
    destroy(outer);
    destroy(inner);
}
END_TEST

START_TEST (an_inner_may_be_shared_and_stepped_from_the_side) {
    any_gen *inner = made(echo, kit_int(100));
    any_gen *one = delegating_to(inner), *two = delegating_to(inner);
    ck_yielded(next(one, 0), 100);
    ck_yielded(next(inner, 11), 11);
    ck_step(kit_iter_next(K(gen_iter)(two), kit_none()), KIT_YIELDED,
            kit_none());
    ck_yielded(next(one, 12), 12);
    ck_yielded(next(two, 13), 13);
    ck_done(return_(one, 14), 14);
    ck_yielded(next(two, 15), kit_none().i + 1000);
    destroy(one);
    destroy(two);
    destroy(inner);
}
END_TEST

static kit_completion delegate_to_itself(any_gen *self, kit_value arg)
{
    (void)arg;
    kit_completion c = K(gen_delegate)(self, &K(gen_iter)(self)->iterable);
    return kit_return(c.value);
}

START_TEST (a_generator_cannot_delegate_to_itself) {
    any_gen *g = made(delegate_to_itself, kit_none());
    ck_done(next(g, 0), -EBUSY);
    destroy(g);
}
END_TEST

/* ---- options ---- */

static kit_completion use_stack(any_gen *self, kit_value arg)
{
    volatile char block[600 * 1024];
    for (size_t i = 0; i < sizeof block; i += 4096)
        block[i] = (char)arg.i;
    kit_completion c = K(gen_yield)(self, kit_int(block[4096]));
    return kit_is_abrupt(c) ? c : kit_return(kit_int(block[8192]));
}

START_TEST (a_stack_size_can_be_asked_for) {
    struct K(gen_options) o = {.stack_size = (size_t)1 << 20};
    any_gen *g;
    ck_assert_int_eq(K(gen_create)(&g, use_stack, kit_int(7), &o), 0);
    ck_yielded(next(g, 0), 7);
    ck_done(next(g, 0), 7);
    destroy(g);
}
END_TEST

static any_gen *with_first(enum kit_gen_first first)
{
    struct K(gen_options) o = {.first = first};
    any_gen *g;
    ck_assert_int_eq(K(gen_create)(&g, echo, kit_int(100), &o), 0);
    return g;
}

START_TEST (the_first_value_is_dropped_refused_or_the_argument) {
    any_gen *js = with_first(KIT_GEN_FIRST_JS);
    any_gen *python = with_first(KIT_GEN_FIRST_PYTHON);
    any_gen *lua = with_first(KIT_GEN_FIRST_LUA);
    ck_yielded(next(js, 5), 100);
    ck_failed(next(python, 5), -EINVAL);
    ck_assert_int_eq(K(gen_state)(python), KIT_GEN_CREATED);
    ck_yielded(next(lua, 5), 5);
    destroy(js);
    destroy(python);
    destroy(lua);
}
END_TEST

START_TEST (no_generator_is_made_without_a_body_or_a_known_policy) {
    struct K(gen_options) o = {.first = (enum kit_gen_first)3};
    any_gen *g;
    ck_assert_int_eq(K(gen_create)(&g, echo, kit_none(), &o), -EINVAL);
    ck_assert_int_eq(K(gen_create)(&g, NULL, kit_none(), NULL), -EINVAL);
}
END_TEST

START_TEST (a_first_next_without_a_value_begins_in_every_language) {
    for (int first = 0; first <= KIT_GEN_FIRST_LUA; first++) {
        any_gen *g = with_first((enum kit_gen_first)first);
        ck_yielded(kit_iter_next(K(gen_iter)(g), kit_none()), 100);
        ck_yielded(next(g, 6), 6);
        destroy(g);
    }
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        creating_runs_none_of_the_body,
        a_generator_yields_then_is_done_then_gives_none,
        a_body_that_never_yields_ends_at_the_first_next,
        the_first_value_sent_is_dropped_and_later_ones_arrive,
        next_without_the_iterator_is_the_same_in_every_state,
        return_before_the_start_completes_without_running,
        throw_before_the_start_completes_without_running,
        a_completed_generator_answers_alike_for_ever,
        an_error_of_the_body_reaches_the_caller_and_completes,
        return_runs_the_clean_up_and_completes,
        clean_up_may_yield_and_then_the_request_goes_on,
        a_request_during_clean_up_supersedes_the_first,
        a_body_may_refuse_to_leave,
        destroy_lets_a_suspended_body_clean_up,
        destroy_drops_what_the_clean_up_yields,
        destroy_gives_up_on_a_body_that_never_ends,
        destroy_of_nothing_does_nothing,
        a_request_from_inside_is_refused_and_does_no_harm,
        a_refused_request_that_escapes_completes_the_generator,
        a_generator_is_its_own_iterable,
        for_each_over_a_generator_sees_its_yields_only,
        a_break_closes_the_generator,
        a_delegator_passes_everything_both_ways,
        a_delegation_has_the_final_value_of_the_inner,
        a_part_consumed_inner_continues,
        an_inner_may_be_shared_and_stepped_from_the_side,
        a_generator_cannot_delegate_to_itself,
        a_stack_size_can_be_asked_for,
        the_first_value_is_dropped_refused_or_the_argument,
        no_generator_is_made_without_a_body_or_a_known_policy,
        a_first_next_without_a_value_begins_in_every_language,
        NULL,
    };
    return run_suite(SUITE("generators"), 10, tests);
}
