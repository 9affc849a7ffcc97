/* SPDX-License-Identifier: MIT */
/* Tasks on threads: preemption, placement, foreign threads, failures. */
#include "harness.h"

#include <preempt/task.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

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
    if (under_valgrind()) /* which has a limit and an answer of its own */
        return;
    preempt_sched *s = sched_on(NULL);
    preempt_task *task = (preempt_task *)(void *)&o;
    errno = 77;
    ck_assert_int_eq(preempt_spawn(s, &task, tell, kit_none(), &o), -EAGAIN);
    ck_assert_ptr_null(task);
    ck_assert_int_eq(errno, 77);
    ck_assert_int_eq(preempt_run(s), 0);
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

int main(void)
{
    const TTest *tests[] = {
        a_task_that_never_yields_does_not_stop_others_on_its_cpu,
        tasks_are_placed_on_the_given_cpus_in_turn,
        the_placement_is_copied,
        a_cpu_that_does_not_exist_is_refused,
        a_machine_without_room_for_a_thread_is_reported,
        the_kernel_knows_a_task_by_the_start_of_its_name,
        any_thread_may_spawn_and_join,
        several_threads_may_wait_for_all_tasks,
        NULL,
    };
    return run_suite("preempt threads", 10, tests);
}
