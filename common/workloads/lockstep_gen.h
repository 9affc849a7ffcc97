/* SPDX-License-Identifier: MIT */
/* lockstep on generators. */
#include "generators.h"

static int lockstep_generate(const gen_options *options,
                             const struct workload_params *params,
                             struct workload_result *result)
{
    return gen_take(gen_numbers, kit_ptr(params), options, params, result);
}
