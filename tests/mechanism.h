/* SPDX-License-Identifier: MIT */
/*
 * What a suite of coop runs on. SUITE_MECHANISM in the environment names the
 * mechanism of everything whose options do not name one: the same tests run on
 * each. To be included last.
 */
#ifndef TESTS_MECHANISM_H
#define TESTS_MECHANISM_H

#include "harness.h"

#include <coop/gen.h>
#include <coop/task.h>

/* The options that were given, or none, with the suite's mechanism. */
#define WITH_MECHANISM(given)                                                  \
    if (given)                                                                 \
        options = *(given);                                                    \
    if (!options.mechanism)                                                    \
        options.mechanism = suite_mechanism();

static inline int suite_coro_create(coop_coro **out, coop_coro_fn body,
                                    kit_value arg,
                                    const struct coop_coro_options *given)
{
    struct coop_coro_options options = {.stack_size = 0};
    WITH_MECHANISM(given)
    return coop_coro_create(out, body, arg, &options);
}

static inline int suite_gen_create(coop_gen **out, coop_gen_fn body,
                                   kit_value arg,
                                   const struct coop_gen_options *given)
{
    struct coop_gen_options options = {.stack_size = 0};
    WITH_MECHANISM(given)
    return coop_gen_create(out, body, arg, &options);
}

static inline int suite_sched_create(coop_sched **out,
                                     const struct coop_sched_options *given)
{
    struct coop_sched_options options = {.mechanism = NULL};
    WITH_MECHANISM(given)
    return coop_sched_create(out, &options);
}

#define coop_coro_create(out, body, arg, options)                              \
    suite_coro_create(out, body, arg, options)
#define coop_gen_create(out, body, arg, options)                               \
    suite_gen_create(out, body, arg, options)
#define coop_sched_create(out, options) suite_sched_create(out, options)

#endif
