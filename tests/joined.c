/* SPDX-License-Identifier: MIT */
/* Helpers over several sources: concat, and zip in its three ways to end. */
#include "helper.h"

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

START_TEST (concat_and_zip_refuse_the_pointer_of_none_like_null) {
    kit_concat c;
    kit_zip z;
    kit_iterable *none[] = {kit_none().p};
    kit_iter *no_iter[] = {kit_none().p};
    kit_value row[1];
    bool over[1];
    ck_assert_int_eq(kit_concat_init(&c, none, 1), -EINVAL);
    ck_assert_int_eq(kit_zip_init(&z, no_iter, 1, row), -EINVAL);
    ck_assert_int_eq(kit_zip_strict_init(&z, no_iter, 1, row), -EINVAL);
    ck_assert_int_eq(kit_zip_longest_init(&z, no_iter, 1, row, over, NULL),
                     -EINVAL);
}
END_TEST

static void spies(struct spy *s, size_t count, const size_t *lengths)
{
    static const char *const names[] = {"a", "b", "c"};
    transcript_begin();
    for (size_t i = 0; i < count; i++) {
        spy_init(&s[i], names[i], lengths[i], numbers);
        s[i].bare = true;
    }
}

#define SPIES(s, ...)                                                          \
    spies(s, sizeof(s) / sizeof *(s), (const size_t[]){__VA_ARGS__})

START_TEST (concat_drops_final_values_and_goes_on) {
    struct spy s[2];
    kit_concat c;
    SPIES(s, 0, 1);
    s[0].final = s[1].final = kit_int(9);
    kit_iterable *sources[] = {&s[0].iter.iterable, &s[1].iter.iterable};
    kit_concat_init(&c, sources, 2);
    ck_yielded(next(&c.iter), 1);
    ck_done_none(next(&c.iter));
    ck_done_none(kit_iter_return(&c.iter, kit_int(1)));
    ck_assert_int_eq(s[0].released, 1);
    ck_assert_int_eq(s[1].released, 1);
    transcript_check("a.iter\na.next()\nb.iter\nb.next()\nb.next()\n");
}
END_TEST

START_TEST (concat_is_finished_by_a_source_that_fails_and_closes_nothing) {
    struct spy s[2];
    kit_concat c;
    SPIES(s, 0, 1);
    kit_iterable *sources[] = {&s[0].iter.iterable, &s[1].iter.iterable};
    s[0].on_next = refuses;
    kit_concat_init(&c, sources, 2);
    ck_failed(next(&c.iter), 66);
    ck_done_none(next(&c.iter));
    ck_done_none(kit_iter_return(&c.iter, kit_none()));
    s[0].on_next = malformed;
    kit_concat_init(&c, sources, 2);
    ck_failed(next(&c.iter), -EPROTO);
    ck_done_none(next(&c.iter));
    ck_assert_int_eq(s[0].released, 2);
    transcript_check("a.iter\na.next()\na.iter\na.next()\n");
}
END_TEST

START_TEST (concat_is_finished_by_a_source_that_cannot_be_opened) {
    struct spy s[2];
    kit_concat c;
    SPIES(s, 0, 1);
    kit_iterable *sources[] = {&s[0].iter.iterable, &s[1].iter.iterable};
    s[0].opens = kit_yielded(kit_ptr(NULL));
    kit_concat_init(&c, sources, 2);
    ck_failed(next(&c.iter), -EPROTO);
    ck_done_none(next(&c.iter));
    ck_done_none(kit_iter_return(&c.iter, kit_none()));
    ck_assert_int_eq(s[0].released, 0);
    transcript_check("a.iter\n");
}
END_TEST

START_TEST (an_error_of_the_close_surfaces_when_concat_is_returned) {
    struct spy s[1];
    kit_concat c;
    SPIES(s, 2);
    kit_iterable *sources[] = {&s[0].iter.iterable};
    s[0].on_return = refuses;
    kit_concat_init(&c, sources, 1);
    ck_yielded(next(&c.iter), 1);
    ck_failed(kit_iter_return(&c.iter, kit_none()), 66);
    ck_done_none(kit_iter_return(&c.iter, kit_none()));
    ck_assert_int_eq(s[0].released, 1);
    transcript_check("a.iter\na.next()\na.return()\n");
}
END_TEST

START_TEST (zip_closes_what_comes_before_a_bad_argument_the_last_first) {
    struct spy s[2];
    kit_zip z;
    kit_value row[4];
    bool over[4];
    SPIES(s, 1, 1);
    s[1].on_return = refuses; /* to be dropped */
    kit_iter *sources[] = {&s[0].iter, &s[1].iter, NULL, &s[0].iter};
    ck_assert_int_eq(kit_zip_init(&z, sources, 4, row), -EINVAL);
    ck_assert_int_eq(kit_zip_strict_init(&z, sources, 4, row), -EINVAL);
    ck_assert_int_eq(kit_zip_longest_init(&z, sources, 4, row, over, NULL),
                     -EINVAL);
    transcript_check("b.return()\na.return()\nb.return()\na.return()\n"
                     "b.return()\na.return()\n");
}
END_TEST

START_TEST (zip_of_nothing_is_done_at_once_in_every_mode) {
    kit_zip z;
    kit_zip_init(&z, NULL, 0, NULL);
    ck_done_none(next(&z.iter));
    kit_zip_longest_init(&z, NULL, 0, NULL, NULL, NULL);
    ck_done_none(next(&z.iter));
    kit_zip_strict_init(&z, NULL, 0, NULL);
    ck_done_none(next(&z.iter));
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

START_TEST (zip_asks_none_after_the_shortest_and_closes_both_sides_of_it) {
    struct spy s[3];
    kit_zip z;
    kit_value row[3];
    SPIES(s, 2, 0, 2);
    kit_iter *sources[] = {&s[0].iter, &s[1].iter, &s[2].iter};
    kit_zip_init(&z, sources, 3, row);
    ck_done_none(next(&z.iter));
    ck_done_none(next(&z.iter));
    ck_done_none(kit_iter_return(&z.iter, kit_none()));
    transcript_check("a.next()\nb.next()\nc.return()\na.return()\n");
}
END_TEST

START_TEST (the_first_error_of_zips_closes_surfaces_and_all_are_closed) {
    struct spy s[3];
    kit_zip z;
    kit_value row[3];
    SPIES(s, 1, 1, 1);
    s[1].on_return = refuses_with_55;
    s[0].on_return = refuses;
    kit_iter *sources[] = {&s[0].iter, &s[1].iter, &s[2].iter};
    kit_zip_init(&z, sources, 3, row);
    ck_failed(kit_iter_return(&z.iter, kit_none()), 55);
    ck_done_none(next(&z.iter));
    transcript_check("c.return()\nb.return()\na.return()\n");
}
END_TEST

/* A source that fails, in any mode: the others are closed, it is not. */
static void ck_failure_closes_others(struct spy *s, kit_zip *z)
{
    s[1].on_next = refuses_with_55;
    s[0].on_return = refuses; /* to be dropped */
    ck_failed(next(&z->iter), 55);
    ck_done_none(next(&z->iter));
    transcript_check("a.next()\nb.next()\nc.return()\na.return()\n");
}

START_TEST (a_source_that_fails_has_zip_close_the_others_in_every_mode) {
    struct spy s[3];
    kit_zip z;
    kit_value row[3];
    bool over[3];
    kit_iter *sources[] = {&s[0].iter, &s[1].iter, &s[2].iter};
    SPIES(s, 1, 1, 1);
    kit_zip_init(&z, sources, 3, row);
    ck_failure_closes_others(s, &z);
    SPIES(s, 1, 1, 1);
    kit_zip_longest_init(&z, sources, 3, row, over, NULL);
    ck_failure_closes_others(s, &z);
    SPIES(s, 1, 1, 1);
    kit_zip_strict_init(&z, sources, 3, row);
    ck_failure_closes_others(s, &z);
}
END_TEST

static void ck_round(kit_zip *z, kit_value a, kit_value b)
{
    kit_step s = next(&z->iter);
    const kit_value *row = s.value.p;
    ck_assert_int_eq(s.state, KIT_YIELDED);
    ck_value_eq(row[0], a);
    ck_value_eq(row[1], b);
}

START_TEST (zip_longest_pads_until_all_have_ended_and_closes_nothing) {
    struct spy s[2];
    kit_zip z;
    kit_value row[2];
    const kit_value padding[] = {kit_int(80), kit_int(90)};
    bool over[2];
    SPIES(s, 2, 1);
    kit_iter *sources[] = {&s[0].iter, &s[1].iter};
    kit_zip_longest_init(&z, sources, 2, row, over, padding);
    ck_round(&z, kit_int(1), kit_int(1));
    ck_round(&z, kit_int(2), kit_int(90));
    ck_done_none(next(&z.iter));
    ck_done_none(kit_iter_return(&z.iter, kit_none()));
    transcript_check("a.next()\nb.next()\na.next()\nb.next()\na.next()\n");
}
END_TEST

START_TEST (zip_longest_without_padding_gives_none) {
    struct spy s[2];
    kit_zip z;
    kit_value row[2];
    bool over[2];
    SPIES(s, 0, 1);
    kit_iter *sources[] = {&s[0].iter, &s[1].iter};
    kit_zip_longest_init(&z, sources, 2, row, over, NULL);
    ck_round(&z, kit_none(), kit_int(1));
    ck_done_none(next(&z.iter));
}
END_TEST

START_TEST (zip_longest_closes_only_what_has_not_ended) {
    struct spy s[3];
    kit_zip z;
    kit_value row[3];
    bool over[3];
    kit_iter *sources[] = {&s[0].iter, &s[1].iter, &s[2].iter};
    SPIES(s, 2, 0, 2);
    kit_zip_longest_init(&z, sources, 3, row, over, NULL);
    ck_round(&z, kit_int(1), kit_none());
    ck_done_none(kit_iter_return(&z.iter, kit_none()));
    transcript_check("a.next()\nb.next()\nc.next()\nc.return()\na.return()\n");
    SPIES(s, 2, 0, 2);
    kit_zip_longest_init(&z, sources, 3, row, over, NULL);
    ck_round(&z, kit_int(1), kit_none());
    s[2].on_next = refuses;
    ck_failed(next(&z.iter), 66);
    transcript_check("a.next()\nb.next()\nc.next()\n"
                     "a.next()\nc.next()\na.return()\n");
}
END_TEST

/* A strict zip of three, for one round that ends it. */
static kit_step strict_of(struct spy *s)
{
    kit_zip z;
    kit_value row[3];
    kit_iter *sources[] = {&s[0].iter, &s[1].iter, &s[2].iter};
    kit_zip_strict_init(&z, sources, 3, row);
    kit_step last = next(&z.iter);
    ck_done_none(next(&z.iter));
    ck_done_none(kit_iter_return(&z.iter, kit_none()));
    return last;
}

START_TEST (zip_strict_is_done_when_all_end_in_one_round) {
    struct spy s[3];
    SPIES(s, 0, 0, 0);
    ck_done_none(strict_of(s));
    transcript_check("a.next()\nb.next()\nc.next()\n");
}
END_TEST

START_TEST (zip_strict_refuses_a_source_that_ends_before_the_first) {
    struct spy s[3];
    SPIES(s, 1, 0, 1);
    s[0].on_return = refuses; /* to be dropped */
    ck_failed(strict_of(s), -EINVAL);
    transcript_check("a.next()\nb.next()\nc.return()\na.return()\n");
}
END_TEST

START_TEST (zip_strict_refuses_a_source_that_ends_after_the_first) {
    struct spy s[3];
    SPIES(s, 0, 0, 1);
    ck_failed(strict_of(s), -EINVAL);
    transcript_check("a.next()\nb.next()\nc.next()\nc.return()\n");
    SPIES(s, 0, 1, 1);
    ck_failed(strict_of(s), -EINVAL);
    transcript_check("a.next()\nb.next()\nc.return()\nb.return()\n");
}
END_TEST

START_TEST (zip_strict_does_not_close_what_fails_when_it_is_looked_at) {
    struct spy s[3];
    SPIES(s, 0, 0, 1);
    s[1].on_next = refuses;
    ck_failed(strict_of(s), 66);
    transcript_check("a.next()\nb.next()\nc.return()\n");
    SPIES(s, 0, 0, 1);
    s[1].on_next = malformed;
    ck_failed(strict_of(s), -EPROTO);
    transcript_check("a.next()\nb.next()\nc.return()\n");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        concat_opens_in_order_and_late,
        concat_closes_only_the_one_that_is_open,
        concat_returned_before_its_start_opens_nothing,
        concat_and_zip_look_at_their_arguments_at_once,
        concat_and_zip_refuse_the_pointer_of_none_like_null,
        concat_drops_final_values_and_goes_on,
        concat_is_finished_by_a_source_that_fails_and_closes_nothing,
        concat_is_finished_by_a_source_that_cannot_be_opened,
        an_error_of_the_close_surfaces_when_concat_is_returned,
        zip_closes_what_comes_before_a_bad_argument_the_last_first,
        zip_of_nothing_is_done_at_once_in_every_mode,
        zip_ends_with_the_shortest_and_closes_the_others,
        zip_returned_closes_all_the_last_first,
        zip_asks_none_after_the_shortest_and_closes_both_sides_of_it,
        the_first_error_of_zips_closes_surfaces_and_all_are_closed,
        a_source_that_fails_has_zip_close_the_others_in_every_mode,
        zip_longest_pads_until_all_have_ended_and_closes_nothing,
        zip_longest_without_padding_gives_none,
        zip_longest_closes_only_what_has_not_ended,
        zip_strict_is_done_when_all_end_in_one_round,
        zip_strict_refuses_a_source_that_ends_before_the_first,
        zip_strict_refuses_a_source_that_ends_after_the_first,
        zip_strict_does_not_close_what_fails_when_it_is_looked_at,
        NULL,
    };
    return run_suite("joined", 20, tests);
}
