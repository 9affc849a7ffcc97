/* SPDX-License-Identifier: MIT */
/*
 * What every suite shares: running a list of tests with time limits that fit
 * the checker that watches, and checks that Check itself does not have.
 *
 * Tests run in a process each (CK_FORK), under sanitizers and valgrind too: a
 * crash or a leak is then the failure of one test, by name. CK_FORK=no in the
 * environment runs a whole suite in one process, for a debugger.
 */
#ifndef TESTS_HARNESS_H
#define TESTS_HARNESS_H

#include <kit/context.h>

#include <check.h>

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#else
#define UNDER_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#else
#define UNDER_TSAN 0
#endif

#define UNDER_SANITIZER (UNDER_ASAN || UNDER_TSAN)

#if defined(KIT_HELGRIND)
#define UNDER_HELGRIND 1
#else
#define UNDER_HELGRIND 0
#endif

/* Runs the NULL-terminated list; what main returns. Seconds that a test takes
   at the most where nothing else runs; six times as many are its limit. */
int run_suite(const char *name, double seconds, const TTest *const *tests);

/* Is valgrind watching? */
bool under_valgrind(void);

/* Does an emulator of another processor run this, on a kernel that has other
   numbers and limits? SUITE_EMULATED in the environment says so. */
bool under_emulator(void);

/* Does a sanitizer, valgrind or an emulator watch? Then all is slower, and of
   the process's memory part is theirs: counts and limits of it say nothing. */
bool is_watched(void);

/* What a suite of coop runs on (mechanism.h); NULL: the default. */
const struct kit_mechanism *suite_mechanism(void);

/* Is that a thread for each body? */
bool on_threads(void);

/* Threads of which one runs at a time go faster on one CPU. */
void keep_to_one_cpu(void);

/* A count of repetitions: `n`, or less where each of them costs more. */
size_t scaled(size_t n);

/* Bytes of this process that are in memory; 0 if it is watched. */
size_t resident_bytes(void);

/* Runs `body` on a thread of its own, to its end. */
void on_another_thread(void *(*body)(void *), void *arg);

/* The signal that ended a child process that called `body`; 0: none did. */
int signal_that_ends(void (*body)(void *), void *arg);

/* Runs `body` in a child and stores what it wrote on stderr in `text`. */
void errors_of(void (*body)(void *), void *arg, char *text, size_t room);

/* A file below the test's own folder, with these contents; its path. */
const char *file_with(const char *contents, size_t length);

/* ---- checks on values, steps and completions ---- */

#define ck_value_eq(v, expected)                                               \
    ck_assert_msg((v).bits == (expected).bits, "%s is %#llx, not %s", #v,      \
                  (unsigned long long)(v).bits, #expected)

#define ck_step(step, expected_state, expected_value)                          \
    do {                                                                       \
        kit_step ck_got = (step);                                              \
        kit_value ck_want = (expected_value);                                  \
        ck_assert_msg(ck_got.state == (expected_state) &&                      \
                          ck_got.value.bits == ck_want.bits,                   \
                      "%s gave {%s, %lld}, not {%s, %lld}", #step,             \
                      kit_state_name(ck_got.state), (long long)ck_got.value.i, \
                      kit_state_name(expected_state), (long long)ck_want.i);   \
    } while (0)

#define ck_yielded(step, n)   ck_step(step, KIT_YIELDED, kit_int(n))
#define ck_done(step, n)      ck_step(step, KIT_DONE, kit_int(n))
#define ck_done_none(step)    ck_step(step, KIT_DONE, kit_none())
#define ck_failed(step, n)    ck_step(step, KIT_FAILED, kit_int(n))
#define ck_yielded_none(step) ck_step(step, KIT_YIELDED, kit_none())
#define ck_completion(c, h, v)                                                 \
    do {                                                                       \
        kit_completion ck_got = (c);                                           \
        ck_assert_str_eq(kit_how_name(ck_got.how), kit_how_name(h));           \
        ck_value_eq(ck_got.value, v);                                          \
    } while (0)

#endif
