/* SPDX-License-Identifier: MIT */
/* The stack pool: guards, re-use, giving back, threads. */
#include "harness.h"

#include <coop/coro.h>
#include <coop/task.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "mechanism.h"

/* Checkers and threads map memory of their own: counts say nothing there. */
static bool counts_are_ours(void)
{
    return !is_watched() && !on_threads();
}

static size_t mappings(void)
{
    size_t count = 0;
    FILE *f = fopen("/proc/self/maps", "re");
    ck_assert_ptr_nonnull(f);
    for (int c; (c = getc(f)) != EOF;)
        count += c == '\n';
    fclose(f);
    return count;
}

static size_t number_in(const char *path, int index)
{
    size_t number = 0;
    FILE *f = fopen(path, "re");
    ck_assert_ptr_nonnull(f);
    for (int i = 0; i <= index; i++)
        ck_assert_int_eq(fscanf(f, "%zu", &number), 1);
    fclose(f);
    return number;
}

static long minor_faults(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_minflt;
}

static kit_stack_pool *pool_with(enum kit_guard guard)
{
    kit_stack_pool *pool;
    ck_assert_int_eq(kit_stack_pool_create(&pool, guard), 0);
    return pool;
}

static kit_stack *stack_from(kit_stack_pool *pool, size_t size)
{
    kit_stack *stack;
    ck_assert_int_eq(kit_stack_get(pool, size, &stack), 0);
    return stack;
}

/* ---- getting and putting ---- */

START_TEST (a_stack_is_usable_from_low_to_its_record) {
    kit_stack_pool *pool = pool_with(KIT_GUARD_AUTO);
    for (size_t size = KIT_STACK_MIN; size <= (size_t)4 << 20; size *= 2) {
        kit_stack *stack = stack_from(pool, size);
        size_t bytes = (size_t)((char *)stack - stack->low);
        memset(stack->low, 0x5a, bytes);
        /* less the guard, the slab's own page, the record and its shift */
        ck_assert_uint_ge(bytes + 3 * 4096, size);
        kit_stack_put(pool, stack);
    }
    kit_stack_pool_destroy(pool);
}
END_TEST

START_TEST (live_stacks_do_not_overlap) {
    enum { COUNT = 200 };
    kit_stack_pool *pool = pool_with(KIT_GUARD_AUTO);
    kit_stack *stacks[COUNT];
    for (int i = 0; i < COUNT; i++) {
        stacks[i] = stack_from(pool, KIT_STACK_MIN);
        memset(stacks[i]->low, i, (size_t)((char *)stacks[i] - stacks[i]->low));
    }
    for (int i = 0; i < COUNT; i++) {
        ck_assert_int_eq(stacks[i]->low[0], (char)i);
        ck_assert_int_eq(((char *)stacks[i])[-1], (char)i);
        kit_stack_put(pool, stacks[i]);
    }
    kit_stack_pool_destroy(pool);
}
END_TEST

START_TEST (a_size_out_of_range_is_refused) {
    kit_stack_pool *pool = pool_with(KIT_GUARD_AUTO);
    kit_stack *stack;
    ck_assert_int_eq(kit_stack_get(pool, KIT_STACK_MAX + 1, &stack), -EINVAL);
    ck_assert_int_eq(kit_stack_get(pool, SIZE_MAX, &stack), -EINVAL);
    ck_assert_int_eq(kit_stack_get(pool, SIZE_MAX / 4 + 2, &stack), -EINVAL);
    kit_stack_pool_destroy(pool);
}
END_TEST

START_TEST (an_unknown_guard_is_refused) {
    kit_stack_pool *pool;
    ck_assert_int_eq(kit_stack_pool_create(&pool, (enum kit_guard)9), -EINVAL);
}
END_TEST

START_TEST (the_stack_that_was_put_last_is_got_first) {
    kit_stack_pool *pool = pool_with(KIT_GUARD_AUTO);
    kit_stack *one = stack_from(pool, 0), *two = stack_from(pool, 0);
    kit_stack_put(pool, one);
    kit_stack_put(pool, two);
    ck_assert_ptr_eq(stack_from(pool, 0), two);
    ck_assert_ptr_eq(stack_from(pool, 0), one);
    kit_stack_put(pool, one);
    kit_stack_put(pool, two);
    kit_stack_pool_destroy(pool);
}
END_TEST

START_TEST (the_thread_has_one_pool) {
    ck_assert_ptr_nonnull(kit_stack_pool_of_thread());
    ck_assert_ptr_eq(kit_stack_pool_of_thread(), kit_stack_pool_of_thread());
}
END_TEST

START_TEST (steady_state_maps_nothing_and_faults_on_nothing) {
    kit_stack_pool *pool = pool_with(KIT_GUARD_AUTO);
    kit_stack_put(pool, stack_from(pool, 0));
    size_t before = mappings();
    long faults = minor_faults();
    for (int i = 0; i < 100000; i++) {
        kit_stack *stack = stack_from(pool, 0);
        ((volatile char *)stack)[-64] = 1;
        kit_stack_put(pool, stack);
    }
    faults = minor_faults() - faults;
    if (counts_are_ours()) {
        ck_assert_int_le(faults, 3);
        ck_assert_uint_eq(mappings(), before);
    }
    kit_stack_pool_destroy(pool);
}
END_TEST

/* ---- guards ---- */

/* Touches the last byte below the usable memory of a new stack. */
static void touch_below(void *guard)
{
    kit_stack_pool *pool = pool_with(*(enum kit_guard *)guard);
    kit_stack *stack = stack_from(pool, 0);
    ((volatile char *)stack->low)[-1] = 1;
}

static int signal_below(enum kit_guard guard)
{
    return signal_that_ends(touch_below, &guard);
}

START_TEST (each_kind_of_guard_traps) {
    ck_assert_int_eq(signal_below(KIT_GUARD_AUTO), SIGSEGV);
    ck_assert_int_eq(signal_below(KIT_GUARD_LIGHT), SIGSEGV);
    ck_assert_int_eq(signal_below(KIT_GUARD_PROTECT), SIGSEGV);
}
END_TEST

START_TEST (without_a_guard_nothing_traps) {
    ck_assert_int_eq(signal_below(KIT_GUARD_NONE), 0);
}
END_TEST

static enum kit_guard guard_got(enum kit_guard wanted)
{
    kit_stack_pool *pool = pool_with(wanted);
    kit_stack_put(pool, stack_from(pool, 0));
    enum kit_guard got = kit_stack_pool_guard(pool);
    kit_stack_pool_destroy(pool);
    return got;
}

START_TEST (a_pool_tells_which_guard_its_stacks_got) {
    enum kit_guard best = guard_got(KIT_GUARD_AUTO);
    ck_assert(best == KIT_GUARD_LIGHT || best == KIT_GUARD_PROTECT);
    ck_assert_int_eq(guard_got(KIT_GUARD_LIGHT), best);
    ck_assert_int_eq(guard_got(KIT_GUARD_PROTECT), KIT_GUARD_PROTECT);
    ck_assert_int_eq(guard_got(KIT_GUARD_NONE), KIT_GUARD_NONE);
}
END_TEST

/* Neither inlined nor turned into a loop. */
__attribute__((noinline)) static int descend(volatile int *depth)
{
    volatile char frame[512];
    memset((char *)frame, 1, sizeof frame);
    int below = --*depth > 0 ? descend(depth) : 0;
    return below + frame[*depth % 512];
}

static kit_step overflow(coop_coro *self, kit_value arg, kit_completion first)
{
    volatile int depth = 1 << 20;
    (void)self, (void)arg, (void)first;
    return kit_done(kit_int(descend(&depth)));
}

static void run_over(void *mechanism)
{
    struct coop_coro_options o = {
        .mechanism = mechanism ? kit_mechanism_named(mechanism) : NULL};
    coop_coro *co;
    if (coop_coro_create(&co, overflow, kit_none(), &o) == 0)
        coop_coro_resume(co, kit_next(kit_none()));
}

START_TEST (a_coroutine_that_overflows_its_stack_dies_of_a_trap) {
    ck_assert_int_eq(signal_that_ends(run_over, NULL), SIGSEGV);
    ck_assert_int_eq(signal_that_ends(run_over, "ucontext"), SIGSEGV);
}
END_TEST

static int read_max_map_count(void)
{
    return (int)number_in("/proc/sys/vm/max_map_count", 0);
}

START_TEST (where_guards_use_up_all_mappings_stacks_go_on_without) {
    size_t count = (size_t)read_max_map_count() * 6 / 10;
    if (!counts_are_ours() || count > 100000)
        return;
    kit_stack_pool *pool = pool_with(KIT_GUARD_PROTECT);
    kit_stack **stacks = calloc(count, sizeof *stacks);
    for (size_t i = 0; i < count; i++)
        stacks[i] = stack_from(pool, KIT_STACK_MIN);
    ck_assert_int_eq(kit_stack_pool_guard(pool), KIT_GUARD_NONE);
    for (size_t i = 0; i < count; i++)
        kit_stack_put(pool, stacks[i]);
    kit_stack_pool_destroy(pool);
    free(stacks);
}
END_TEST

/* ---- very many ---- */

static kit_step yield_once(coop_coro *self, kit_value arg, kit_completion first)
{
    (void)first;
    coop_coro_yield(self, arg);
    return kit_done(arg);
}

static coop_coro **suspended(size_t count)
{
    coop_coro **all = calloc(count, sizeof(coop_coro *));
    for (size_t i = 0; i < count; i++) {
        kit_value arg = kit_int((int64_t)i);
        ck_assert_int_eq(coop_coro_create(&all[i], yield_once, arg, NULL), 0);
        ck_yielded(coop_coro_resume(all[i], kit_next(kit_none())), arg.i);
    }
    return all;
}

static void finish(coop_coro **all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ck_done(coop_coro_resume(all[i], kit_next(kit_none())), (int64_t)i);
        coop_coro_destroy(all[i]);
    }
    free(all);
}

/* ThreadSanitizer follows 8000 flows at most, and valgrind 500 threads. */
START_TEST (a_hundred_thousand_coroutines_live_at_once) {
    size_t count = UNDER_TSAN         ? 500
                   : UNDER_ASAN       ? 2000
                   : under_valgrind() ? (on_threads() ? 400 : 1000)
                   : under_emulator() ? 1000
                   : on_threads()     ? 5000
                                      : 100000;
    coop_coro **all = suspended(count);
    ck_assert_uint_lt(mappings(), (size_t)read_max_map_count() - 100);
    finish(all, count);
}
END_TEST

START_TEST (trimming_a_pool_gives_memory_back) {
    size_t count = scaled(4000), before = resident_bytes();
    size_t maps = mappings();
    finish(suspended(count), count);
    size_t warm = resident_bytes();
    kit_stack_pool_trim(kit_stack_pool_of_thread(), 0);
    if (!counts_are_ours())
        return;
    ck_assert_uint_ge(warm, before + count * 4096);
    ck_assert_uint_le(resident_bytes(), before + (1 << 20));
    ck_assert_uint_le(mappings(), maps + 2);
}
END_TEST

static kit_value sleep_a_little(kit_value ms)
{
    coop_sleep_until(kit_now() + ms.i * 1000000);
    return kit_none();
}

/* Sleeps from the end of a peak until its stacks must have gone back. */
static kit_value rest_after_a_peak(kit_value arg)
{
    size_t *peak_and_rest = arg.p, count = scaled(4000);
    coop_sched *s = coop_sched_of(coop_current());
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(coop_spawn(s, NULL, sleep_a_little, kit_int(10), NULL),
                         0);
    sleep_a_little(kit_int(100));
    peak_and_rest[0] = resident_bytes();
    sleep_a_little(kit_int(2200));
    peak_and_rest[1] = resident_bytes();
    return kit_none();
}

START_TEST (an_idle_scheduler_gives_the_stacks_of_a_peak_back) {
    size_t before = resident_bytes(), peak_and_rest[2];
    coop_sched *s;
    ck_assert_int_eq(coop_sched_create(&s, NULL), 0);
    coop_spawn(s, NULL, rest_after_a_peak, kit_ptr(peak_and_rest), NULL);
    ck_assert_int_eq(coop_run(s), 0);
    coop_sched_destroy(s);
    if (!counts_are_ours())
        return;
    ck_assert_uint_ge(peak_and_rest[0], before + scaled(4000) * 4096);
    ck_assert_uint_le(peak_and_rest[1], before + (2 << 20));
}
END_TEST

START_TEST (trimming_keeps_as_many_stacks_as_it_is_told) {
    kit_stack_pool *pool = pool_with(KIT_GUARD_AUTO);
    kit_stack *one = stack_from(pool, 0), *two = stack_from(pool, 0);
    kit_stack_put(pool, one);
    kit_stack_put(pool, two);
    kit_stack_pool_trim(pool, 1);
    ck_assert_ptr_eq(stack_from(pool, 0), two);
    one = stack_from(pool, 0);
    memset(one->low, 1, (size_t)((char *)one - one->low));
    kit_stack_put(pool, one);
    kit_stack_put(pool, two);
    kit_stack_pool_destroy(pool);
}
END_TEST

START_TEST (a_trimmed_pool_goes_on) {
    for (int round = 0; round < 3; round++) {
        finish(suspended(100), 100);
        kit_stack_pool_trim(kit_stack_pool_of_thread(), 0);
    }
}
END_TEST

START_TEST (coroutines_that_live_through_a_trim_are_unharmed) {
    coop_coro **kept = suspended(70);
    finish(suspended(200), 200);
    kit_stack_pool_trim(kit_stack_pool_of_thread(), 0);
    finish(kept, 70);
}
END_TEST

/* ---- threads ---- */

struct handed {
    coop_coro *coroutines[100];
};

static void *make_coroutines(void *arg)
{
    struct handed *h = arg;
    for (int i = 0; i < 100; i++) {
        coop_coro_create(&h->coroutines[i], yield_once, kit_int(i), NULL);
        coop_coro_resume(h->coroutines[i], kit_next(kit_none()));
    }
    return NULL;
}

static void *finish_coroutines(void *arg)
{
    struct handed *h = arg;
    for (int i = 0; i < 100; i++) {
        ck_done(coop_coro_resume(h->coroutines[i], kit_next(kit_none())), i);
        coop_coro_destroy(h->coroutines[i]);
    }
    return NULL;
}

START_TEST (stacks_outlive_the_thread_that_made_them) {
    struct handed h;
    size_t before;
    on_another_thread(make_coroutines, &h);
    finish_coroutines(&h);
    kit_stack_pool_trim(kit_stack_pool_of_thread(), 0);
    before = mappings();
    for (size_t i = 0; i < scaled(20); i++) {
        on_another_thread(make_coroutines, &h);
        finish_coroutines(&h);
        kit_stack_pool_trim(kit_stack_pool_of_thread(), 0);
    }
    if (counts_are_ours())
        ck_assert_uint_le(mappings(), before + 2);
}
END_TEST

START_TEST (a_stack_may_be_put_into_the_pool_of_another_thread) {
    struct handed h;
    for (size_t i = 0; i < scaled(20); i++) {
        make_coroutines(&h);
        on_another_thread(finish_coroutines, &h);
    }
    make_coroutines(&h);
    finish_coroutines(&h);
}
END_TEST

static void *make_and_finish(void *arg)
{
    struct handed h;
    (void)arg;
    make_coroutines(&h);
    finish_coroutines(&h);
    return NULL;
}

START_TEST (a_thread_that_ends_leaves_no_mapping_behind) {
    size_t before;
    on_another_thread(make_and_finish, NULL);
    before = mappings();
    for (size_t i = 0; i < scaled(50); i++)
        on_another_thread(make_and_finish, NULL);
    if (counts_are_ours())
        ck_assert_uint_le(mappings(), before + 2);
}
END_TEST

START_TEST (a_stack_put_into_no_pool_goes_back_to_the_kernel) {
    kit_stack_pool *pool = pool_with(KIT_GUARD_AUTO);
    kit_stack *stack = stack_from(pool, 0);
    kit_stack_pool_destroy(pool);
    memset(stack->low, 1, (size_t)((char *)stack - stack->low));
    size_t before = mappings();
    kit_stack_put(NULL, stack);
    if (counts_are_ours())
        ck_assert_uint_lt(mappings(), before);
}
END_TEST

/* ---- failure ---- */

START_TEST (without_memory_a_stack_is_refused_and_errno_left_alone) {
    struct rlimit little = {(rlim_t)64 << 20, (rlim_t)64 << 20};
    kit_stack *stack;
    if (!counts_are_ours() || setrlimit(RLIMIT_AS, &little) != 0)
        return;
    kit_stack_pool *pool = pool_with(KIT_GUARD_AUTO);
    errno = 77;
    ck_assert_int_eq(kit_stack_get(pool, KIT_STACK_MAX / 2, &stack), -ENOMEM);
    ck_assert_int_eq(errno, 77);
    kit_stack_put(pool, stack_from(pool, 0));
    kit_stack_pool_destroy(pool);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_stack_is_usable_from_low_to_its_record,
        live_stacks_do_not_overlap,
        a_size_out_of_range_is_refused,
        an_unknown_guard_is_refused,
        the_stack_that_was_put_last_is_got_first,
        the_thread_has_one_pool,
        steady_state_maps_nothing_and_faults_on_nothing,
        each_kind_of_guard_traps,
        without_a_guard_nothing_traps,
        a_pool_tells_which_guard_its_stacks_got,
        a_coroutine_that_overflows_its_stack_dies_of_a_trap,
        where_guards_use_up_all_mappings_stacks_go_on_without,
        a_hundred_thousand_coroutines_live_at_once,
        trimming_a_pool_gives_memory_back,
        an_idle_scheduler_gives_the_stacks_of_a_peak_back,
        trimming_keeps_as_many_stacks_as_it_is_told,
        a_trimmed_pool_goes_on,
        coroutines_that_live_through_a_trim_are_unharmed,
        stacks_outlive_the_thread_that_made_them,
        a_stack_may_be_put_into_the_pool_of_another_thread,
        a_thread_that_ends_leaves_no_mapping_behind,
        a_stack_put_into_no_pool_goes_back_to_the_kernel,
        without_memory_a_stack_is_refused_and_errno_left_alone,
        NULL,
    };
    return run_suite("stacks", 20, tests);
}
