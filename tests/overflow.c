/* SPDX-License-Identifier: MIT */
/* What is said when a stack overflows, and what is left to others. */
#include "harness.h"

#include <coop/gen.h>
#include <coop/task.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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
    return kit_int(descend(&depth));
}

/* What a child that calls `body` says on stderr, and the signal it dies of. */
#define ck_ends_by(body, arg, expected_signal, sentence)                       \
    do {                                                                       \
        char ck_said[4096];                                                    \
        ck_assert_int_eq(signal_that_ends(body, arg), expected_signal);        \
        errors_of(body, arg, ck_said, sizeof ck_said);                         \
        ck_assert_str_eq(ck_said, sentence);                                   \
    } while (0)

static const struct kit_mechanism *mechanism; /* of this test */

static const char *const names[] = {"asm", "ucontext", "baton"};

/* Calls `test` with each mechanism that this build has. AddressSanitizer
   comments on ucontext, in between. */
static void on_each(void (*test)(void))
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        mechanism = kit_mechanism_named(names[i]);
        if (mechanism && !(UNDER_ASAN && strcmp(names[i], "ucontext") == 0))
            test();
    }
}

/* ---- who has overflowed ---- */

static void run_task(void *name)
{
    struct coop_sched_options of_sched = {.mechanism = mechanism};
    struct coop_task_options o = {.name = name, .stack_size = 32 * 1024};
    coop_sched *s;
    coop_sched_create(&s, &of_sched);
    coop_spawn(s, NULL, overflow, kit_none(), &o);
    coop_run(s);
}

static void test_task(void)
{
    ck_ends_by(run_task, "eager", SIGSEGV,
               "schedkit: task 'eager' has overflowed its stack of 32768 bytes;"
               " a larger one is asked for by coop_task_options.stack_size\n");
}

START_TEST (a_task_is_named_with_its_size_and_how_to_raise_it) {
    on_each(test_task);
}
END_TEST

static kit_step overflow_in_coro(coop_coro *self, kit_value arg,
                                 kit_completion first)
{
    (void)self, (void)first;
    return kit_done(overflow(arg));
}

static void run_coroutine(void *unused)
{
    struct coop_coro_options o = {.mechanism = mechanism};
    coop_coro *co;
    (void)unused;
    kit_stack_watch();
    coop_coro_create(&co, overflow_in_coro, kit_none(), &o);
    coop_coro_resume(co, kit_next(kit_none()));
}

static const char of_coroutine[] =
    "schedkit: a coroutine has overflowed its stack of 65536 bytes;"
    " a larger one is asked for by coop_coro_options.stack_size\n";

static void test_coroutine(void)
{
    ck_ends_by(run_coroutine, NULL, SIGSEGV, of_coroutine);
}

START_TEST (a_coroutine_is_called_a_coroutine) {
    on_each(test_coroutine);
}
END_TEST

static kit_completion overflow_in_gen(coop_gen *self, kit_value arg)
{
    (void)self;
    return kit_return(overflow(arg));
}

static void run_generator(void *unused)
{
    struct coop_gen_options o = {.mechanism = mechanism,
                                 .stack_size = (size_t)8 << 20};
    coop_gen *g;
    (void)unused;
    kit_stack_watch();
    coop_gen_create(&g, overflow_in_gen, kit_none(), &o);
    coop_gen_next(g, kit_none());
}

static void test_generator(void)
{
    ck_ends_by(run_generator, NULL, SIGSEGV,
               "schedkit: a generator has overflowed its stack of 8388608 "
               "bytes; a larger one is asked for by "
               "coop_gen_options.stack_size\n");
}

START_TEST (a_generator_is_called_a_generator) {
    on_each(test_generator);
}
END_TEST

/* ---- on whose thread ---- */

static void *create_coroutine(void *out)
{
    coop_coro_create(out, overflow_in_coro, kit_none(), NULL);
    return NULL;
}

static void *watch_and_resume(void *co)
{
    kit_stack_watch();
    coop_coro_resume(co, kit_next(kit_none()));
    return NULL;
}

static void resume_elsewhere(void *unused)
{
    coop_coro *co;
    (void)unused;
    on_another_thread(create_coroutine, &co);
    on_another_thread(watch_and_resume, co);
}

START_TEST (stacks_of_other_threads_are_known_too) {
    ck_ends_by(resume_elsewhere, NULL, SIGSEGV, of_coroutine);
}
END_TEST

static void *watch(void *unused)
{
    (void)unused;
    ck_assert_int_eq(kit_stack_watch(), 0);
    ck_assert_int_eq(kit_stack_watch(), 0);
    return NULL;
}

START_TEST (threads_that_watch_come_and_go) {
    for (size_t i = 0; i < scaled(200); i++)
        on_another_thread(watch, NULL);
}
END_TEST

/* ---- what is left to others ---- */

static void say(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        _exit(3);
}

static void own_handler(int number)
{
    say(number == SIGSEGV ? "own handler\n" : "?\n");
    _exit(0);
}

static void own_action(int number, siginfo_t *info, void *context)
{
    say(context && info->si_addr == (void *)16 ? "own action, " : "?");
    own_handler(number);
}

static void handle_with(void (*handler)(int),
                        void (*action)(int, siginfo_t *, void *))
{
    struct sigaction a = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    if (action) {
        a.sa_sigaction = action;
        a.sa_flags |= SA_SIGINFO;
    }
    sigaction(SIGSEGV, &a, NULL);
    kit_stack_watch();
}

static void fault(void)
{
    volatile char *volatile nowhere = (void *)16;
    *nowhere = 1;
}

static void fault_with_handler(void *unused)
{
    (void)unused;
    handle_with(own_handler, NULL);
    fault();
}

static void fault_with_action(void *unused)
{
    (void)unused;
    handle_with(NULL, own_action);
    fault();
}

static void fault_with_none(void *unused)
{
    (void)unused;
    kit_stack_watch();
    fault();
}

START_TEST (a_fault_elsewhere_goes_to_the_former_handler) {
    ck_ends_by(fault_with_handler, NULL, 0, "own handler\n");
    ck_ends_by(fault_with_action, NULL, 0, "own action, own handler\n");
    ck_ends_by(fault_with_none, NULL, SIGSEGV, "");
}
END_TEST

static void overflow_with_handler(void *unused)
{
    handle_with(own_handler, NULL);
    run_coroutine(unused);
}

START_TEST (a_handler_of_the_programs_own_has_the_last_word) {
    char both[256];
    mechanism = NULL;
    strcpy(both, of_coroutine);
    strcat(both, "own handler\n");
    ck_ends_by(overflow_with_handler, NULL, 0, both);
}
END_TEST

static void send_with_none(void *number)
{
    kit_stack_watch();
    raise(*(int *)number);
}

static void send_while_ignored(void *number)
{
    signal(*(int *)number, SIG_IGN);
    send_with_none(number);
    send_with_none(number);
}

START_TEST (a_signal_that_is_sent_does_what_it_did) {
    int numbers[] = {SIGSEGV, SIGBUS};
    for (int i = 0; i < 2; i++) {
        ck_ends_by(send_with_none, &numbers[i], numbers[i], "");
        ck_ends_by(send_while_ignored, &numbers[i], 0, "");
    }
}
END_TEST

static void overflow_without_report(void *unused)
{
    struct coop_sched_options o = {.no_overflow_report = true};
    coop_sched *s;
    (void)unused;
    coop_sched_create(&s, &o);
    coop_spawn(s, NULL, overflow, kit_none(), NULL);
    coop_run(s);
}

START_TEST (a_scheduler_says_nothing_if_told_so) {
    ck_ends_by(overflow_without_report, NULL, SIGSEGV, "");
}
END_TEST

static char own_stack[64 * 1024];

static void *keep_own_signal_stack(void *unused)
{
    stack_t before, own = {.ss_sp = own_stack, .ss_size = sizeof own_stack};
    stack_t after;
    ck_assert_int_eq(sigaltstack(&own, &before), 0);
    ck_assert_int_eq(kit_stack_watch(), 0);
    ck_assert_int_eq(sigaltstack(&before, &after), 0);
    ck_assert_ptr_eq(after.ss_sp, own_stack);
    return unused;
}

START_TEST (a_signal_stack_of_the_threads_own_stays) {
    on_another_thread(keep_own_signal_stack, NULL);
}
END_TEST

/* ---- from an address to a stack ---- */

START_TEST (a_guard_leads_to_its_stack_and_nothing_else_does) {
    kit_stack_pool *pool = kit_stack_pool_of_thread();
    enum { COUNT = 70 };
    kit_stack *stacks[COUNT];
    long page = sysconf(_SC_PAGESIZE);
    for (size_t size = KIT_STACK_MIN; size <= (size_t)8 << 20; size *= 2) {
        for (int i = 0; i < COUNT; i++)
            ck_assert_int_eq(kit_stack_get(pool, size, &stacks[i]), 0);
        for (int i = 0; i < COUNT; i++) {
            char *low = stacks[i]->low;
            ck_assert_ptr_eq(kit_stack_of_guard(low - 1), stacks[i]);
            ck_assert_ptr_eq(kit_stack_of_guard(low - page), stacks[i]);
            ck_assert_ptr_null(kit_stack_of_guard(low));
            ck_assert_ptr_null(kit_stack_of_guard(low - page - 1));
            ck_assert_ptr_null(kit_stack_of_guard(stacks[i]));
        }
        for (int i = 0; i < COUNT; i++)
            kit_stack_put(pool, stacks[i]);
        kit_stack_pool_trim(pool, 0);
    }
}
END_TEST

START_TEST (any_address_may_be_asked_about) {
    char here;
    void *shut = mmap(NULL, (size_t)8 << 20, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_null(kit_stack_of_guard(NULL));
    ck_assert_ptr_null(kit_stack_of_guard((void *)UINTPTR_MAX));
    ck_assert_ptr_null(kit_stack_of_guard(&here));
    ck_assert_ptr_null(kit_stack_of_guard(own_stack));
    for (size_t i = 0; i < (size_t)8 << 20; i += (size_t)1 << 19)
        ck_assert_ptr_null(kit_stack_of_guard((char *)shut + i + 4096));
    munmap(shut, (size_t)8 << 20);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_task_is_named_with_its_size_and_how_to_raise_it,
        a_coroutine_is_called_a_coroutine,
        a_generator_is_called_a_generator,
        stacks_of_other_threads_are_known_too,
        threads_that_watch_come_and_go,
        a_fault_elsewhere_goes_to_the_former_handler,
        a_handler_of_the_programs_own_has_the_last_word,
        a_signal_that_is_sent_does_what_it_did,
        a_scheduler_says_nothing_if_told_so,
        a_signal_stack_of_the_threads_own_stays,
        a_guard_leads_to_its_stack_and_nothing_else_does,
        any_address_may_be_asked_about,
        NULL,
    };
    return run_suite("overflow", 20, tests);
}
