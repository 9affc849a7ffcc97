/* SPDX-License-Identifier: MIT */
/* The signal that prints all tasks. */
#include "harness.h"

#include <coop/coro.h>
#include <coop/task.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mechanism.h"

static int said[2];     /* a pipe that takes the place of stderr */
static char text[4096]; /* what has come out of it */

static void begin(void)
{
    ck_assert_int_eq(pipe2(said, O_NONBLOCK | O_CLOEXEC), 0);
    memset(text, 0, sizeof text);
    fflush(stderr);
}

static coop_sched *new_sched(void)
{
    coop_sched *s;
    struct coop_sched_options o = {.dump_signal = SIGUSR1};
    ck_assert_int_eq(coop_sched_create(&s, &o), 0);
    return s;
}

static void spawn(coop_sched *s, const char *name, coop_task_fn body,
                  kit_value arg)
{
    struct coop_task_options o = {.name = name};
    ck_assert_int_eq(coop_spawn(s, NULL, body, arg, &o), 0);
}

/* Runs `s` to its end with stderr in the pipe. */
static void run(coop_sched *s)
{
    int former = dup(STDERR_FILENO);
    ck_assert_int_eq(dup2(said[1], STDERR_FILENO), STDERR_FILENO);
    int result = coop_run(s);
    dup2(former, STDERR_FILENO);
    close(former);
    ck_assert_int_eq(result, 0);
    ck_assert_int_eq(coop_sched_destroy(s), 0);
}

/* The CPU is not given up: nobody but the handler can say it. */
static void compute_until_said(const char *words)
{
    while (!strstr(text, words)) {
        size_t length = strlen(text);
        ck_assert_uint_lt(length, sizeof text - 1);
        (void)!read(said[0], text + length, sizeof text - 1 - length);
    }
}

/* ThreadSanitizer makes room for a flow's signals at its first call that may
   block, and forgets one that comes meanwhile: before it is asked for any. */
static void expect_signals(void)
{
    usleep(1);
}

static coop_task *parked;

static kit_value park(kit_value none)
{
    parked = coop_current();
    coop_park("see", "the end");
    return none;
}

static kit_value ask_and_compute(kit_value none)
{
    coop_yield(); /* the other parks */
    expect_signals();
    kill(getpid(), SIGUSR1);
    compute_until_said("  computer is running");
    compute_until_said("  other waits to see the end");
    coop_unpark(parked);
    return none;
}

START_TEST (a_signal_prints_all_tasks_while_one_computes) {
    begin();
    coop_sched *s = new_sched();
    spawn(s, "computer", ask_and_compute, kit_none());
    spawn(s, "other", park, kit_none());
    run(s);
}
END_TEST

static void *ask_from_here(void *arg)
{
    (void)arg;
    pthread_kill(pthread_self(), SIGUSR1);
    return NULL;
}

static kit_value ask_from_a_thread(kit_value none)
{
    pthread_t thread;
    expect_signals();
    ck_assert_int_eq(pthread_create(&thread, NULL, ask_from_here, NULL), 0);
    compute_until_said("  computer is running");
    pthread_join(thread, NULL);
    return none;
}

START_TEST (it_is_passed_on_from_any_thread_to_the_one_that_runs_tasks) {
    begin();
    coop_sched *s = new_sched();
    spawn(s, "computer", ask_from_a_thread, kit_none());
    run(s);
}
END_TEST

static kit_value ask_from_inside(kit_value none)
{
    expect_signals();
    kill(getpid(), SIGUSR1);
    compute_until_said("  inner is running");
    compute_until_said("  outer is running");
    return none;
}

static kit_value run_inner(kit_value none)
{
    coop_sched *s = new_sched();
    spawn(s, "inner", ask_from_inside, none);
    ck_assert_int_eq(coop_run(s), 0);
    ck_assert_int_eq(coop_sched_destroy(s), 0);
    return none;
}

START_TEST (tasks_of_outer_schedulers_are_printed_too) {
    begin();
    coop_sched *s = new_sched();
    spawn(s, "outer", run_inner, kit_none());
    run(s);
}
END_TEST

static volatile sig_atomic_t former_runs;

static void count_former(int number)
{
    (void)number;
    former_runs++;
}

START_TEST (afterwards_the_signal_does_what_it_did_before) {
    begin();
    former_runs = 0;
    signal(SIGUSR1, count_former);
    for (int i = 1; i <= 2; i++) {
        coop_sched *s = new_sched();
        spawn(s, "computer", ask_from_a_thread, kit_none());
        run(s);
        ck_assert_int_eq(former_runs, i - 1);
        raise(SIGUSR1);
        ck_assert_int_eq(former_runs, i);
        memset(text, 0, sizeof text);
    }
    signal(SIGUSR1, SIG_DFL);
}
END_TEST

static sem_t run_is_over;

/* The thread was made with the signal blocked. */
static void *unblock_after_the_run(void *signals)
{
    while (sem_wait(&run_is_over) != 0)
        continue;
    pthread_sigmask(SIG_UNBLOCK, signals, NULL);
    return NULL;
}

START_TEST (a_signal_that_was_passed_on_is_gone_after_the_run) {
    pthread_t thread;
    sigset_t signals;
    begin();
    former_runs = 0;
    signal(SIGUSR1, count_former);
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    sem_init(&run_is_over, 0, 0);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    ck_assert_int_eq(
        pthread_create(&thread, NULL, unblock_after_the_run, &signals), 0);
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    coop_sched *s = new_sched();
    spawn(s, "computer", ask_from_a_thread, kit_none());
    run(s);
    sem_post(&run_is_over);
    pthread_join(thread, NULL);
    ck_assert_int_eq(former_runs, 0);
}
END_TEST

enum { SHORT_RUNS = 10000 };

static atomic_bool runs_are_over;
static atomic_int strays;

static void count_strays(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    if (info->si_code == SI_QUEUE)
        atomic_fetch_add(&strays, 1);
}

static void *ask_all_the_time(void *arg)
{
    (void)arg;
    while (!atomic_load(&runs_are_over))
        pthread_kill(pthread_self(), SIGUSR1);
    return NULL;
}

START_TEST (what_is_passed_on_as_a_run_ends_does_not_arrive_after_it) {
    struct sigaction former = {.sa_sigaction = count_strays,
                               .sa_flags = SA_SIGINFO};
    pthread_t thread;
    if (under_emulator()) /* it crashes where a handler changes as it is run */
        return;
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
    atomic_store(&strays, 0);
    atomic_store(&runs_are_over, false);
    sigemptyset(&former.sa_mask);
    sigaction(SIGUSR1, &former, NULL);
    ck_assert_int_eq(pthread_create(&thread, NULL, ask_all_the_time, NULL), 0);
    for (int i = 0; i < SHORT_RUNS; i++) {
        coop_sched *s = new_sched();
        ck_assert_int_eq(coop_run(s), 0);
        ck_assert_int_eq(coop_sched_destroy(s), 0);
    }
    atomic_store(&runs_are_over, true);
    pthread_join(thread, NULL);
    ck_assert_int_eq(atomic_load(&strays), 0);
}
END_TEST

static atomic_bool second_runs, is_said;

static kit_value wait_for_first(kit_value none)
{
    expect_signals();
    atomic_store(&second_runs, true);
    while (!atomic_load(&is_said))
        usleep(100);
    return none;
}

static kit_value ask_both(kit_value none)
{
    expect_signals();
    while (!atomic_load(&second_runs))
        usleep(100);
    kill(getpid(), SIGUSR1);
    compute_until_said("  first is running");
    compute_until_said("  second is running");
    atomic_store(&is_said, true);
    return none;
}

static void *run_second(void *arg)
{
    (void)arg;
    coop_sched *s = new_sched();
    spawn(s, "second", wait_for_first, kit_none());
    ck_assert_int_eq(coop_run(s), 0);
    ck_assert_int_eq(coop_sched_destroy(s), 0);
    return NULL;
}

START_TEST (the_schedulers_of_all_threads_are_printed) {
    pthread_t thread;
    begin();
    atomic_store(&second_runs, false);
    atomic_store(&is_said, false);
    ck_assert_int_eq(pthread_create(&thread, NULL, run_second, NULL), 0);
    coop_sched *s = new_sched();
    spawn(s, "first", ask_both, kit_none());
    run(s);
    pthread_join(thread, NULL);
}
END_TEST

/* With a thread for each body, most of the time none of them has the baton. */
enum { ASKED = 20 };

static atomic_bool all_is_said;

static kit_value switch_until_said(kit_value none)
{
    while (!atomic_load(&all_is_said))
        coop_yield();
    return none;
}

static kit_step yield_until_said(coop_coro *self, kit_value none,
                                 kit_completion first)
{
    (void)first;
    while (!atomic_load(&all_is_said))
        coop_coro_yield(self, none);
    return kit_done(none);
}

static kit_value step_until_said(kit_value none)
{
    coop_coro *co;
    ck_assert_int_eq(coop_coro_create(&co, yield_until_said, none, NULL), 0);
    while (!atomic_load(&all_is_said))
        coop_coro_resume(co, kit_next(none));
    coop_coro_destroy(co);
    return none;
}

/* The oldest task is the last that is printed. */
static void *ask_often(void *arg)
{
    (void)arg;
    for (int i = 0; i < ASKED; i++) {
        memset(text, 0, sizeof text);
        kill(getpid(), SIGUSR1);
        compute_until_said("  first is ");
    }
    atomic_store(&all_is_said, true);
    return NULL;
}

static coop_task_fn switching;

static kit_value ask_and_switch(kit_value none)
{
    pthread_t thread;
    expect_signals();
    ck_assert_int_eq(pthread_create(&thread, NULL, ask_often, NULL), 0);
    switching(none);
    pthread_join(thread, NULL);
    return none;
}

static void ask_while(coop_task_fn body)
{
    begin();
    switching = body;
    atomic_store(&all_is_said, false);
    coop_sched *s = new_sched();
    spawn(s, "first", ask_and_switch, kit_none());
    spawn(s, "second", body, kit_none());
    run(s);
}

START_TEST (it_is_answered_while_tasks_switch_all_the_time) {
    ask_while(switch_until_said);
}
END_TEST

START_TEST (it_is_answered_while_a_coroutine_is_stepped_all_the_time) {
    ask_while(step_until_said);
}
END_TEST

START_TEST (a_signal_that_cannot_be_handled_is_refused) {
    coop_sched *s;
    const int bad[] = {-1, SIGKILL, SIGSTOP, 1000};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct coop_sched_options o = {.dump_signal = bad[i]};
        ck_assert_int_eq(coop_sched_create(&s, &o), -EINVAL);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_signal_prints_all_tasks_while_one_computes,
        it_is_passed_on_from_any_thread_to_the_one_that_runs_tasks,
        tasks_of_outer_schedulers_are_printed_too,
        afterwards_the_signal_does_what_it_did_before,
        a_signal_that_was_passed_on_is_gone_after_the_run,
        what_is_passed_on_as_a_run_ends_does_not_arrive_after_it,
        it_is_answered_while_tasks_switch_all_the_time,
        it_is_answered_while_a_coroutine_is_stepped_all_the_time,
        a_signal_that_cannot_be_handled_is_refused,
        /* valgrind takes the return from another thread's signal stack for
           a change of that thread's stack */
        under_valgrind() ? NULL : the_schedulers_of_all_threads_are_printed,
        NULL,
    };
    /* ThreadSanitizer holds signals back from threads that wait by futex. */
    if (UNDER_TSAN && on_threads())
        return EXIT_SUCCESS;
    return run_suite("coop dump", 10, tests);
}
