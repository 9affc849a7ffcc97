/* SPDX-License-Identifier: MIT */
/*
 * Workload 5, delegate: a chain of generators, each of which delegates to the
 * next; the last one yields numbers. By plain calls nothing is left of it but
 * the numbers.
 */
#include "numbers.h"

struct level {
    const struct workload_params *params;
    uint64_t below;
};

static kit_completion body(struct gen *self, kit_value arg)
{
    const struct level *l = arg.p;
    struct level next = {l->params, l->below - 1};
    if (l->below == 0)
        return numbers_body(self, kit_ptr(l->params));
    return gen_delegate_to(self, body, kit_ptr(&next));
}

static int generate(const struct gen_maker *maker,
                    const struct workload_params *params,
                    struct workload_result *result)
{
    struct level first = {params, params->depth};
    return numbers_generate(maker, body, kit_ptr(&first), params, result);
}

const struct workload_algorithm workload_delegate = {
    .stages = {{"numbers", numbers_open, NULL, 0}},
    .stage_count = 1,
    .consume = numbers_consume,
    .generate = generate,
};
