/* SPDX-License-Identifier: MIT */
/* What only coop may lack: stacks, coroutines, descriptors, helper threads. */
#include "mirror/failing.h"

#include <coop/fd.h>
#include <coop/select.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* ---- stacks and coroutines ---- */

static int stacks_of(enum kit_guard guard)
{
    static const size_t sizes[] = {0, KIT_STACK_MIN, (size_t)8 * 1024 * 1024};
    kit_stack_pool *pool;
    kit_stack *stacks[COUNT_OF(sizes)];
    size_t count = 0;
    int result = kit_stack_pool_create(&pool, guard);
    if (result < 0)
        return result;
    while (count < COUNT_OF(sizes) && result == 0) {
        result = kit_stack_get(pool, sizes[count], &stacks[count]);
        count += result == 0;
    }
    while (count > 0)
        kit_stack_put(pool, stacks[--count]);
    kit_stack_pool_destroy(pool);
    return result;
}

static int pools(coop_sched *s)
{
    int result = 0;
    (void)s;
    for (int guard = KIT_GUARD_AUTO; guard <= KIT_GUARD_NONE; guard++)
        result = first_error(result, stacks_of((enum kit_guard)guard));
    return result;
}

static kit_step yield_local(coop_coro *self, kit_value arg,
                            kit_completion first)
{
    (void)first;
    *(int64_t *)coop_coro_local(self) = arg.i;
    coop_coro_yield(self, arg);
    return kit_done(arg);
}

/* One ends, and one is abandoned. */
static int two_coroutines(const struct kit_mechanism *mechanism)
{
    struct coop_coro_options o = {.local_size = 8, .mechanism = mechanism};
    coop_coro *co[2];
    int result = coop_coro_create(&co[0], yield_local, kit_int(1), &o);
    if (result < 0)
        return result;
    result = coop_coro_create(&co[1], yield_local, kit_int(2), &o);
    if (result == 0) {
        coop_coro_resume(co[1], kit_next(kit_none()));
        coop_coro_destroy(co[1]);
    }
    coop_coro_resume(co[0], kit_next(kit_none()));
    coop_coro_resume(co[0], kit_next(kit_none()));
    return first_error(result, coop_coro_destroy(co[0]));
}

static int coroutines(coop_sched *s)
{
    (void)s;
    return two_coroutines(NULL);
}

START_TEST (a_pool_without_memory_says_so) {
    ck_both_walks((struct walk){.name = "pools",
                                .scenario = pools,
                                .seam = SEAM_MEMORY,
                                .error = ENOMEM});
    ck_both_walks((struct walk){
        .name = "pools", .scenario = pools, .seam = SEAM_MAP, .error = ENOMEM});
}
END_TEST

START_TEST (a_coroutine_without_memory_says_so) {
    ck_both_walks((struct walk){.name = "coroutines",
                                .scenario = coroutines,
                                .seam = SEAM_MAP,
                                .error = ENOMEM});
}
END_TEST

/* Asked of the kernel again and again, until it gives in. */
START_TEST (a_pool_says_what_guards_it_could_have) {
    kit_stack_pool *pool;
    kit_stack *stack;
    ck_assert_int_eq(kit_stack_pool_create(&pool, KIT_GUARD_AUTO), 0);
    seam_arm(SEAM_GUARD, ENOMEM, 1, true);
    int result = kit_stack_get(pool, 0, &stack);
    ck_assert(seam_disarm());
    ck_assert_int_eq(result, 0);
    ck_assert_int_eq(kit_stack_pool_guard(pool), KIT_GUARD_NONE);
    kit_stack_put(pool, stack);
    kit_stack_pool_destroy(pool);
}
END_TEST

/* ---- what a thread keeps until it ends ---- */

static kit_value nothing(kit_value arg)
{
    return arg;
}

static int one_task(coop_sched *s)
{
    return as_task(s, nothing, kit_int(0));
}

START_TEST (a_pool_that_would_outlast_its_thread_is_refused) {
    ck_both_walks((struct walk){.name = "a task",
                                .scenario = one_task,
                                .seam = SEAM_SPECIFIC,
                                .error = ENOMEM,
                                .spared = 1});
}
END_TEST

/* There is no key yet: each test is a process. */
START_TEST (a_key_that_there_was_not_is_asked_for_again) {
    struct walk w = {.name = "a task",
                     .scenario = one_task,
                     .seam = SEAM_KEY,
                     .error = EAGAIN,
                     .reported = -ENOMEM,
                     .for_good = true};
    long spared = 0;
    ck_assert(!ck_attempt(&w, 1, &spared)); /* and then it has got one */
    ck_assert(ck_attempt(&w, 1, &spared));
}
END_TEST

static int watch(coop_sched *s)
{
    (void)s;
    return kit_stack_watch();
}

/* Sanitizers have an alternate signal stack already. */
START_TEST (a_watch_without_a_signal_stack_is_refused) {
    static const enum seam seams[] = {SEAM_KEY, SEAM_SPECIFIC, SEAM_MAP,
                                      SEAM_SIGNAL_STACK};
    for (size_t i = 0; i < COUNT_OF(seams); i++)
        ck_both_walks(
            (struct walk){.name = "watch",
                          .scenario = watch,
                          .seam = seams[i],
                          .error = ENOMEM,
                          .may_not_happen = UNDER_SANITIZER || i == 0});
}
END_TEST

/* Neither inlined nor turned into a loop. */
__attribute__((noinline)) static int descend(volatile int *depth)
{
    volatile char frame[512];
    memset((char *)frame, 1, sizeof frame);
    int below = --*depth > 0 ? descend(depth) : 0;
    return below + frame[*depth % 512];
}

static kit_value overflow(kit_value arg)
{
    volatile int depth = 1 << 22;
    (void)arg;
    seam_arm(SEAM_DESCRIPTOR, EMFILE, 1, true);
    return kit_int(descend(&depth));
}

static void run_to_overflow(void *arg)
{
    coop_sched *s;
    coop_sched_create(&s, NULL);
    as_task(s, overflow, kit_ptr(arg));
}

START_TEST (an_overflow_is_reported_without_descriptors) {
    char said[1024];
    if (under_emulator()) /* which lacks process_vm_readv */
        return;
    errors_of(run_to_overflow, NULL, said, sizeof said);
    ck_assert_ptr_nonnull(strstr(said, "'task' has overflowed its stack"));
}
END_TEST

/* ---- a thread without a pool ---- */

enum { RESTING = 100, CALLS_FEW = 10 * RESTING };

static kit_value rest(kit_value until)
{
    return kit_int(coop_sleep_until(until.i));
}

static void *run_without_memory(void *s)
{
    seam_arm(SEAM_MEMORY, ENOMEM, 1, true);
    int result = coop_run(s);
    seam_disarm();
    return kit_int(result).p;
}

/* It asks for a pool whenever it looks for stacks to give back. */
START_TEST (a_scheduler_sleeps_on_a_thread_that_has_no_pool) {
    coop_sched *s;
    pthread_t thread;
    void *result = NULL;
    int64_t until = kit_now() + 50 * INT64_C(1000000);
    ck_assert_int_eq(coop_sched_create(&s, NULL), 0);
    for (int i = 0; i < RESTING; i++)
        ck_assert_int_eq(coop_spawn(s, NULL, rest, kit_int(until), NULL), 0);
    long before = seam_calls(SEAM_MEMORY);
    int error = pthread_create(&thread, NULL, run_without_memory, s);
    if (error == 0)
        error = pthread_join(thread, &result);
    ck_assert_int_eq(error, 0); /* not before: Check allocates */
    ck_assert_ptr_null(result);
    ck_assert_int_lt(seam_calls(SEAM_MEMORY) - before, CALLS_FEW);
    ck_assert_int_eq(coop_sched_destroy(s), 0);
}
END_TEST

/* ---- descriptors ---- */

static int ends[2]; /* of a pipe */

/* In any case: somebody waits for it. */
static kit_value write_byte(kit_value arg)
{
    coop_yield();
    ssize_t n = coop_fd_write((int)arg.i, "x", 1);
    return kit_int(n >= 0 || write((int)arg.i, "x", 1) < 0 ? 0 : n);
}

/* Another number for the pipe: another place in the table. */
static int read_byte(int fd)
{
    char byte;
    coop_task *t;
    kit_value written = kit_int(0);
    if (dup2(ends[0], fd) < 0)
        return -EPROTO;
    int result = coop_spawn(here(), &t, write_byte, kit_int(ends[1]), NULL);
    if (result == 0) {
        result = (int)coop_fd_read(fd, &byte, 1);
        coop_join(t, &written);
    }
    coop_fd_close(fd);
    return first_error(result, (int)written.i);
}

/* Waits in turn for several descriptors, far from each other in the table. */
static kit_value read_bytes(kit_value arg)
{
    int result = 0;
    (void)arg;
    for (int i = 1; i <= 3 && result == 0; i++)
        result = read_byte(ends[0] + i * 300);
    return kit_int(result);
}

static int descriptors(coop_sched *s)
{
    if (pipe(ends) < 0)
        return -EPROTO;
    int result = as_task(s, read_bytes, kit_none());
    close(ends[0]);
    close(ends[1]);
    return result;
}

static void walk_descriptors(enum seam seam, int error, long spared)
{
    ck_both_walks((struct walk){.name = "descriptors",
                                .scenario = descriptors,
                                .seam = seam,
                                .error = error,
                                .spared = spared});
}

START_TEST (a_wait_without_a_place_in_the_table_says_so) {
    walk_descriptors(SEAM_MEMORY, ENOMEM, 0);
}
END_TEST

static kit_value try_to_read(kit_value arg)
{
    char byte;
    ssize_t n = coop_fd_read_until(ends[0], &byte, 1, 0);
    bool is_changed = fcntl(ends[0], F_GETFL) & O_NONBLOCK;
    (void)arg;
    return kit_int(n == -ETIMEDOUT              ? 0
                   : n == -ENOMEM && is_changed ? -EPROTO
                                                : n);
}

static int attempt_on_descriptor(coop_sched *s)
{
    if (pipe(ends) < 0)
        return -EPROTO;
    int result = as_task(s, try_to_read, kit_none());
    close(ends[0]);
    close(ends[1]);
    return result;
}

START_TEST (a_descriptor_without_a_place_in_the_table_stays_as_it_was) {
    ck_both_walks((struct walk){.name = "attempt on a descriptor",
                                .scenario = attempt_on_descriptor,
                                .seam = SEAM_MEMORY,
                                .error = ENOMEM});
}
END_TEST

/* A pipe, too, which tries whether a guard traps. */
START_TEST (a_wait_without_an_epoll_descriptor_says_so) {
    walk_descriptors(SEAM_DESCRIPTOR, EMFILE, 1);
    walk_descriptors(SEAM_DESCRIPTOR, ENFILE, 1);
}
END_TEST

/* To forget a descriptor that will be closed may fail as well. */
START_TEST (a_wait_that_epoll_does_not_take_says_so) {
    walk_descriptors(SEAM_REGISTER, ENOSPC, 3);
    walk_descriptors(SEAM_REGISTER, ENOMEM, 3);
}
END_TEST

START_TEST (a_descriptor_whose_flags_cannot_be_set_says_so) {
    walk_descriptors(SEAM_FLAGS, EBADF, 0);
}
END_TEST

START_TEST (a_look_at_epoll_that_a_signal_ends_is_repeated) {
    ck_walk((struct walk){.name = "descriptors",
                          .scenario = descriptors,
                          .seam = SEAM_NEWS,
                          .error = EINTR,
                          .spared = CALLS_MOST});
}
END_TEST

static kit_value read_for_a_while(kit_value arg)
{
    char byte;
    ssize_t n = coop_fd_read_until(ends[0], &byte, 1,
                                   kit_now() + 200 * INT64_C(1000000));
    (void)arg;
    return kit_int(n == -ETIMEDOUT ? 0 : -EPROTO);
}

static int descriptor_in_time(coop_sched *s)
{
    if (pipe(ends) < 0)
        return -EPROTO;
    int result = as_task(s, read_for_a_while, kit_none());
    close(ends[0]);
    close(ends[1]);
    return result;
}

/* Old kernels do not have it; filters of system calls forbid it. */
START_TEST (a_deadline_needs_no_exact_wait) {
    static const int errors[] = {ENOSYS, EPERM};
    for (size_t i = 0; i < COUNT_OF(errors); i++)
        ck_walk((struct walk){.name = "deadlines",
                              .scenario = descriptor_in_time,
                              .seam = SEAM_NEWS_EXACT,
                              .error = errors[i],
                              .spared = CALLS_MOST,
                              /* in a slow run the time is over before */
                              .may_not_happen = true});
}
END_TEST

/* ---- calls on other threads ---- */

static kit_value sleep_there(kit_value arg)
{
    usleep(2000);
    return arg;
}

static kit_value offload_one(kit_value arg)
{
    kit_value result;
    int error = coop_offload(sleep_there, arg, &result);
    return kit_int(error < 0 ? error : result.i == arg.i ? 0 : -EPROTO);
}

static int offload_two(coop_sched *s)
{
    coop_task *t;
    kit_value result = kit_int(0);
    int error = coop_spawn(s, &t, offload_one, kit_int(5), NULL);
    if (error < 0)
        return error;
    error = as_task(s, offload_one, kit_int(6));
    coop_run(s); /* if the other could not be spawned */
    coop_join(t, &result);
    return first_error(error, (int)result.i);
}

static void walk_offload(enum seam seam, int error, long spared)
{
    ck_both_walks((struct walk){.name = "offload",
                                .scenario = offload_two,
                                .seam = seam,
                                .error = error,
                                .spared = spared});
}

START_TEST (an_offload_without_memory_says_so) {
    walk_offload(SEAM_MEMORY, ENOMEM, 0);
}
END_TEST

START_TEST (an_offload_without_descriptors_says_so) {
    walk_offload(SEAM_DESCRIPTOR, EMFILE, 1);
    walk_offload(SEAM_REGISTER, ENOSPC, 0);
}
END_TEST

/* With one there, no second is needed. */
START_TEST (an_offload_without_any_thread_says_so) {
    walk_offload(SEAM_THREAD, EAGAIN, 1);
}
END_TEST

/* The number of the eventfd that could not be registered. */
static kit_value read_where_the_alarm_was(kit_value arg)
{
    char byte;
    seam_arm(SEAM_REGISTER, ENOSPC, 1, false);
    int error = coop_offload(sleep_there, arg, NULL);
    if (!seam_disarm() || error != -ENOSPC || pipe(ends) < 0)
        return kit_int(-EPROTO);
    ssize_t n = coop_fd_read_until(ends[0], &byte, 1, kit_now() + 1000000);
    close(ends[0]);
    close(ends[1]);
    return kit_int(n == -ETIMEDOUT ? 0 : -EPROTO);
}

START_TEST (a_number_that_was_given_back_is_a_new_descriptor) {
    coop_sched *s;
    ck_assert_int_eq(coop_sched_create(&s, NULL), 0);
    ck_assert_int_eq(as_task(s, read_where_the_alarm_was, kit_none()), 0);
    ck_assert_int_eq(coop_sched_destroy(s), 0);
}
END_TEST

/* ---- a thread for each body ---- */

static int on_batons(coop_sched *s)
{
    int result = two_coroutines(kit_mechanism_named("baton"));
    return first_error(result, one_task(s));
}

START_TEST (a_body_without_a_thread_is_refused) {
    struct walk w = {.name = "baton",
                     .scenario = on_batons,
                     .options = {.mechanism = kit_mechanism_named("baton")}};
    w.seam = SEAM_THREAD;
    w.error = EAGAIN;
    ck_both_walks(w);
    w.seam = SEAM_ATTRIBUTE;
    w.error = ENOMEM;
    ck_both_walks(w);
    w.seam = SEAM_SIGNAL_STACK;
    w.spared = CALLS_MOST;
    w.may_not_happen = UNDER_SANITIZER;
    ck_both_walks(w);
}
END_TEST

/* ---- a dump on a signal ---- */

static kit_value ask_for_a_dump(kit_value arg)
{
    raise(SIGUSR1);
    return arg;
}

static int dump_on_signal(coop_sched *s)
{
    return as_task(s, ask_for_a_dump, kit_int(0));
}

/* It cannot reach other threads then. */
START_TEST (a_dump_needs_no_descriptor) {
    struct walk w = {.name = "dump",
                     .scenario = dump_on_signal,
                     .seam = SEAM_DESCRIPTOR,
                     .error = EMFILE,
                     .spared = CALLS_MOST,
                     .options = {.dump_signal = SIGUSR1}};
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
    signal(SIGUSR1, SIG_IGN); /* it may reach another thread after the run */
    ck_both_walks(w);
}
END_TEST

/* ---- select ---- */

#define MANY 20

static kit_value select_of_many(kit_value arg)
{
    struct coop_select_case cases[MANY] = {{.chan = NULL}};
    int64_t item = 0;
    int count = 0, result = 0;
    while (count < MANY && result == 0) {
        struct coop_select_case *c = &cases[count];
        result = coop_chan_create(&c->chan, sizeof item, 0, NULL);
        c->element = &item;
        count += result == 0;
    }
    if (result == 0)
        result = coop_select_until(cases, MANY, kit_now() + 1000000);
    while (count > 0)
        result = first_error(result, coop_chan_destroy(cases[--count].chan));
    (void)arg;
    return kit_int(result == -ETIMEDOUT ? 0 : result);
}

static int many_channels(coop_sched *s)
{
    return as_task(s, select_of_many, kit_none());
}

START_TEST (a_channel_without_memory_leaves_the_others) {
    ck_both_walks((struct walk){.name = "select",
                                .scenario = many_channels,
                                .seam = SEAM_MEMORY,
                                .error = ENOMEM});
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_pool_without_memory_says_so,
        a_coroutine_without_memory_says_so,
        a_pool_says_what_guards_it_could_have,
        a_pool_that_would_outlast_its_thread_is_refused,
        a_key_that_there_was_not_is_asked_for_again,
        a_watch_without_a_signal_stack_is_refused,
        an_overflow_is_reported_without_descriptors,
        a_scheduler_sleeps_on_a_thread_that_has_no_pool,
        a_wait_without_a_place_in_the_table_says_so,
        a_descriptor_without_a_place_in_the_table_stays_as_it_was,
        a_wait_without_an_epoll_descriptor_says_so,
        a_wait_that_epoll_does_not_take_says_so,
        a_descriptor_whose_flags_cannot_be_set_says_so,
        a_look_at_epoll_that_a_signal_ends_is_repeated,
        a_deadline_needs_no_exact_wait,
        an_offload_without_memory_says_so,
        an_offload_without_descriptors_says_so,
        an_offload_without_any_thread_says_so,
        a_number_that_was_given_back_is_a_new_descriptor,
        a_body_without_a_thread_is_refused,
        a_dump_needs_no_descriptor,
        a_channel_without_memory_leaves_the_others,
        NULL,
    };
    return run_suite("coop limits", 30, tests);
}
