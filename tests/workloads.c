/* SPDX-License-Identifier: MIT */
/*
 * The table of workloads: every arm of a workload computes what its sequential
 * arm does, whatever the size, seed, capacity and placement.
 */
#include "harness.h"

#include "table.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static const uint64_t sizes[] = {0, 1, 2, 3, 17, 1000};
static const uint64_t seeds[] = {1, UINT64_C(0xfedcba9876543210), 0};
static const uint64_t capacities[] = {0, 1, 2, 64};

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* ---- the table itself ---- */

static const struct arm *next_of(const struct arm *a, enum policy policy)
{
    while (a->name && a->policy != policy)
        a++;
    return a->name ? a : NULL;
}

START_TEST (every_workload_begins_with_its_sequential_arm) {
    for (const struct workload *w = workloads; w->name; w++) {
        ck_assert_int_eq(w->arms->policy, POLICY_SEQ);
        ck_assert_msg(!next_of(w->arms + 1, POLICY_SEQ), "%s", w->name);
    }
}
END_TEST

START_TEST (every_workload_has_a_coop_and_a_preempt_half) {
    ck_assert_ptr_nonnull(workloads->name);
    for (const struct workload *w = workloads; w->name; w++) {
        ck_assert_msg(next_of(w->arms, POLICY_COOP) != NULL,
                      "%s has no coop arm", w->name);
        ck_assert_msg(next_of(w->arms, POLICY_PREEMPT) != NULL,
                      "%s has no preempt arm", w->name);
    }
}
END_TEST

static bool has_form(const struct workload *w, enum policy policy,
                     const char *form)
{
    for (const struct arm *a = w->arms; (a = next_of(a, policy)); a++)
        if (a->form == form || (form && a->form && !strcmp(a->form, form)))
            return true;
    return false;
}

START_TEST (every_form_of_one_half_has_its_counterpart) {
    for (const struct workload *w = workloads; w->name; w++)
        for (const struct arm *a = w->arms + 1; a->name; a++) {
            enum policy other =
                a->policy == POLICY_COOP ? POLICY_PREEMPT : POLICY_COOP;
            ck_assert_msg(has_form(w, other, a->form),
                          "%s: arm %s has no counterpart", w->name, a->name);
        }
}
END_TEST

START_TEST (every_arm_has_the_one_wiring_of_its_policy) {
    for (const struct workload *w = workloads; w->name; w++)
        for (const struct arm *a = w->arms; a->name; a++) {
            ck_assert_int_eq(a->coop != NULL, a->policy == POLICY_COOP);
            ck_assert_int_eq(a->preempt != NULL, a->policy == POLICY_PREEMPT);
        }
}
END_TEST

/* Only channels and steps are waited for in several ways. */
static bool has_strategies(const struct workload *w)
{
    const char *form = w->arms[1].form;
    return !form || strcmp(form, "lock-step") == 0;
}

static size_t rivals_of(const struct workload *w)
{
    return has_strategies(w) ? 7 : 4;
}

START_TEST (the_strongest_rivals_of_each_side_are_there) {
    static const char *const names[] = {
        "coop",         "coop-ucontext", "coop-baton",     "preempt",
        "preempt-park", "preempt-spin",  "preempt-condvar"};
    for (const struct workload *w = workloads; w->name; w++)
        for (size_t i = 0; i < rivals_of(w); i++)
            ck_assert_msg(arm_named(w, names[i]) != NULL, "%s lacks %s",
                          w->name, names[i]);
}
END_TEST

START_TEST (names_are_found_and_found_once) {
    for (const struct workload *w = workloads; w->name; w++) {
        ck_assert_ptr_eq(workload_named(w->name), w);
        for (const struct arm *a = w->arms; a->name; a++)
            ck_assert_ptr_eq(arm_named(w, a->name), a);
        for (const struct parameter *p = w->parameters; p->name; p++)
            ck_assert_ptr_eq(parameter_named(w, p->name), p);
    }
    ck_assert_ptr_null(workload_named("no such one"));
    ck_assert_ptr_null(arm_named(workloads, "no such one"));
    ck_assert_ptr_null(parameter_named(workloads, "no such one"));
}
END_TEST

START_TEST (defaults_are_within_their_limits) {
    for (const struct workload *w = workloads; w->name; w++) {
        ck_assert_ptr_nonnull(parameter_named(w, "items"));
        for (const struct parameter *p = w->parameters; p->name; p++) {
            ck_assert_uint_ge(p->initial, p->min);
            ck_assert_uint_le(p->initial, p->max);
        }
    }
}
END_TEST

/* ---- parity ---- */

static const char text[] = "The hen and the egg:\nwhich was first?\n\n"
                           "THE EGG, the hen said; the Egg was silent.\n"
                           "na\xc3\xafve words-with-hyphens 123 a1b2 end";

static struct workload_params params_for(const struct workload *w,
                                         const char *const *input)
{
    struct workload_params p = workload_defaults(w);
    p.work = parameter_named(w, "work") ? 20 : 0;
    p.primes = parameter_named(w, "primes") ? 5 : 0;
    p.tasks = p.tasks < 3 ? p.tasks : 3;
    p.producers = p.producers < 3 ? p.producers : 3;
    p.consumers = p.consumers < 2 ? p.consumers : 2;
    p.bytes = p.bytes < 200 ? p.bytes : 200;
    p.blocking = p.blocking < 20 ? p.blocking : 20;
    p.inputs = w->reads_text ? input : NULL;
    p.input_count = w->reads_text;
    return p;
}

static struct workload_result run(const struct workload *w, const struct arm *a,
                                  const struct workload_params *p,
                                  const struct kit_placement *placement)
{
    struct workload_result result;
    int error = arm_run(w, a, p, placement, &result);
    ck_assert_msg(error == 0, "%s, %s: %s %s", w->name, a->name,
                  kit_error_name(error), result.error);
    return result;
}

/* All arms with one set of parameters. */
static void compare(const struct workload *w, const struct workload_params *p,
                    const struct kit_placement *placement)
{
    struct workload_result right = run(w, w->arms, p, NULL);
    for (const struct arm *a = w->arms + 1; a->name; a++) {
        struct workload_result got = run(w, a, p, placement);
        ck_assert_msg(
            got.checksum == right.checksum && got.items == right.items &&
                got.tally_count == right.tally_count &&
                memcmp(got.tallies, right.tallies, sizeof right.tallies) == 0,
            "%s, %s: items %d, capacity %d, seed %llu: differs", w->name,
            a->name, (int)p->items, (int)p->capacity,
            (unsigned long long)p->seed);
    }
}

/* Passes over a text, and items that take threads of their own, are longer
   than steps: fewer of them. */
static bool is_too_many(const struct workload *w, uint64_t items)
{
    uint64_t most = w->reads_text                    ? 3
                    : w->algorithm->stage_count == 0 ? 17
                                                     : scaled(1000);
    return items > most;
}

/* All sizes with one seed; another one makes a difference where there are some
   values, and the same with more of them. */
static bool is_the_same_again(const struct workload *w, uint64_t items,
                              size_t seed)
{
    return seed > 0 && (items != 17 || !parameter_named(w, "seed"));
}

/* Where every run costs more, only each third: every size, seed and capacity
   has its turn with some workload. */
static bool is_left_out(void)
{
    static size_t turn;
    return (UNDER_SANITIZER || under_valgrind()) && turn++ % 3 != 0;
}

static void compare_capacities(const struct workload *w,
                               struct workload_params *p,
                               const struct kit_placement *placement)
{
    size_t count = parameter_named(w, "capacity") ? COUNT_OF(capacities) : 1;
    for (size_t i = 0; i < count; i++) {
        p->capacity = count > 1 ? capacities[i] : 0;
        if (!is_left_out())
            compare(w, p, placement);
    }
}

static void compare_all(const struct kit_placement *placement)
{
    const char *input = file_with(text, sizeof text - 1);
    for (const struct workload *w = workloads; w->name; w++) {
        struct workload_params p = params_for(w, &input);
        for (size_t i = 0; i < COUNT_OF(sizes); i++)
            for (size_t s = 0; s < COUNT_OF(seeds); s++) {
                p.items = sizes[i];
                p.seed = seeds[s];
                if (!is_too_many(w, p.items) &&
                    !is_the_same_again(w, p.items, s))
                    compare_capacities(w, &p, placement);
            }
    }
}

static struct kit_placement cpus(size_t wanted)
{
    struct kit_placement p = {.count = 0};
    cpu_set_t allowed, first;
    ck_assert_int_eq(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    for (int cpu = 0; cpu < CPU_SETSIZE && p.count < wanted; cpu++)
        if (CPU_ISSET(cpu, &allowed))
            p.cpus[p.count++] = cpu;
    CPU_ZERO(&first);
    CPU_SET(p.cpus[0], &first);
    ck_assert_int_eq(sched_setaffinity(0, sizeof first, &first), 0);
    return p;
}

START_TEST (all_arms_agree_where_threads_run_anywhere) {
    compare_all(NULL);
}
END_TEST

START_TEST (all_arms_agree_on_one_core) {
    struct kit_placement one = cpus(1);
    compare_all(&one);
}
END_TEST

START_TEST (all_arms_agree_on_two_cores) {
    struct kit_placement two = cpus(2);
    if (two.count == 2)
        compare_all(&two);
}
END_TEST

/* ---- what the results mean ---- */

/* Are items asked for in the unit in which they are counted? */
static bool counts_what_it_is_asked(const struct workload *w)
{
    const char *asked = parameter_named(w, "items")->unit;
    return strncmp(asked, w->unit, strlen(w->unit) - 1) == 0;
}

START_TEST (as_many_items_arrive_as_were_asked_for) {
    size_t seen = 0;
    for (const struct workload *w = workloads; w->name; w++) {
        if (!counts_what_it_is_asked(w))
            continue;
        seen++;
        for (size_t i = 0; i < COUNT_OF(sizes); i++) {
            struct workload_params p = params_for(w, NULL);
            p.items = sizes[i];
            ck_assert_uint_eq(run(w, w->arms, &p, NULL).items, sizes[i]);
        }
    }
    ck_assert_uint_ge(seen, 8);
}
END_TEST

START_TEST (a_sieve_takes_the_same_steps_each_time) {
    const struct workload *w = workload_named("sieve");
    struct workload_params p = params_for(w, NULL);
    p.items = 1, p.primes = 1; /* 2, through the only joint */
    ck_assert_uint_eq(run(w, w->arms, &p, NULL).items, 1);
    p.primes = 3; /* 2 | 3 3 | 4 | 5 5 5 */
    ck_assert_uint_eq(run(w, w->arms, &p, NULL).items, 7);
    p.items = 10;
    ck_assert_uint_eq(run(w, w->arms, &p, NULL).items, 70);
}
END_TEST

START_TEST (another_seed_or_size_gives_another_checksum) {
    for (const struct workload *w = workloads; w->name; w++) {
        if (w->reads_text)
            continue;
        struct workload_params p = params_for(w, NULL);
        p.items = 100, p.seed = 1;
        uint64_t checksum = run(w, w->arms, &p, NULL).checksum;
        p.seed = 2;
        if (parameter_named(w, "seed"))
            ck_assert_uint_ne(run(w, w->arms, &p, NULL).checksum, checksum);
        p.seed = 1, p.items = 101;
        ck_assert_uint_ne(run(w, w->arms, &p, NULL).checksum, checksum);
    }
}
END_TEST

/* Sizes of what a workload is made of. */
static const uint64_t extents[] = {1, 2, 3, 7, 20};

static void compare_with(const char *workload, const char *parameter,
                         uint64_t value, uint64_t items)
{
    const struct workload *w = workload_named(workload);
    struct workload_params p = params_for(w, NULL);
    *parameter_in(&p, parameter) = value;
    p.items = items;
    compare(w, &p, NULL);
}

static void compare_extents(const char *workload, const char *parameter,
                            uint64_t items)
{
    for (size_t i = 0; i < COUNT_OF(extents); i++)
        compare_with(workload, parameter, extents[i], items);
}

START_TEST (trees_and_chains_of_every_size_give_the_same_values) {
    uint64_t items = UNDER_SANITIZER ? 25 : 45; /* more than once round */
    compare_extents("treewalk", "nodes", items);
    compare_extents("delegate", "depth", items);
    compare_extents("samefringe", "leaves", items);
    compare_extents("sieve", "primes", 2);
}
END_TEST

START_TEST (any_number_of_tasks_gives_the_same_values) {
    for (size_t i = 0; i < COUNT_OF(extents); i++) {
        compare_with("churn", "tasks", extents[i], 17);
        compare_with("mpmc", "producers", extents[i], 45);
        compare_with("mpmc", "consumers", extents[i], 45);
        compare_with("mpmc", "skew", extents[i], 45);
        compare_with("fanin", "producers", extents[i], 45);
        compare_with("fanout", "consumers", extents[i], 45);
        compare_with("threadring", "tasks", 1 + extents[i], 45);
        compare_with("transfer", "tasks", extents[i], 45);
        compare_with("transfer", "accounts", extents[i], 45);
        compare_with("transfer", "every", extents[i], 45);
        compare_with("blocking", "producers", extents[i], 45);
        compare_with("blocking", "every", extents[i], 45);
        compare_with("pipes", "tasks", extents[i], 45);
        compare_with("pipes", "active", 5 * extents[i], 45);
        compare_with("sleepers", "tasks", extents[i], 2);
        compare_with("checkpoint", "every", extents[i], 45);
        compare_with("ring", "bytes", 50 * extents[i], 45);
    }
}
END_TEST

static void check_heartbeat(const char *workload, const char *arm)
{
    const struct workload *w = workload_named(workload);
    struct workload_params p = params_for(w, NULL);
    p.items = 3, p.work = 100000;
    struct workload_result r = run(w, arm_named(w, arm), &p, NULL);
    ck_assert_uint_ge(r.beats, 1);
    ck_assert_int_ge(r.late_median_ns, 0);
    ck_assert_int_le(r.late_median_ns, r.late_p99_ns);
    ck_assert_int_le(r.late_p99_ns, r.late_max_ns);
}

START_TEST (a_heartbeat_is_measured) {
    static const char *const names[] = {"hog", "checkpoint"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        check_heartbeat(names[i], "coop");
        check_heartbeat(names[i], "preempt");
    }
}
END_TEST

/* One call of a hundredth of a second, made by the first of three. */
static struct workload_result run_blocking(const char *arm, uint64_t moved)
{
    const struct workload *w = workload_named("blocking");
    struct workload_params p = params_for(w, NULL);
    p.items = 30, p.blocking = 10000, p.moved = moved;
    struct workload_result r = run(w, arm_named(w, arm), &p, NULL);
    ck_assert_uint_eq(r.others, 20);
    ck_assert_int_gt(r.others_ns, 0);
    return r;
}

START_TEST (a_call_that_blocks_holds_up_the_others_of_coop) {
    ck_assert_int_ge(run_blocking("seq", 0).others_ns, 10000000);
    ck_assert_int_ge(run_blocking("coop", 0).others_ns, 10000000);
}
END_TEST

START_TEST (a_call_that_is_made_elsewhere_gives_the_same_values) {
    uint64_t right = run_blocking("seq", 0).checksum;
    ck_assert_uint_eq(run_blocking("coop", 1).checksum, right);
    ck_assert_uint_eq(run_blocking("coop-ucontext", 1).checksum, right);
    ck_assert_uint_eq(run_blocking("coop-baton", 1).checksum, right);
    ck_assert_uint_eq(run_blocking("preempt", 1).checksum, right);
}
END_TEST

/* Violations of one run without locks, on few accounts. */
static uint64_t violations_of(const char *arm, uint64_t every)
{
    const struct workload *w = workload_named("transfer");
    struct workload_params p = params_for(w, NULL);
    p.items = 1000, p.accounts = 3, p.locked = 0, p.every = every;
    struct workload_result r = run(w, arm_named(w, arm), &p, NULL);
    ck_assert_uint_eq(r.exposed, p.items);
    ck_assert_uint_le(r.violations, p.items);
    return r.violations;
}

START_TEST (no_update_is_lost_between_two_yields) {
    ck_assert_uint_eq(violations_of("coop", 0), 0);
    ck_assert_uint_eq(violations_of("coop-baton", 0), 0);
    ck_assert_uint_gt(violations_of("coop", 1), 0);
    ck_assert_uint_gt(violations_of("coop-baton", 1), 0);
}
END_TEST

START_TEST (every_lost_update_of_threads_is_accounted_for) {
    violations_of("preempt", 0); /* or the sums would not add up */
    violations_of("preempt", 1);
    compare_with("transfer", "locked", 0, 45);
}
END_TEST

START_TEST (skynet_gives_the_published_answer) {
    const struct workload *w = workload_named("skynet");
    struct workload_params p = workload_defaults(w);
    ck_assert_uint_eq(run(w, w->arms, &p, NULL).checksum,
                      UINT64_C(499999500000));
    p.items = UNDER_TSAN ? 1000 : scaled(100000);
    uint64_t sum = p.items * (p.items - 1) / 2;
    ck_assert_uint_eq(run(w, arm_named(w, "coop"), &p, NULL).checksum, sum);
}
END_TEST

START_TEST (in_lock_step_coop_serves_one_side_alike) {
    static const char *const names[] = {"fanin", "fanout"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct workload *w = workload_named(names[i]);
        struct workload_params p = workload_defaults(w);
        p.items = 2000, p.work = 10, p.capacity = 0;
        struct workload_result r = run(w, arm_named(w, "coop"), &p, NULL);
        ck_assert_msg(r.fairness_turns > 0.9, "%s: %g", names[i],
                      r.fairness_turns);
        ck_assert_msg(r.fairness_turns < 1.0001, "%s: %g", names[i],
                      r.fairness_turns);
    }
}
END_TEST

START_TEST (the_division_of_the_work_does_not_change_the_result) {
    const struct workload *w = workload_named("crossover");
    struct workload_params p = params_for(w, NULL);
    p.items = 10, p.work = 1000, p.share = 50;
    uint64_t checksum = run(w, w->arms, &p, NULL).checksum;
    for (p.share = 0; p.share <= 100; p.share += 10)
        ck_assert_uint_eq(run(w, w->arms, &p, NULL).checksum, checksum);
}
END_TEST

static uint64_t count_of(const struct workload_result *r, const char *word)
{
    for (size_t i = 0; i < r->tally_count; i++)
        if (strcmp(r->tallies[i].name, word) == 0)
            return r->tallies[i].count;
    return 0;
}

START_TEST (words_are_folded_and_counted) {
    const char *input = file_with(text, sizeof text - 1);
    const struct workload *w = workload_named("words");
    struct workload_params p = params_for(w, &input);
    struct workload_result r = run(w, w->arms, &p, NULL);
    ck_assert_uint_eq(r.items, 24);
    ck_assert_str_eq(r.tallies[0].name, "the");
    ck_assert_uint_eq(r.tallies[0].count, 5);
    ck_assert_uint_eq(count_of(&r, "egg"), 3);
    ck_assert_uint_eq(count_of(&r, "hen"), 2);
    p.items = 3;
    r = run(w, w->arms, &p, NULL);
    ck_assert_uint_eq(r.items, 72);
    ck_assert_uint_eq(count_of(&r, "the"), 15);
}
END_TEST

START_TEST (a_file_that_cannot_be_read_is_named_by_every_arm) {
    const char *inputs[] = {file_with(text, sizeof text - 1), "/nowhere/else"};
    const struct workload *w = workload_named("words");
    struct workload_params p = params_for(w, inputs);
    p.input_count = 2;
    for (size_t c = 0; c < COUNT_OF(capacities); c++) {
        p.capacity = capacities[c];
        for (const struct arm *a = w->arms; a->name; a++) {
            struct workload_result r;
            ck_assert_int_eq(arm_run(w, a, &p, NULL, &r), -ENOENT);
            ck_assert_msg(strstr(r.error, "/nowhere/else") != NULL, "%s",
                          r.error);
        }
    }
}
END_TEST

START_TEST (too_few_descriptors_are_reported_by_every_arm) {
    const struct rlimit few = {64, 64};
    const struct workload *w = workload_named("pipes");
    struct workload_params p = params_for(w, NULL);
    p.tasks = 100;
    if (under_valgrind())
        return; /* which keeps the hard limit */
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    for (const struct arm *a = w->arms; a->name; a++) {
        struct workload_result r;
        ck_assert_int_eq(arm_run(w, a, &p, NULL, &r), -EMFILE);
        ck_assert_msg(strstr(r.error, "pipes") != NULL, "%s", r.error);
    }
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        every_workload_begins_with_its_sequential_arm,
        every_workload_has_a_coop_and_a_preempt_half,
        every_form_of_one_half_has_its_counterpart,
        every_arm_has_the_one_wiring_of_its_policy,
        the_strongest_rivals_of_each_side_are_there,
        names_are_found_and_found_once,
        defaults_are_within_their_limits,
        all_arms_agree_where_threads_run_anywhere,
        all_arms_agree_on_one_core,
        all_arms_agree_on_two_cores,
        as_many_items_arrive_as_were_asked_for,
        a_sieve_takes_the_same_steps_each_time,
        trees_and_chains_of_every_size_give_the_same_values,
        another_seed_or_size_gives_another_checksum,
        any_number_of_tasks_gives_the_same_values,
        a_heartbeat_is_measured,
        a_call_that_blocks_holds_up_the_others_of_coop,
        a_call_that_is_made_elsewhere_gives_the_same_values,
        no_update_is_lost_between_two_yields,
        every_lost_update_of_threads_is_accounted_for,
        skynet_gives_the_published_answer,
        in_lock_step_coop_serves_one_side_alike,
        the_division_of_the_work_does_not_change_the_result,
        words_are_folded_and_counted,
        a_file_that_cannot_be_read_is_named_by_every_arm,
        too_few_descriptors_are_reported_by_every_arm,
        NULL,
    };
    return run_suite("workloads", 60, tests);
}
