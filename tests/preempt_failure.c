/* SPDX-License-Identifier: MIT */
/* What only preempt may lack: threads that run ahead, the text about limits,
   priority inheritance, membarrier. */
#include "mirror/failing.h"

#include <kit/placement.h>
#include <preempt/sync.h>

#include <stdio.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* ---- generators that run ahead ---- */

static kit_completion yield_three(preempt_gen *self, kit_value arg)
{
    for (int i = 0; i < 3; i++) {
        kit_completion c = preempt_gen_yield(self, arg);
        if (kit_is_abrupt(c))
            return c;
    }
    return kit_return(arg);
}

static int run_ahead_by(size_t capacity, enum kit_wait_strategy wait)
{
    struct preempt_gen_options o = {.capacity = capacity, .wait = wait};
    preempt_gen *g;
    kit_step step;
    int result = preempt_gen_create(&g, yield_three, kit_int(1), &o);
    if (result < 0)
        return result;
    do
        step = preempt_gen_next(g, kit_none());
    while (step.state == KIT_YIELDED);
    result = error_of(step);
    return first_error(result, preempt_gen_destroy(g));
}

static int run_ahead(preempt_sched *s)
{
    int result = 0;
    (void)s;
    for (int w = KIT_WAIT_ADAPTIVE; w <= KIT_WAIT_CONDVAR && result == 0; w++) {
        result = run_ahead_by(0, (enum kit_wait_strategy)w);
        if (result == 0)
            result = run_ahead_by(1, (enum kit_wait_strategy)w);
        if (result == 0)
            result = run_ahead_by(64, (enum kit_wait_strategy)w);
    }
    return result;
}

START_TEST (a_generator_that_runs_ahead_reports_what_it_lacks) {
    static const struct {
        enum seam seam;
        int error;
    } lacks[] = {
        {SEAM_MEMORY, ENOMEM}, {SEAM_THREAD, EAGAIN}, {SEAM_ATTRIBUTE, ENOMEM}};
    for (size_t i = 0; i < COUNT_OF(lacks); i++)
        ck_both_walks((struct walk){.name = "run-ahead",
                                    .scenario = run_ahead,
                                    .seam = lacks[i].seam,
                                    .error = lacks[i].error});
}
END_TEST

START_TEST (a_first_step_without_a_thread_may_be_tried_again) {
    for (size_t capacity = 0; capacity < 3; capacity++) {
        struct preempt_gen_options o = {.capacity = capacity};
        preempt_gen *g;
        ck_assert_int_eq(preempt_gen_create(&g, yield_three, kit_int(1), &o),
                         0);
        for (int i = 0; i < 3; i++) {
            seam_arm(SEAM_THREAD, EAGAIN, 1, false);
            kit_step step = preempt_gen_next(g, kit_none());
            ck_assert(seam_disarm());
            ck_failed(step, -EAGAIN);
            ck_assert_int_eq(preempt_gen_state(g), KIT_GEN_CREATED);
        }
        ck_yielded(preempt_gen_next(g, kit_none()), 1);
        ck_assert_int_eq(preempt_gen_destroy(g), 0);
    }
}
END_TEST

/* ---- threads with attributes ---- */

static kit_value nothing(kit_value arg)
{
    return arg;
}

static int pinned(preempt_sched *s)
{
    preempt_task *t;
    struct preempt_task_options o = {.cpu_plus_one = kit_cpu_current() + 1};
    int result = preempt_spawn(s, &t, nothing, kit_none(), &o);
    return result < 0 ? result : preempt_join(t, NULL);
}

START_TEST (a_first_value_of_a_step_without_a_thread_is_not_kept) {
    struct preempt_gen_options o = {.first = KIT_GEN_FIRST_LUA};
    preempt_gen *g;
    ck_assert_int_eq(preempt_gen_create(&g, yield_three, kit_int(1), &o), 0);
    seam_arm(SEAM_THREAD, EAGAIN, 1, false);
    kit_step step = preempt_gen_next(g, kit_int(5));
    ck_assert(seam_disarm());
    ck_failed(step, -EAGAIN);
    ck_yielded(preempt_gen_next(g, kit_none()), 1);
    ck_assert_int_eq(preempt_gen_destroy(g), 0);
}
END_TEST

START_TEST (a_thread_that_cannot_be_pinned_is_not_started) {
    ck_both_walks((struct walk){.name = "a pinned task",
                                .scenario = pinned,
                                .seam = SEAM_ATTRIBUTE,
                                .error = ENOMEM});
}
END_TEST

START_TEST (a_task_that_was_not_started_is_nobodys_to_join) {
    preempt_sched *s;
    preempt_task *t = (void *)&s;
    ck_assert_int_eq(preempt_sched_create(&s, NULL), 0);
    seam_arm(SEAM_THREAD, EAGAIN, 1, false);
    int result = preempt_spawn(s, &t, nothing, kit_none(), NULL);
    ck_assert(seam_disarm());
    ck_assert_int_eq(result, -EAGAIN);
    ck_assert_ptr_null(t);
    ck_assert_uint_eq(preempt_tasks(s, NULL, 0), 0);
    ck_assert_int_eq(preempt_sched_destroy(s), 0);
}
END_TEST

/* ---- why there was no thread ---- */

static int ask_for_the_limit(preempt_sched *s)
{
    char text[PREEMPT_LIMIT_TEXT] = "";
    (void)s;
    preempt_spawn_limit(0, text, sizeof text);
    return strlen(text) > 10 ? 0 : -EPROTO;
}

START_TEST (a_limit_is_looked_for_without_the_files_that_tell_it) {
    ck_both_walks((struct walk){.name = "limits",
                                .scenario = ask_for_the_limit,
                                .seam = SEAM_DESCRIPTOR,
                                .error = EMFILE,
                                .spared = CALLS_MOST});
}
END_TEST

#define GROUP_FILE "/proc/self/cgroup"
#define GROUPS     "/sys/fs/cgroup"

static void ck_limit_with(const struct seam_file *files, const char *expected)
{
    char text[PREEMPT_LIMIT_TEXT];
    seam_files(files);
    preempt_spawn_limit(0, text, sizeof text);
    seam_files(NULL);
    ck_assert_str_eq(text, expected);
}

#define GROUP_ALLOWS_40                                                        \
    "pids.max of the control group allows 40 threads, and there are 40"

START_TEST (the_limit_of_a_group_is_found_in_each_hierarchy) {
    static const struct seam_file unified[] = {
        {GROUP_FILE, "0::/a/b\n"},
        {GROUPS "/a/b/pids.max", "40\n"},
        {GROUPS "/a/b/pids.current", "40\n"},
        {0},
    };
    static const struct seam_file legacy[] = {
        {GROUP_FILE, "9:memory:/m\n8:pids:/a/b\n1:name=systemd:/s\n0::/u\n"},
        {GROUPS "/pids/a/b/pids.max", "40\n"},
        {GROUPS "/pids/a/b/pids.current", "40\n"},
        {0},
    };
    static const struct seam_file hybrid[] = {
        {GROUP_FILE, "1:name=systemd:/s\n0::/a/b\n"},
        {GROUPS "/unified/a/b/pids.max", "40\n"},
        {GROUPS "/unified/a/b/pids.current", "40\n"},
        {0},
    };
    ck_limit_with(unified, GROUP_ALLOWS_40);
    ck_limit_with(legacy, GROUP_ALLOWS_40);
    ck_limit_with(hybrid, GROUP_ALLOWS_40);
}
END_TEST

START_TEST (the_limit_of_a_group_is_the_tightest_of_those_above) {
    static const struct seam_file files[] = {
        {GROUP_FILE, "8:pids:/a/b/c\n"},
        {GROUPS "/pids/a/b/c/pids.max", "max\n"},
        {GROUPS "/pids/a/b/c/pids.current", "7\n"},
        {GROUPS "/pids/a/b/pids.max", "30\n"},
        {GROUPS "/pids/a/b/pids.current", "8\n"},
        {GROUPS "/pids/a/pids.max", "40\n"},
        {GROUPS "/pids/a/pids.current", "40\n"},
        {0},
    };
    ck_limit_with(files, GROUP_ALLOWS_40);
}
END_TEST

/* A container's own group is mounted as the root, and its path is the host's.
 */
START_TEST (the_limit_of_a_container_is_found_at_its_root) {
    static const struct seam_file files[] = {
        {GROUP_FILE, "8:pids:/docker/0123\n0::/docker/0123\n"},
        {GROUPS "/pids/pids.max", "40\n"},
        {GROUPS "/pids/pids.current", "40\n"},
        {0},
    };
    ck_limit_with(files, GROUP_ALLOWS_40);
}
END_TEST

START_TEST (groups_that_make_no_sense_have_no_limit) {
    static const char *const bad[] = {"",        "\n\n",       "pids", "8:pids",
                                      "8:pids:", "8:pids:x/y", "0::"};
    char path[3000];
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        ck_limit_with((struct seam_file[]){{GROUP_FILE, bad[i]}, {0}},
                      "no limit is reached now");
    for (size_t i = 0; i < sizeof path; i++)
        path[i] = "0::/"[i < 4 ? i : 3];
    path[sizeof path - 1] = '\0';
    ck_limit_with((struct seam_file[]){{GROUP_FILE, path}, {0}},
                  "no limit is reached now");
}
END_TEST

/* ---- priority inheritance ---- */

static int inherit(preempt_sched *s)
{
    struct preempt_mutex_options o = {.inherits_priority = true};
    preempt_mutex m;
    (void)s;
    int result = preempt_mutex_init(&m, &o);
    if (result < 0)
        return result;
    result = preempt_mutex_lock(&m);
    result = first_error(result, preempt_mutex_unlock(&m));
    return first_error(result, preempt_mutex_destroy(&m));
}

START_TEST (a_mutex_whose_priority_cannot_be_inherited_says_so) {
    ck_both_walks((struct walk){.name = "inherit",
                                .scenario = inherit,
                                .seam = SEAM_MUTEX,
                                .error = ENOTSUP});
}
END_TEST

static kit_value lock_and_unlock(kit_value arg)
{
    int result = preempt_mutex_lock(arg.p);
    return kit_int(result == 0 ? preempt_mutex_unlock(arg.p) : result);
}

/* Between two slices of its time, here for good, the kernel knows nothing of
   who waits. */
START_TEST (a_mutex_with_inheritance_is_not_destroyed_between_two_slices) {
    struct preempt_mutex_options o = {.inherits_priority = true};
    preempt_mutex m;
    preempt_sched *s;
    preempt_task *t;
    kit_value result;
    ck_assert_int_eq(preempt_mutex_init(&m, &o), 0);
    ck_assert_int_eq(preempt_mutex_lock(&m), 0);
    ck_assert_int_eq(preempt_sched_create(&s, NULL), 0);
    seam_arm(SEAM_SLICE, ETIMEDOUT, 1, true);
    ck_assert_int_eq(preempt_spawn(s, &t, lock_and_unlock, kit_ptr(&m), NULL),
                     0);
    while (seam_calls(SEAM_SLICE) == 0)
        sched_yield();
    ck_assert_int_eq(preempt_mutex_unlock(&m), 0);
    ck_assert_int_eq(preempt_mutex_destroy(&m), -EBUSY);
    ck_assert(seam_disarm());
    ck_assert_int_eq(preempt_join(t, &result), 0);
    ck_assert_int_eq(result.i, 0);
    ck_assert_int_eq(preempt_mutex_destroy(&m), 0);
    ck_assert_int_eq(preempt_sched_destroy(s), 0);
}
END_TEST

/* ---- barriers on other CPUs ---- */

#define ITEMS 200

static kit_value send_items(kit_value arg)
{
    int result = 0;
    errno = UNTOUCHED;
    for (int64_t i = 0; i < ITEMS && result == 0; i++)
        result = preempt_chan_send(arg.p, &i);
    preempt_chan_close(arg.p);
    return kit_int(errno == UNTOUCHED ? result : -EPROTO);
}

static kit_value receive_items(kit_value arg)
{
    int64_t item, count = 0;
    errno = UNTOUCHED;
    while (preempt_chan_recv(arg.p, &item) == 1)
        count++;
    return kit_int(errno == UNTOUCHED && count == ITEMS ? 0 : -EPROTO);
}

static int through_a_ring(preempt_sched *s)
{
    struct preempt_chan_options o = {.wait = KIT_WAIT_PARK};
    preempt_chan *ch;
    preempt_task *t;
    kit_value sent = kit_int(0);
    int result = preempt_chan_create(&ch, sizeof(int64_t), 1, &o);
    if (result < 0)
        return result;
    result = preempt_spawn(s, &t, send_items, kit_ptr(ch), NULL);
    if (result == 0) {
        result = as_task(s, receive_items, kit_ptr(ch));
        preempt_join(t, &sent);
    }
    result = first_error(result, (int)sent.i);
    return first_error(result, preempt_chan_destroy(ch));
}

/* For a moment, while the channel is in use; for good, from its creation. */
START_TEST (a_channel_needs_no_barrier_on_other_cpus) {
    struct walk w = {.name = "ring",
                     .scenario = through_a_ring,
                     .seam = SEAM_BARRIER,
                     .error = ENOMEM,
                     .spared = CALLS_MOST,
                     .sparse = true,
                     .may_not_happen = true};
    long spared = 0;
    ck_walk(w);
    w.error = ENOSYS;
    w.for_good = true;
    ck_attempt(&w, 1, &spared);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_generator_that_runs_ahead_reports_what_it_lacks,
        a_first_step_without_a_thread_may_be_tried_again,
        a_first_value_of_a_step_without_a_thread_is_not_kept,
        a_thread_that_cannot_be_pinned_is_not_started,
        a_task_that_was_not_started_is_nobodys_to_join,
        a_limit_is_looked_for_without_the_files_that_tell_it,
        the_limit_of_a_group_is_found_in_each_hierarchy,
        the_limit_of_a_group_is_the_tightest_of_those_above,
        the_limit_of_a_container_is_found_at_its_root,
        groups_that_make_no_sense_have_no_limit,
        a_mutex_whose_priority_cannot_be_inherited_says_so,
        a_mutex_with_inheritance_is_not_destroyed_between_two_slices,
        a_channel_needs_no_barrier_on_other_cpus,
        NULL,
    };
    return run_suite("preempt limits", 30, tests);
}
