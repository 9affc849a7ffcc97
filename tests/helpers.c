/* SPDX-License-Identifier: MIT */
/* Helpers over one source: laziness, indices, and who closes what. */
#include "helper.h"

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

START_TEST (a_negative_count_is_erange_and_closes) {
    struct spy s;
    kit_helper h;
    spy(&s, 1);
    s.on_return = refuses; /* to be dropped */
    ck_assert_int_eq(kit_take_init(&h, &s.iter, -1), -ERANGE);
    ck_assert_int_eq(kit_drop_init(&h, &s.iter, INT64_MIN), -ERANGE);
    transcript_check("s.return()\ns.return()\n");
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
    ck_done_none(next(&map.iter));
    transcript_check("s.next()\ns.return()\n");
}
END_TEST

/* ---- requests of a helper from inside ---- */

static kit_completion ask_and_pass(void *context, kit_value item,
                                   uint64_t index)
{
    (void)context, (void)index;
    ask_both();
    return kit_next(item);
}

START_TEST (a_refused_request_from_a_callback_does_no_harm) {
    struct spy s;
    kit_helper map;
    spy(&s, 2);
    kit_map_init(&map, &s.iter, ask_and_pass, NULL);
    around = &map.iter;
    ck_yielded(next(around), 1);
    ck_inside_is_busy();
    ck_yielded(next(around), 2);
    ck_done_none(next(around));
    transcript_check("s.next()\ns.next()\ns.next()\n");
}
END_TEST

START_TEST (a_request_from_the_next_of_the_source_is_ebusy) {
    struct spy s;
    kit_helper take;
    kit_concat concat;
    kit_zip zip;
    kit_value row[1];
    kit_iter *const iters[] = {&s.iter};
    kit_iterable *const iterables[] = {&s.iter.iterable};
    spy(&s, 0);
    s.on_next = ask_and_yield_1;
    kit_take_init(&take, &s.iter, 1);
    around = &take.iter;
    ck_yielded(next(around), 1);
    ck_inside_is_busy();
    kit_concat_init(&concat, iterables, 1);
    around = &concat.iter;
    ck_yielded(next(around), 1);
    ck_inside_is_busy();
    kit_zip_init(&zip, iters, 1, row);
    around = &zip.iter;
    ck_assert_int_eq(next(around).state, KIT_YIELDED);
    ck_inside_is_busy();
}
END_TEST

START_TEST (a_helper_closing_its_source_before_the_start_is_done) {
    struct spy s;
    kit_helper map;
    kit_flat_map flat;
    kit_zip zip;
    kit_value row[1];
    kit_iter *const iters[] = {&s.iter};
    spy(&s, 2);
    kit_map_init(&map, &s.iter, add_index, NULL);
    return_around(&s, &map.iter, false);
    ck_inside_is_done();
    kit_flat_map_init(&flat, &s.iter, add_index, NULL);
    return_around(&s, &flat.helper.iter, false);
    ck_inside_is_done();
    kit_zip_init(&zip, iters, 1, row);
    return_around(&s, &zip.iter, false);
    ck_inside_is_done();
    transcript_check("s.return()\ns.return()\ns.return()\n");
}
END_TEST

START_TEST (a_helper_closing_its_source_after_the_start_is_running) {
    struct spy s;
    kit_helper map;
    kit_concat concat;
    kit_zip zip;
    kit_value row[1];
    kit_iter *const iters[] = {&s.iter};
    kit_iterable *const iterables[] = {&s.iter.iterable};
    spy(&s, 4);
    kit_map_init(&map, &s.iter, add_index, NULL);
    return_around(&s, &map.iter, true);
    ck_inside_is_busy();
    kit_concat_init(&concat, iterables, 1);
    return_around(&s, &concat.iter, true);
    ck_inside_is_busy();
    kit_zip_init(&zip, iters, 1, row);
    return_around(&s, &zip.iter, true);
    ck_inside_is_busy();
}
END_TEST

START_TEST (a_take_that_closes_its_source_is_running) {
    struct spy s;
    kit_helper take;
    spy(&s, 2);
    s.on_return = ask_and_be_done;
    kit_take_init(&take, &s.iter, 0);
    around = &take.iter;
    ck_done_none(next(around));
    ck_inside_is_busy();
    transcript_check("s.return()\n");
}
END_TEST

START_TEST (a_callback_that_fails_closes_while_the_helper_is_running) {
    struct spy s;
    kit_helper map;
    spy(&s, 2);
    s.on_return = ask_and_be_done;
    kit_map_init(&map, &s.iter, fails, NULL);
    around = &map.iter;
    ck_failed(next(around), 77);
    ck_inside_is_busy();
    ck_done_none(next(around));
}
END_TEST

/* ---- arguments ---- */

START_TEST (a_callback_that_is_missing_is_einval_and_closes) {
    struct spy s;
    kit_helper h;
    kit_flat_map f;
    const kit_completion einval = kit_throw(kit_int(-EINVAL));
    spy(&s, 1);
    s.on_return = refuses; /* to be dropped */
    ck_assert_int_eq(kit_map_init(&h, &s.iter, NULL, NULL), -EINVAL);
    ck_assert_int_eq(kit_filter_init(&h, &s.iter, NULL, NULL), -EINVAL);
    ck_assert_int_eq(kit_flat_map_init(&f, &s.iter, NULL, NULL), -EINVAL);
    ck_completion(kit_iter_for_each(&s.iter, NULL, NULL), KIT_THROW,
                  einval.value);
    ck_completion(kit_iter_reduce(&s.iter, NULL, NULL, NULL), KIT_THROW,
                  einval.value);
    ck_completion(kit_iter_some(&s.iter, NULL, NULL), KIT_THROW, einval.value);
    ck_completion(kit_iter_every(&s.iter, NULL, NULL), KIT_THROW, einval.value);
    ck_completion(kit_iter_find(&s.iter, NULL, NULL), KIT_THROW, einval.value);
    transcript_check("s.return()\ns.return()\ns.return()\ns.return()\n"
                     "s.return()\ns.return()\ns.return()\ns.return()\n");
}
END_TEST

START_TEST (a_predicate_that_answers_none_says_no) {
    struct spy s;
    kit_helper filter;
    spy(&s, 2);
    kit_filter_init(&filter, &s.iter, says_nothing, NULL);
    ck_done_none(next(&filter.iter));
    spy(&s, 2);
    ck_completion(kit_iter_some(&s.iter, says_nothing, NULL), KIT_NEXT,
                  kit_int(0));
    spy(&s, 2);
    ck_completion(kit_iter_every(&s.iter, says_nothing, NULL), KIT_NEXT,
                  kit_int(0));
    spy(&s, 2);
    ck_completion(kit_iter_find(&s.iter, says_nothing, NULL), KIT_NEXT,
                  kit_none());
}
END_TEST

/* ---- sources without return, closed or finished from the side ---- */

START_TEST (a_source_without_return_just_ends) {
    struct spy s;
    kit_helper map, take;
    spy(&s, 4);
    spy_without_return(&s);
    kit_map_init(&map, &s.iter, fails, NULL);
    ck_failed(next(&map.iter), 77);
    kit_take_init(&take, &s.iter, 0);
    ck_done_none(next(&take.iter));
    kit_map_init(&map, &s.iter, add_index, NULL);
    ck_done_none(kit_iter_return(&map.iter, kit_int(3)));
    ck_completion(kit_iter_find(&s.iter, is_even, NULL), KIT_NEXT, kit_int(2));
}
END_TEST

START_TEST (a_malformed_answer_of_a_close_is_a_type_error) {
    struct spy s;
    kit_helper map, take;
    spy(&s, 4);
    s.on_return = malformed;
    kit_map_init(&map, &s.iter, add_index, NULL);
    ck_failed(kit_iter_return(&map.iter, kit_none()), -EPROTO);
    kit_take_init(&take, &s.iter, 0);
    ck_failed(next(&take.iter), -EPROTO);
    ck_done_none(next(&take.iter));
    ck_completion(kit_iter_some(&s.iter, is_even, NULL), KIT_THROW,
                  kit_int(-EPROTO));
}
END_TEST

START_TEST (a_helper_is_done_for_ever_even_if_its_source_goes_on) {
    struct spy s;
    kit_helper map, drop;
    spy(&s, 0);
    kit_map_init(&map, &s.iter, add_index, NULL);
    ck_done_none(next(&map.iter));
    kit_drop_init(&drop, &s.iter, 1);
    ck_done_none(next(&drop.iter));
    s.on_next = ask_and_yield_1;
    around = &map.iter;
    ck_done_none(next(&map.iter));
    ck_done_none(next(&drop.iter));
    ck_done_none(kit_iter_return(&map.iter, kit_int(4)));
    transcript_check("s.next()\ns.next()\n");
}
END_TEST

START_TEST (the_final_value_of_a_source_is_dropped) {
    struct spy s;
    kit_helper map, filter, take, drop;
    spy(&s, 0);
    s.final = kit_int(9);
    kit_map_init(&map, &s.iter, add_index, NULL);
    kit_filter_init(&filter, &s.iter, is_even, NULL);
    kit_take_init(&take, &s.iter, 1);
    kit_drop_init(&drop, &s.iter, 1);
    ck_done_none(next(&map.iter));
    ck_done_none(next(&filter.iter));
    ck_done_none(next(&take.iter));
    ck_done_none(next(&drop.iter));
    ck_completion(kit_iter_for_each(&s.iter, add_index, NULL), KIT_NEXT,
                  kit_none());
}
END_TEST

START_TEST (a_throw_into_a_helper_is_a_type_error_and_touches_nothing) {
    struct spy s;
    kit_helper map;
    spy(&s, 1);
    spy_with_throw(&s, refuses);
    kit_map_init(&map, &s.iter, add_index, NULL);
    ck_failed(kit_iter_throw(&map.iter, kit_int(5)), -EPROTO);
    transcript_check("");
    ck_yielded(next(&map.iter), 10);
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
        a_negative_count_is_erange_and_closes,
        a_source_advanced_from_the_side_is_observed,
        a_callback_that_fails_closes_the_source_and_finishes,
        a_callbacks_error_wins_over_that_of_the_close,
        a_source_that_fails_is_not_closed_and_finishes_the_helper,
        a_malformed_step_of_the_source_is_eproto,
        return_is_forwarded_once_through_a_chain_also_before_the_start,
        an_error_of_the_close_surfaces_on_return,
        a_helper_stepped_from_its_own_callback_is_ebusy,
        a_refused_request_from_a_callback_does_no_harm,
        a_request_from_the_next_of_the_source_is_ebusy,
        a_helper_closing_its_source_before_the_start_is_done,
        a_helper_closing_its_source_after_the_start_is_running,
        a_take_that_closes_its_source_is_running,
        a_callback_that_fails_closes_while_the_helper_is_running,
        a_callback_that_is_missing_is_einval_and_closes,
        a_predicate_that_answers_none_says_no,
        a_source_without_return_just_ends,
        a_malformed_answer_of_a_close_is_a_type_error,
        a_helper_is_done_for_ever_even_if_its_source_goes_on,
        the_final_value_of_a_source_is_dropped,
        a_throw_into_a_helper_is_a_type_error_and_touches_nothing,
        NULL,
    };
    return run_suite("helpers", 20, tests);
}
