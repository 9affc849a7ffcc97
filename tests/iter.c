/* SPDX-License-Identifier: MIT */
/* The iterator protocol: requests, for-each with its closing, delegation. */
#include "harness.h"
#include "transcript.h"

#include <errno.h>

#define MALFORMED ((enum kit_state)7)

static struct spy spy;

static void spy_on(size_t count)
{
    const kit_value items[] = {kit_int(1), kit_int(2), kit_int(3)};
    transcript_begin();
    spy_init(&spy, "s", count, items);
    spy.bare = true;
}

static kit_step yields_9(struct spy *s, kit_value v)
{
    (void)s, (void)v;
    return kit_yielded(kit_int(9));
}

static kit_step is_done_with_8(struct spy *s, kit_value v)
{
    (void)s, (void)v;
    return kit_done(kit_int(8));
}

static kit_step fails_with_7(struct spy *s, kit_value v)
{
    (void)s, (void)v;
    return kit_failed(kit_int(7));
}

static kit_step is_malformed(struct spy *s, kit_value v)
{
    (void)s;
    return kit_step_make(MALFORMED, v);
}

/* ---- requests ---- */

START_TEST (an_iterator_is_its_own_iterable) {
    kit_iter it;
    static const struct kit_iter_ops none;
    kit_iter_init(&it, &none);
    kit_step opened = kit_iterable_open(&it.iterable);
    ck_assert_int_eq(opened.state, KIT_YIELDED);
    ck_assert_ptr_eq(opened.value.p, &it);
    kit_iterable_release(&it.iterable, &it);
}
END_TEST

START_TEST (throw_to_an_iterator_without_it_is_a_type_error) {
    spy_on(1);
    ck_failed(kit_iter_throw(&spy.iter, kit_int(5)), -EPROTO);
    transcript_check("");
}
END_TEST

START_TEST (return_to_an_iterator_without_it_is_done_with_the_value) {
    spy_on(1);
    spy_without_return(&spy);
    ck_done(kit_iter_return(&spy.iter, kit_int(5)), 5);
    transcript_check("");
}
END_TEST

START_TEST (a_request_reaches_the_operation_that_it_names) {
    spy_on(1);
    spy_with_throw(&spy, yields_9);
    ck_yielded(kit_iter_request(&spy.iter, kit_next(kit_int(4))), 1);
    ck_yielded(kit_iter_request(&spy.iter, kit_throw(kit_int(5))), 9);
    ck_done(kit_iter_request(&spy.iter, kit_return(kit_int(6))), 6);
    transcript_check("s.next(4)\ns.throw(5)\ns.return(6)\n");
}
END_TEST

START_TEST (an_unknown_request_is_refused) {
    spy_on(1);
    kit_completion odd = {kit_int(1), (enum kit_how)9};
    ck_failed(kit_iter_request(&spy.iter, odd), -EINVAL);
    transcript_check("");
}
END_TEST

START_TEST (what_opens_as_no_iterator_is_a_type_error) {
    spy_on(1);
    spy.opens = kit_yielded(kit_ptr(NULL));
    ck_failed(kit_iterable_open(&spy.iter.iterable), -EPROTO);
    spy.opens = kit_yielded(kit_none());
    ck_failed(kit_iterable_open(&spy.iter.iterable), -EPROTO);
    ck_failed(kit_iterable_open(NULL), -EINVAL);
    ck_failed(kit_iterable_open(kit_none().p), -EINVAL);
}
END_TEST

/* An iterator that answers its first next, and exchanges its operations. */
static kit_step next_gives_2(kit_iter *it, kit_value sent)
{
    (void)it, (void)sent;
    return kit_yielded(kit_int(2));
}

static kit_step next_gives_1_once(kit_iter *it, kit_value sent)
{
    static const struct kit_iter_ops later = {next_gives_2, NULL, NULL};
    (void)sent;
    it->ops = &later;
    return kit_yielded(kit_int(1));
}

START_TEST (the_operations_are_looked_at_for_each_request) {
    static const struct kit_iter_ops first = {next_gives_1_once, NULL, NULL};
    kit_iter it;
    kit_loop loop;
    kit_value item;
    kit_iter_init(&it, &first);
    kit_loop_open(&loop, &it.iterable);
    ck_assert(kit_loop_next(&loop, &item));
    ck_value_eq(item, kit_int(1));
    ck_assert(kit_loop_next(&loop, &item));
    ck_value_eq(item, kit_int(2));
    ck_completion(kit_loop_close(&loop, kit_return(kit_none())), KIT_RETURN,
                  kit_none());
}
END_TEST

/* ---- for-each ---- */

static kit_completion go_on(void *context, kit_value item)
{
    (void)context;
    out("item %s", show(item));
    return kit_next(kit_none());
}

/* Ends the loop with *context at the item 2. */
static kit_completion end_at_2(void *context, kit_value item)
{
    const kit_completion *end = context;
    return item.i == 2 ? *end : kit_next(kit_none());
}

static kit_completion each(kit_each_fn body, kit_completion end)
{
    return kit_for_each(&spy.iter.iterable, body, &end);
}

static kit_completion loop_that_breaks(void)
{
    return each(end_at_2, kit_return(kit_int(50)));
}

static kit_completion loop_that_throws(void)
{
    return each(end_at_2, kit_throw(kit_int(60)));
}

START_TEST (the_normal_end_closes_nothing_and_drops_the_final_value) {
    spy_on(2);
    spy.final = kit_int(99);
    ck_completion(each(go_on, kit_next(kit_none())), KIT_NEXT, kit_none());
    transcript_check("s.iter\ns.next()\nitem 1\ns.next()\nitem 2\ns.next()\n");
    ck_assert_int_eq(spy.released, 1);
}
END_TEST

START_TEST (a_break_closes_once) {
    spy_on(3);
    ck_completion(loop_that_breaks(), KIT_RETURN, kit_int(50));
    transcript_check("s.iter\ns.next()\ns.next()\ns.return()\n");
    ck_assert_int_eq(spy.released, 1);
}
END_TEST

START_TEST (a_break_on_the_last_item_closes_too) {
    spy_on(2);
    ck_completion(loop_that_breaks(), KIT_RETURN, kit_int(50));
    transcript_check("s.iter\ns.next()\ns.next()\ns.return()\n");
}
END_TEST

START_TEST (an_error_of_the_body_closes_once_and_is_the_result) {
    spy_on(3);
    ck_completion(loop_that_throws(), KIT_THROW, kit_int(60));
    transcript_check("s.iter\ns.next()\ns.next()\ns.return()\n");
}
END_TEST

START_TEST (a_close_that_fails_surfaces_on_a_break) {
    spy_on(3);
    spy.on_return = fails_with_7;
    ck_completion(loop_that_breaks(), KIT_THROW, kit_int(7));
}
END_TEST

START_TEST (an_error_of_the_body_wins_over_a_close_that_fails) {
    spy_on(3);
    spy.on_return = fails_with_7;
    ck_completion(loop_that_throws(), KIT_THROW, kit_int(60));
}
END_TEST

START_TEST (a_malformed_close_is_a_type_error_on_a_break_only) {
    spy_on(3);
    spy.on_return = is_malformed;
    ck_completion(loop_that_breaks(), KIT_THROW, kit_int(-EPROTO));
    spy_on(3);
    spy.on_return = is_malformed;
    ck_completion(loop_that_throws(), KIT_THROW, kit_int(60));
}
END_TEST

START_TEST (a_close_that_yields_is_not_waited_for) {
    spy_on(3);
    spy.on_return = yields_9;
    ck_completion(loop_that_breaks(), KIT_RETURN, kit_int(50));
    transcript_check("s.iter\ns.next()\ns.next()\ns.return()\n");
}
END_TEST

START_TEST (without_a_return_method_an_early_exit_just_ends) {
    spy_on(3);
    spy_without_return(&spy);
    ck_completion(loop_that_breaks(), KIT_RETURN, kit_int(50));
    spy_on(3);
    spy_without_return(&spy);
    ck_completion(loop_that_throws(), KIT_THROW, kit_int(60));
    ck_assert_int_eq(spy.released, 1);
}
END_TEST

START_TEST (a_source_whose_next_fails_is_not_closed) {
    spy_on(0);
    spy.on_next = fails_with_7;
    ck_completion(each(go_on, kit_next(kit_none())), KIT_THROW, kit_int(7));
    transcript_check("s.iter\ns.next()\n");
    ck_assert_int_eq(spy.released, 1);
}
END_TEST

START_TEST (a_malformed_step_is_a_type_error_and_does_not_close) {
    spy_on(0);
    spy.on_next = is_malformed;
    ck_completion(each(go_on, kit_next(kit_none())), KIT_THROW,
                  kit_int(-EPROTO));
    transcript_check("s.iter\ns.next()\n");
    ck_assert_int_eq(spy.released, 1);
}
END_TEST

START_TEST (an_error_while_opening_is_the_result_and_nothing_is_released) {
    spy_on(1);
    spy.opens = kit_failed(kit_int(40));
    ck_completion(each(go_on, kit_next(kit_none())), KIT_THROW, kit_int(40));
    spy.opens = kit_done(kit_none());
    ck_completion(each(go_on, kit_next(kit_none())), KIT_THROW,
                  kit_int(-EPROTO));
    spy.opens = kit_yielded(kit_ptr(NULL));
    ck_completion(each(go_on, kit_next(kit_none())), KIT_THROW,
                  kit_int(-EPROTO));
    ck_completion(kit_for_each(NULL, go_on, NULL), KIT_THROW, kit_int(-EINVAL));
    transcript_check("s.iter\ns.iter\ns.iter\n");
    ck_assert_int_eq(spy.released, 0);
}
END_TEST

START_TEST (a_loop_that_saw_the_end_stays_at_it_and_closes_nothing) {
    kit_loop loop;
    kit_value item;
    spy_on(1);
    kit_loop_open(&loop, &spy.iter.iterable);
    ck_assert(kit_loop_next(&loop, &item));
    ck_assert(!kit_loop_next(&loop, &item));
    ck_assert(!kit_loop_next(&loop, &item));
    ck_completion(kit_loop_close(&loop, kit_return(kit_int(5))), KIT_RETURN,
                  kit_int(5));
    transcript_check("s.iter\ns.next()\ns.next()\n");
    ck_assert_int_eq(spy.released, 1);
}
END_TEST

START_TEST (a_loop_that_is_left_before_its_first_item_closes) {
    kit_loop loop;
    spy_on(1);
    kit_loop_open(&loop, &spy.iter.iterable);
    ck_completion(kit_loop_close(&loop, kit_return(kit_int(5))), KIT_RETURN,
                  kit_int(5));
    transcript_check("s.iter\ns.return()\n");
}
END_TEST

/* Takes one item, leaves by C's `break`, and goes on behind the loop. */
static kit_completion go_on_behind(void)
{
    kit_loop loop;
    kit_value item;
    for (kit_loop_open(&loop, &spy.iter.iterable); kit_loop_next(&loop, &item);)
        break;
    return kit_loop_close(&loop, kit_next(kit_none()));
}

START_TEST (a_loop_that_is_left_to_go_on_behind_it_closes_once) {
    spy_on(3);
    ck_completion(go_on_behind(), KIT_NEXT, kit_none());
    transcript_check("s.iter\ns.next()\ns.return()\n");
    ck_assert_int_eq(spy.released, 1);
}
END_TEST

START_TEST (a_close_that_fails_surfaces_behind_the_loop) {
    spy_on(3);
    spy.on_return = fails_with_7;
    ck_completion(go_on_behind(), KIT_THROW, kit_int(7));
}
END_TEST

/* Loops over the inner spy, and leaves both loops at its first item. */
static kit_completion leave_both(void *context, kit_value item)
{
    (void)item;
    kit_completion leave = kit_return(kit_none());
    struct spy *inner = context;
    return kit_for_each(&inner->iter.iterable, end_at_2, &leave);
}

START_TEST (leaving_an_outer_loop_closes_innermost_first) {
    const kit_value two = kit_int(2);
    struct spy inner;
    spy_on(2);
    spy_init(&inner, "in", 1, &two);
    inner.bare = true;
    kit_for_each(&spy.iter.iterable, leave_both, &inner);
    transcript_check(
        "s.iter\ns.next()\nin.iter\nin.next()\nin.return()\ns.return()\n");
}
END_TEST

/* ---- delegation ---- */

/* What a generator's yield does, played from a list of resumptions. */
struct player {
    const kit_completion *resumptions;
    size_t at;
};

static kit_completion play(void *generator, kit_value item)
{
    struct player *p = generator;
    out("yield %s", show(item));
    return p->resumptions[p->at++];
}

static kit_completion delegate(const kit_completion *resumptions)
{
    struct player p = {resumptions, 0};
    return kit_delegate(&spy.iter.iterable, play, &p);
}

#define RESUME(...)                                                            \
    ((const kit_completion[]){__VA_ARGS__, {{0}, KIT_NEXT}, {{0}, KIT_NEXT}})

START_TEST (delegation_gives_the_final_value_of_the_inner) {
    spy_on(1);
    spy.final = kit_int(33);
    ck_completion(delegate(RESUME(kit_next(kit_none()))), KIT_NEXT,
                  kit_int(33));
    transcript_check("s.iter\ns.next()\nyield 1\ns.next()\n");
    ck_assert_int_eq(spy.released, 1);
}
END_TEST

START_TEST (the_inner_starts_with_none_and_gets_later_sends_unchanged) {
    spy_on(2);
    delegate(RESUME(kit_next(kit_int(30)), kit_next(kit_int(40))));
    transcript_check("s.iter\ns.next()\nyield 1\ns.next(30)\nyield 2\n"
                     "s.next(40)\n");
}
END_TEST

START_TEST (a_failure_to_open_is_raised_at_the_delegation) {
    spy_on(1);
    spy.opens = kit_failed(kit_int(40));
    ck_completion(delegate(RESUME(kit_next(kit_none()))), KIT_THROW,
                  kit_int(40));
    spy.opens = kit_done(kit_int(1));
    ck_completion(delegate(RESUME(kit_next(kit_none()))), KIT_THROW,
                  kit_int(-EPROTO));
    spy.opens = kit_yielded(kit_ptr(NULL));
    ck_completion(delegate(RESUME(kit_next(kit_none()))), KIT_THROW,
                  kit_int(-EPROTO));
    ck_completion(kit_delegate(NULL, play, NULL), KIT_THROW, kit_int(-EINVAL));
    ck_assert_int_eq(spy.released, 0);
}
END_TEST

START_TEST (an_error_of_the_inner_is_raised_at_the_delegation) {
    spy_on(0);
    spy.on_next = fails_with_7;
    ck_completion(delegate(RESUME(kit_next(kit_none()))), KIT_THROW,
                  kit_int(7));
    ck_assert_int_eq(spy.released, 1);
}
END_TEST

START_TEST (throw_goes_to_the_inner_which_may_be_done) {
    spy_on(2);
    spy_with_throw(&spy, is_done_with_8);
    ck_completion(delegate(RESUME(kit_throw(kit_int(5)))), KIT_NEXT,
                  kit_int(8));
    transcript_check("s.iter\ns.next()\nyield 1\ns.throw(5)\n");
}
END_TEST

START_TEST (throw_goes_to_the_inner_which_may_yield_on) {
    spy_on(2);
    spy_with_throw(&spy, yields_9);
    ck_completion(delegate(RESUME(kit_throw(kit_int(5)), kit_next(kit_int(6)),
                                  kit_next(kit_none()))),
                  KIT_NEXT, kit_none());
    transcript_check("s.iter\ns.next()\nyield 1\ns.throw(5)\nyield 9\n"
                     "s.next(6)\nyield 2\ns.next()\n");
}
END_TEST

START_TEST (throw_goes_to_the_inner_which_may_fail) {
    spy_on(2);
    spy_with_throw(&spy, fails_with_7);
    ck_completion(delegate(RESUME(kit_throw(kit_int(5)))), KIT_THROW,
                  kit_int(7));
}
END_TEST

START_TEST (an_inner_without_throw_is_closed_and_that_is_a_type_error) {
    spy_on(2);
    ck_completion(delegate(RESUME(kit_throw(kit_int(5)))), KIT_THROW,
                  kit_int(-EPROTO));
    transcript_check("s.iter\ns.next()\nyield 1\ns.return()\n");
}
END_TEST

START_TEST (an_inner_without_throw_whose_close_fails_raises_that) {
    spy_on(2);
    spy.on_return = fails_with_7;
    ck_completion(delegate(RESUME(kit_throw(kit_int(5)))), KIT_THROW,
                  kit_int(7));
}
END_TEST

START_TEST (a_malformed_close_of_an_inner_without_throw_is_a_type_error) {
    spy_on(2);
    spy.on_return = is_malformed;
    ck_completion(delegate(RESUME(kit_throw(kit_int(5)))), KIT_THROW,
                  kit_int(-EPROTO));
    transcript_check("s.iter\ns.next()\nyield 1\ns.return()\n");
}
END_TEST

START_TEST (an_inner_without_throw_that_yields_at_its_close_is_over) {
    spy_on(2);
    spy.on_return = yields_9;
    ck_completion(delegate(RESUME(kit_throw(kit_int(5)))), KIT_THROW,
                  kit_int(-EPROTO));
    transcript_check("s.iter\ns.next()\nyield 1\ns.return()\n");
}
END_TEST

START_TEST (an_inner_with_neither_throw_nor_return_is_a_type_error) {
    spy_on(2);
    spy_without_return(&spy);
    ck_completion(delegate(RESUME(kit_throw(kit_int(5)))), KIT_THROW,
                  kit_int(-EPROTO));
    transcript_check("s.iter\ns.next()\nyield 1\n");
}
END_TEST

START_TEST (return_goes_to_the_inner_whose_value_wins) {
    spy_on(2);
    spy.on_return = is_done_with_8;
    ck_completion(delegate(RESUME(kit_return(kit_int(5)))), KIT_RETURN,
                  kit_int(8));
    transcript_check("s.iter\ns.next()\nyield 1\ns.return(5)\n");
}
END_TEST

START_TEST (an_inner_that_yields_at_return_keeps_the_delegation_going) {
    spy_on(2);
    spy.on_return = yields_9;
    ck_completion(delegate(RESUME(kit_return(kit_int(5)), kit_next(kit_int(6)),
                                  kit_next(kit_none()))),
                  KIT_NEXT, kit_none());
    transcript_check("s.iter\ns.next()\nyield 1\ns.return(5)\nyield 9\n"
                     "s.next(6)\nyield 2\ns.next()\n");
}
END_TEST

START_TEST (an_inner_may_be_asked_to_return_again_and_again) {
    spy_on(1);
    spy.on_return = yields_9;
    ck_completion(
        delegate(RESUME(kit_return(kit_int(5)), kit_return(kit_int(6)),
                        kit_next(kit_int(7)))),
        KIT_NEXT, kit_none());
    transcript_check("s.iter\ns.next()\nyield 1\ns.return(5)\nyield 9\n"
                     "s.return(6)\nyield 9\ns.next(7)\n");
}
END_TEST

START_TEST (without_a_return_method_the_outer_returns_the_value_itself) {
    spy_on(2);
    spy_without_return(&spy);
    ck_completion(delegate(RESUME(kit_return(kit_int(5)))), KIT_RETURN,
                  kit_int(5));
    transcript_check("s.iter\ns.next()\nyield 1\n");
    ck_assert_int_eq(spy.released, 1);
}
END_TEST

START_TEST (an_inner_that_fails_at_return_is_raised_at_the_delegation) {
    spy_on(2);
    spy.on_return = fails_with_7;
    ck_completion(delegate(RESUME(kit_return(kit_int(5)))), KIT_THROW,
                  kit_int(7));
}
END_TEST

START_TEST (a_malformed_answer_of_the_inner_is_a_type_error) {
    spy_on(2);
    spy.on_return = is_malformed;
    ck_completion(delegate(RESUME(kit_return(kit_int(5)))), KIT_THROW,
                  kit_int(-EPROTO));
    spy_on(2);
    spy_with_throw(&spy, is_malformed);
    ck_completion(delegate(RESUME(kit_throw(kit_int(5)))), KIT_THROW,
                  kit_int(-EPROTO));
    spy_on(0);
    spy.on_next = is_malformed;
    ck_completion(delegate(RESUME(kit_next(kit_none()))), KIT_THROW,
                  kit_int(-EPROTO));
    transcript_check("s.iter\ns.next()\n");
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        an_iterator_is_its_own_iterable,
        throw_to_an_iterator_without_it_is_a_type_error,
        return_to_an_iterator_without_it_is_done_with_the_value,
        a_request_reaches_the_operation_that_it_names,
        an_unknown_request_is_refused,
        what_opens_as_no_iterator_is_a_type_error,
        the_operations_are_looked_at_for_each_request,
        the_normal_end_closes_nothing_and_drops_the_final_value,
        a_break_closes_once,
        a_break_on_the_last_item_closes_too,
        an_error_of_the_body_closes_once_and_is_the_result,
        a_close_that_fails_surfaces_on_a_break,
        an_error_of_the_body_wins_over_a_close_that_fails,
        a_malformed_close_is_a_type_error_on_a_break_only,
        a_close_that_yields_is_not_waited_for,
        without_a_return_method_an_early_exit_just_ends,
        a_source_whose_next_fails_is_not_closed,
        a_malformed_step_is_a_type_error_and_does_not_close,
        an_error_while_opening_is_the_result_and_nothing_is_released,
        a_loop_that_saw_the_end_stays_at_it_and_closes_nothing,
        a_loop_that_is_left_before_its_first_item_closes,
        a_loop_that_is_left_to_go_on_behind_it_closes_once,
        a_close_that_fails_surfaces_behind_the_loop,
        leaving_an_outer_loop_closes_innermost_first,
        delegation_gives_the_final_value_of_the_inner,
        the_inner_starts_with_none_and_gets_later_sends_unchanged,
        a_failure_to_open_is_raised_at_the_delegation,
        an_error_of_the_inner_is_raised_at_the_delegation,
        throw_goes_to_the_inner_which_may_be_done,
        throw_goes_to_the_inner_which_may_yield_on,
        throw_goes_to_the_inner_which_may_fail,
        an_inner_without_throw_is_closed_and_that_is_a_type_error,
        an_inner_without_throw_whose_close_fails_raises_that,
        a_malformed_close_of_an_inner_without_throw_is_a_type_error,
        an_inner_without_throw_that_yields_at_its_close_is_over,
        an_inner_with_neither_throw_nor_return_is_a_type_error,
        return_goes_to_the_inner_whose_value_wins,
        an_inner_that_yields_at_return_keeps_the_delegation_going,
        an_inner_may_be_asked_to_return_again_and_again,
        without_a_return_method_the_outer_returns_the_value_itself,
        an_inner_that_fails_at_return_is_raised_at_the_delegation,
        a_malformed_answer_of_the_inner_is_a_type_error,
        NULL,
    };
    return run_suite("iter", 5, tests);
}
