/* SPDX-License-Identifier: MIT */
/* Tasks on threads: preemption, placement, foreign threads, failures. */
#include "harness.h"

#include <preempt/sync.h>
#include <preempt/task.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static preempt_sched *sched_on(const struct kit_placement *placement)
{
    struct preempt_sched_options o = {.placement = placement};
    preempt_sched *s;
    ck_assert_int_eq(preempt_sched_create(&s, &o), 0);
    return s;
}

/* The CPUs that this process may use. */
static struct kit_placement allowed_cpus(void)
{
    struct kit_placement p = {.count = 0};
    cpu_set_t allowed;
    ck_assert_int_eq(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    for (int cpu = 0; cpu < CPU_SETSIZE && p.count < KIT_PLACEMENT_MAX; cpu++)
        if (CPU_ISSET(cpu, &allowed))
            p.cpus[p.count++] = cpu;
    return p;
}

static atomic_bool told;

static kit_value hog_until_told(kit_value arg)
{
    while (!told)
        continue;
    return arg;
}

static kit_value tell(kit_value arg)
{
    told = true;
    return arg;
}

START_TEST (a_task_that_never_yields_does_not_stop_others_on_its_cpu) {
    struct kit_placement one = allowed_cpus();
    one.count = 1;
    preempt_sched *s = sched_on(&one);
    preempt_spawn(s, NULL, hog_until_told, kit_none(), NULL);
    preempt_spawn(s, NULL, tell, kit_none(), NULL);
    ck_assert_int_eq(preempt_run(s), 0);
    ck_assert_int_eq(preempt_sched_destroy(s), 0);
}
END_TEST

static kit_value cpu_of_task(kit_value arg)
{
    cpu_set_t mine;
    (void)arg;
    ck_assert_int_eq(pthread_getaffinity_np(pthread_self(), sizeof mine, &mine),
                     0);
    ck_assert_int_eq(CPU_COUNT(&mine), 1);
    return kit_int(sched_getcpu());
}

START_TEST (tasks_are_placed_on_the_given_cpus_in_turn) {
    struct kit_placement cpus = allowed_cpus();
    preempt_sched *s = sched_on(&cpus);
    for (size_t i = 0; i < 2 * cpus.count; i++) {
        preempt_task *task;
        kit_value cpu;
        preempt_spawn(s, &task, cpu_of_task, kit_none(), NULL);
        ck_assert_int_eq(preempt_join(task, &cpu), 0);
        ck_assert_int_eq(cpu.i, cpus.cpus[i % cpus.count]);
    }
    preempt_sched_destroy(s);
}
END_TEST

START_TEST (the_placement_is_copied) {
    struct kit_placement cpus = allowed_cpus();
    preempt_sched *s = sched_on(&cpus);
    preempt_task *task;
    memset(&cpus, 0xff, sizeof cpus);
    ck_assert_int_eq(preempt_spawn(s, &task, cpu_of_task, kit_none(), NULL), 0);
    preempt_join(task, NULL);
    preempt_sched_destroy(s);
}
END_TEST

START_TEST (a_cpu_that_does_not_exist_is_refused) {
    struct kit_placement far = {.cpus = {CPU_SETSIZE - 1}, .count = 1};
    struct kit_placement further = {.cpus = {CPU_SETSIZE}, .count = 1};
    preempt_sched *s = sched_on(&far);
    ck_assert_int_eq(preempt_spawn(s, NULL, tell, kit_none(), NULL), -EINVAL);
    ck_assert_int_eq(preempt_sched_destroy(s), 0);
    s = sched_on(&further);
    ck_assert_int_eq(preempt_spawn(s, NULL, tell, kit_none(), NULL), -EINVAL);
    ck_assert_int_eq(preempt_run(s), 0);
    ck_assert_int_eq(preempt_sched_destroy(s), 0);
}
END_TEST

START_TEST (a_machine_without_room_for_a_thread_is_reported) {
    struct preempt_task_options o = {.stack_size = (size_t)1 << 44};
    /* which have a limit and an answer of their own */
    if (under_valgrind() || under_emulator())
        return;
    preempt_sched *s = sched_on(NULL);
    preempt_task *task = (preempt_task *)(void *)&o;
    errno = 77;
    ck_assert_int_eq(preempt_spawn(s, &task, tell, kit_none(), &o), -EAGAIN);
    ck_assert_ptr_null(task);
    char text[PREEMPT_LIMIT_TEXT];
    ck_assert_ptr_eq(preempt_spawn_limit(o.stack_size, text, sizeof text),
                     text);
    ck_assert_int_eq(errno, 77);
    ck_assert_ptr_nonnull(strstr(text, "the stack takes"));
    ck_assert_int_eq(preempt_run(s), 0);
    ck_assert_int_eq(preempt_sched_destroy(s), 0);
}
END_TEST

/* ---- limits ---- */

static kit_value park_for_good(kit_value arg)
{
    preempt_park("stay for", "good");
    return arg;
}

/* Spawns until the limit is met, and prints what it is. */
static void meet_limit(int resource, rlim_t value)
{
    struct rlimit limit = {value, value};
    char text[PREEMPT_LIMIT_TEXT];
    preempt_sched *s = sched_on(NULL);
    ck_assert_int_eq(setrlimit(resource, &limit), 0);
    int result = 0;
    while (result == 0)
        result = preempt_spawn(s, NULL, park_for_good, kit_none(), NULL);
    fprintf(stderr, "%s: %s\n", strerror(-result),
            preempt_spawn_limit(0, text, sizeof text));
}

static void meet_limit_of_space(void *arg)
{
    (void)arg;
    meet_limit(RLIMIT_AS, (rlim_t)128 << 20);
}

static void meet_limit_of_data(void *arg)
{
    (void)arg;
    meet_limit(RLIMIT_DATA, (rlim_t)100 << 20);
}

static void meet_limit_of_user(void *arg)
{
    (void)arg;
    if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
        return;
    meet_limit(RLIMIT_NPROC, 20);
}

START_TEST (a_thread_that_cannot_be_made_has_a_limit_to_name) {
    char text[PREEMPT_LIMIT_TEXT + 100];
    if (is_watched())
        return;
    errors_of(meet_limit_of_space, NULL, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "ulimit -v allows 134217728 bytes"));
    errors_of(meet_limit_of_data, NULL, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "ulimit -d allows 104857600 bytes"));
    errors_of(meet_limit_of_user, NULL, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "ulimit -u allows this user 20 "));
}
END_TEST

/* A control group for threads, with another one in it that has no limit of its
   own. */
struct group {
    char outer[64], inner[80];
};

static bool write_to(const char *folder, const char *file, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool written = write(fd, text, strlen(text)) > 0;
    close(fd);
    return written;
}

static void remove_group(const struct group *g)
{
    rmdir(g->inner);
    rmdir(g->outer);
}

static bool make_group_at(struct group *g, const char *root, const char *limit)
{
    snprintf(g->outer, sizeof g->outer, "%s/schedkit-test-%d", root, getpid());
    snprintf(g->inner, sizeof g->inner, "%s/inner", g->outer);
    if (mkdir(g->outer, 0777) == 0 && mkdir(g->inner, 0777) == 0 &&
        write_to(g->outer, "pids.max", limit))
        return true;
    remove_group(g);
    return false;
}

/* Where it may; that takes root, mostly. */
static bool make_group(struct group *g, const char *limit)
{
    return make_group_at(g, "/sys/fs/cgroup/pids", limit) ||
           make_group_at(g, "/sys/fs/cgroup", limit);
}

static void meet_limit_of_group(void *group)
{
    const struct group *g = group;
    if (write_to(g->inner, "cgroup.procs", "0"))
        meet_limit(RLIMIT_CORE, 0); /* which stops no thread */
}

START_TEST (the_limit_of_a_control_group_is_named) {
    char text[PREEMPT_LIMIT_TEXT + 100];
    struct group g;
    if (is_watched() || !make_group(&g, "30"))
        return;
    errors_of(meet_limit_of_group, &g, text, sizeof text);
    remove_group(&g);
    if (!text[0]) /* nor may everyone go there */
        return;
    ck_assert_ptr_nonnull(strstr(text, "pids.max of the control group allows "
                                       "30 threads, and there are 30"));
    ck_assert_int_eq(access(g.outer, F_OK), -1);
}
END_TEST

START_TEST (without_a_limit_none_is_named_and_the_text_fits_its_room) {
    char text[PREEMPT_LIMIT_TEXT] = "";
    ck_assert_str_eq(preempt_spawn_limit(0, text, sizeof text),
                     "no limit is reached now");
    ck_assert_str_eq(preempt_spawn_limit(0, text, 4), "no ");
}
END_TEST

/* ---- options ---- */

static int count_mappings(void)
{
    char line[4096];
    int count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    ck_assert_ptr_nonnull(maps);
    while (fgets(line, sizeof line, maps))
        count++;
    fclose(maps);
    return count;
}

static kit_value wait_for_end(kit_value arg)
{
    ck_assert_int_eq(preempt_event_wait(arg.p), 0);
    return kit_none();
}

/* Its stack and the guard of that: max_map_count allows 32 000 of them. */
START_TEST (a_task_takes_two_mappings_of_memory) {
    enum { TASKS = 64, OTHERS = 10 };
    preempt_event end;
    if (UNDER_SANITIZER || under_valgrind() || under_emulator())
        return;
    preempt_sched *s = sched_on(NULL);
    preempt_event_init(&end, "end");
    int before = count_mappings();
    for (int i = 0; i < TASKS; i++)
        ck_assert_int_eq(
            preempt_spawn(s, NULL, wait_for_end, kit_ptr(&end), NULL), 0);
    ck_assert_int_le(count_mappings(), before + 2 * TASKS + OTHERS);
    preempt_event_set(&end);
    ck_assert_int_eq(preempt_sched_destroy(s), 0);
    ck_assert_int_eq(preempt_event_destroy(&end), 0);
}
END_TEST

START_TEST (a_task_may_have_a_cpu_of_its_own) {
    struct kit_placement cpus = allowed_cpus();
    preempt_sched *s = sched_on(NULL);
    for (size_t i = 0; i < cpus.count; i++) {
        struct preempt_task_options o = {.cpu_plus_one = cpus.cpus[i] + 1};
        preempt_task *task;
        kit_value cpu;
        ck_assert_int_eq(preempt_spawn(s, &task, cpu_of_task, kit_none(), &o),
                         0);
        ck_assert_int_eq(preempt_join(task, &cpu), 0);
        ck_assert_int_eq(cpu.i, cpus.cpus[i]);
    }
    preempt_sched_destroy(s);
}
END_TEST

static kit_value policy_of_task(kit_value arg)
{
    struct sched_param param;
    int policy;
    (void)arg;
    pthread_getschedparam(pthread_self(), &policy, &param);
    return kit_int(policy * 100 + param.sched_priority);
}

START_TEST (a_task_may_have_a_policy_and_a_priority_where_permitted) {
    struct preempt_task_options o = {.policy = SCHED_RR, .priority = 3};
    preempt_sched *s = sched_on(NULL);
    preempt_task *task;
    kit_value got;
    int result = preempt_spawn(s, &task, policy_of_task, kit_none(), &o);
    if (result == 0) {
        preempt_join(task, &got);
        ck_assert_int_eq(got.i, SCHED_RR * 100 + 3);
    } else {
        ck_assert_int_eq(result, -EPERM);
    }
    ck_assert_int_eq(preempt_sched_destroy(s), 0);
}
END_TEST

START_TEST (options_out_of_range_are_refused) {
    static const struct preempt_task_options bad[] = {
        {.policy = SCHED_RR, .priority = 1000},
        {.policy = SCHED_FIFO},
        {.policy = 77, .priority = 1},
        {.priority = 1},
        {.cpu_plus_one = -1},
        {.cpu_plus_one = CPU_SETSIZE + 1},
    };
    preempt_sched *s = sched_on(NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_int_eq(preempt_spawn(s, NULL, tell, kit_none(), &bad[i]),
                         -EINVAL);
    ck_assert_int_eq(preempt_run(s), 0);
    struct preempt_sched_options o = {.dump_signal = SIGKILL};
    preempt_sched *none;
    ck_assert_int_eq(preempt_sched_create(&none, &o), -EINVAL);
    ck_assert_int_eq(preempt_sched_destroy(s), 0);
}
END_TEST

static kit_value name_in_kernel(kit_value arg)
{
    char name[16];
    (void)arg;
    ck_assert_int_eq(pthread_getname_np(pthread_self(), name, sizeof name), 0);
    return kit_int(strcmp(name, "a long-named ta"));
}

START_TEST (the_kernel_knows_a_task_by_the_start_of_its_name) {
    struct preempt_task_options o = {.name = "a long-named task"};
    preempt_sched *s = sched_on(NULL);
    preempt_task *task;
    kit_value differs;
    preempt_spawn(s, &task, name_in_kernel, kit_none(), &o);
    preempt_join(task, &differs);
    ck_assert_int_eq(differs.i, 0);
    preempt_sched_destroy(s);
}
END_TEST

/* ---- threads that are not the kit's ---- */

static kit_value give_back(kit_value arg)
{
    return arg;
}

static void *spawn_and_join(void *s)
{
    for (int64_t i = 0; i < (int64_t)scaled(500); i++) {
        preempt_task *task;
        kit_value result;
        ck_assert_int_eq(preempt_spawn(s, &task, give_back, kit_int(i), NULL),
                         0);
        ck_assert_int_eq(preempt_join(task, &result), 0);
        ck_assert_int_eq(result.i, i);
        ck_assert_int_eq(preempt_spawn(s, NULL, give_back, kit_int(i), NULL),
                         0);
    }
    return NULL;
}

START_TEST (any_thread_may_spawn_and_join) {
    preempt_sched *s = sched_on(NULL);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, spawn_and_join, s);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(preempt_run(s), 0);
    ck_assert_int_eq(preempt_sched_destroy(s), 0);
}
END_TEST

static void *run_it(void *s)
{
    ck_assert_int_eq(preempt_run(s), 0);
    ck_assert(told);
    return NULL;
}

static kit_value tell_late(kit_value arg)
{
    for (int i = 0; i < 1000; i++)
        sched_yield();
    return tell(arg);
}

START_TEST (several_threads_may_wait_for_all_tasks) {
    preempt_sched *s = sched_on(NULL);
    pthread_t threads[3];
    for (int i = 0; i < 5; i++)
        preempt_spawn(s, NULL, tell_late, kit_none(), NULL);
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, run_it, s);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    preempt_sched_destroy(s);
}
END_TEST

/* ---- dumps at any time ---- */

static kit_value spawn_until_told(kit_value arg)
{
    preempt_sched *s = preempt_sched_of(preempt_current());
    while (!told) {
        preempt_task *task;
        ck_assert_int_eq(preempt_spawn(s, &task, give_back, arg, NULL), 0);
        ck_assert_int_eq(preempt_join(task, NULL), 0);
    }
    return arg;
}

static kit_value sleep_until_told(kit_value arg)
{
    while (!told)
        preempt_sleep_until(kit_now() + 10000);
    return arg;
}

/* Whatever a signal interrupts, its dump neither hangs nor harms. */
START_TEST (dumps_may_be_asked_for_while_tasks_come_and_go_and_wait) {
    struct preempt_sched_options o = {.dump_signal = SIGUSR1};
    preempt_sched *s;
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(null, STDERR_FILENO);
    ck_assert_int_eq(preempt_sched_create(&s, &o), 0);
    for (int i = 0; i < 3; i++) {
        preempt_spawn(s, NULL, spawn_until_told, kit_none(), NULL);
        preempt_spawn(s, NULL, sleep_until_told, kit_none(), NULL);
    }
    for (size_t i = 0; i < scaled(300); i++) {
        kill(getpid(), SIGUSR1);
        preempt_dump(s, null);
        usleep(100);
    }
    told = true;
    ck_assert_int_eq(preempt_sched_destroy(s), 0);
    close(null);
}
END_TEST

/* ---- waiting on threads that are not the kit's ---- */

static kit_value wait_to_be_told(kit_value arg)
{
    preempt_park("wait for", "the other thread");
    return arg;
}

START_TEST (a_thread_of_any_kind_may_wait_with_a_deadline) {
    preempt_sched *s = sched_on(NULL);
    preempt_task *task;
    kit_value result;
    int64_t deadline = kit_now() + 1000000;
    preempt_spawn(s, &task, wait_to_be_told, kit_int(5), NULL);
    ck_assert_int_eq(preempt_join_until(task, NULL, deadline), -ETIMEDOUT);
    ck_assert_int_ge(kit_now(), deadline);
    ck_assert_int_eq(preempt_sleep_until(kit_now() + 1000), 0);
    preempt_unpark(task);
    ck_assert_int_eq(preempt_join_until(task, &result, KIT_FOREVER - 1), 0);
    ck_assert_int_eq(result.i, 5);
    preempt_sched_destroy(s);
}
END_TEST

/* ---- priority inheritance ---- */

/* The calling thread's, as the kernel has it now: below 0 is real time. */
static int priority_now(void)
{
    char text[1024] = "";
    int priority = 0;
    FILE *f = fopen("/proc/thread-self/stat", "re");
    ck_assert_ptr_nonnull(f);
    ck_assert_ptr_nonnull(fgets(text, sizeof text, f));
    fclose(f);
    const char *at = strrchr(text, ')'); /* field 2; priority is field 18 */
    ck_assert_ptr_nonnull(at);
    for (int field = 2; field < 18; field++)
        at = strchr(at + 1, ' ');
    ck_assert_int_eq(sscanf(at, "%d", &priority), 1);
    return priority;
}

static kit_value lock_and_unlock(kit_value mutex)
{
    ck_assert_int_eq(preempt_mutex_lock(mutex.p), 0);
    return kit_int(preempt_mutex_unlock(mutex.p));
}

START_TEST (the_owner_of_a_mutex_inherits_the_priority_of_who_waits) {
    struct preempt_mutex_options inheriting = {.inherits_priority = true};
    struct preempt_task_options urgent = {.policy = SCHED_RR, .priority = 3};
    preempt_sched *s = sched_on(NULL);
    preempt_mutex m;
    ck_assert_int_eq(preempt_mutex_init(&m, &inheriting), 0);
    ck_assert_int_eq(preempt_mutex_lock(&m), 0);
    ck_assert_int_ge(priority_now(), 0);
    int result = preempt_spawn(s, NULL, lock_and_unlock, kit_ptr(&m), &urgent);
    while (result == 0 && priority_now() >= 0)
        usleep(100);
    ck_assert(result == 0 || result == -EPERM); /* where it is permitted */
    ck_assert_int_eq(preempt_mutex_unlock(&m), 0);
    ck_assert_int_eq(preempt_sched_destroy(s), 0);
    ck_assert_int_ge(priority_now(), 0);
    ck_assert_int_eq(preempt_mutex_destroy(&m), 0);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_task_that_never_yields_does_not_stop_others_on_its_cpu,
        tasks_are_placed_on_the_given_cpus_in_turn,
        the_placement_is_copied,
        a_cpu_that_does_not_exist_is_refused,
        a_machine_without_room_for_a_thread_is_reported,
        a_thread_that_cannot_be_made_has_a_limit_to_name,
        the_limit_of_a_control_group_is_named,
        without_a_limit_none_is_named_and_the_text_fits_its_room,
        a_task_takes_two_mappings_of_memory,
        a_task_may_have_a_cpu_of_its_own,
        a_task_may_have_a_policy_and_a_priority_where_permitted,
        options_out_of_range_are_refused,
        the_kernel_knows_a_task_by_the_start_of_its_name,
        dumps_may_be_asked_for_while_tasks_come_and_go_and_wait,
        a_thread_of_any_kind_may_wait_with_a_deadline,
        the_owner_of_a_mutex_inherits_the_priority_of_who_waits,
        any_thread_may_spawn_and_join,
        several_threads_may_wait_for_all_tasks,
        NULL,
    };
    return run_suite("preempt threads", 10, tests);
}
