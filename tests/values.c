/* SPDX-License-Identifier: MIT */
/* Values, steps, completions, and the names that people read. */
#include "harness.h"

#include <kit/backoff.h>
#include <kit/gen.h>
#include <kit/stack.h>

#include <errno.h>
#include <math.h>
#include <signal.h>

START_TEST (a_value_has_8_bytes_and_a_step_16) {
    ck_assert_uint_eq(sizeof(kit_value), 8);
    ck_assert_uint_eq(sizeof(kit_step), 16);
    ck_assert_uint_eq(sizeof(kit_completion), 16);
}
END_TEST

START_TEST (a_value_keeps_an_integer_a_double_or_a_pointer) {
    int here = 0;
    ck_assert_int_eq(kit_int(INT64_MIN).i, INT64_MIN);
    ck_assert_double_eq(kit_double(-0.1).d, -0.1);
    ck_assert_ptr_eq(kit_ptr(&here).p, &here);
}
END_TEST

START_TEST (none_is_not_mistaken_for_a_value_that_a_program_has) {
    int here = 0;
    ck_assert(kit_is_none(kit_none()));
    ck_assert(kit_is_none(KIT_NONE));
    ck_assert(!kit_is_none(kit_int(0)));
    ck_assert(!kit_is_none(kit_int(-1)));
    ck_assert(!kit_is_none(kit_ptr(NULL)));
    ck_assert(!kit_is_none(kit_ptr(&here)));
    ck_assert(!kit_is_none(kit_double(0.0)));
    ck_assert(!kit_is_none(kit_double(NAN)));
    ck_assert(!kit_is_none(kit_double(-NAN)));
    ck_assert(!kit_is_none(kit_double(INFINITY)));
}
END_TEST

START_TEST (none_read_as_a_double_is_not_a_number) {
    ck_assert(isnan(kit_none().d));
}
END_TEST

START_TEST (only_throw_and_return_are_abrupt) {
    ck_assert(!kit_is_abrupt(kit_next(kit_int(1))));
    ck_assert(kit_is_abrupt(kit_throw(kit_int(1))));
    ck_assert(kit_is_abrupt(kit_return(kit_int(1))));
}
END_TEST

START_TEST (a_body_that_ends_with_throw_has_failed_and_else_is_done) {
    ck_done(kit_step_of_end(kit_next(kit_int(1))), 1);
    ck_done(kit_step_of_end(kit_return(kit_int(2))), 2);
    ck_failed(kit_step_of_end(kit_throw(kit_int(3))), 3);
}
END_TEST

START_TEST (an_error_of_the_kit_is_a_negative_errno_in_a_failed_step) {
    ck_failed(kit_failed_errno(-EBUSY), -EBUSY);
}
END_TEST

START_TEST (errors_have_names_whatever_their_sign) {
    ck_assert_str_eq(kit_error_name(-EBUSY), "EBUSY");
    ck_assert_str_eq(kit_error_name(EPIPE), "EPIPE");
    ck_assert_str_eq(kit_error_name(-EDEADLK), "EDEADLK");
    ck_assert_str_eq(kit_error_name(-99999), "EUNKNOWN");
}
END_TEST

START_TEST (every_error_has_a_sentence) {
    static const int errors[] = {EBUSY,  EPROTO, EINVAL,    ENOMEM,  EPIPE,
                                 EAGAIN, ERANGE, ECANCELED, EDEADLK, ETIMEDOUT};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        ck_assert_str_ne(kit_error_text(errors[i]), "");
        ck_assert_str_eq(kit_error_text(errors[i]), kit_error_text(-errors[i]));
    }
    ck_assert_str_eq(kit_error_text(-99999), "an unknown error");
}
END_TEST

START_TEST (states_have_names) {
    ck_assert_str_eq(kit_state_name(KIT_YIELDED), "yielded");
    ck_assert_str_eq(kit_state_name(KIT_DONE), "done");
    ck_assert_str_eq(kit_state_name(KIT_FAILED), "failed");
    ck_assert_str_eq(kit_how_name(KIT_NEXT), "next");
    ck_assert_str_eq(kit_how_name(KIT_THROW), "throw");
    ck_assert_str_eq(kit_how_name(KIT_RETURN), "return");
    ck_assert_str_eq(kit_gen_state_name(KIT_GEN_CREATED), "created");
    ck_assert_str_eq(kit_gen_state_name(KIT_GEN_SUSPENDED), "suspended");
    ck_assert_str_eq(kit_gen_state_name(KIT_GEN_RUNNING), "running");
    ck_assert_str_eq(kit_gen_state_name(KIT_GEN_DONE), "done");
}
END_TEST

START_TEST (guards_and_wait_strategies_have_names) {
    ck_assert_str_eq(kit_guard_name(KIT_GUARD_AUTO), "auto");
    ck_assert_str_eq(kit_guard_name(KIT_GUARD_LIGHT), "light");
    ck_assert_str_eq(kit_guard_name(KIT_GUARD_PROTECT), "protect");
    ck_assert_str_eq(kit_guard_name(KIT_GUARD_NONE), "none");
    ck_assert_str_eq(kit_wait_strategy_name(KIT_WAIT_ADAPTIVE), "adaptive");
    ck_assert_str_eq(kit_wait_strategy_name(KIT_WAIT_PARK), "park");
    ck_assert_str_eq(kit_wait_strategy_name(KIT_WAIT_SPIN), "spin");
    ck_assert_str_eq(kit_wait_strategy_name(KIT_WAIT_CONDVAR), "condvar");
}
END_TEST

START_TEST (a_state_out_of_range_is_called_malformed) {
    ck_assert_str_eq(kit_state_name((enum kit_state)9), "malformed");
    ck_assert_str_eq(kit_how_name((enum kit_how)9), "malformed");
    ck_assert_str_eq(kit_gen_state_name((enum kit_gen_state)9), "malformed");
    ck_assert_str_eq(kit_guard_name((enum kit_guard)9), "malformed");
    ck_assert_str_eq(kit_wait_strategy_name((enum kit_wait_strategy)9),
                     "malformed");
}
END_TEST

static void misuse(void *what)
{
    kit_misuse("some_function", what);
}

START_TEST (misuse_ends_the_program_with_one_clear_sentence) {
    char text[256];
    errors_of(misuse, "called upside down", text, sizeof text);
    ck_assert_str_eq(text, "schedkit: some_function: called upside down\n");
    ck_assert_int_eq(signal_that_ends(misuse, "x"), SIGABRT);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_value_has_8_bytes_and_a_step_16,
        a_value_keeps_an_integer_a_double_or_a_pointer,
        none_is_not_mistaken_for_a_value_that_a_program_has,
        none_read_as_a_double_is_not_a_number,
        only_throw_and_return_are_abrupt,
        a_body_that_ends_with_throw_has_failed_and_else_is_done,
        an_error_of_the_kit_is_a_negative_errno_in_a_failed_step,
        errors_have_names_whatever_their_sign,
        every_error_has_a_sentence,
        states_have_names,
        guards_and_wait_strategies_have_names,
        a_state_out_of_range_is_called_malformed,
        misuse_ends_the_program_with_one_clear_sentence,
        NULL,
    };
    return run_suite("values", 5, tests);
}
