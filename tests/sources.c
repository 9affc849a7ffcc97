/* SPDX-License-Identifier: MIT */
/* Sources: ranges, arrays, the lines and the bytes of files. */
#include "harness.h"

#include <kit/source.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- ranges ---- */

/* How many items, at most 10; *last is the last of them. */
static int count_of(int64_t start, int64_t end, int64_t step, int64_t *last)
{
    kit_range r;
    int count = 0;
    ck_assert_int_eq(kit_range_init(&r, start, end, step), 0);
    for (kit_step s; count < 10; count++) {
        s = kit_iter_next(&r.iter, kit_none());
        if (s.state != KIT_YIELDED)
            break;
        *last = s.value.i;
    }
    return count;
}

START_TEST (a_range_leaves_its_end_out) {
    kit_range r;
    kit_range_init(&r, 3, 5, 1);
    ck_yielded(kit_iter_next(&r.iter, kit_int(77)), 3);
    ck_yielded(kit_iter_next(&r.iter, kit_none()), 4);
    ck_done_none(kit_iter_next(&r.iter, kit_none()));
    ck_done_none(kit_iter_next(&r.iter, kit_none()));
}
END_TEST

START_TEST (a_range_may_go_down) {
    int64_t last = 0;
    ck_assert_int_eq(count_of(5, 0, -2, &last), 3);
    ck_assert_int_eq(last, 1);
}
END_TEST

START_TEST (a_range_that_cannot_reach_its_end_is_empty) {
    int64_t last;
    ck_assert_int_eq(count_of(0, 0, 1, &last), 0);
    ck_assert_int_eq(count_of(0, 5, -1, &last), 0);
    ck_assert_int_eq(count_of(5, 0, 1, &last), 0);
}
END_TEST

START_TEST (a_range_without_a_step_is_refused) {
    kit_range r;
    ck_assert_int_eq(kit_range_init(&r, 0, 5, 0), -EINVAL);
}
END_TEST

START_TEST (a_range_ends_at_the_last_integer_instead_of_wrapping) {
    int64_t last = 0;
    ck_assert_int_eq(count_of(INT64_MAX - 3, INT64_MAX, 2, &last), 2);
    ck_assert_int_eq(last, INT64_MAX - 1);
    ck_assert_int_eq(count_of(INT64_MAX - 1, INT64_MAX, INT64_MAX, &last), 1);
    ck_assert_int_eq(count_of(INT64_MIN + 1, INT64_MIN, INT64_MIN, &last), 1);
    ck_assert_int_eq(count_of(INT64_MIN, INT64_MAX, INT64_MAX, &last), 3);
}
END_TEST

START_TEST (return_ends_a_range_for_good) {
    kit_range r;
    kit_range_init(&r, 0, 5, 1);
    ck_yielded(kit_iter_next(&r.iter, kit_none()), 0);
    ck_done(kit_iter_return(&r.iter, kit_int(9)), 9);
    ck_done_none(kit_iter_next(&r.iter, kit_none()));
    ck_done(kit_iter_return(&r.iter, kit_int(8)), 8);
}
END_TEST

START_TEST (a_source_has_no_throw) {
    kit_range r;
    kit_range_init(&r, 0, 5, 1);
    ck_failed(kit_iter_throw(&r.iter, kit_int(1)), -EPROTO);
    ck_yielded(kit_iter_next(&r.iter, kit_none()), 0);
}
END_TEST

/* ---- arrays ---- */

struct growing {
    kit_array array;
    kit_value items[4];
    int64_t sum;
};

/* Appends an item while the loop goes on, until there are four. */
static kit_completion sum_and_append(void *context, kit_value item)
{
    struct growing *g = context;
    g->sum += item.i;
    if (g->array.length < 4)
        g->items[g->array.length++] = kit_int(item.i * 10);
    return kit_next(kit_none());
}

START_TEST (a_loop_over_an_array_sees_items_appended_during_it) {
    struct growing g = {.items = {{1}, {2}}};
    kit_array_init(&g.array, g.items, 2);
    kit_for_each(&g.array.iterable, sum_and_append, &g);
    ck_assert_int_eq(g.sum, 1 + 2 + 10 + 20);
}
END_TEST

START_TEST (each_opening_of_an_array_is_a_new_pass) {
    const kit_value items[] = {{4}, {5}};
    kit_array a;
    kit_array_init(&a, items, 2);
    kit_iter *one = kit_iterable_open(&a.iterable).value.p;
    kit_iter *two = kit_iterable_open(&a.iterable).value.p;
    ck_yielded(kit_iter_next(one, kit_none()), 4);
    ck_yielded(kit_iter_next(one, kit_none()), 5);
    ck_yielded(kit_iter_next(two, kit_none()), 4);
    kit_iterable_release(&a.iterable, one);
    kit_iterable_release(&a.iterable, two);
}
END_TEST

START_TEST (an_array_iterator_that_was_done_stays_done) {
    kit_value items[] = {{4}, {5}};
    kit_array a;
    kit_array_init(&a, items, 1);
    kit_iter *it = kit_iterable_open(&a.iterable).value.p;
    ck_yielded(kit_iter_next(it, kit_none()), 4);
    ck_done_none(kit_iter_next(it, kit_none()));
    a.length = 2;
    ck_done_none(kit_iter_next(it, kit_none()));
    kit_iterable_release(&a.iterable, it);
}
END_TEST

START_TEST (an_array_iterator_has_neither_throw_nor_return) {
    const kit_value items[] = {{4}};
    kit_array a;
    kit_array_init(&a, items, 1);
    kit_iter *it = kit_iterable_open(&a.iterable).value.p;
    ck_failed(kit_iter_throw(it, kit_int(1)), -EPROTO);
    ck_done(kit_iter_return(it, kit_int(2)), 2);
    ck_yielded(kit_iter_next(it, kit_none()), 4);
    kit_iterable_release(&a.iterable, it);
}
END_TEST

/* ---- lines ---- */

static void expect_line(kit_lines *l, const char *line, size_t length)
{
    kit_step s = kit_iter_next(&l->iter, kit_none());
    ck_assert_int_eq(s.state, KIT_YIELDED);
    ck_assert_uint_eq(l->length, length);
    ck_assert_mem_eq(s.value.p, line, length + 1);
}

START_TEST (lines_come_without_their_ends) {
    kit_lines l;
    ck_assert_int_eq(kit_lines_open(&l, file_with("one\n\nthree\n", 11)), 0);
    expect_line(&l, "one", 3);
    expect_line(&l, "", 0);
    expect_line(&l, "three", 5);
    ck_done_none(kit_iter_next(&l.iter, kit_none()));
    ck_done_none(kit_iter_next(&l.iter, kit_none()));
    kit_lines_close(&l);
}
END_TEST

START_TEST (the_last_line_needs_no_end) {
    kit_lines l;
    ck_assert_int_eq(kit_lines_open(&l, file_with("one\ntwo", 7)), 0);
    expect_line(&l, "one", 3);
    expect_line(&l, "two", 3);
    ck_done_none(kit_iter_next(&l.iter, kit_none()));
    kit_lines_close(&l);
}
END_TEST

START_TEST (an_empty_file_has_no_lines) {
    kit_lines l;
    ck_assert_int_eq(kit_lines_open(&l, file_with("", 0)), 0);
    ck_done_none(kit_iter_next(&l.iter, kit_none()));
    kit_lines_close(&l);
}
END_TEST

START_TEST (a_line_may_hold_zero_bytes) {
    kit_lines l;
    ck_assert_int_eq(kit_lines_open(&l, file_with("a\0b\nc\n", 6)), 0);
    expect_line(&l, "a\0b", 3);
    expect_line(&l, "c", 1);
    kit_lines_close(&l);
}
END_TEST

START_TEST (a_line_may_be_very_long) {
    enum { LENGTH = 1 << 20 };
    char *line = malloc(LENGTH + 1);
    kit_lines l;
    memset(line, 'x', LENGTH);
    line[LENGTH] = '\0';
    ck_assert_int_eq(kit_lines_open(&l, file_with(line, LENGTH)), 0);
    expect_line(&l, line, LENGTH);
    kit_lines_close(&l);
    free(line);
}
END_TEST

START_TEST (return_closes_the_file_of_lines) {
    kit_lines l;
    ck_assert_int_eq(kit_lines_open(&l, file_with("one\ntwo\n", 8)), 0);
    expect_line(&l, "one", 3);
    ck_done(kit_iter_return(&l.iter, kit_int(1)), 1);
    ck_assert_ptr_null(l.file);
    ck_done_none(kit_iter_next(&l.iter, kit_none()));
    kit_lines_close(&l);
}
END_TEST

START_TEST (a_missing_file_is_reported_at_open) {
    kit_lines l;
    kit_bytes b;
    errno = 77;
    ck_assert_int_eq(kit_lines_open(&l, "/nowhere/at/all"), -ENOENT);
    ck_assert_int_eq(kit_bytes_open(&b, "/nowhere/at/all"), -ENOENT);
    ck_assert_int_eq(errno, 77);
    kit_lines_close(&l);
    kit_bytes_close(&b);
}
END_TEST

START_TEST (a_folder_is_reported_at_open) {
    kit_lines l;
    kit_bytes b;
    ck_assert_int_eq(kit_lines_open(&l, "/tmp"), -EISDIR);
    ck_assert_int_eq(kit_bytes_open(&b, "/tmp"), -EISDIR);
    kit_lines_close(&l);
    kit_bytes_close(&b);
}
END_TEST

START_TEST (a_read_error_fails_the_step_and_ends_the_source) {
    kit_lines l;
    kit_bytes b;
    /* The start of a process's memory cannot be read: -EIO. */
    ck_assert_int_eq(kit_lines_open(&l, "/proc/self/mem"), 0);
    ck_assert_int_eq(kit_bytes_open(&b, "/proc/self/mem"), 0);
    ck_failed(kit_iter_next(&l.iter, kit_none()), -EIO);
    ck_failed(kit_iter_next(&b.iter, kit_none()), -EIO);
    ck_done_none(kit_iter_next(&l.iter, kit_none()));
    ck_done_none(kit_iter_next(&b.iter, kit_none()));
    kit_lines_close(&l);
    kit_bytes_close(&b);
}
END_TEST

/* ---- bytes ---- */

START_TEST (bytes_are_integers_from_0_to_255) {
    kit_bytes b;
    ck_assert_int_eq(kit_bytes_open(&b, file_with("A\0\xff\n", 4)), 0);
    ck_yielded(kit_iter_next(&b.iter, kit_none()), 'A');
    ck_yielded(kit_iter_next(&b.iter, kit_none()), 0);
    ck_yielded(kit_iter_next(&b.iter, kit_none()), 255);
    ck_yielded(kit_iter_next(&b.iter, kit_none()), '\n');
    ck_done_none(kit_iter_next(&b.iter, kit_none()));
    ck_done_none(kit_iter_next(&b.iter, kit_none()));
    kit_bytes_close(&b);
}
END_TEST

START_TEST (an_empty_file_has_no_bytes) {
    kit_bytes b;
    ck_assert_int_eq(kit_bytes_open(&b, file_with("", 0)), 0);
    ck_done_none(kit_iter_next(&b.iter, kit_none()));
    kit_bytes_close(&b);
}
END_TEST

START_TEST (return_closes_the_file_of_bytes) {
    kit_bytes b;
    ck_assert_int_eq(kit_bytes_open(&b, file_with("xyz", 3)), 0);
    ck_yielded(kit_iter_next(&b.iter, kit_none()), 'x');
    ck_done(kit_iter_return(&b.iter, kit_int(1)), 1);
    ck_assert_ptr_null(b.file);
    ck_done_none(kit_iter_next(&b.iter, kit_none()));
    kit_bytes_close(&b);
}
END_TEST

static int open_files(void)
{
    int count = 0;
    for (int fd = 0; fd < 64; fd++)
        count += lseek(fd, 0, SEEK_CUR) >= 0 || errno != EBADF;
    return count;
}

START_TEST (a_source_leaves_no_file_open) {
    kit_lines l;
    const char *path = file_with("one\n", 4);
    int before = open_files();
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(kit_lines_open(&l, path), 0);
        expect_line(&l, "one", 3);
        kit_lines_close(&l);
    }
    ck_assert_int_eq(open_files(), before);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_range_leaves_its_end_out,
        a_range_may_go_down,
        a_range_that_cannot_reach_its_end_is_empty,
        a_range_without_a_step_is_refused,
        a_range_ends_at_the_last_integer_instead_of_wrapping,
        return_ends_a_range_for_good,
        a_source_has_no_throw,
        a_loop_over_an_array_sees_items_appended_during_it,
        each_opening_of_an_array_is_a_new_pass,
        an_array_iterator_that_was_done_stays_done,
        an_array_iterator_has_neither_throw_nor_return,
        lines_come_without_their_ends,
        the_last_line_needs_no_end,
        an_empty_file_has_no_lines,
        a_line_may_hold_zero_bytes,
        a_line_may_be_very_long,
        return_closes_the_file_of_lines,
        a_missing_file_is_reported_at_open,
        a_folder_is_reported_at_open,
        a_read_error_fails_the_step_and_ends_the_source,
        bytes_are_integers_from_0_to_255,
        an_empty_file_has_no_bytes,
        return_closes_the_file_of_bytes,
        a_source_leaves_no_file_open,
        NULL,
    };
    return run_suite("sources", 5, tests);
}
