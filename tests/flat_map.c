/* SPDX-License-Identifier: MIT */
/* flat_map: which of two iterators is closed, when, and whose error counts. */
#include "helper.h"

#include <kit/source.h>

#include <stdlib.h>

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

/* Counts the calls with each index in a uint64_t [4]. */
static kit_completion note_index(void *context, kit_value item, uint64_t index)
{
    uint64_t *seen = context;
    ck_assert_uint_lt(index, 4);
    seen[index]++;
    return to_spy(NULL, item, index);
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

static void over_inner_spy(struct spy *s, kit_flat_map *f)
{
    spy(s, 2);
    spy_init(&inner_spy, "i", 1, numbers);
    inner_spy.bare = true;
    kit_flat_map_init(f, &s->iter, to_spy, NULL);
}

START_TEST (flat_map_goes_on_after_an_inner_and_releases_each) {
    struct spy s;
    kit_flat_map f;
    over_inner_spy(&s, &f);
    ck_yielded(next(&f.helper.iter), 1);
    ck_done_none(next(&f.helper.iter)); /* the second time it is over */
    ck_assert_int_eq(inner_spy.released, 2);
    transcript_check("s.next()\ni.iter\ni.next()\ni.next()\n"
                     "s.next()\ni.iter\ni.next()\ns.next()\n");
}
END_TEST

static kit_completion to_nothing(void *context, kit_value item, uint64_t index)
{
    (void)context, (void)item, (void)index;
    return kit_next(kit_ptr(NULL));
}

START_TEST (flat_map_closes_the_source_when_the_inner_cannot_be_opened) {
    struct spy s;
    kit_flat_map f;
    over_inner_spy(&s, &f);
    inner_spy.opens = kit_failed(kit_int(40));
    ck_failed(next(&f.helper.iter), 40);
    over_inner_spy(&s, &f);
    inner_spy.opens = kit_yielded(kit_ptr(NULL));
    ck_failed(next(&f.helper.iter), -EPROTO);
    transcript_check("s.next()\ni.iter\ns.return()\n");
    spy(&s, 2);
    kit_flat_map_init(&f, &s.iter, to_nothing, NULL);
    ck_failed(next(&f.helper.iter), -EINVAL);
    ck_done_none(next(&f.helper.iter));
    transcript_check("s.next()\ns.return()\n");
}
END_TEST

START_TEST (flat_map_closes_the_source_when_its_callback_fails) {
    struct spy s;
    kit_flat_map f;
    spy(&s, 2);
    s.on_return = refuses;
    kit_flat_map_init(&f, &s.iter, fails, NULL);
    ck_failed(next(&f.helper.iter), 77);
    transcript_check("s.next()\ns.return()\n");
}
END_TEST

START_TEST (flat_map_closes_the_source_for_a_malformed_step_of_the_inner) {
    struct spy s;
    kit_flat_map f;
    over_inner_spy(&s, &f);
    s.on_return = refuses;
    inner_spy.on_next = malformed;
    ck_failed(next(&f.helper.iter), -EPROTO);
    ck_assert_int_eq(inner_spy.released, 1);
    transcript_check("s.next()\ni.iter\ni.next()\ns.return()\n");
}
END_TEST

START_TEST (flat_map_closes_both_and_the_error_of_the_inner_wins) {
    struct spy s;
    kit_flat_map f;
    over_inner_spy(&s, &f);
    inner_spy.on_return = refuses_with_55;
    s.on_return = refuses;
    next(&f.helper.iter);
    ck_failed(kit_iter_return(&f.helper.iter, kit_none()), 55);
    ck_done_none(next(&f.helper.iter));
    ck_done_none(kit_iter_return(&f.helper.iter, kit_none()));
    transcript_check("s.next()\ni.iter\ni.next()\ni.return()\ns.return()\n");
}
END_TEST

START_TEST (flat_map_returned_before_its_start_closes_the_source_only) {
    struct spy s;
    kit_flat_map f;
    over_inner_spy(&s, &f);
    ck_done_none(kit_iter_return(&f.helper.iter, kit_int(1)));
    ck_done_none(next(&f.helper.iter));
    transcript_check("s.return()\n");
}
END_TEST

START_TEST (flat_map_is_running_while_it_closes_the_inner) {
    struct spy s;
    kit_flat_map f;
    over_inner_spy(&s, &f);
    return_around(&inner_spy, &f.helper.iter, true);
    ck_inside_is_busy();
}
END_TEST

START_TEST (flat_map_counts_the_items_of_its_source) {
    struct spy s;
    kit_flat_map f;
    uint64_t seen[4] = {0};
    over_inner_spy(&s, &f);
    kit_flat_map_init(&f, &s.iter, note_index, seen);
    while (next(&f.helper.iter).state == KIT_YIELDED)
        continue;
    ck_assert_uint_eq(seen[0], 1);
    ck_assert_uint_eq(seen[1], 1);
    ck_assert_uint_eq(seen[2], 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        flat_map_flattens_one_level,
        flat_map_closes_the_inner_first_then_the_source,
        flat_map_closes_the_source_when_the_inner_fails,
        flat_map_goes_on_after_an_inner_and_releases_each,
        flat_map_closes_the_source_when_the_inner_cannot_be_opened,
        flat_map_closes_the_source_when_its_callback_fails,
        flat_map_closes_the_source_for_a_malformed_step_of_the_inner,
        flat_map_closes_both_and_the_error_of_the_inner_wins,
        flat_map_returned_before_its_start_closes_the_source_only,
        flat_map_is_running_while_it_closes_the_inner,
        flat_map_counts_the_items_of_its_source,
        NULL,
    };
    return run_suite("flat_map", 20, tests);
}
