/* SPDX-License-Identifier: MIT */
/* Iterator helpers: laziness, indices, and who closes what. */
#include "harness.h"
#include "transcript.h"

#include <kit/helpers.h>
#include <kit/source.h>

#include <errno.h>
#include <stdlib.h>

static kit_value numbers[] = {{.i = 1}, {.i = 2}, {.i = 3}, {.i = 4}};

static void spy(struct spy *s, size_t count)
{
    transcript_begin();
    spy_init(s, "s", count, numbers);
    s->bare = true;
}

static kit_completion add_index(void *context, kit_value item, uint64_t index)
{
    (void)context;
    return kit_next(kit_int(item.i * 10 + (int64_t)index));
}

static kit_completion is_even(void *context, kit_value item, uint64_t index)
{
    (void)context, (void)index;
    return kit_next(kit_int(item.i % 2 == 0));
}

static kit_completion fails(void *context, kit_value item, uint64_t index)
{
    (void)context, (void)item, (void)index;
    return kit_throw(kit_int(77));
}

static kit_step next(kit_iter *it)
{
    return kit_iter_next(it, kit_none());
}

static kit_step refuses(struct spy *s, kit_value v)
{
    (void)s, (void)v;
    return kit_failed(kit_int(66));
}

/* ---- laziness ---- */

START_TEST (building_a_helper_touches_nothing) {
    struct spy s;
    kit_helper map, filter, take, drop;
    spy(&s, 3);
    kit_map_init(&map, &s.iter, add_index, NULL);
    kit_filter_init(&filter, &map.iter, is_even, NULL);
    ck_assert_int_eq(kit_take_init(&take, &filter.iter, 2), 0);
    ck_assert_int_eq(kit_drop_init(&drop, &take.iter, 1), 0);
    ck_assert_str_eq(transcript_text(), "");
}
END_TEST

START_TEST (map_gets_the_item_and_its_index_and_drops_what_is_sent) {
    struct spy s;
    kit_helper map;
    spy(&s, 2);
    kit_map_init(&map, &s.iter, add_index, NULL);
    ck_yielded(kit_iter_next(&map.iter, kit_int(9)), 10);
    ck_yielded(next(&map.iter), 21);
    ck_done_none(next(&map.iter));
    ck_done_none(next(&map.iter));
    transcript_check("s.next()\ns.next()\ns.next()\n");
}
END_TEST

static kit_completion index_is_odd(void *context, kit_value item,
                                   uint64_t index)
{
    (void)context, (void)item;
    return kit_next(kit_int((int64_t)index % 2));
}

START_TEST (filter_counts_all_inputs) {
    struct spy s;
    kit_helper filter;
    spy(&s, 4);
    kit_filter_init(&filter, &s.iter, index_is_odd, NULL);
    ck_yielded(next(&filter.iter), 2);
    ck_yielded(next(&filter.iter), 4);
    ck_done_none(next(&filter.iter));
}
END_TEST

START_TEST (drop_skips_inside_the_first_next) {
    struct spy s;
    kit_helper drop;
    spy(&s, 4);
    ck_assert_int_eq(kit_drop_init(&drop, &s.iter, 2), 0);
    ck_yielded(next(&drop.iter), 3);
    transcript_check("s.next()\ns.next()\ns.next()\n");
}
END_TEST

START_TEST (drop_beyond_the_end_is_done_and_does_not_close) {
    struct spy s;
    kit_helper drop;
    spy(&s, 1);
    kit_drop_init(&drop, &s.iter, 5);
    ck_done_none(next(&drop.iter));
    ck_done_none(kit_iter_return(&drop.iter, kit_int(1)));
    transcript_check("s.next()\ns.next()\n");
}
END_TEST

/* ---- take ---- */

START_TEST (take_nothing_closes_at_its_first_next) {
    struct spy s;
    kit_helper take;
    spy(&s, 2);
    kit_take_init(&take, &s.iter, 0);
    ck_done_none(next(&take.iter));
    transcript_check("s.return()\n");
}
END_TEST

START_TEST (taking_exactly_n_and_stopping_closes_once) {
    struct spy s;
    kit_helper take;
    spy(&s, 3);
    kit_take_init(&take, &s.iter, 1);
    ck_yielded(next(&take.iter), 1);
    ck_done_none(next(&take.iter));
    ck_done_none(next(&take.iter));
    transcript_check("s.next()\ns.return()\n");
}
END_TEST

START_TEST (take_that_sees_the_source_done_does_not_close) {
    struct spy s;
    kit_helper take;
    spy(&s, 1);
    kit_take_init(&take, &s.iter, 3);
    ck_yielded(next(&take.iter), 1);
    ck_done_none(next(&take.iter));
    transcript_check("s.next()\ns.next()\n");
}
END_TEST

START_TEST (a_negative_count_is_erange) {
    struct spy s;
    kit_helper h;
    spy(&s, 1);
    ck_assert_int_eq(kit_take_init(&h, &s.iter, -1), -ERANGE);
    ck_assert_int_eq(kit_drop_init(&h, &s.iter, -1), -ERANGE);
}
END_TEST

START_TEST (a_source_advanced_from_the_side_is_observed) {
    struct spy s;
    kit_helper take;
    spy(&s, 4);
    kit_take_init(&take, &s.iter, 2);
    ck_yielded(next(&s.iter), 1);
    ck_yielded(next(&take.iter), 2);
    ck_yielded(next(&take.iter), 3);
    ck_done_none(next(&take.iter));
}
END_TEST

/* ---- failures and closing ---- */

START_TEST (a_callback_that_fails_closes_the_source_and_finishes) {
    struct spy s;
    kit_helper map;
    spy(&s, 2);
    kit_map_init(&map, &s.iter, fails, NULL);
    ck_failed(next(&map.iter), 77);
    ck_done_none(next(&map.iter));
    transcript_check("s.next()\ns.return()\n");
}
END_TEST

START_TEST (a_callbacks_error_wins_over_that_of_the_close) {
    struct spy s;
    kit_helper map;
    spy(&s, 2);
    s.on_return = refuses;
    kit_map_init(&map, &s.iter, fails, NULL);
    ck_failed(next(&map.iter), 77);
}
END_TEST

START_TEST (a_source_that_fails_is_not_closed_and_finishes_the_helper) {
    struct spy s;
    kit_helper map;
    spy(&s, 2);
    s.on_next = refuses;
    kit_map_init(&map, &s.iter, add_index, NULL);
    ck_failed(next(&map.iter), 66);
    ck_done_none(next(&map.iter));
    transcript_check("s.next()\n");
}
END_TEST

static kit_step malformed(struct spy *s, kit_value v)
{
    (void)s, (void)v;
    return kit_step_make((enum kit_state)9, kit_int(1));
}

START_TEST (a_malformed_step_of_the_source_is_eproto) {
    struct spy s;
    kit_helper map;
    spy(&s, 2);
    s.on_next = malformed;
    kit_map_init(&map, &s.iter, add_index, NULL);
    ck_failed(next(&map.iter), -EPROTO);
    transcript_check("s.next()\n");
}
END_TEST

START_TEST (return_is_forwarded_once_through_a_chain_also_before_the_start) {
    struct spy s;
    kit_helper map, take;
    spy(&s, 2);
    kit_map_init(&map, &s.iter, add_index, NULL);
    kit_take_init(&take, &map.iter, 2);
    ck_done_none(kit_iter_return(&take.iter, kit_int(5)));
    ck_done_none(kit_iter_return(&take.iter, kit_int(5)));
    ck_done_none(next(&take.iter));
    transcript_check("s.return()\n");
}
END_TEST

START_TEST (an_error_of_the_close_surfaces_on_return) {
    struct spy s;
    kit_helper map;
    spy(&s, 2);
    s.on_return = refuses;
    kit_map_init(&map, &s.iter, add_index, NULL);
    ck_failed(kit_iter_return(&map.iter, kit_none()), 66);
    ck_done_none(next(&map.iter));
}
END_TEST

static kit_completion steps_itself(void *context, kit_value item,
                                   uint64_t index)
{
    (void)item, (void)index;
    kit_step s = next(context);
    return s.state == KIT_FAILED ? kit_throw(s.value) : kit_next(s.value);
}

START_TEST (a_helper_stepped_from_its_own_callback_is_ebusy) {
    struct spy s;
    kit_helper map;
    spy(&s, 2);
    kit_map_init(&map, &s.iter, steps_itself, &map.iter);
    ck_failed(next(&map.iter), -EBUSY);
}
END_TEST

/* ---- flat_map ---- */

static kit_array inner_array;
static struct spy inner_spy;

static kit_completion to_array(void *context, kit_value item, uint64_t index)
{
    (void)context, (void)index;
    kit_array_init(&inner_array, numbers, (size_t)item.i - 1);
    return kit_next(kit_ptr(&inner_array.iterable));
}

START_TEST (flat_map_flattens_one_level) {
    struct spy s;
    kit_flat_map f;
    kit_value *items;
    size_t length;
    spy(&s, 3); /* 1, 2, 3: arrays of 0, 1 and 2 */
    kit_flat_map_init(&f, &s.iter, to_array, NULL);
    ck_completion(kit_iter_to_array(&f.helper.iter, &items, &length), KIT_NEXT,
                  kit_int(3));
    ck_assert_int_eq(items[0].i, 1);
    ck_assert_int_eq(items[1].i, 1);
    ck_assert_int_eq(items[2].i, 2);
    free(items);
}
END_TEST

static kit_completion to_spy(void *context, kit_value item, uint64_t index)
{
    (void)context, (void)item, (void)index;
    return kit_next(kit_ptr(&inner_spy.iter.iterable));
}

START_TEST (flat_map_closes_the_inner_first_then_the_source) {
    struct spy s;
    kit_flat_map f;
    spy(&s, 2);
    spy_init(&inner_spy, "i", 2, numbers);
    kit_flat_map_init(&f, &s.iter, to_spy, NULL);
    ck_yielded(next(&f.helper.iter), 1);
    ck_done_none(kit_iter_return(&f.helper.iter, kit_none()));
    transcript_check("s.next()\ni.iter\ni.next(undefined)\n"
                     "i.return(undefined)\ns.return()\n");
}
END_TEST

START_TEST (flat_map_closes_the_source_when_the_inner_fails) {
    struct spy s;
    kit_flat_map f;
    spy(&s, 2);
    spy_init(&inner_spy, "i", 2, numbers);
    inner_spy.on_next = refuses;
    kit_flat_map_init(&f, &s.iter, to_spy, NULL);
    ck_failed(next(&f.helper.iter), 66);
    transcript_check("s.next()\ni.iter\ni.next(undefined)\n"
                     "s.return()\n");
}
END_TEST

/* ---- concat and zip ---- */

START_TEST (concat_opens_in_order_and_late) {
    struct spy a, b;
    kit_concat c;
    transcript_begin();
    spy_init(&a, "a", 1, numbers);
    spy_init(&b, "b", 1, numbers);
    kit_iterable *sources[] = {&a.iter.iterable, &b.iter.iterable};
    ck_assert_int_eq(kit_concat_init(&c, sources, 2), 0);
    ck_yielded(kit_iter_next(&c.iter, kit_int(5)), 1);
    ck_yielded(next(&c.iter), 1);
    ck_done_none(next(&c.iter));
    transcript_check("a.iter\na.next(undefined)\na.next(undefined)\n"
                     "b.iter\nb.next(undefined)\nb.next(undefined)\n");
}
END_TEST

START_TEST (concat_closes_only_the_one_that_is_open) {
    struct spy a, b;
    kit_concat c;
    transcript_begin();
    spy_init(&a, "a", 2, numbers);
    spy_init(&b, "b", 1, numbers);
    kit_iterable *sources[] = {&a.iter.iterable, &b.iter.iterable};
    kit_concat_init(&c, sources, 2);
    next(&c.iter);
    ck_done_none(kit_iter_return(&c.iter, kit_int(1)));
    ck_done_none(next(&c.iter));
    transcript_check("a.iter\na.next(undefined)\na.return(undefined)\n");
}
END_TEST

START_TEST (concat_returned_before_its_start_opens_nothing) {
    struct spy a;
    kit_concat c;
    transcript_begin();
    spy_init(&a, "a", 2, numbers);
    kit_iterable *sources[] = {&a.iter.iterable};
    kit_concat_init(&c, sources, 1);
    ck_done_none(kit_iter_return(&c.iter, kit_int(1)));
    ck_done_none(next(&c.iter));
    ck_assert_str_eq(transcript_text(), "");
}
END_TEST

START_TEST (concat_and_zip_look_at_their_arguments_at_once) {
    kit_concat c;
    kit_zip z;
    kit_iterable *none[] = {NULL};
    kit_iter *no_iter[] = {NULL};
    kit_value row[1];
    ck_assert_int_eq(kit_concat_init(&c, none, 1), -EINVAL);
    ck_assert_int_eq(kit_zip_init(&z, no_iter, 1, row), -EINVAL);
    ck_assert_int_eq(kit_concat_init(&c, NULL, 0), 0);
    ck_done_none(next(&c.iter));
}
END_TEST

START_TEST (zip_ends_with_the_shortest_and_closes_the_others) {
    struct spy a, b;
    kit_zip z;
    kit_value row[2];
    transcript_begin();
    spy_init(&a, "a", 3, numbers);
    spy_init(&b, "b", 1, numbers);
    kit_iter *sources[] = {&a.iter, &b.iter};
    ck_assert_int_eq(kit_zip_init(&z, sources, 2, row), 0);
    kit_step s = next(&z.iter);
    ck_assert_int_eq(s.state, KIT_YIELDED);
    ck_assert_int_eq(row[0].i, 1);
    ck_assert_int_eq(row[1].i, 1);
    ck_done_none(next(&z.iter));
    transcript_check("a.next(undefined)\nb.next(undefined)\n"
                     "a.next(undefined)\nb.next(undefined)\n"
                     "a.return(undefined)\n");
}
END_TEST

START_TEST (zip_returned_closes_all_the_last_first) {
    struct spy a, b;
    kit_zip z;
    kit_value row[2];
    transcript_begin();
    spy_init(&a, "a", 3, numbers);
    spy_init(&b, "b", 3, numbers);
    kit_iter *sources[] = {&a.iter, &b.iter};
    kit_zip_init(&z, sources, 2, row);
    ck_done_none(kit_iter_return(&z.iter, kit_int(1)));
    ck_done_none(kit_iter_return(&z.iter, kit_int(1)));
    transcript_check("b.return(undefined)\na.return(undefined)\n");
}
END_TEST

/* ---- using an iterator up ---- */

static kit_completion sum(void *context, kit_value total, kit_value item,
                          uint64_t index)
{
    uint64_t *first_index = context;
    if (*first_index == UINT64_MAX)
        *first_index = index;
    return kit_next(kit_int(total.i + item.i));
}

START_TEST (reduce_without_an_initial_value_takes_the_first_item) {
    struct spy s;
    uint64_t first = UINT64_MAX;
    spy(&s, 4);
    ck_completion(kit_iter_reduce(&s.iter, sum, &first, NULL), KIT_NEXT,
                  kit_int(10));
    ck_assert_uint_eq(first, 1);
}
END_TEST

START_TEST (reduce_with_an_initial_value_starts_at_index_0) {
    struct spy s;
    uint64_t first = UINT64_MAX;
    kit_value initial = kit_int(100);
    spy(&s, 4);
    ck_completion(kit_iter_reduce(&s.iter, sum, &first, &initial), KIT_NEXT,
                  kit_int(110));
    ck_assert_uint_eq(first, 0);
}
END_TEST

START_TEST (reduce_of_nothing_is_einval_unless_there_is_an_initial_value) {
    struct spy s;
    uint64_t first = 0;
    kit_value initial = kit_int(5);
    spy(&s, 0);
    ck_completion(kit_iter_reduce(&s.iter, sum, &first, NULL), KIT_THROW,
                  kit_int(-EINVAL));
    ck_completion(kit_iter_reduce(&s.iter, sum, &first, &initial), KIT_NEXT,
                  initial);
}
END_TEST

START_TEST (some_and_find_close_on_an_early_answer) {
    struct spy s;
    spy(&s, 4);
    ck_completion(kit_iter_some(&s.iter, is_even, NULL), KIT_NEXT, kit_int(1));
    transcript_check("s.next()\ns.next()\ns.return()\n");
    spy(&s, 4);
    ck_completion(kit_iter_find(&s.iter, is_even, NULL), KIT_NEXT, kit_int(2));
    transcript_check("s.next()\ns.next()\ns.return()\n");
}
END_TEST

START_TEST (every_closes_on_the_first_no) {
    struct spy s;
    spy(&s, 4);
    ck_completion(kit_iter_every(&s.iter, is_even, NULL), KIT_NEXT, kit_int(0));
    transcript_check("s.next()\ns.return()\n");
}
END_TEST

START_TEST (on_nothing_some_is_false_every_is_true_and_find_is_none) {
    struct spy s;
    spy(&s, 0);
    ck_completion(kit_iter_some(&s.iter, is_even, NULL), KIT_NEXT, kit_int(0));
    ck_completion(kit_iter_every(&s.iter, is_even, NULL), KIT_NEXT, kit_int(1));
    ck_completion(kit_iter_find(&s.iter, is_even, NULL), KIT_NEXT, kit_none());
    transcript_check("s.next()\ns.next()\ns.next()\n");
}
END_TEST

START_TEST (for_each_closes_when_its_callback_fails) {
    struct spy s;
    spy(&s, 2);
    ck_completion(kit_iter_for_each(&s.iter, fails, NULL), KIT_THROW,
                  kit_int(77));
    transcript_check("s.next()\ns.return()\n");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        building_a_helper_touches_nothing,
        map_gets_the_item_and_its_index_and_drops_what_is_sent,
        filter_counts_all_inputs,
        drop_skips_inside_the_first_next,
        drop_beyond_the_end_is_done_and_does_not_close,
        take_nothing_closes_at_its_first_next,
        taking_exactly_n_and_stopping_closes_once,
        take_that_sees_the_source_done_does_not_close,
        a_negative_count_is_erange,
        a_source_advanced_from_the_side_is_observed,
        a_callback_that_fails_closes_the_source_and_finishes,
        a_callbacks_error_wins_over_that_of_the_close,
        a_source_that_fails_is_not_closed_and_finishes_the_helper,
        a_malformed_step_of_the_source_is_eproto,
        return_is_forwarded_once_through_a_chain_also_before_the_start,
        an_error_of_the_close_surfaces_on_return,
        a_helper_stepped_from_its_own_callback_is_ebusy,
        flat_map_flattens_one_level,
        flat_map_closes_the_inner_first_then_the_source,
        flat_map_closes_the_source_when_the_inner_fails,
        concat_opens_in_order_and_late,
        concat_closes_only_the_one_that_is_open,
        concat_returned_before_its_start_opens_nothing,
        concat_and_zip_look_at_their_arguments_at_once,
        zip_ends_with_the_shortest_and_closes_the_others,
        zip_returned_closes_all_the_last_first,
        reduce_without_an_initial_value_takes_the_first_item,
        reduce_with_an_initial_value_starts_at_index_0,
        reduce_of_nothing_is_einval_unless_there_is_an_initial_value,
        some_and_find_close_on_an_early_answer,
        every_closes_on_the_first_no,
        on_nothing_some_is_false_every_is_true_and_find_is_none,
        for_each_closes_when_its_callback_fails,
        NULL,
    };
    return run_suite("helpers", 20, tests);
}
