/* SPDX-License-Identifier: MIT */
/* delegate on generators. */
#include "generators.h"

struct level {
    const struct workload_params *params;
    const gen_options *options;
    uint64_t below;
};

static kit_completion level_body(gen *self, kit_value arg)
{
    const struct level *l = arg.p;
    struct level next = {l->params, l->options, l->below - 1};
    if (l->below == 0)
        return gen_numbers(self, kit_ptr(l->params));
    return gen_delegate_to(self, level_body, kit_ptr(&next), l->options);
}

static int delegate_generate(const gen_options *options,
                             const struct workload_params *params,
                             struct workload_result *result)
{
    struct level first = {params, options, params->depth};
    return gen_take(level_body, kit_ptr(&first), options, params, result);
}
