/* SPDX-License-Identifier: MIT */
/* Memory, mappings and threads that fail, in both libraries. */
#include "failing.h"

#include <kit/source.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#if MIRROR_IS_PREEMPT
#include <preempt/group.h>
#include <preempt/sync.h>
#else
#include <coop/group.h>
#include <coop/sync.h>
#endif

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

typedef K(group) any_group;

/* ---- tasks ---- */

static int only_create(any_sched *s)
{
    (void)s;
    return 0;
}

static kit_value nothing(kit_value arg)
{
    return arg;
}

/* Tasks of several sizes at once, all of which are joined. */
static int spawn_some(any_sched *s)
{
    static const struct K(task_options) options[] = {
        {.name = "small", .stack_size = (size_t)16 * 1024},
        {.name = NULL},
        {.name = "a name that is longer than what is kept of it"},
        {.name = "large", .stack_size = (size_t)1024 * 1024},
    };
    any_task *tasks[COUNT_OF(options)];
    size_t count = 0;
    int result = 0;
    for (; count < COUNT_OF(options) && result == 0; count++)
        result =
            K(spawn)(s, &tasks[count], nothing, kit_int(0), &options[count]);
    if (result < 0)
        count--;
    result = first_error(result, K(run)(s));
    for (size_t i = 0; i < count; i++)
        result = first_error(result, K(join)(tasks[i], NULL));
    return result;
}

/* More than fit into a slab of stacks; fewer where each has a thread. */
static int spawn_unclaimed(any_sched *s)
{
    int result = 0, count = on_threads() ? 10 : 70;
    for (int i = 0; i < count && result == 0; i++)
        result = K(spawn)(s, NULL, nothing, kit_int(0), NULL);
    return first_error(result, K(run)(s));
}

static kit_value spawn_beside(kit_value arg)
{
    any_task *task;
    kit_value result;
    int error = K(spawn)(here(), &task, nothing, arg, NULL);
    if (error == 0)
        error = K(join)(task, &result);
    return kit_int(error);
}

static int spawn_in_a_task(any_sched *s)
{
    return as_task(s, spawn_beside, kit_int(7));
}

static int write_down(any_sched *s)
{
    struct K(task_info) infos[4];
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    any_task *task;
    if (nowhere < 0)
        return -EMFILE;
    int result = K(spawn)(s, &task, nothing, kit_none(), NULL);
    if (result == 0) {
        K(tasks)(s, infos, COUNT_OF(infos));
        K(dump)(s, nowhere);
        result = K(run)(s);
        result = first_error(result, K(join)(task, NULL));
    }
    close(nowhere);
    return result;
}

static kit_value sleep_a_little(kit_value arg)
{
    return kit_int(K(sleep_until)(kit_now() + arg.i));
}

static int sleep_many(any_sched *s)
{
    int result = 0;
    for (int i = 0; i < 40 && result == 0; i++)
        result = K(spawn)(s, NULL, sleep_a_little, kit_int(i * INT64_C(40000)),
                          NULL);
    return first_error(result, K(run)(s));
}

/* ---- groups ---- */

static int member(kit_value arg)
{
    return (int)arg.i;
}

static kit_value group_of_three(kit_value arg)
{
    struct K(group_options) o = {.cancel_on_failure = true};
    any_group *g;
    int result = K(group_create)(&g, here(), &o);
    if (result < 0)
        return kit_int(result);
    for (int i = 0; i < 3 && result == 0; i++)
        result = K(group_spawn)(g, member, arg, NULL);
    result = first_error(result, K(group_wait)(g));
    return kit_int(first_error(result, K(group_destroy)(g)));
}

static int in_a_group(any_sched *s)
{
    return as_task(s, group_of_three, kit_int(0));
}

/* ---- channels ---- */

static int through(any_sched *s, any_chan *ch)
{
    any_task *sender, *receiver;
    kit_value sum = kit_int(0);
    int result = K(spawn)(s, &sender, send_three, kit_ptr(ch), NULL);
    if (result < 0)
        return result;
    result = K(spawn)(s, &receiver, add_up, kit_ptr(ch), NULL);
    if (result < 0)
        K(chan_close)(ch); /* for the sender */
    int ran = K(run)(s);
    K(join)(sender, NULL);
    if (result == 0)
        K(join)(receiver, &sum);
    return result < 0 ? result : ran < 0 ? ran : sum.i == 6 ? 0 : -EPROTO;
}

static int channel(any_sched *s, size_t capacity,
                   const struct K(chan_options) * options)
{
    any_chan *ch;
    int result = K(chan_create)(&ch, sizeof(int64_t), capacity, options);
    if (result < 0)
        return result;
    result = through(s, ch);
    return first_error(result, K(chan_destroy)(ch));
}

static int channels(any_sched *s)
{
    static const size_t capacities[] = {0, 1, 100};
    int result = 0;
    for (size_t i = 0; i < COUNT_OF(capacities) && result == 0; i++) {
        struct K(chan_options) o = {.name = "failing"};
#if MIRROR_IS_PREEMPT
        for (o.wait = 0; o.wait < KIT_WAIT_CONDVAR && result == 0; o.wait++)
            result = channel(s, capacities[i], &o);
#endif
        if (result == 0)
            result = channel(s, capacities[i], &o);
    }
    return result;
}

/* ---- generators ---- */

static const kit_value items[] = {{.i = 1}, {.i = 2}};

static kit_completion yield_one(any_gen *self, kit_value arg)
{
    return K(gen_yield)(self, arg);
}

/* To a generator of its own, and to an array, whose iterator is allocated. */
static kit_completion yield_of_others(any_gen *self, kit_value arg)
{
    kit_array array;
    any_gen *inner;
    kit_array_init(&array, items, COUNT_OF(items));
    kit_completion end = K(gen_delegate)(self, &array.iterable);
    if (kit_is_abrupt(end))
        return end;
    int error = K(gen_create)(&inner, yield_one, arg, NULL);
    if (error < 0)
        return kit_throw(kit_int(error));
    end = K(gen_delegate)(self, &K(gen_iter)(inner)->iterable);
    K(gen_destroy)(inner);
    return end;
}

static int step_to_the_end(any_gen *g)
{
    kit_step step;
    do
        step = K(gen_next)(g, kit_int(0));
    while (step.state == KIT_YIELDED);
    return error_of(step);
}

static int generate(K(gen_fn) body, const struct K(gen_options) * options)
{
    any_gen *g;
    int result = K(gen_create)(&g, body, kit_int(3), options);
    if (result < 0)
        return result;
    result = step_to_the_end(g);
    return first_error(result, K(gen_destroy)(g));
}

/* Begun, and abandoned: its clean-up runs. */
static int abandon(void)
{
    any_gen *g;
    int result = K(gen_create)(&g, yield_of_others, kit_int(3), NULL);
    if (result < 0)
        return result;
    result = error_of(K(gen_next)(g, kit_int(0)));
    return first_error(result, K(gen_destroy)(g));
}

static int generators(any_sched *s)
{
    (void)s;
    int result = generate(yield_of_others, NULL);
    return result < 0 ? result : abandon();
}

/* ---- locks ---- */

static kit_value lock_all(kit_value arg)
{
    K(mutex) m;
    K(semaphore) sem;
    K(waitgroup) wg;
    K(event) e;
    K(barrier) b;
    int result = K(mutex_init)(&m, NULL);
    result = first_error(result, K(semaphore_init)(&sem, 1, NULL));
    result = first_error(result, K(waitgroup_init)(&wg, NULL));
    result = first_error(result, K(event_init)(&e, NULL));
    result = first_error(result, K(barrier_init)(&b, 1, NULL));
    result = first_error(result, K(mutex_lock)(&m));
    result = first_error(result, K(mutex_unlock)(&m));
    result = first_error(result, K(semaphore_acquire)(&sem));
    result = first_error(result, K(waitgroup_wait)(&wg));
    K(event_set)(&e);
    result = first_error(result, K(event_wait)(&e));
    result = first_error(result, K(barrier_wait)(&b));
    result = first_error(result, K(mutex_destroy)(&m));
    result = first_error(result, K(semaphore_destroy)(&sem));
    result = first_error(result, K(waitgroup_destroy)(&wg));
    result = first_error(result, K(event_destroy)(&e));
    result = first_error(result, K(barrier_destroy)(&b));
    (void)arg;
    return kit_int(result);
}

static int locks(any_sched *s)
{
    return as_task(s, lock_all, kit_none());
}

/* ---- the walks ---- */

static const struct {
    const char *name;
    scenario scenario;
} all[] = {
    {"a scheduler", only_create},
    {"tasks", spawn_some},
    {"unclaimed tasks", spawn_unclaimed},
    {"a task of a task", spawn_in_a_task},
    {"a dump", write_down},
    {"sleepers", sleep_many},
    {"a group", in_a_group},
    {"channels", channels},
    {"generators", generators},
    {"locks", locks},
};

static void walk_all(struct walk w)
{
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        w.name = all[i].name;
        w.scenario = all[i].scenario;
        ck_both_walks(w);
    }
}

START_TEST (memory_that_there_is_not_is_reported) {
    walk_all((struct walk){.seam = SEAM_MEMORY, .error = ENOMEM});
}
END_TEST

/* Alternate signal stacks are spared, of which each thread has one, and each
   time the place right below the last slab. */
START_TEST (a_stack_that_cannot_be_mapped_is_reported) {
    walk_all((struct walk){.seam = SEAM_MAP,
                           .error = ENOMEM,
                           .spared = MIRROR_IS_PREEMPT ? CALLS_MOST : 8,
                           .may_not_happen = true});
}
END_TEST

START_TEST (a_thread_that_there_is_not_is_reported) {
    walk_all((struct walk){.seam = SEAM_THREAD,
                           .error = EAGAIN,
                           .spared = 1,
                           .may_not_happen = true});
}
END_TEST

START_TEST (a_thread_whose_attributes_take_memory_is_reported) {
    walk_all((struct walk){.seam = SEAM_ATTRIBUTE,
                           .error = ENOMEM,
                           .spared = 3,
                           .may_not_happen = true});
}
END_TEST

/* Stacks do without a guard, and say so; slabs without advice. */
START_TEST (what_is_only_advice_need_not_be_taken) {
    walk_all((struct walk){.seam = SEAM_GUARD,
                           .error = ENOMEM,
                           .spared = CALLS_MOST,
                           .may_not_happen = true});
    walk_all((struct walk){.seam = SEAM_ADVICE,
                           .error = EINVAL,
                           .spared = CALLS_MOST,
                           .may_not_happen = true});
}
END_TEST

/* It costs address space, and nothing else. */
START_TEST (memory_that_cannot_be_unmapped_does_no_harm) {
    walk_all((struct walk){.seam = SEAM_UNMAP,
                           .error = ENOMEM,
                           .spared = CALLS_MOST,
                           .may_not_happen = true});
}
END_TEST

/* ---- what a sleep returns for no reason ---- */

START_TEST (a_sleep_that_ends_too_early_is_slept_again) {
    static const int reasons[] = {0, EINTR, EAGAIN};
    for (size_t i = 0; i < COUNT_OF(reasons); i++)
        for (size_t k = 0; k < COUNT_OF(all); k++)
            ck_walk((struct walk){.name = all[k].name,
                                  .scenario = all[k].scenario,
                                  .seam = SEAM_SLEEP,
                                  .error = reasons[i],
                                  .spared = CALLS_MOST,
                                  .sparse = true,
                                  .may_not_happen = true});
}
END_TEST

/* All threads poll then. */
START_TEST (nothing_needs_a_sleep_to_last) {
    for (size_t k = 0; k < COUNT_OF(all); k++) {
        struct walk w = {.name = all[k].name,
                         .scenario = all[k].scenario,
                         .seam = SEAM_SLEEP,
                         .error = EINTR,
                         .for_good = true};
        long spared = 0;
        ck_attempt(&w, 1, &spared);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        memory_that_there_is_not_is_reported,
        a_stack_that_cannot_be_mapped_is_reported,
        a_thread_that_there_is_not_is_reported,
        a_thread_whose_attributes_take_memory_is_reported,
        what_is_only_advice_need_not_be_taken,
        memory_that_cannot_be_unmapped_does_no_harm,
        a_sleep_that_ends_too_early_is_slept_again,
        nothing_needs_a_sleep_to_last,
        NULL,
    };
    return run_suite(SUITE("failure"), 60, tests);
}
