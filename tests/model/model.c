/* SPDX-License-Identifier: MIT */
/*
 * The concurrent code of preempt does what it says in all orders that its
 * threads may run in, up to a bound. MODEL_SEED in the environment begins the
 * random schedules elsewhere.
 */
#include "harness.h"

#include "scenarios.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How much less far to go where a switch of threads costs more. */
static unsigned less(void)
{
    bool is_slow = UNDER_SANITIZER || !kit_mechanism_default()->inlines;
    return under_valgrind() ? 2 : is_slow ? 1 : 0;
}

static struct explore_limits limits_of(const struct scenario *s)
{
    const char *seed = getenv("MODEL_SEED");
    return (struct explore_limits){
        .bound = s->bound > less() ? s->bound - less() : 0,
        .random = scaled(2000),
        .seed = seed ? strtoull(seed, NULL, 10) : 1,
    };
}

/* Of all scenarios whose names begin so. */
static void explore_all(const char *prefix)
{
    const struct scenario *s;
    struct explore_result r;
    size_t explored = 0;
    for (size_t i = 0; (s = scenario_at(i)); i++) {
        if (strncmp(s->name, prefix, strlen(prefix)) != 0)
            continue;
        struct explore_limits limits = limits_of(s);
        explore(s, &limits, &r);
        explore_print(s, &limits, &r);
        fflush(stdout);
        ck_assert_msg(r.report.fault == MODEL_FINE,
                      "%s: %s: %s (model-check --replay=%s '%s')", s->name,
                      model_fault_name(r.report.fault), r.report.text,
                      r.schedule, s->name);
        explored++;
    }
    ck_assert_uint_gt(explored, 0);
}

START_TEST (a_semaphore_gives_each_token_to_one_thread) {
    explore_all("semaphore: ");
}
END_TEST

START_TEST (a_mutex_has_one_owner_and_forgets_nobody) {
    explore_all("mutex: ");
}
END_TEST

START_TEST (an_event_wakes_all_who_wait) {
    explore_all("event: ");
}
END_TEST

START_TEST (a_wait_group_waits_for_the_last) {
    explore_all("wait group: ");
}
END_TEST

START_TEST (a_barrier_lets_all_go_on_in_each_round) {
    explore_all("barrier: ");
}
END_TEST

START_TEST (who_parks_or_sleeps_is_woken) {
    explore_all("park: ");
    explore_all("sleep: ");
}
END_TEST

START_TEST (a_join_waits_for_the_end_and_frees_the_task) {
    explore_all("join: ");
}
END_TEST

START_TEST (a_run_waits_for_the_last_task) {
    explore_all("run: ");
}
END_TEST

START_TEST (sender_and_receiver_meet_once_for_each_element) {
    explore_all("rendezvous: ");
}
END_TEST

START_TEST (a_ring_of_one_loses_and_doubles_nothing) {
    explore_all("ring of 1: ");
}
END_TEST

START_TEST (a_ring_of_two_loses_and_doubles_nothing) {
    explore_all("ring of 2: ");
}
END_TEST

START_TEST (a_ring_for_one_of_each_loses_and_doubles_nothing) {
    explore_all("single of ");
}
END_TEST

START_TEST (a_select_does_one_case_and_loses_nothing) {
    explore_all("select ");
}
END_TEST

START_TEST (a_generator_in_lock_step_answers_each_request_once) {
    explore_all("lock-step: ");
}
END_TEST

START_TEST (a_generator_that_runs_ahead_keeps_its_values_in_order) {
    explore_all("run-ahead: ");
}
END_TEST

START_TEST (a_group_waits_for_its_members_and_passes_a_failure_on) {
    explore_all("group: ");
}
END_TEST

START_TEST (a_pool_runs_or_cancels_each_job_once) {
    explore_all("pool: ");
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_semaphore_gives_each_token_to_one_thread,
        a_mutex_has_one_owner_and_forgets_nobody,
        an_event_wakes_all_who_wait,
        a_wait_group_waits_for_the_last,
        a_barrier_lets_all_go_on_in_each_round,
        who_parks_or_sleeps_is_woken,
        a_join_waits_for_the_end_and_frees_the_task,
        a_run_waits_for_the_last_task,
        sender_and_receiver_meet_once_for_each_element,
        a_ring_of_one_loses_and_doubles_nothing,
        a_ring_of_two_loses_and_doubles_nothing,
        a_ring_for_one_of_each_loses_and_doubles_nothing,
        a_select_does_one_case_and_loses_nothing,
        a_generator_in_lock_step_answers_each_request_once,
        a_generator_that_runs_ahead_keeps_its_values_in_order,
        a_group_waits_for_its_members_and_passes_a_failure_on,
        a_pool_runs_or_cancels_each_job_once,
        NULL,
    };
    return run_suite("model", 60, tests);
}
