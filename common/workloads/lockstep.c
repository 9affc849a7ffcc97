/* SPDX-License-Identifier: MIT */
/* Workload 1, lockstep: a generator with an empty body, one value a step. */
#include "numbers.h"

static int generate(const struct gen_maker *maker,
                    const struct workload_params *params,
                    struct workload_result *result)
{
    return numbers_generate(maker, numbers_body, kit_ptr(params), params,
                            result);
}

const struct workload_algorithm workload_lockstep = {
    .stages = {{"numbers", numbers_open, NULL, 0}},
    .stage_count = 1,
    .consume = numbers_consume,
    .generate = generate,
};
