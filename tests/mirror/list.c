/* SPDX-License-Identifier: MIT */
/* The list of tasks, and the dump, in both libraries. */
#include "running.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static kit_value park_named(kit_value arg)
{
    return kit_int(K(park)("wait for", arg.p));
}

static any_task *spawn_named(const char *name, const char *waits_on)
{
    struct K(task_options) o = {.name = name};
    any_task *task;
    ck_assert_int_eq(K(spawn)(here(), &task, park_named, kit_ptr(waits_on), &o),
                     0);
    return task;
}

static kit_value list_of_three(kit_value arg)
{
    struct K(task_info) infos[3];
    int64_t before = kit_now() - 1000000000; /* on a busy machine */
    any_task *a = spawn_named("anna", "the first"), *b = spawn_named("bert", 0);
    until_waiting(a);
    until_waiting(b);
    ck_assert_uint_eq(K(tasks)(here(), NULL, 0), 3);
    memset(infos, 0, sizeof infos);
    ck_assert_uint_eq(K(tasks)(here(), infos, 2), 3);
    ck_assert_ptr_null(infos[2].task);
    ck_assert_uint_eq(K(tasks)(here(), infos, 3), 3);
    ck_assert_ptr_eq(infos[0].task, K(current)());
    ck_assert_str_eq(K(task_state_name)(infos[0].state), "running");
    ck_assert_ptr_null(infos[0].waits_to);
    ck_assert_int_eq(infos[0].since, 0);
    ck_assert_ptr_eq(infos[1].task, a);
    ck_assert_str_eq(infos[1].name, "anna");
    ck_assert_str_eq(infos[1].waits_to, "wait for");
    ck_assert_str_eq(infos[1].waits_on, "the first");
    ck_assert_int_ge(infos[1].since, before);
    ck_assert_int_le(infos[1].since, kit_now() + 1000000);
    ck_assert_uint_ge(infos[1].stack_size, 16384);
    ck_assert_str_eq(infos[2].name, "bert");
    ck_assert_ptr_null(infos[2].waits_on);
    K(unpark)(a);
    K(unpark)(b);
    joined(a);
    ck_assert_uint_eq(K(tasks)(here(), infos, 3), 2);
    ck_assert_ptr_eq(infos[1].task, b);
    joined(b);
    return arg;
}

START_TEST (all_tasks_are_listed_oldest_first_with_what_they_wait_for) {
    run(list_of_three, kit_none());
}
END_TEST

static kit_value end_at_once(kit_value arg)
{
    return arg;
}

START_TEST (a_task_that_has_ended_is_listed_until_it_is_joined) {
    any_sched *s;
    struct K(task_info) info;
    ck_assert_int_eq(K(sched_create)(&s, NULL), 0);
    any_task *task = spawned(s, end_at_once, kit_none());
    K(run)(s);
    ck_assert_uint_eq(K(tasks)(s, &info, 1), 1);
    ck_assert_str_eq(K(task_state_name)(info.state), "ended");
    joined(task);
    ck_assert_uint_eq(K(tasks)(s, &info, 1), 0);
    K(sched_destroy)(s);
}
END_TEST

static kit_value dump_two(kit_value arg)
{
    char text[4096];
    int ends[2];
    any_task *a = spawn_named("anna", "the first");
    until_waiting(a);
    ck_assert_int_eq(pipe(ends), 0);
    errno = 77;
    K(dump)(here(), ends[1]);
    ck_assert_int_eq(errno, 77);
    close(ends[1]);
    ssize_t got = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    ck_assert_int_gt(got, 0);
    text[got] = '\0';
    const char *line = strstr(text, "anna");
    ck_assert_ptr_nonnull(line);
    ck_assert_ptr_nonnull(strstr(line, "wait"));
    ck_assert_ptr_nonnull(strstr(line, "the first"));
    ck_assert_ptr_nonnull(strstr(text, "running"));
    K(unpark)(a);
    joined(a);
    return arg;
}

START_TEST (a_dump_has_a_line_for_each_task) {
    run(dump_two, kit_none());
}
END_TEST

static kit_value signal_itself(kit_value arg)
{
    any_task *a = spawn_named("anna", "the first");
    until_waiting(a);
    raise((int)arg.i);
    K(unpark)(a);
    joined(a);
    return arg;
}

static void dump_by_signal(void *arg)
{
    struct K(sched_options) o = {.dump_signal = SIGUSR1};
    any_sched *s;
    (void)arg;
    signal(SIGUSR1, SIG_IGN);
    ck_assert_int_eq(K(sched_create)(&s, &o), 0);
    ck_assert_int_eq(K(spawn)(s, NULL, signal_itself, kit_int(SIGUSR1), NULL),
                     0);
    K(run)(s);
    K(sched_destroy)(s);
    raise(SIGUSR1);
}

START_TEST (a_signal_asks_for_a_dump_as_long_as_the_scheduler_lives) {
    char text[4096];
    errors_of(dump_by_signal, NULL, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "anna"));
    ck_assert_ptr_nonnull(strstr(text, "the first"));
}
END_TEST

START_TEST (the_states_have_names) {
    for (int i = 0; i < 4; i++)
        ck_assert_str_ne(K(task_state_name)((enum K(task_state))i),
                         "malformed");
    ck_assert_str_eq(K(task_state_name)((enum K(task_state))9), "malformed");
}
END_TEST

START_TEST (a_signal_of_a_fault_is_refused) {
    const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    any_sched *s;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct K(sched_options) o = {.dump_signal = faults[i]};
        ck_assert_int_eq(K(sched_create)(&s, &o), -EINVAL);
    }
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        all_tasks_are_listed_oldest_first_with_what_they_wait_for,
        a_task_that_has_ended_is_listed_until_it_is_joined,
        a_dump_has_a_line_for_each_task,
        a_signal_asks_for_a_dump_as_long_as_the_scheduler_lives,
        a_signal_of_a_fault_is_refused,
        the_states_have_names,
        NULL,
    };
    return run_suite(SUITE("list"), 10, tests);
}
