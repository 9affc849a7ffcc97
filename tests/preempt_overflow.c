/* SPDX-License-Identifier: MIT */
/* What is said when the stack of a thread overflows. */
#include "harness.h"

#include <preempt/gen.h>
#include <preempt/task.h>

#include <signal.h>
#include <string.h>

/* Neither inlined nor turned into a loop. */
__attribute__((noinline)) static int descend(volatile int *depth)
{
    volatile char frame[512];
    memset((char *)frame, 1, sizeof frame);
    int below = --*depth > 0 ? descend(depth) : 0;
    return below + frame[*depth % 512];
}

static kit_value overflow(kit_value arg)
{
    volatile int depth = 1 << 22;
    (void)arg;
    return kit_int(descend(&depth));
}

static kit_value touch_nothing(kit_value arg)
{
    *(volatile int *)arg.p = 1;
    return kit_none();
}

static kit_completion overflow_in_gen(preempt_gen *self, kit_value arg)
{
    (void)self;
    return kit_return(overflow(arg));
}

static kit_value step_a_generator(kit_value arg)
{
    struct preempt_gen_options o = {.stack_size = 524288};
    preempt_gen *g;
    preempt_gen_create(&g, overflow_in_gen, arg, &o);
    preempt_gen_next(g, kit_none());
    return kit_none();
}

/* A program of one task. */
struct program {
    struct preempt_sched_options sched;
    struct preempt_task_options task;
    preempt_task_fn body;
};

static void run(void *program)
{
    const struct program *p = program;
    preempt_sched *s;
    preempt_sched_create(&s, &p->sched);
    preempt_spawn(s, NULL, p->body, kit_ptr(NULL), &p->task);
    preempt_run(s);
}

static void ck_says(struct program *p, const char *sentence)
{
    char said[4096];
    ck_assert_int_eq(signal_that_ends(run, p), SIGSEGV);
    errors_of(run, p, said, sizeof said);
    ck_assert_str_eq(said, sentence);
}

START_TEST (a_task_is_named_with_its_size_and_how_to_raise_it) {
    ck_says(&(struct program){.task = {.name = "eager", .stack_size = 524288},
                              .body = overflow},
            "schedkit: task 'eager' has overflowed its stack of 524288 bytes;"
            " a larger one is asked for by preempt_task_options.stack_size\n");
}
END_TEST

START_TEST (a_task_without_a_name_has_overflowed_the_usual_size) {
    ck_says(&(struct program){.body = overflow},
            "schedkit: a task has overflowed its stack of 262144 bytes;"
            " a larger one is asked for by preempt_task_options.stack_size\n");
}
END_TEST

START_TEST (a_generator_of_a_task_is_reported_too) {
    ck_says(&(struct program){.body = step_a_generator},
            "schedkit: a generator has overflowed its stack of 524288 bytes;"
            " a larger one is asked for by preempt_gen_options.stack_size\n");
}
END_TEST

/* A program without a scheduler. */
static void run_generator(void *watches)
{
    if (watches)
        kit_stack_watch();
    step_a_generator(kit_none());
}

START_TEST (a_generator_without_a_scheduler_is_reported_if_asked_for) {
    static char watches;
    char said[4096];
    errors_of(run_generator, &watches, said, sizeof said);
    ck_assert_ptr_nonnull(strstr(said, "a generator has overflowed"));
    errors_of(run_generator, NULL, said, sizeof said);
    ck_assert_str_eq(said, "");
}
END_TEST

START_TEST (nothing_is_said_where_it_was_not_wanted) {
    ck_says(&(struct program){.sched = {.no_overflow_report = true},
                              .body = overflow},
            "");
}
END_TEST

START_TEST (another_fault_is_not_taken_for_an_overflow) {
    ck_says(&(struct program){.body = touch_nothing}, "");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_task_is_named_with_its_size_and_how_to_raise_it,
        a_task_without_a_name_has_overflowed_the_usual_size,
        a_generator_of_a_task_is_reported_too,
        a_generator_without_a_scheduler_is_reported_if_asked_for,
        nothing_is_said_where_it_was_not_wanted,
        /* AddressSanitizer takes other faults for its own */
        UNDER_ASAN ? NULL : another_fault_is_not_taken_for_an_overflow,
        NULL,
    };
    return run_suite("preempt overflow", 20, tests);
}
