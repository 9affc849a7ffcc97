/* SPDX-License-Identifier: MIT */
/* Pools: jobs and their futures, shutting down, failures. */
#include "harness.h"

#include <preempt/pool.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static preempt_pool *pool;
static preempt_event begun, gate;
static atomic_size_t runs;

static void open_pool(size_t workers)
{
    struct preempt_pool_options o = {.workers = workers};
    ck_assert_int_eq(preempt_pool_create(&pool, &o), 0);
    preempt_event_init(&begun, "begun");
    preempt_event_init(&gate, "gate");
}

static void close_pool(void)
{
    preempt_event_set(&gate);
    ck_assert_int_eq(preempt_pool_destroy(pool), 0);
}

/* A check that costs nothing, as a thousand of Check's do. */
static void must_be(int64_t expected, int64_t got)
{
    if (got != expected)
        ck_abort_msg("%lld, not %lld", (long long)got, (long long)expected);
}

static void submit(preempt_job *j, preempt_job_fn body, int64_t arg)
{
    preempt_job_init(j, body, kit_int(arg), NULL);
    must_be(0, preempt_pool_submit(pool, j));
}

static int64_t result_of(preempt_job *j)
{
    kit_value result = kit_none();
    must_be(0, preempt_job_wait(j, &result));
    return result.i;
}

static int64_t after_ms(int64_t ms)
{
    return kit_now() + ms * 1000000;
}

static kit_value one_more(kit_value arg)
{
    runs++;
    return kit_int(arg.i + 1);
}

static kit_value stay(kit_value arg)
{
    preempt_event_set(&begun);
    preempt_event_wait(&gate);
    return arg;
}

/* A job that keeps the pool's only worker busy until the gate opens. */
static void occupy(preempt_job *j)
{
    submit(j, stay, 77);
    ck_assert_int_eq(preempt_event_wait(&begun), 0);
}

/* ---- results ---- */

START_TEST (a_job_gives_its_result_as_often_as_it_is_asked) {
    preempt_job j;
    open_pool(1);
    submit(&j, one_more, 41);
    ck_assert_int_eq(result_of(&j), 42);
    ck_assert_int_eq(result_of(&j), 42);
    ck_assert_int_eq(preempt_job_wait(&j, NULL), 0);
    ck_assert_int_eq(preempt_job_try_wait(&j, NULL), 0);
    close_pool();
    ck_assert_int_eq(result_of(&j), 42);
}
END_TEST

START_TEST (a_job_tells_its_state) {
    preempt_job first, second;
    open_pool(1);
    preempt_job_init(&first, stay, kit_none(), NULL);
    ck_assert_int_eq(preempt_job_state(&first), PREEMPT_JOB_NEW);
    ck_assert_int_eq(preempt_job_wait(&first, NULL), -EINVAL);
    ck_assert_int_eq(preempt_job_try_wait(&first, NULL), -EINVAL);
    occupy(&first);
    submit(&second, one_more, 1);
    ck_assert_int_eq(preempt_job_state(&first), PREEMPT_JOB_RUNNING);
    ck_assert_int_eq(preempt_job_state(&second), PREEMPT_JOB_QUEUED);
    ck_assert_int_eq(preempt_job_try_wait(&second, NULL), -EAGAIN);
    preempt_event_set(&gate);
    ck_assert_int_eq(result_of(&second), 2);
    ck_assert_int_eq(preempt_job_state(&second), PREEMPT_JOB_ENDED);
    ck_assert_str_eq(preempt_job_state_name(PREEMPT_JOB_ENDED), "ended");
    close_pool();
}
END_TEST

START_TEST (a_job_is_submitted_once_until_it_is_made_new) {
    preempt_job j;
    open_pool(1);
    submit(&j, one_more, 1);
    ck_assert_int_eq(preempt_pool_submit(pool, &j), -EBUSY);
    ck_assert_int_eq(result_of(&j), 2);
    ck_assert_int_eq(preempt_pool_submit(pool, &j), -EBUSY);
    submit(&j, one_more, 2);
    ck_assert_int_eq(result_of(&j), 3);
    close_pool();
}
END_TEST

enum { SUBMITTERS = 4 };

static void *submit_many(void *arg)
{
    size_t n = scaled(4000);
    preempt_job *jobs = malloc(n * sizeof *jobs);
    (void)arg;
    for (size_t i = 0; i < n; i++)
        submit(&jobs[i], one_more, (int64_t)i);
    for (size_t i = 0; i < n; i++)
        must_be((int64_t)i + 1, result_of(&jobs[i]));
    free(jobs);
    return NULL;
}

static void on_threads_at_once(void *(*body)(void *), size_t count)
{
    pthread_t threads[16];
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, body, NULL), 0);
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

START_TEST (every_job_runs_once_whoever_submits_and_however_they_wait) {
    for (int w = KIT_WAIT_ADAPTIVE; w <= KIT_WAIT_SPIN; w++) {
        struct preempt_pool_options o = {.workers = 3,
                                         .wait = (enum kit_wait_strategy)w};
        runs = 0;
        ck_assert_int_eq(preempt_pool_create(&pool, &o), 0);
        on_threads_at_once(submit_many, SUBMITTERS);
        ck_assert_int_eq(preempt_pool_destroy(pool), 0);
        ck_assert_uint_eq(runs, SUBMITTERS * scaled(4000));
    }
}
END_TEST

START_TEST (the_memory_of_a_job_is_free_as_soon_as_it_is_over) {
    open_pool(2);
    for (size_t i = 0; i < scaled(5000); i++) {
        preempt_job *j = malloc(sizeof *j);
        submit(j, one_more, 1);
        if (i % 3 == 0)
            while (preempt_job_try_wait(j, NULL) == -EAGAIN)
                preempt_yield();
        else
            must_be(2, result_of(j));
        memset(j, 0xee, sizeof *j);
        free(j);
    }
    close_pool();
}
END_TEST

static int64_t next_expected;

static kit_value expect_in_order(kit_value arg)
{
    must_be(next_expected, arg.i);
    next_expected++;
    return arg;
}

START_TEST (one_worker_runs_jobs_in_the_order_of_submission) {
    enum { N = 1000 };
    static preempt_job jobs[N];
    preempt_job first;
    open_pool(1);
    for (int round = 0; round < 2; round++) {
        next_expected = 0;
        if (round == 1) /* all are queued before the first begins */
            occupy(&first);
        for (int i = 0; i < N; i++)
            submit(&jobs[i], expect_in_order, i);
        preempt_event_set(&gate);
        result_of(&jobs[N - 1]);
        ck_assert_int_eq(next_expected, N);
        preempt_event_reset(&gate);
        preempt_event_reset(&begun);
    }
    close_pool();
}
END_TEST

static preempt_job *shared;

static void *wait_for_shared(void *arg)
{
    ck_assert_int_eq(result_of(shared), 77);
    return arg;
}

static kit_value open_gate_soon(kit_value arg)
{
    preempt_sleep_until(after_ms(20));
    preempt_event_set(&gate);
    return arg;
}

START_TEST (several_threads_may_wait_for_one_job) {
    preempt_job j, opener;
    open_pool(2);
    shared = &j;
    occupy(&j);
    submit(&opener, open_gate_soon, 0);
    on_threads_at_once(wait_for_shared, 8);
    close_pool();
}
END_TEST

static kit_value open_gate_now(kit_value arg)
{
    preempt_event_set(&gate);
    return arg;
}

/* The short ones wake workers in vain, who then nap. */
START_TEST (a_job_runs_beside_one_that_blocks_whatever_was_before) {
    enum { SHORT = 200, ROUNDS = 30 };
    preempt_job jobs[SHORT], blocks;
    open_pool(2);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < SHORT; i++)
            submit(&jobs[i], one_more, i);
        for (int i = 0; i < SHORT; i++)
            must_be(i + 1, result_of(&jobs[i]));
        preempt_event_reset(&gate);
        submit(&blocks, stay, round);
        submit(&jobs[0], open_gate_now, round);
        must_be(round, result_of(&blocks));
        must_be(round, result_of(&jobs[0]));
    }
    close_pool();
}
END_TEST

/* ---- jobs that use the pool ---- */

static kit_value fibonacci(kit_value arg)
{
    preempt_job smaller;
    if (arg.i < 2)
        return arg;
    submit(&smaller, fibonacci, arg.i - 1);
    int64_t smallest = fibonacci(kit_int(arg.i - 2)).i;
    return kit_int(result_of(&smaller) + smallest);
}

START_TEST (jobs_that_wait_for_jobs_do_not_run_out_of_workers) {
    for (size_t workers = 1; workers <= 3; workers++) {
        preempt_job j;
        open_pool(workers);
        submit(&j, fibonacci, UNDER_SANITIZER || under_valgrind() ? 8 : 16);
        ck_assert_int_eq(result_of(&j),
                         UNDER_SANITIZER || under_valgrind() ? 21 : 987);
        close_pool();
    }
}
END_TEST

static kit_value wait_for_shared_job(kit_value arg)
{
    (void)arg;
    return kit_int(preempt_job_wait(shared, NULL));
}

static kit_value wait_in_a_circle(kit_value arg)
{
    preempt_job inner;
    (void)arg;
    submit(&inner, wait_for_shared_job, 0);
    return kit_int(result_of(&inner));
}

START_TEST (a_job_that_waits_for_itself_is_told) {
    preempt_job j;
    open_pool(1);
    shared = &j;
    submit(&j, wait_for_shared_job, 0);
    ck_assert_int_eq(result_of(&j), -EDEADLK);
    submit(&j, wait_in_a_circle, 0);
    ck_assert_int_eq(result_of(&j), -EDEADLK);
    close_pool();
}
END_TEST

static kit_value shut_down_from_inside(kit_value arg)
{
    (void)arg;
    ck_assert_int_eq(preempt_pool_drain(pool), -EDEADLK);
    return kit_int(preempt_pool_destroy(pool));
}

START_TEST (a_job_cannot_wait_for_the_end_of_its_pool) {
    preempt_job j;
    open_pool(1);
    submit(&j, shut_down_from_inside, 0);
    ck_assert_int_eq(result_of(&j), -EDEADLK);
    submit(&j, one_more, 1);
    ck_assert_int_eq(result_of(&j), 2);
    close_pool();
}
END_TEST

static kit_value cancel_my_worker(kit_value arg)
{
    preempt_cancel(preempt_current());
    return kit_int(preempt_sleep_until(after_ms(arg.i)));
}

START_TEST (who_cancels_a_worker_cancels_no_job) {
    preempt_job j;
    open_pool(1);
    for (int i = 0; i < 3; i++) {
        submit(&j, cancel_my_worker, 2);
        ck_assert_int_eq(result_of(&j), 0);
        preempt_sleep_until(after_ms(5)); /* the worker sleeps */
    }
    close_pool();
}
END_TEST

/* ---- waiting ends ---- */

START_TEST (a_wait_ends_at_its_deadline_and_the_job_goes_on) {
    preempt_job j, queued;
    open_pool(1);
    occupy(&j);
    submit(&queued, one_more, 1);
    int64_t deadline = after_ms(20);
    ck_assert_int_eq(preempt_job_wait_until(&j, NULL, deadline), -ETIMEDOUT);
    ck_assert_int_ge(kit_now(), deadline);
    ck_assert_int_eq(preempt_job_wait_until(&queued, NULL, 0), -ETIMEDOUT);
    preempt_event_set(&gate);
    ck_assert_int_eq(result_of(&j), 77);
    ck_assert_int_eq(preempt_job_wait_until(&j, NULL, 0), 0);
    ck_assert_int_eq(result_of(&queued), 2);
    close_pool();
}
END_TEST

static kit_value wait_as_task(kit_value j)
{
    return kit_int(preempt_job_wait(j.p, NULL));
}

START_TEST (a_task_that_is_canceled_waits_no_longer_and_the_job_goes_on) {
    preempt_sched *s;
    preempt_task *task;
    preempt_job j;
    kit_value result;
    open_pool(1);
    occupy(&j);
    ck_assert_int_eq(preempt_sched_create(&s, NULL), 0);
    ck_assert_int_eq(preempt_spawn(s, &task, wait_as_task, kit_ptr(&j), NULL),
                     0);
    preempt_sleep_until(after_ms(10));
    preempt_cancel(task);
    preempt_join(task, &result);
    ck_assert_int_eq(result.i, -ECANCELED);
    ck_assert_int_eq(preempt_job_state(&j), PREEMPT_JOB_RUNNING);
    preempt_event_set(&gate);
    ck_assert_int_eq(result_of(&j), 77);
    preempt_sched_destroy(s);
    close_pool();
}
END_TEST

/* ---- cancellation ---- */

START_TEST (only_a_job_that_has_not_begun_can_be_canceled) {
    preempt_job j, queued[3];
    open_pool(1);
    preempt_job_init(&j, stay, kit_none(), NULL);
    ck_assert_int_eq(preempt_job_cancel(&j), -EINVAL);
    occupy(&j);
    runs = 0;
    for (int i = 0; i < 3; i++)
        submit(&queued[i], one_more, i);
    ck_assert_int_eq(preempt_job_cancel(&j), -EBUSY);
    ck_assert_int_eq(preempt_job_cancel(&queued[1]), 0);
    ck_assert_int_eq(preempt_job_cancel(&queued[1]), -EBUSY);
    ck_assert_int_eq(preempt_job_wait(&queued[1], NULL), -ECANCELED);
    ck_assert_int_eq(preempt_job_state(&queued[1]), PREEMPT_JOB_CANCELED);
    memset(&queued[1], 0xee, sizeof queued[1]);
    preempt_event_set(&gate);
    ck_assert_int_eq(result_of(&queued[2]), 3);
    ck_assert_int_eq(preempt_job_cancel(&queued[0]), -EBUSY);
    ck_assert_uint_eq(runs, 2);
    close_pool();
}
END_TEST

static void *cancel_shared_soon(void *arg)
{
    preempt_sleep_until(after_ms(10));
    ck_assert_int_eq(preempt_job_cancel(shared), 0);
    return arg;
}

START_TEST (whoever_waits_for_a_job_that_is_canceled_is_told) {
    preempt_job j, queued;
    pthread_t thread;
    open_pool(1);
    occupy(&j);
    submit(&queued, one_more, 1);
    shared = &queued;
    ck_assert_int_eq(pthread_create(&thread, NULL, cancel_shared_soon, NULL),
                     0);
    ck_assert_int_eq(preempt_job_wait(&queued, NULL), -ECANCELED);
    pthread_join(thread, NULL);
    close_pool();
}
END_TEST

enum { RACED = 200 };

static preempt_job raced[RACED];
static atomic_uint times[RACED];
static bool was_canceled[RACED];

static kit_value count_run(kit_value arg)
{
    times[arg.i]++;
    return arg;
}

static void *cancel_every_job(void *arg)
{
    for (size_t i = RACED; i-- > 0;)
        was_canceled[i] = preempt_job_cancel(&raced[i]) == 0;
    return arg;
}

START_TEST (a_job_runs_once_or_is_canceled_whoever_comes_first) {
    for (size_t round = 0; round < scaled(200); round++) {
        open_pool(2);
        for (int i = 0; i < RACED; i++) {
            times[i] = 0;
            submit(&raced[i], count_run, i);
        }
        on_another_thread(cancel_every_job, NULL);
        for (int i = 0; i < RACED; i++)
            must_be(was_canceled[i] ? -ECANCELED : 0,
                    preempt_job_wait(&raced[i], NULL));
        close_pool();
        for (int i = 0; i < RACED; i++)
            must_be(!was_canceled[i], times[i]);
    }
}
END_TEST

/* ---- shutting down ---- */

START_TEST (a_closed_pool_runs_what_it_has_and_takes_no_more) {
    preempt_job j, queued, late;
    open_pool(1);
    occupy(&j);
    submit(&queued, one_more, 1);
    ck_assert_int_eq(preempt_pool_close(pool), 0);
    ck_assert_int_eq(preempt_pool_close(pool), -EPIPE);
    preempt_job_init(&late, one_more, kit_int(1), NULL);
    ck_assert_int_eq(preempt_pool_submit(pool, &late), -EPIPE);
    ck_assert_int_eq(preempt_job_state(&late), PREEMPT_JOB_NEW);
    ck_assert_int_eq(preempt_pool_drain_until(pool, after_ms(10)), -ETIMEDOUT);
    preempt_event_set(&gate);
    ck_assert_int_eq(preempt_pool_drain(pool), 0);
    ck_assert_int_eq(preempt_pool_drain(pool), 0);
    ck_assert_int_eq(preempt_job_state(&queued), PREEMPT_JOB_ENDED);
    close_pool();
}
END_TEST

START_TEST (a_pool_may_be_told_to_cancel_what_has_not_begun) {
    enum { N = 100 };
    preempt_job j, queued[N];
    open_pool(1);
    occupy(&j);
    for (int i = 0; i < N; i++)
        submit(&queued[i], one_more, i);
    ck_assert_uint_eq(preempt_pool_cancel(pool), N);
    ck_assert_uint_eq(preempt_pool_cancel(pool), 0);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(preempt_job_wait(&queued[i], NULL), -ECANCELED);
    close_pool();
    ck_assert_int_eq(preempt_job_state(&j), PREEMPT_JOB_ENDED);
}
END_TEST

static atomic_size_t accepted;

static void *submit_until_closed(void *arg)
{
    enum { N = 4000 };
    preempt_job *jobs = calloc(N, sizeof *jobs);
    size_t n = 0;
    do
        preempt_job_init(&jobs[n], one_more, kit_int(1), NULL);
    while (preempt_pool_submit(pool, &jobs[n]) == 0 && ++n < N);
    for (size_t i = 0; i < n; i++)
        must_be(2, result_of(&jobs[i]));
    accepted += n;
    free(jobs);
    return arg;
}

static void *close_soon(void *arg)
{
    preempt_sleep_until(kit_now() + 300000);
    ck_assert_int_eq(preempt_pool_close(pool), 0);
    return arg;
}

START_TEST (what_is_accepted_runs_when_the_pool_is_closed_meanwhile) {
    for (size_t round = 0; round < scaled(300); round++) {
        pthread_t threads[3];
        open_pool(1 + round % 3);
        accepted = runs = 0;
        for (int i = 0; i < 3; i++)
            ck_assert_int_eq(
                pthread_create(&threads[i], NULL,
                               i < 2 ? submit_until_closed : close_soon, NULL),
                0);
        for (int i = 0; i < 3; i++)
            pthread_join(threads[i], NULL);
        close_pool();
        ck_assert_uint_eq(runs, accepted);
    }
}
END_TEST

static kit_value submit_another(kit_value j)
{
    return kit_int(preempt_pool_submit(pool, j.p));
}

START_TEST (a_job_of_a_closed_pool_cannot_submit) {
    preempt_job j, first, late;
    open_pool(1);
    occupy(&first);
    preempt_job_init(&late, one_more, kit_int(1), NULL);
    preempt_job_init(&j, submit_another, kit_ptr(&late), NULL);
    ck_assert_int_eq(preempt_pool_submit(pool, &j), 0);
    preempt_pool_close(pool);
    preempt_event_set(&gate);
    ck_assert_int_eq(result_of(&j), -EPIPE);
    close_pool();
}
END_TEST

START_TEST (a_pool_without_jobs_comes_and_goes) {
    for (size_t i = 0; i < scaled(500); i++) {
        open_pool(1 + i % 4);
        close_pool();
    }
    ck_assert_int_eq(preempt_pool_destroy(NULL), 0);
}
END_TEST

/* ---- workers ---- */

static size_t count_of_workers(preempt_sched *s, const char *name)
{
    struct preempt_task_info infos[64];
    size_t count = preempt_tasks(s, infos, 64), found = 0;
    for (size_t i = 0; i < count; i++)
        found += strncmp(infos[i].name, name, strlen(name)) == 0 &&
                 infos[i].waits_to &&
                 strcmp(infos[i].waits_to, "take a job from") == 0 &&
                 strcmp(infos[i].waits_on, "kitchen") == 0;
    return found;
}

START_TEST (workers_are_tasks_with_a_name_that_tell_what_they_wait_for) {
    struct preempt_pool_options o = {.name = "kitchen", .workers = 3};
    ck_assert_int_eq(preempt_sched_create(&o.sched, NULL), 0);
    ck_assert_int_eq(preempt_pool_create(&pool, &o), 0);
    ck_assert_ptr_eq(preempt_pool_sched(pool), o.sched);
    while (count_of_workers(o.sched, "kitchen ") < 3)
        preempt_yield();
    ck_assert_uint_eq(count_of_workers(o.sched, "kitchen 2"), 1);
    ck_assert_int_eq(preempt_pool_destroy(pool), 0);
    ck_assert_uint_eq(preempt_tasks(o.sched, NULL, 0), 0);
    ck_assert_int_eq(preempt_sched_destroy(o.sched), 0);
}
END_TEST

START_TEST (a_pool_has_a_scheduler_and_a_worker_for_each_cpu_by_default) {
    cpu_set_t allowed;
    ck_assert_int_eq(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    ck_assert_int_eq(preempt_pool_create(&pool, NULL), 0);
    ck_assert_uint_eq(preempt_tasks(preempt_pool_sched(pool), NULL, 0),
                      (size_t)CPU_COUNT(&allowed));
    ck_assert_int_eq(preempt_pool_destroy(pool), 0);
}
END_TEST

static int create_with(struct preempt_pool_options o)
{
    pool = NULL;
    int result = preempt_pool_create(&pool, &o);
    ck_assert(result == 0 || pool == NULL);
    return result;
}

START_TEST (options_out_of_range_are_refused) {
    ck_assert_int_eq(create_with((struct preempt_pool_options){
                         .workers = PREEMPT_POOL_WORKERS_MAX + 1}),
                     -EINVAL);
    ck_assert_int_eq(
        create_with((struct preempt_pool_options){.wait = KIT_WAIT_CONDVAR}),
        -EINVAL);
    ck_assert_int_eq(create_with((struct preempt_pool_options){
                         .workers = 2, .stack_size = SIZE_MAX}),
                     -EINVAL);
}
END_TEST

/* Prints the first result that is not the expected one. */
static void create_too_many(void *arg)
{
    struct preempt_pool_options few = {.workers = 2}, many = {.workers = 4096};
    struct rlimit limit = {(rlim_t)256 << 20, (rlim_t)256 << 20};
    preempt_job j;
    (void)arg;
    ck_assert_int_eq(preempt_sched_create(&many.sched, NULL), 0);
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    fprintf(stderr, "%d ", preempt_pool_create(&pool, &many));
    fprintf(stderr, "%zu ", preempt_tasks(many.sched, NULL, 0));
    fprintf(stderr, "%d ", preempt_pool_create(&pool, &few));
    preempt_job_init(&j, one_more, kit_int(1), NULL);
    fprintf(stderr, "%d ", preempt_pool_submit(pool, &j));
    fprintf(stderr, "%d ", preempt_job_wait(&j, NULL));
    fprintf(stderr, "%d", preempt_pool_destroy(pool));
}

START_TEST (a_pool_whose_workers_cannot_all_be_made_leaves_none_of_them) {
    if (under_emulator()) /* which knows no limit of memory */
        return;
    char text[200], expected[32];
    if (under_valgrind() || UNDER_SANITIZER) /* which have needs of their own */
        return;
    snprintf(expected, sizeof expected, "%d 0 0 0 0 0", -EAGAIN);
    errors_of(create_too_many, NULL, text, sizeof text);
    ck_assert_str_eq(text, expected);
}
END_TEST

/* Prints why, and whether that can be asked afterwards. */
static void create_without_room(void *arg)
{
    char text[PREEMPT_LIMIT_TEXT] = "", later[PREEMPT_LIMIT_TEXT];
    struct preempt_pool_options many = {.workers = 4096, .limit_text = text};
    struct rlimit limit = {(rlim_t)256 << 20, (rlim_t)256 << 20};
    (void)arg;
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    ck_assert_int_eq(preempt_pool_create(&pool, &many), -EAGAIN);
    preempt_spawn_limit(0, later, sizeof later);
    fprintf(stderr, "%s, %s", text, later);
}

START_TEST (a_pool_says_why_its_workers_cannot_be_made) {
    if (is_watched()) /* which have needs of their own, or no such limit */
        return;
    char text[2 * PREEMPT_LIMIT_TEXT];
    errors_of(create_without_room, NULL, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "ulimit -v allows 268435456 bytes"));
    ck_assert_ptr_nonnull(strstr(text, ", no limit is reached now"));
}
END_TEST

START_TEST (a_pool_that_is_made_or_refused_names_no_limit) {
    char text[PREEMPT_LIMIT_TEXT] = "untouched";
    struct preempt_pool_options o = {.workers = 1, .limit_text = text};
    ck_assert_int_eq(create_with(o), 0);
    ck_assert_int_eq(preempt_pool_destroy(pool), 0);
    o.stack_size = SIZE_MAX;
    ck_assert_int_eq(create_with(o), -EINVAL);
    ck_assert_str_eq(text, "untouched");
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_job_gives_its_result_as_often_as_it_is_asked,
        a_job_tells_its_state,
        a_job_is_submitted_once_until_it_is_made_new,
        every_job_runs_once_whoever_submits_and_however_they_wait,
        the_memory_of_a_job_is_free_as_soon_as_it_is_over,
        one_worker_runs_jobs_in_the_order_of_submission,
        several_threads_may_wait_for_one_job,
        a_job_runs_beside_one_that_blocks_whatever_was_before,
        jobs_that_wait_for_jobs_do_not_run_out_of_workers,
        a_job_that_waits_for_itself_is_told,
        a_job_cannot_wait_for_the_end_of_its_pool,
        who_cancels_a_worker_cancels_no_job,
        a_wait_ends_at_its_deadline_and_the_job_goes_on,
        a_task_that_is_canceled_waits_no_longer_and_the_job_goes_on,
        only_a_job_that_has_not_begun_can_be_canceled,
        whoever_waits_for_a_job_that_is_canceled_is_told,
        a_job_runs_once_or_is_canceled_whoever_comes_first,
        a_closed_pool_runs_what_it_has_and_takes_no_more,
        a_pool_may_be_told_to_cancel_what_has_not_begun,
        what_is_accepted_runs_when_the_pool_is_closed_meanwhile,
        a_job_of_a_closed_pool_cannot_submit,
        a_pool_without_jobs_comes_and_goes,
        workers_are_tasks_with_a_name_that_tell_what_they_wait_for,
        a_pool_has_a_scheduler_and_a_worker_for_each_cpu_by_default,
        options_out_of_range_are_refused,
        a_pool_whose_workers_cannot_all_be_made_leaves_none_of_them,
        a_pool_says_why_its_workers_cannot_be_made,
        a_pool_that_is_made_or_refused_names_no_limit,
        NULL,
    };
    return run_suite("preempt pool", 10, tests);
}
