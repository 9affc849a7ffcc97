/* SPDX-License-Identifier: MIT */
/* What uses an iterator up: results, and when the iterator is closed. */
#include "helper.h"

#include <stdlib.h>
#include <string.h>

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

/* What uses a source up, in one shape. */
static kit_completion fold_with_failure(void *context, kit_value total,
                                        kit_value item, uint64_t index)
{
    (void)total;
    return fails(context, item, index);
}

static kit_completion folded_by(kit_iter *source, kit_map_fn call,
                                void *context)
{
    (void)call;
    return kit_iter_reduce(source, fold_with_failure, context, NULL);
}

static kit_completion gathered(kit_iter *source, kit_map_fn call, void *context)
{
    kit_value *items;
    size_t length;
    (void)call, (void)context;
    kit_completion end = kit_iter_to_array(source, &items, &length);
    free(items);
    return end;
}

typedef kit_completion (*user)(kit_iter *, kit_map_fn, void *);
static const user users[] = {kit_iter_for_each, kit_iter_some, kit_iter_every,
                             kit_iter_find,     folded_by,     gathered};
enum { USERS = sizeof users / sizeof *users, GATHERED = USERS - 1 };

START_TEST (a_callbacks_error_wins_whatever_uses_the_iterator_up) {
    for (size_t i = 0; i < GATHERED; i++) {
        struct spy s;
        spy(&s, 3);
        s.on_return = refuses;
        ck_completion(users[i](&s.iter, fails, NULL), KIT_THROW, kit_int(77));
        ck_assert_ptr_nonnull(strstr(transcript_text(), "s.return()\n"));
    }
}
END_TEST

START_TEST (whatever_uses_an_iterator_up_does_not_close_one_that_fails) {
    for (size_t i = 0; i < USERS; i++) {
        struct spy s;
        spy(&s, 1);
        s.on_next = refuses;
        ck_completion(users[i](&s.iter, is_even, NULL), KIT_THROW, kit_int(66));
        s.on_next = malformed;
        ck_completion(users[i](&s.iter, is_even, NULL), KIT_THROW,
                      kit_int(-EPROTO));
        transcript_check("s.next()\ns.next()\n");
    }
}
END_TEST

START_TEST (an_error_of_the_close_surfaces_on_an_early_answer) {
    struct spy s;
    spy(&s, 2);
    s.on_return = refuses;
    ck_completion(kit_iter_some(&s.iter, is_even, NULL), KIT_THROW,
                  kit_int(66));
    spy(&s, 2);
    s.on_return = refuses;
    ck_completion(kit_iter_every(&s.iter, is_even, NULL), KIT_THROW,
                  kit_int(66));
    spy(&s, 2);
    s.on_return = refuses;
    ck_completion(kit_iter_find(&s.iter, is_even, NULL), KIT_THROW,
                  kit_int(66));
}
END_TEST

START_TEST (reduce_of_one_item_never_calls) {
    struct spy s;
    spy(&s, 1);
    ck_completion(kit_iter_reduce(&s.iter, fold_with_failure, NULL, NULL),
                  KIT_NEXT, kit_int(1));
    transcript_check("s.next()\ns.next()\n");
}
END_TEST

START_TEST (reduce_takes_none_as_an_initial_value_like_any_other) {
    struct spy s;
    const kit_value none = kit_none();
    spy(&s, 0);
    ck_completion(kit_iter_reduce(&s.iter, fold_with_failure, NULL, &none),
                  KIT_NEXT, none);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        reduce_without_an_initial_value_takes_the_first_item,
        reduce_with_an_initial_value_starts_at_index_0,
        reduce_of_nothing_is_einval_unless_there_is_an_initial_value,
        some_and_find_close_on_an_early_answer,
        every_closes_on_the_first_no,
        on_nothing_some_is_false_every_is_true_and_find_is_none,
        for_each_closes_when_its_callback_fails,
        a_callbacks_error_wins_whatever_uses_the_iterator_up,
        whatever_uses_an_iterator_up_does_not_close_one_that_fails,
        an_error_of_the_close_surfaces_on_an_early_answer,
        reduce_of_one_item_never_calls,
        reduce_takes_none_as_an_initial_value_like_any_other,
        NULL,
    };
    return run_suite("consume", 20, tests);
}
