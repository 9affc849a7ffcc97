/* SPDX-License-Identifier: MIT */
/* Every scenario on every back end, against what a JavaScript engine wrote. */
#include "oracle.h"

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>

static const struct backend *const backends[] = {
    &backend_coop, &backend_ucontext, &backend_preempt, &backend_stackless};

static char *expected_of(const char *name)
{
    char path[512];
    char *text = NULL;
    size_t room = 0;
    snprintf(path, sizeof path, "%s/%s.txt", ORACLE_FOLDER, name);
    FILE *f = fopen(path, "re");
    ck_assert_msg(f != NULL, "%s cannot be read", path);
    ck_assert_int_gt(getdelim(&text, &room, '\0', f), 0);
    fclose(f);
    return text;
}

static void check(const char *name, void (*scenario)(void))
{
    char *expected = expected_of(name);
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        oracle_begin(backends[i]);
        scenario();
        transcript_check_on(backends[i]->name, expected);
        oracle_end();
    }
    free(expected);
}

#define SCENARIO(name)                                                         \
    START_TEST (transcript_##name) {                                           \
        check(#name, scenario_##name);                                         \
    }                                                                          \
    END_TEST

SCENARIO(01_notes_bar_foo)
SCENARIO(02_first_value)
SCENARIO(03_states)
SCENARIO(04_return_finally)
SCENARIO(05_throw_catch)
SCENARIO(10_delegate_plain_return)
SCENARIO(11_delegate_throw)
SCENARIO(13_delegate_iterables)
SCENARIO(14_forof_close)
SCENARIO(16_yield_in_loops)
SCENARIO(17_tree_yieldstar)
SCENARIO(18_helpers_lazy)
SCENARIO(21_concat)

int main(void)
{
    const TTest *tests[] = {
        transcript_01_notes_bar_foo,  transcript_02_first_value,
        transcript_03_states,         transcript_04_return_finally,
        transcript_05_throw_catch,    transcript_10_delegate_plain_return,
        transcript_11_delegate_throw, transcript_13_delegate_iterables,
        transcript_14_forof_close,    transcript_16_yield_in_loops,
        transcript_17_tree_yieldstar, transcript_18_helpers_lazy,
        transcript_21_concat,         NULL,
    };
    return run_suite("oracle", 20, tests);
}
