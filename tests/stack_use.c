/* SPDX-License-Identifier: MIT */
/* How much of a stack was used, and how much of it a pool keeps. */
#include "harness.h"

#include <coop/coro.h>

#include <string.h>

#define PAGE ((size_t)4096)

static kit_stack_pool *new_pool(size_t limit)
{
    kit_stack_pool *pool;
    ck_assert_int_eq(kit_stack_pool_create(&pool, KIT_GUARD_AUTO), 0);
    kit_stack_pool_limit(pool, limit);
    return pool;
}

static kit_stack *stack_from(kit_stack_pool *pool, size_t size)
{
    kit_stack *stack;
    ck_assert_int_eq(kit_stack_get(pool, size, &stack), 0);
    return stack;
}

static void use(kit_stack *stack, size_t bytes)
{
    memset((char *)stack - bytes, 1, bytes);
}

/* ---- marks ---- */

/* Whole pages where a checker of memory watches. */
static void ck_used(const kit_stack *stack, size_t bytes)
{
    size_t used = kit_stack_used(stack);
    if (UNDER_ASAN || under_valgrind()) {
        ck_assert_uint_ge(used, bytes);
        ck_assert_uint_lt(used, bytes + 2 * PAGE);
    } else {
        ck_assert_uint_eq(used, bytes);
    }
}

START_TEST (the_mark_is_the_lowest_word_that_was_written) {
    kit_stack_pool *pool = new_pool(0);
    for (size_t bytes = 8; bytes < 100000; bytes = bytes * 3 + 8) {
        kit_stack *stack = stack_from(pool, (size_t)512 * 1024);
        ck_used(stack, 0);
        use(stack, bytes);
        ck_used(stack, bytes);
        use(stack, 8);
        ck_used(stack, bytes);
        kit_stack_put(pool, stack);
    }
    kit_stack_pool_destroy(pool);
}
END_TEST

START_TEST (a_page_that_was_passed_over_counts) {
    kit_stack_pool *pool = new_pool(0);
    size_t far_away = (size_t)40 << 20;
    kit_stack *stack = stack_from(pool, (size_t)64 << 20);
    use(stack, 8);
    *((char *)stack - far_away) = 1;
    ck_used(stack, far_away);
    kit_stack_put(pool, stack);
    kit_stack_pool_destroy(pool);
}
END_TEST

START_TEST (asking_touches_nothing) {
    kit_stack_pool *pool = new_pool(0);
    kit_stack *stack = stack_from(pool, (size_t)64 << 20);
    use(stack, 100);
    size_t before = resident_bytes();
    for (int i = 0; i < 10; i++)
        kit_stack_used(stack);
    ck_assert_uint_le(resident_bytes(), before + ((size_t)1 << 20));
    kit_stack_put(pool, stack);
    kit_stack_pool_destroy(pool);
}
END_TEST

START_TEST (a_warm_stack_has_the_mark_of_its_former_user) {
    kit_stack_pool *pool = new_pool(KIT_STACK_POOL_LIMIT);
    kit_stack *first = stack_from(pool, 0);
    use(first, 10000);
    kit_stack_put(pool, first);
    kit_stack *second = stack_from(pool, 0);
    ck_assert_ptr_eq(first, second);
    use(second, 100);
    ck_used(second, 10000);
    kit_stack_put(pool, second);
    kit_stack_pool_destroy(pool);
}
END_TEST

START_TEST (in_a_pool_that_keeps_nothing_each_user_begins_afresh) {
    kit_stack_pool *pool = new_pool(0);
    kit_stack *first = stack_from(pool, 0);
    use(first, 10000);
    kit_stack_put(pool, first);
    kit_stack *second = stack_from(pool, 0);
    ck_assert_ptr_eq(first, second);
    use(second, 104);
    ck_used(second, 104);
    kit_stack_put(pool, second);
    kit_stack_pool_destroy(pool);
}
END_TEST

/* Uses a block of its stack, and says in `arg` where that begins. */
static kit_step fill_and_yield(coop_coro *self, kit_value arg,
                               kit_completion first)
{
    volatile char block[20000];
    (void)first;
    memset((char *)block, 1, sizeof block);
    *(const volatile char **)arg.p = block;
    coop_coro_yield(self, arg);
    return kit_done(kit_int(block[0]));
}

START_TEST (the_mark_of_a_body_is_below_its_locals) {
    coop_coro *co;
    char *block = NULL;
    /* what it will get, to look at from outside */
    kit_stack *stack = stack_from(kit_stack_pool_of_thread(), 0);
    kit_stack_give(stack);
    ck_assert_int_eq(
        coop_coro_create(&co, fill_and_yield, kit_ptr(&block), NULL), 0);
    coop_coro_resume(co, kit_next(kit_none()));
    if (!UNDER_ASAN) /* whose locals may be elsewhere */
        ck_assert_uint_ge(kit_stack_used(stack),
                          (size_t)((char *)stack - block));
    ck_assert_uint_ge(kit_stack_used(stack), 64);
    ck_assert_uint_le(kit_stack_used(stack), kit_stack_size(stack));
    coop_coro_destroy(co);
}
END_TEST

/* ---- what a pool keeps ---- */

static void get_and_put(kit_stack_pool *pool, size_t count)
{
    static kit_stack *stacks[2000];
    for (size_t i = 0; i < count; i++) {
        stacks[i] = stack_from(pool, 0);
        use(stacks[i], 16 * 1024);
    }
    for (size_t i = 0; i < count; i++)
        kit_stack_put(pool, stacks[i]);
}

START_TEST (an_idle_pool_keeps_no_more_than_its_limit) {
    size_t nominal = KIT_STACK_DEFAULT, kept = 500;
    kit_stack_pool *pool = new_pool(kept * nominal);
    size_t before = resident_bytes();
    get_and_put(pool, 2000);
    size_t after = resident_bytes();
    kit_stack_pool_destroy(pool);
    if (after > 0) { /* known here */
        ck_assert_uint_ge(after, before + kept * 16 * 1024);
        ck_assert_uint_le(after, before + kept * 20 * 1024 + (1 << 20));
    }
}
END_TEST

START_TEST (a_lower_limit_takes_effect_at_once) {
    kit_stack_pool *pool = new_pool(KIT_STACK_POOL_LIMIT);
    size_t before = resident_bytes();
    get_and_put(pool, 500);
    kit_stack_pool_limit(pool, KIT_STACK_MIN);
    ck_assert_uint_le(resident_bytes(), before + (1 << 20));
    get_and_put(pool, 500);
    ck_assert_uint_le(resident_bytes(), before + (1 << 20));
    kit_stack_pool_destroy(pool);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        the_mark_is_the_lowest_word_that_was_written,
        a_page_that_was_passed_over_counts,
        asking_touches_nothing,
        a_warm_stack_has_the_mark_of_its_former_user,
        in_a_pool_that_keeps_nothing_each_user_begins_afresh,
        the_mark_of_a_body_is_below_its_locals,
        an_idle_pool_keeps_no_more_than_its_limit,
        a_lower_limit_takes_effect_at_once,
        NULL,
    };
    return run_suite("stack use", 20, tests);
}
