/* SPDX-License-Identifier: MIT */
/* The mechanism `baton`: threads of which one runs at a time. */
#include "harness.h"

#include <coop/coro.h>
#include <coop/task.h>

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct kit_mechanism *baton(void)
{
    return kit_mechanism_named("baton");
}

static coop_coro *made(coop_coro_fn body, kit_value arg)
{
    struct coop_coro_options o = {.mechanism = baton()};
    coop_coro *co;
    ck_assert_int_eq(coop_coro_create(&co, body, arg, &o), 0);
    return co;
}

static kit_step resumed(coop_coro *co)
{
    return coop_coro_resume(co, kit_next(kit_none()));
}

static coop_sched *sched_on(const struct kit_mechanism *mechanism)
{
    struct coop_sched_options o = {.mechanism = mechanism};
    coop_sched *s;
    ck_assert_int_eq(coop_sched_create(&s, &o), 0);
    return s;
}

static coop_sched *new_sched(void)
{
    return sched_on(baton());
}

/* ---- threads ---- */

static size_t threads(void)
{
    size_t count = 0;
    DIR *all = opendir("/proc/self/task");
    ck_assert_ptr_nonnull(all);
    for (struct dirent *d; (d = readdir(all));)
        count += d->d_name[0] != '.';
    closedir(all);
    return count;
}

static kit_step end_at_once(coop_coro *self, kit_value arg,
                            kit_completion first)
{
    (void)self, (void)first;
    return kit_done(arg);
}

/* ThreadSanitizer starts one of its own, when it sees the first of ours. */
static size_t threads_of_old(void)
{
    coop_coro_destroy(made(end_at_once, kit_none()));
    size_t count = threads();
    for (int steady = 0; steady < 20; steady++) {
        usleep(1000);
        if (threads() != count)
            steady = 0;
        count = threads();
    }
    return count;
}

/* A thread that was joined may still be on its way out of the kernel. */
static void ck_threads(size_t expected)
{
    for (int i = 0; i < 1000 && threads() != expected; i++)
        usleep(1000);
    ck_assert_uint_eq(threads(), expected);
}

static kit_step yield_thread(coop_coro *self, kit_value arg,
                             kit_completion first)
{
    pthread_t *here = arg.p;
    (void)first;
    while (here) {
        *here = pthread_self();
        coop_coro_yield(self, arg);
    }
    return kit_done(arg);
}

START_TEST (each_body_has_a_thread_of_its_own_from_creation_on) {
    pthread_t one = pthread_self(), other = one, again;
    size_t before = threads_of_old();
    coop_coro *a = made(yield_thread, kit_ptr(&one));
    coop_coro *b = made(yield_thread, kit_ptr(&other));
    ck_assert_uint_eq(threads(), before + 2);
    resumed(a), resumed(b);
    again = one;
    resumed(a);
    ck_assert(pthread_equal(one, again));
    ck_assert(!pthread_equal(one, other));
    ck_assert(!pthread_equal(one, pthread_self()));
    coop_coro_destroy(a);
    coop_coro_destroy(b);
}
END_TEST

START_TEST (destroying_a_coroutine_ends_its_thread) {
    pthread_t thread;
    size_t before = threads_of_old();
    coop_coro *created = made(end_at_once, kit_none());
    coop_coro *ended = made(end_at_once, kit_none());
    coop_coro *waiting = made(yield_thread, kit_ptr(&thread));
    resumed(ended), resumed(waiting);
    coop_coro_destroy(created);
    coop_coro_destroy(ended);
    coop_coro_destroy(waiting);
    ck_threads(before);
}
END_TEST

static int cleaned_up;

static void clean_up(int *unused)
{
    (void)unused;
    cleaned_up++;
}

static kit_step yield_below_clean_up(coop_coro *self, kit_value arg,
                                     kit_completion first)
{
    __attribute__((cleanup(clean_up))) int here = 0;
    (void)first, (void)here;
    pthread_cleanup_push((void (*)(void *))clean_up, NULL);
    coop_coro_yield(self, arg);
    pthread_cleanup_pop(1);
    return kit_done(arg);
}

START_TEST (nothing_more_runs_of_a_body_that_is_abandoned) {
    coop_coro *co = made(yield_below_clean_up, kit_none());
    resumed(co);
    coop_coro_destroy(co);
    ck_assert_int_eq(cleaned_up, 0);
}
END_TEST

static kit_step abandon_inner(coop_coro *self, kit_value arg,
                              kit_completion first)
{
    pthread_t thread;
    coop_coro *inner = made(yield_thread, kit_ptr(&thread));
    (void)first;
    resumed(inner);
    coop_coro_destroy(inner);
    coop_coro_yield(self, arg);
    return kit_done(arg);
}

START_TEST (a_body_may_create_and_abandon_others) {
    size_t before = threads_of_old();
    coop_coro *co = made(abandon_inner, kit_none());
    resumed(co);
    ck_threads(before + 1);
    coop_coro_destroy(co);
    ck_threads(before);
}
END_TEST

/* ---- one at a time ---- */

static atomic_int inside;
static int turns; /* not atomic: ThreadSanitizer sees to it */

static kit_value take_turns(kit_value rounds)
{
    for (int64_t i = 0; i < rounds.i; i++) {
        ck_assert_int_eq(atomic_fetch_add(&inside, 1), 0);
        turns++;
        atomic_fetch_sub(&inside, 1);
        coop_yield();
    }
    return kit_none();
}

START_TEST (only_the_holder_of_the_baton_runs) {
    coop_sched *s = new_sched();
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(coop_spawn(s, NULL, take_turns, kit_int(50), NULL), 0);
    ck_assert_int_eq(coop_run(s), 0);
    ck_assert_int_eq(turns, 250);
    ck_assert_int_eq(coop_sched_destroy(s), 0);
}
END_TEST

/* ---- bodies that are abandoned in the middle of one another ---- */

/* Parks at the end of a chain of `depth` coroutines, each in the next. */
static coop_coro *chain[3];

static kit_step resume_next(coop_coro *self, kit_value depth,
                            kit_completion first)
{
    (void)self, (void)first;
    if (depth.i == 0)
        coop_park("see", "the end");
    else
        resumed(chain[depth.i - 1]);
    return kit_done(depth);
}

static kit_value park_in_chain(kit_value none)
{
    for (int i = 0; i < 3; i++)
        chain[i] = made(resume_next, kit_int(i));
    resumed(chain[2]);
    return none;
}

/* Its deadlock is reported, and is what the test wants. */
static void abandon_a_task_in_chain(const struct kit_mechanism *mechanism)
{
    coop_sched *s = sched_on(mechanism);
    ck_assert_int_eq(coop_spawn(s, NULL, park_in_chain, kit_none(), NULL), 0);
    ck_assert_int_eq(coop_run(s), -EDEADLK);
    ck_assert_int_eq(coop_sched_destroy(s), 0);
}

static void use_stacks_again(void)
{
    coop_sched *s = new_sched();
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(coop_spawn(s, NULL, take_turns, kit_int(3), NULL), 0);
    ck_assert_int_eq(coop_run(s), 0);
    ck_assert_int_eq(coop_sched_destroy(s), 0);
}

START_TEST (with_a_task_end_the_bodies_that_it_is_in_the_middle_of) {
    const struct kit_mechanism *const mechanisms[] = {
        baton(), kit_mechanism_default(), kit_mechanism_named("ucontext"),
        baton()};
    size_t before = threads_of_old();
    for (int i = 0; i < 4; i++) {
        abandon_a_task_in_chain(mechanisms[i]);
        ck_threads(before);
        use_stacks_again();
        for (int k = 0; k < 3; k++)
            ck_assert_int_eq(coop_coro_destroy(chain[k]), -EBUSY);
    }
}
END_TEST

/* The outer one yields from inside the body of the inner one. */
static kit_step yield_outer(coop_coro *self, kit_value outer,
                            kit_completion first)
{
    (void)self, (void)first;
    coop_coro_yield(outer.p, kit_int(1));
    return kit_done(kit_int(2));
}

static coop_coro *inner;

static kit_step resume_inner(coop_coro *self, kit_value arg,
                             kit_completion first)
{
    (void)arg, (void)first;
    inner = made(yield_outer, kit_ptr(self));
    return resumed(inner);
}

START_TEST (a_coroutine_that_waits_in_the_body_of_another_can_be_abandoned) {
    size_t before = threads_of_old();
    coop_coro *co = made(resume_inner, kit_none());
    ck_assert_int_eq(resumed(co).value.i, 1);
    ck_threads(before + 2);
    ck_assert_int_eq(coop_coro_destroy(co), 0);
    ck_threads(before);
    use_stacks_again();
}
END_TEST

struct flow {
    kit_context context;
    kit_stack *stack;
    struct flow *next; /* which it resumes, or NULL */
};

static struct flow flows[3];

static void resume_or_yield(kit_context *context, kit_completion first)
{
    struct flow *f = KIT_CONTAINER(context, struct flow, context);
    (void)first;
    if (f->next)
        kit_context_resume(&f->next->context, kit_next(kit_none()));
    for (;;) /* and if it does, from inside that one */
        kit_context_yield(&flows[0].context, kit_yielded(kit_none()));
}

START_TEST (contexts_may_be_disposed_of_after_what_was_to_resume_them) {
    size_t before = threads_of_old();
    for (int i = 0; i < 3; i++) {
        struct flow *f = &flows[i];
        f->next = i < 2 ? f + 1 : NULL;
        ck_assert_int_eq(kit_stack_take(0, &f->stack), 0);
        ck_assert_int_eq(kit_context_start(&f->context, baton(), f->stack,
                                           (char *)f->stack, resume_or_yield),
                         0);
    }
    kit_context_resume(&flows[0].context, kit_next(kit_none()));
    for (int i = 0; i < 3; i++) {
        kit_context_dispose(&flows[i].context);
        ck_threads(before);
    }
    for (int i = 0; i < 3; i++)
        kit_stack_give(flows[i].stack);
}
END_TEST

/* ---- what moves with the baton ---- */

static kit_step tell_pool(coop_coro *self, kit_value arg, kit_completion first)
{
    (void)first;
    while (arg.i-- > 0)
        coop_coro_yield(self, kit_ptr(kit_stack_pool_of_thread()));
    return kit_done(kit_none());
}

static void *resume_and_compare_pools(void *co)
{
    void *pool = resumed(co).value.p;
    ck_assert_ptr_eq(pool, kit_stack_pool_of_thread());
    return NULL;
}

START_TEST (a_body_uses_the_stack_pool_of_whoever_resumes_it) {
    coop_coro *co = made(tell_pool, kit_int(99));
    for (int i = 0; i < 3; i++) {
        resume_and_compare_pools(co);
        on_another_thread(resume_and_compare_pools, co);
    }
    coop_coro_destroy(co);
}
END_TEST

static kit_value tell_task(kit_value arg)
{
    (void)arg;
    coop_yield();
    return kit_ptr(coop_current());
}

START_TEST (a_task_is_the_current_one_on_its_own_thread) {
    coop_task *tasks[2];
    kit_value result;
    coop_sched *s = new_sched();
    for (int i = 0; i < 2; i++)
        coop_spawn(s, &tasks[i], tell_task, kit_none(), NULL);
    ck_assert_int_eq(coop_run(s), 0);
    ck_assert_ptr_null(coop_current());
    for (int i = 0; i < 2; i++) {
        void *task = tasks[i];
        coop_join(tasks[i], &result);
        ck_assert_ptr_eq(result.p, task);
    }
    coop_sched_destroy(s);
}
END_TEST

/* A scheduler on user stacks inside a task that has a thread, and again. */
static kit_value run_inner(kit_value depth)
{
    struct coop_sched_options o = {.mechanism = depth.i % 2 ? baton() : NULL};
    coop_task *self = coop_current();
    coop_sched *s;
    if (depth.i == 0)
        return kit_none();
    ck_assert_int_eq(coop_sched_create(&s, &o), 0);
    for (int i = 0; i < 2; i++)
        coop_spawn(s, NULL, run_inner, kit_int(depth.i - 1), NULL);
    ck_assert_int_eq(coop_run(s), 0);
    ck_assert_ptr_eq(coop_current(), self);
    coop_sched_destroy(s);
    return kit_none();
}

START_TEST (schedulers_of_different_mechanisms_nest) {
    run_inner(kit_int(5));
}
END_TEST

/* ---- tasks on user stacks, in bodies that have threads ---- */

static pthread_t runner; /* the thread of coop_run */

static void ck_on_runner(void)
{
    ck_assert(pthread_equal(pthread_self(), runner));
}

static kit_step wait_and_yield(coop_coro *self, kit_value rounds,
                               kit_completion first)
{
    pthread_t mine = pthread_self();
    (void)first;
    ck_assert(!pthread_equal(mine, runner));
    for (int64_t i = 0; i < rounds.i; i++) {
        ck_assert_int_eq(coop_yield(), 0);
        ck_assert_int_eq(coop_sleep_until(kit_now() + 1000), 0);
        ck_assert(pthread_equal(pthread_self(), mine));
        coop_coro_yield(self, kit_int(i));
    }
    return kit_done(rounds);
}

static kit_value step_through(kit_value rounds)
{
    coop_coro *co = made(wait_and_yield, rounds);
    for (int64_t i = 0; i < rounds.i; i++) {
        ck_yielded(resumed(co), i);
        ck_on_runner();
        coop_yield();
    }
    ck_done(resumed(co), rounds.i);
    ck_assert_int_eq(coop_coro_destroy(co), 0);
    return rounds;
}

static kit_value turn_on_runner(kit_value rounds)
{
    for (int64_t i = 0; i < rounds.i; i++) {
        ck_on_runner();
        coop_yield();
    }
    return rounds;
}

static void run_beside_bodies(const struct kit_mechanism *mechanism)
{
    coop_sched *s = sched_on(mechanism);
    runner = pthread_self();
    coop_spawn(s, NULL, step_through, kit_int(5), NULL);
    coop_spawn(s, NULL, turn_on_runner, kit_int(20), NULL);
    coop_spawn(s, NULL, step_through, kit_int(7), NULL);
    ck_assert_int_eq(coop_run(s), 0);
    ck_on_runner();
    ck_assert_int_eq(coop_sched_destroy(s), 0);
}

START_TEST (while_a_task_waits_in_a_body_the_others_stay_on_their_thread) {
    run_beside_bodies(kit_mechanism_default());
    run_beside_bodies(kit_mechanism_named("ucontext"));
}
END_TEST

static coop_task *in_chain;

static kit_value go_through_chain(kit_value arg)
{
    in_chain = coop_current();
    park_in_chain(arg);
    ck_on_runner();
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(coop_coro_destroy(chain[i]), 0);
    return arg;
}

static void *run_on_this_thread(void *sched)
{
    runner = pthread_self();
    ck_assert_int_eq(coop_run(sched), 0);
    ck_on_runner();
    return NULL;
}

START_TEST (a_task_in_bodies_within_bodies_may_go_on_on_another_thread) {
    coop_sched *s = sched_on(NULL);
    runner = pthread_self();
    coop_spawn(s, NULL, go_through_chain, kit_none(), NULL);
    ck_assert_int_eq(coop_run(s), -EDEADLK);
    ck_on_runner();
    coop_unpark(in_chain);
    on_another_thread(run_on_this_thread, s);
    ck_assert_int_eq(coop_sched_destroy(s), 0);
}
END_TEST

static kit_step park_for_good(coop_coro *self, kit_value arg,
                              kit_completion first)
{
    (void)self, (void)first;
    ck_assert_int_eq(coop_park("see", "the end"), -ECANCELED);
    ck_assert_int_eq(coop_yield(), -ECANCELED);
    return kit_done(arg);
}

/* A body that ends with its argument, and is resumed once. */
static kit_value end_in_body(coop_coro_fn body, kit_value arg)
{
    coop_coro *co = made(body, arg);
    ck_done(resumed(co), arg.i);
    ck_on_runner();
    ck_assert_int_eq(coop_coro_destroy(co), 0);
    return arg;
}

static kit_value wait_in_body(kit_value arg)
{
    return end_in_body(park_for_good, arg);
}

static kit_value cancel_other(kit_value other)
{
    coop_yield();
    coop_cancel(other.p);
    return other;
}

START_TEST (a_task_that_waits_in_a_body_can_be_canceled) {
    coop_sched *s = sched_on(NULL);
    coop_task *task;
    kit_value result;
    runner = pthread_self();
    coop_spawn(s, &task, wait_in_body, kit_int(9), NULL);
    coop_spawn(s, NULL, cancel_other, kit_ptr(task), NULL);
    ck_assert_int_eq(coop_run(s), 0);
    ck_assert_int_eq(coop_join(task, &result), 0);
    ck_assert_int_eq(result.i, 9);
    ck_assert_int_eq(coop_sched_destroy(s), 0);
}
END_TEST

static kit_step run_scheduler_inside(coop_coro *self, kit_value arg,
                                     kit_completion first)
{
    pthread_t outer = runner;
    (void)self, (void)first;
    coop_yield();
    run_beside_bodies(NULL);
    runner = outer;
    coop_yield();
    return kit_done(arg);
}

static kit_value run_in_body(kit_value arg)
{
    return end_in_body(run_scheduler_inside, arg);
}

START_TEST (a_body_may_run_a_scheduler_whose_tasks_wait_in_others) {
    coop_sched *s = sched_on(NULL);
    runner = pthread_self();
    coop_spawn(s, NULL, run_in_body, kit_int(4), NULL);
    ck_assert_int_eq(coop_run(s), 0);
    ck_assert_int_eq(coop_sched_destroy(s), 0);
}
END_TEST

/* Leaves the coroutine that has resumed this body. */
static kit_step resume_body(coop_coro *self, kit_value arg,
                            kit_completion first)
{
    (void)arg, (void)first;
    return resumed(made(yield_outer, kit_ptr(self)));
}

static kit_value end_elsewhere(kit_value arg)
{
    coop_coro *co;
    ck_assert_int_eq(coop_coro_create(&co, resume_body, kit_none(), NULL), 0);
    ck_yielded(resumed(co), 1);
    coop_yield();
    return arg;
}

START_TEST (a_task_that_ends_on_the_thread_of_a_body_ends_that) {
    size_t before = threads_of_old();
    coop_sched *s = sched_on(NULL);
    coop_task *task;
    kit_value result;
    runner = pthread_self();
    coop_spawn(s, &task, end_elsewhere, kit_int(3), NULL);
    coop_spawn(s, NULL, turn_on_runner, kit_int(5), NULL);
    ck_assert_int_eq(coop_run(s), 0);
    ck_on_runner();
    ck_assert_int_eq(coop_join(task, &result), 0);
    ck_assert_int_eq(result.i, 3);
    ck_threads(before);
    ck_assert_int_eq(coop_sched_destroy(s), 0);
}
END_TEST

/* ---- failure ---- */

/* From now on no thread can get a stack. */
static void allow_no_mapping(void)
{
    struct rlimit none = {1, RLIM_INFINITY};
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &none), 0);
}

static void allow_mappings(void)
{
    struct rlimit any = {RLIM_INFINITY, RLIM_INFINITY};
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &any), 0);
}

START_TEST (a_thread_that_cannot_be_created_is_an_error_and_no_harm) {
    struct coop_coro_options o = {.mechanism = baton()};
    coop_task *task = NULL;
    coop_coro *co = NULL;
    kit_stack *stack;
    if (is_watched())
        return;
    coop_sched *s = new_sched();
    ck_assert_int_eq(kit_stack_take(0, &stack), 0);
    kit_stack_give(stack);
    allow_no_mapping();
    errno = 77;
    int of_task = coop_spawn(s, &task, take_turns, kit_int(1), NULL);
    int of_coro = coop_coro_create(&co, end_at_once, kit_none(), &o);
    int left = errno;
    allow_mappings();
    ck_assert_int_eq(of_task, -EAGAIN);
    ck_assert_int_eq(of_coro, -EAGAIN);
    ck_assert_int_eq(left, 77);
    ck_assert(!task && !co);
    ck_assert_int_eq(coop_spawn(s, NULL, take_turns, kit_int(1), NULL), 0);
    ck_assert_int_eq(coop_run(s), 0);
    ck_assert_int_eq(turns, 1);
    ck_assert_int_eq(coop_sched_destroy(s), 0);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        each_body_has_a_thread_of_its_own_from_creation_on,
        destroying_a_coroutine_ends_its_thread,
        nothing_more_runs_of_a_body_that_is_abandoned,
        a_body_may_create_and_abandon_others,
        only_the_holder_of_the_baton_runs,
        with_a_task_end_the_bodies_that_it_is_in_the_middle_of,
        a_coroutine_that_waits_in_the_body_of_another_can_be_abandoned,
        contexts_may_be_disposed_of_after_what_was_to_resume_them,
        a_body_uses_the_stack_pool_of_whoever_resumes_it,
        a_task_is_the_current_one_on_its_own_thread,
        schedulers_of_different_mechanisms_nest,
        while_a_task_waits_in_a_body_the_others_stay_on_their_thread,
        a_task_in_bodies_within_bodies_may_go_on_on_another_thread,
        a_task_that_waits_in_a_body_can_be_canceled,
        a_body_may_run_a_scheduler_whose_tasks_wait_in_others,
        a_task_that_ends_on_the_thread_of_a_body_ends_that,
        a_thread_that_cannot_be_created_is_an_error_and_no_harm,
        NULL,
    };
    return run_suite("baton", 10, tests);
}
