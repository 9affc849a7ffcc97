/* SPDX-License-Identifier: MIT */
/* Coroutines: life, misuse, what a body may do, other threads. */
#include "harness.h"

#include <coop/coro.h>

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "mechanism.h"

static coop_coro *made(coop_coro_fn body, kit_value arg)
{
    coop_coro *co;
    ck_assert_int_eq(coop_coro_create(&co, body, arg, NULL), 0);
    return co;
}

static kit_step resumed(coop_coro *co, int64_t value)
{
    return coop_coro_resume(co, kit_next(kit_int(value)));
}

/* ---- life ---- */

static kit_step yield_twice(coop_coro *self, kit_value arg,
                            kit_completion first)
{
    ck_assert_int_eq(coop_coro_state(self), COOP_CORO_RUNNING);
    kit_completion a = coop_coro_yield(self, kit_int(arg.i + first.value.i));
    kit_completion b = coop_coro_yield(self, kit_int(arg.i + a.value.i));
    return kit_done(kit_int(arg.i + b.value.i));
}

START_TEST (a_coroutine_goes_through_its_states) {
    coop_coro *co = made(yield_twice, kit_int(100));
    ck_assert_int_eq(coop_coro_state(co), COOP_CORO_CREATED);
    ck_yielded(resumed(co, 1), 101);
    ck_assert_int_eq(coop_coro_state(co), COOP_CORO_SUSPENDED);
    ck_yielded(resumed(co, 2), 102);
    ck_done(resumed(co, 3), 103);
    ck_assert_int_eq(coop_coro_state(co), COOP_CORO_DONE);
    ck_assert_int_eq(coop_coro_destroy(co), 0);
}
END_TEST

START_TEST (the_states_have_names) {
    ck_assert_str_eq(coop_coro_state_name(COOP_CORO_CREATED), "created");
    ck_assert_str_eq(coop_coro_state_name(COOP_CORO_SUSPENDED), "suspended");
    ck_assert_str_eq(coop_coro_state_name(COOP_CORO_RUNNING), "running");
    ck_assert_str_eq(coop_coro_state_name(COOP_CORO_DONE), "done");
    ck_assert_str_eq(coop_coro_state_name((enum coop_coro_state)9),
                     "malformed");
}
END_TEST

static kit_step report_how(coop_coro *self, kit_value arg, kit_completion how)
{
    while (arg.i-- > 0)
        how = coop_coro_yield(self, kit_int(how.how * 100 + how.value.i));
    return kit_done(kit_none());
}

START_TEST (the_body_is_told_how_it_was_resumed) {
    coop_coro *co = made(report_how, kit_int(4));
    ck_yielded(coop_coro_resume(co, kit_throw(kit_int(1))), 101);
    ck_yielded(coop_coro_resume(co, kit_next(kit_int(2))), 2);
    ck_yielded(coop_coro_resume(co, kit_return(kit_int(3))), 203);
    ck_assert_int_eq(coop_coro_destroy(co), 0);
}
END_TEST

static kit_step end_as_told(coop_coro *self, kit_value arg,
                            kit_completion first)
{
    (void)self;
    return kit_step_make((enum kit_state)arg.i, first.value);
}

START_TEST (the_last_step_is_done_or_failed) {
    static const struct {
        enum kit_state told, got;
    } ends[] = {{KIT_DONE, KIT_DONE},
                {KIT_FAILED, KIT_FAILED},
                {KIT_YIELDED, KIT_DONE}};
    for (size_t i = 0; i < 3; i++) {
        coop_coro *co = made(end_as_told, kit_int(ends[i].told));
        ck_step(resumed(co, 5), ends[i].got, kit_int(5));
        coop_coro_destroy(co);
    }
}
END_TEST

START_TEST (a_suspended_coroutine_may_be_abandoned) {
    coop_coro *co = made(yield_twice, kit_int(0));
    resumed(co, 1);
    ck_assert_int_eq(coop_coro_destroy(co), 0);
    ck_assert_int_eq(coop_coro_destroy(made(yield_twice, kit_int(0))), 0);
    ck_assert_int_eq(coop_coro_destroy(NULL), 0);
}
END_TEST

/* ---- misuse ---- */

START_TEST (a_finished_coroutine_cannot_be_resumed) {
    coop_coro *co = made(end_as_told, kit_int(KIT_DONE));
    ck_done(resumed(co, 1), 1);
    ck_failed(resumed(co, 2), -EINVAL);
    ck_failed(resumed(co, 3), -EINVAL);
    ck_assert_int_eq(coop_coro_state(co), COOP_CORO_DONE);
    coop_coro_destroy(co);
}
END_TEST

static kit_step meddle(coop_coro *self, kit_value arg, kit_completion first)
{
    (void)arg, (void)first;
    ck_failed(resumed(self, 1), -EBUSY);
    ck_assert_int_eq(coop_coro_destroy(self), -EBUSY);
    kit_completion how = coop_coro_yield(self, kit_int(10));
    return kit_done(how.value);
}

START_TEST (a_running_coroutine_is_neither_resumed_nor_destroyed) {
    coop_coro *co = made(meddle, kit_none());
    ck_yielded(resumed(co, 0), 10);
    ck_done(resumed(co, 11), 11);
    coop_coro_destroy(co);
}
END_TEST

static kit_step resume_outer(coop_coro *self, kit_value arg,
                             kit_completion first)
{
    (void)self, (void)first;
    return resumed(arg.p, 1);
}

static kit_step resume_inner(coop_coro *self, kit_value arg,
                             kit_completion first)
{
    (void)arg, (void)first;
    coop_coro *inner = made(resume_outer, kit_ptr(self));
    kit_step s = resumed(inner, 1);
    coop_coro_destroy(inner);
    return kit_done(s.value);
}

START_TEST (a_coroutine_that_waits_for_another_is_running) {
    coop_coro *co = made(resume_inner, kit_none());
    ck_done(resumed(co, 1), -EBUSY);
    coop_coro_destroy(co);
}
END_TEST

static void yield_from_outside(void *co)
{
    coop_coro_yield(co, kit_int(1));
}

START_TEST (a_yield_from_outside_the_body_ends_the_program_and_says_why) {
    char text[256];
    coop_coro *co = made(yield_twice, kit_int(0));
    ck_assert_int_eq(signal_that_ends(yield_from_outside, co), SIGABRT);
    errors_of(yield_from_outside, co, text, sizeof text);
    ck_assert_str_eq(text, "schedkit: coop_coro_yield: called from outside "
                           "the coroutine's body\n");
    coop_coro_destroy(co);
}
END_TEST

START_TEST (options_out_of_range_are_refused) {
    coop_coro *co;
    struct coop_coro_options stack = {.stack_size = KIT_STACK_MAX + 1};
    struct coop_coro_options local = {.local_size = 4097};
    ck_assert_int_eq(coop_coro_create(&co, meddle, kit_none(), &stack),
                     -EINVAL);
    ck_assert_int_eq(coop_coro_create(&co, meddle, kit_none(), &local),
                     -EINVAL);
}
END_TEST

/* ---- what a body may do ---- */

static kit_step sum_of_roots(coop_coro *self, kit_value arg,
                             kit_completion first)
{
    double sum = 0;
    (void)first;
    for (int i = 1; i <= 50; i++) {
        sum += sqrt(arg.d * i);
        coop_coro_yield(self, kit_double(sum));
    }
    return kit_done(kit_double(sum));
}

START_TEST (floating_point_survives_switches) {
    coop_coro *a = made(sum_of_roots, kit_double(2));
    coop_coro *b = made(sum_of_roots, kit_double(3));
    double sum_a = 0, sum_b = 0;
    for (int i = 1; i <= 50; i++) {
        sum_a += sqrt(2.0 * i);
        ck_assert_double_eq(resumed(a, 0).value.d, sum_a);
        sum_b += sqrt(3.0 * i);
        ck_assert_double_eq(resumed(b, 0).value.d, sum_b);
    }
    ck_assert_double_eq(resumed(a, 0).value.d, sum_a);
    ck_assert_double_eq(resumed(b, 0).value.d, sum_b);
    coop_coro_destroy(a);
    coop_coro_destroy(b);
}
END_TEST

static kit_step nest(coop_coro *self, kit_value arg, kit_completion first)
{
    if (arg.i == 0)
        return kit_done(coop_coro_yield(self, kit_int(0)).value);
    coop_coro *inner = made(nest, kit_int(arg.i - 1));
    kit_step s = coop_coro_resume(inner, first);
    while (s.state == KIT_YIELDED)
        s = coop_coro_resume(inner, coop_coro_yield(self, s.value));
    coop_coro_destroy(inner);
    return kit_done(kit_int(s.value.i + 1));
}

START_TEST (coroutines_nest) {
    coop_coro *co = made(nest, kit_int(50));
    ck_yielded(resumed(co, 0), 0);
    ck_done(resumed(co, 7), 57);
    coop_coro_destroy(co);
}
END_TEST

static kit_step fill_stack(coop_coro *self, kit_value arg, kit_completion first)
{
    volatile char block[48 * 1024];
    (void)arg, (void)first;
    memset((char *)block, 7, sizeof block);
    coop_coro_yield(self, kit_none());
    int sum = 0;
    for (size_t i = 0; i < sizeof block; i += 1024)
        sum += block[i];
    return kit_done(kit_int(sum));
}

START_TEST (most_of_the_default_stack_is_the_bodys) {
    coop_coro *co = made(fill_stack, kit_none());
    resumed(co, 0);
    ck_done(resumed(co, 0), 48 * 7);
    coop_coro_destroy(co);
}
END_TEST

static kit_step fill_a_megabyte(coop_coro *self, kit_value arg,
                                kit_completion first)
{
    volatile char block[1000 * 1024];
    (void)self, (void)arg, (void)first;
    memset((char *)block, 7, sizeof block);
    return kit_done(kit_int(block[500 * 1024]));
}

START_TEST (a_larger_stack_can_be_asked_for) {
    coop_coro *co;
    struct coop_coro_options o = {.stack_size = (size_t)1 << 20};
    ck_assert_int_eq(coop_coro_create(&co, fill_a_megabyte, kit_none(), &o), 0);
    ck_done(resumed(co, 0), 7);
    coop_coro_destroy(co);
}
END_TEST

static kit_step write_local(coop_coro *self, kit_value arg,
                            kit_completion first)
{
    (void)first;
    memset(coop_coro_local(self), 0x5a, (size_t)arg.i);
    coop_coro_yield(self, kit_none());
    return kit_done(kit_int(((char *)coop_coro_local(self))[arg.i - 1]));
}

START_TEST (local_memory_is_aligned_and_the_creators) {
    for (size_t size = 1; size <= 4096; size += size < 64 ? 1 : 509) {
        coop_coro *co;
        struct coop_coro_options o = {.local_size = size};
        kit_value arg = kit_int((int64_t)size);
        ck_assert_int_eq(coop_coro_create(&co, write_local, arg, &o), 0);
        ck_assert_uint_eq((uintptr_t)coop_coro_local(co) % 16, 0);
        memset(coop_coro_local(co), 1, size);
        resumed(co, 0);
        ck_done(resumed(co, 0), 0x5a);
        coop_coro_destroy(co);
    }
}
END_TEST

static kit_step run_on(coop_coro *self, kit_value arg, kit_completion first)
{
    struct coop_coro_options o = {.mechanism = arg.p};
    coop_coro *co;
    (void)first;
    ck_assert_int_eq(coop_coro_create(&co, yield_twice, kit_int(0), &o), 0);
    kit_step s = resumed(co, 1);
    coop_coro_yield(self, s.value);
    s = resumed(co, 2);
    coop_coro_destroy(co);
    return kit_done(s.value);
}

START_TEST (coroutines_of_both_mechanisms_mix) {
    coop_coro *co = made(run_on, kit_ptr(kit_mechanism_named("ucontext")));
    ck_yielded(resumed(co, 0), 1);
    ck_done(resumed(co, 0), 2);
    coop_coro_destroy(co);
}
END_TEST

/* ---- threads ---- */

static _Thread_local int of_thread;

__attribute__((noinline)) static int read_of_thread(void)
{
    return of_thread;
}

static kit_step tell_thread(coop_coro *self, kit_value arg,
                            kit_completion first)
{
    (void)first;
    while (arg.i-- > 0)
        coop_coro_yield(self, kit_int(read_of_thread()));
    return kit_done(kit_none());
}

/* A body that has a thread of its own has that thread's variable. */
static int64_t seen_by_body(int resumers)
{
    return on_threads() ? 0 : resumers;
}

static void *resume_elsewhere(void *co)
{
    of_thread = 2;
    ck_yielded(resumed(co, 0), seen_by_body(2));
    return NULL;
}

static void in_thread(void *(*body)(void *), void *arg)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, body, arg), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

START_TEST (a_coroutine_may_be_resumed_on_another_thread) {
    coop_coro *co = made(tell_thread, kit_int(99));
    of_thread = 1;
    for (int i = 0; i < 10; i++) {
        ck_yielded(resumed(co, 0), seen_by_body(1));
        in_thread(resume_elsewhere, co);
    }
    coop_coro_destroy(co);
}
END_TEST

static void *finish_elsewhere(void *co)
{
    ck_yielded(resumed(co, 2), 2);
    ck_done(resumed(co, 3), 3);
    ck_assert_int_eq(coop_coro_destroy(co), 0);
    return NULL;
}

START_TEST (a_coroutine_may_end_on_another_thread) {
    for (int i = 0; i < 10; i++) {
        coop_coro *co = made(yield_twice, kit_int(0));
        ck_yielded(resumed(co, 1), 1);
        in_thread(finish_elsewhere, co);
    }
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_coroutine_goes_through_its_states,
        the_states_have_names,
        the_body_is_told_how_it_was_resumed,
        the_last_step_is_done_or_failed,
        a_suspended_coroutine_may_be_abandoned,
        a_finished_coroutine_cannot_be_resumed,
        a_running_coroutine_is_neither_resumed_nor_destroyed,
        a_coroutine_that_waits_for_another_is_running,
        a_yield_from_outside_the_body_ends_the_program_and_says_why,
        options_out_of_range_are_refused,
        floating_point_survives_switches,
        coroutines_nest,
        most_of_the_default_stack_is_the_bodys,
        a_larger_stack_can_be_asked_for,
        local_memory_is_aligned_and_the_creators,
        coroutines_of_both_mechanisms_mix,
        a_coroutine_may_be_resumed_on_another_thread,
        a_coroutine_may_end_on_another_thread,
        NULL,
    };
    return run_suite("coroutines", 10, tests);
}
