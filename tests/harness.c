/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif
#ifndef RUNNING_ON_VALGRIND
#define RUNNING_ON_VALGRIND 0
#endif

/* A refused allocation is a result to be tested, not an error. */
#define SANITIZER_OPTIONS "allocator_may_return_null=1"
#if UNDER_ASAN
const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__asan_default_options(void)
{
    return SANITIZER_OPTIONS;
}
#elif UNDER_TSAN
const char *__tsan_default_options(void);
__attribute__((visibility("default"))) const char *__tsan_default_options(void)
{
    return SANITIZER_OPTIONS;
}
#endif

bool under_valgrind(void)
{
    return RUNNING_ON_VALGRIND;
}

bool under_emulator(void)
{
    return getenv("SUITE_EMULATED") != NULL;
}

bool is_watched(void)
{
    return UNDER_SANITIZER || under_valgrind() || under_emulator();
}

const struct kit_mechanism *suite_mechanism(void)
{
    const char *name = getenv("SUITE_MECHANISM");
    if (!name)
        return NULL;
    const struct kit_mechanism *m = kit_mechanism_named(name);
    if (!m) {
        fprintf(stderr, "SUITE_MECHANISM: there is no '%s' here\n", name);
        exit(EXIT_FAILURE);
    }
    return m;
}

bool on_threads(void)
{
    const struct kit_mechanism *m = suite_mechanism();
    return m && m == kit_mechanism_named("baton");
}

size_t scaled(size_t n)
{
    size_t divisor = under_valgrind()                      ? 50
                     : UNDER_SANITIZER || under_emulator() ? 10
                                                           : 1;
    if (on_threads())
        divisor *= 20;
    return n / divisor > 0 ? n / divisor : 1;
}

size_t resident_bytes(void)
{
    unsigned long all, resident = 0;
    if (is_watched())
        return 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    ck_assert_ptr_nonnull(statm);
    ck_assert_int_eq(fscanf(statm, "%lu %lu", &all, &resident), 2);
    fclose(statm);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

void on_another_thread(void *(*body)(void *), void *arg)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, body, arg), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

void keep_to_one_cpu(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(sched_getcpu(), &set);
    sched_setaffinity(0, sizeof set, &set);
}

/* So many times as long may a test take that is watched, or on a machine where
   much else runs. */
#define SLOWEST 6

int run_suite(const char *name, double seconds, const TTest *const *tests)
{
    if (on_threads())
        keep_to_one_cpu();
    Suite *suite = suite_create(name);
    TCase *cases = tcase_create(name);
    tcase_set_timeout(cases, seconds * SLOWEST);
    for (; *tests; tests++)
        tcase_add_test(cases, *tests);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* A crash that a test asks for leaves no core and no sanitizer's report. */
static void crash_quietly(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT};
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], SIG_DFL);
}

static int status_of(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        ck_assert_int_eq(errno, EINTR);
    return status;
}

int signal_that_ends(void (*body)(void *), void *arg)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        crash_quietly();
        body(arg);
        _exit(0);
    }
    int status = status_of(child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* An emulator adds what became of the program; it begins with its name. */
static void drop_words_of_emulator(char *text)
{
    char *words = under_emulator() ? strstr(text, "qemu: ") : NULL;
    if (words)
        *words = '\0';
}

void errors_of(void (*body)(void *), void *arg, char *text, size_t room)
{
    int ends[2];
    size_t length = 0;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        crash_quietly();
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        body(arg);
        _exit(0);
    }
    close(ends[1]);
    for (ssize_t got = 1; got > 0 && length < room - 1;) {
        got = read(ends[0], text + length, room - 1 - length);
        length += got > 0 ? (size_t)got : 0;
    }
    text[length] = '\0';
    drop_words_of_emulator(text);
    close(ends[0]);
    status_of(child);
}

static char path[64];

static void remove_file(void)
{
    unlink(path);
}

const char *file_with(const char *contents, size_t length)
{
    if (path[0])
        remove_file();
    else
        atexit(remove_file);
    strcpy(path, "/tmp/schedkit-test-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, contents, length), (ssize_t)length);
    close(fd);
    return path;
}
