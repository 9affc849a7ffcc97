/* SPDX-License-Identifier: MIT */
/* Contexts: what an exchange hands over and what it preserves. */
#include "harness.h"

#include <kit/context.h>

#include <string.h>
#include <unwind.h>

static const char *const names[] = {"asm", "ucontext", "baton"};

static kit_stack *new_stack(void)
{
    kit_stack *stack;
    kit_stack_pool *pool = kit_stack_pool_of_thread();
    ck_assert_int_eq(kit_stack_get(pool, 0, &stack), 0);
    return stack;
}

static void begin(kit_context *c, const struct kit_mechanism *m,
                  kit_stack *stack, kit_context_entry entry)
{
    kit_context_start(c, m, stack, (char *)stack, entry);
}

static void end(kit_context *c, kit_stack *stack)
{
    kit_context_dispose(c);
    kit_stack_put(kit_stack_pool_of_thread(), stack);
}

/* Runs a test's body on each mechanism that this build has. */
static void on_each(void (*body)(const struct kit_mechanism *))
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct kit_mechanism *m = kit_mechanism_named(names[i]);
        if (m)
            body(m);
    }
}

START_TEST (mechanisms_are_found_by_name) {
    ck_assert_str_eq(kit_mechanism_named("ucontext")->name, "ucontext");
    ck_assert_ptr_null(kit_mechanism_named("no such one"));
    ck_assert_ptr_null(kit_mechanism_named(""));
    const struct kit_mechanism *d = kit_mechanism_default();
    ck_assert_ptr_eq(kit_mechanism_named(d->name), d);
}
END_TEST

START_TEST (the_default_is_assembly_where_the_build_has_it) {
    const struct kit_mechanism *fast = kit_mechanism_named("asm");
    ck_assert_ptr_eq(kit_mechanism_default(),
                     fast ? fast : kit_mechanism_named("ucontext"));
}
END_TEST

/* ---- handing over ---- */

/* Sends back what it gets: the value plus one, the kind of it as a state. */
static void echo(kit_context *c, kit_completion how)
{
    for (;;) {
        kit_step s = {kit_int(how.value.i + 1), (enum kit_state)how.how};
        if (how.value.i < 0)
            kit_context_exit(c, s);
        how = kit_context_yield(c, s);
    }
}

static void hand_over(const struct kit_mechanism *m)
{
    kit_context c;
    kit_stack *stack = new_stack();
    begin(&c, m, stack, echo);
    ck_yielded(kit_context_resume(&c, kit_next(kit_int(1))), 2);
    ck_failed(kit_context_resume(&c, kit_return(kit_int(INT64_MAX - 1))),
              INT64_MAX);
    ck_done(kit_context_resume(&c, kit_throw(kit_int(7))), 8);
    ck_yielded(kit_context_resume(&c, kit_next(kit_int(-1))), 0);
    end(&c, stack);
}

START_TEST (an_exchange_hands_over_16_bytes_each_way) {
    on_each(hand_over);
}
END_TEST

/* ---- what is preserved ---- */

typedef void pause_fn(void *);

/* Keeps more values alive across the pauses than there are registers. */
__attribute__((noinline)) static uint64_t work(uint64_t seed, pause_fn *pause,
                                               void *arg)
{
    uint64_t a = seed, b = seed * 3, c = seed * 5, d = seed * 7, e = seed * 11,
             f = seed * 13, g = seed * 17, h = seed * 19;
    double x = (double)seed, y = 0.5;
    for (int i = 0; i < 100; i++) {
        pause(arg);
        a = a * 31 + b, b ^= c << 1, c += d, d = d * 3 + e;
        e ^= f, f += g * 5, g ^= h, h += a;
        x = x * 0.75 + y, y += 0.25;
    }
    return a + b + c + d + e + f + g + h + (uint64_t)(x * 1024 + y * 4);
}

static void no_pause(void *arg)
{
    (void)arg;
}

static void pause_in_body(void *arg)
{
    kit_context_yield(arg, kit_yielded(kit_none()));
}

static void pause_in_resumer(void *arg)
{
    kit_context_resume(arg, kit_next(kit_none()));
}

static void work_in_body(kit_context *c, kit_completion first)
{
    kit_context_yield(c, kit_yielded(kit_none()));
    uint64_t result = work((uint64_t)first.value.i, pause_in_body, c);
    kit_context_exit(c, kit_done(kit_int((int64_t)result)));
}

static void both_work(const struct kit_mechanism *m)
{
    kit_context c;
    kit_stack *stack = new_stack();
    begin(&c, m, stack, work_in_body);
    kit_context_resume(&c, kit_next(kit_int(1234)));
    ck_assert_uint_eq(work(99, pause_in_resumer, &c), work(99, no_pause, NULL));
    kit_step last = kit_context_resume(&c, kit_next(kit_none()));
    ck_done(last, (int64_t)work(1234, no_pause, NULL));
    end(&c, stack);
}

START_TEST (both_sides_keep_their_registers) {
    on_each(both_work);
}
END_TEST

__attribute__((noinline)) static int64_t dive(kit_context *c, int64_t depth)
{
    kit_completion down = kit_context_yield(c, kit_yielded(kit_int(depth)));
    int64_t below = depth > 0 ? dive(c, depth - 1) : 0;
    kit_completion up = kit_context_yield(c, kit_yielded(kit_int(-depth)));
    return below + down.value.i + up.value.i;
}

static void dive_in_body(kit_context *c, kit_completion first)
{
    kit_context_exit(c, kit_done(kit_int(dive(c, first.value.i))));
}

static void yields_at_depth(const struct kit_mechanism *m)
{
    const int64_t deepest = 99;
    kit_context c;
    kit_stack *stack = new_stack();
    begin(&c, m, stack, dive_in_body);
    kit_step s = kit_context_resume(&c, kit_next(kit_int(deepest)));
    for (int64_t depth = deepest; depth >= 0; depth--) {
        ck_yielded(s, depth);
        s = kit_context_resume(&c, kit_next(kit_int(1)));
    }
    for (int64_t depth = 0; depth <= deepest; depth++) {
        ck_yielded(s, -depth);
        s = kit_context_resume(&c, kit_next(kit_int(1)));
    }
    ck_done(s, 2 * (deepest + 1));
    end(&c, stack);
}

START_TEST (a_body_yields_from_any_depth_of_calls) {
    on_each(yields_at_depth);
}
END_TEST

static void look_at_frame(kit_context *c, kit_completion first)
{
    _Alignas(16) volatile char local[16] = {0};
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    (void)first;
    kit_context_exit(
        c, kit_done(kit_int((int64_t)((frame | (uintptr_t)local) % 16))));
}

static void frames_are_aligned(const struct kit_mechanism *m)
{
    kit_stack *stack = new_stack();
    for (int shift = 0; shift < 64; shift += 8) {
        kit_context c;
        char *top = (char *)((uintptr_t)stack & ~(uintptr_t)15) - 16 * shift;
        kit_context_start(&c, m, stack, top, look_at_frame);
        ck_done(kit_context_resume(&c, kit_next(kit_none())), 0);
        kit_context_dispose(&c);
    }
    kit_stack_put(kit_stack_pool_of_thread(), stack);
}

START_TEST (the_first_frame_is_aligned_to_16) {
    on_each(frames_are_aligned);
}
END_TEST

/* ---- backtraces ---- */

enum { DEPTH = 5, FRAMES_MAX = 64 };

struct backtrace {
    uintptr_t functions[FRAMES_MAX]; /* where they begin, innermost first */
    size_t count;
    _Unwind_Reason_Code end;
};

static _Unwind_Reason_Code add_frame(struct _Unwind_Context *at, void *arg)
{
    struct backtrace *b = arg;
    if (b->count == FRAMES_MAX)
        return _URC_NORMAL_STOP;
    b->functions[b->count++] = (uintptr_t)_Unwind_GetRegionStart(at);
    return _URC_NO_REASON;
}

__attribute__((noinline)) static void look_back(struct backtrace *b, int depth)
{
    if (depth > 1)
        look_back(b, depth - 1);
    else
        b->end = _Unwind_Backtrace(add_frame, b);
    __asm__ volatile(""); /* the call is not the last thing: there is a frame */
}

static void look_back_in_body(kit_context *c, kit_completion how)
{
    look_back(how.value.p, DEPTH);
    how = kit_context_yield(c, kit_yielded(kit_none()));
    look_back(how.value.p, DEPTH);
    kit_context_exit(c, kit_done(kit_none()));
}

__attribute__((noinline)) static void resume_and_check(kit_context *c)
{
    struct backtrace b = {.count = 0};
    kit_context_resume(c, kit_next(kit_ptr(&b)));
    ck_assert_int_eq(b.end, _URC_END_OF_STACK);
    ck_assert_uint_gt(b.count, DEPTH);
    ck_assert_uint_eq(b.functions[DEPTH], (uintptr_t)look_back_in_body);
    for (size_t i = 0; i < b.count; i++)
        ck_assert_uint_ne(b.functions[i], (uintptr_t)resume_and_check);
}

static void backtraces_end(const struct kit_mechanism *m)
{
    kit_context c;
    kit_stack *stack = new_stack();
    begin(&c, m, stack, look_back_in_body);
    resume_and_check(&c);
    resume_and_check(&c);
    end(&c, stack);
}

START_TEST (a_backtrace_leads_to_the_body_and_ends_there) {
    on_each(backtraces_end);
}
END_TEST

/* ---- swapping ---- */

static char trace[64];

static void note(const char *word)
{
    strcat(trace, word);
}

static kit_context one, two;

static void second_body(kit_context *c, kit_completion first)
{
    ck_assert_int_eq(first.value.i, 1);
    note("second ");
    kit_completion how = kit_context_yield(c, kit_yielded(kit_int(2)));
    note("second again ");
    kit_context_exit(c, kit_done(how.value));
}

static void first_body(kit_context *c, kit_completion first)
{
    (void)first;
    note("first ");
    kit_context_swap(c, &two);
    kit_completion how = kit_context_yield(c, kit_yielded(kit_int(1)));
    note("first again ");
    kit_context_exit(c, kit_done(how.value));
}

static void swap_bodies(const struct kit_mechanism *m)
{
    kit_stack *stacks[] = {new_stack(), new_stack()};
    trace[0] = '\0';
    begin(&one, m, stacks[0], first_body);
    begin(&two, m, stacks[1], second_body);
    ck_yielded(kit_context_resume(&one, kit_next(kit_none())), 2);
    ck_done(kit_context_resume(&one, kit_next(kit_int(10))), 10);
    ck_done(kit_context_resume(&two, kit_next(kit_int(20))), 20);
    ck_assert_str_eq(trace, "first second first again second again ");
    end(&one, stacks[0]);
    end(&two, stacks[1]);
}

START_TEST (a_swap_switches_straight_from_one_body_to_another) {
    on_each(swap_bodies);
}
END_TEST

/* ---- many ---- */

static void count_up(kit_context *c, kit_completion first)
{
    int64_t n = 0;
    while (first.how == KIT_NEXT)
        first = kit_context_yield(c, kit_yielded(kit_int(n++)));
    kit_context_exit(c, kit_done(kit_int(n)));
}

static void many_exchanges(const struct kit_mechanism *m)
{
    bool threads = m == kit_mechanism_named("baton");
    int64_t rounds = (int64_t)scaled(threads ? 2000 : 100000);
    kit_context c;
    kit_stack *stack = new_stack();
    begin(&c, m, stack, count_up);
    for (int64_t i = 0; i < rounds; i++)
        ck_yielded(kit_context_resume(&c, kit_next(kit_none())), i);
    ck_done(kit_context_resume(&c, kit_return(kit_none())), rounds);
    end(&c, stack);
}

START_TEST (exchanges_do_not_use_up_the_stack) {
    on_each(many_exchanges);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        mechanisms_are_found_by_name,
        the_default_is_assembly_where_the_build_has_it,
        an_exchange_hands_over_16_bytes_each_way,
        both_sides_keep_their_registers,
        a_body_yields_from_any_depth_of_calls,
        the_first_frame_is_aligned_to_16,
        a_backtrace_leads_to_the_body_and_ends_there,
        a_swap_switches_straight_from_one_body_to_another,
        exchanges_do_not_use_up_the_stack,
        NULL,
    };
    return run_suite("contexts", 10, tests);
}
