/* SPDX-License-Identifier: MIT */
/* treewalk on generators. */
#include "walk_gen.h"

static int walk_with(K(gen_fn) body, const gen_options *options,
                     const struct workload_params *params,
                     struct workload_result *result)
{
    struct tree t;
    int error = tree_of_nodes(&t, params->nodes, params->seed);
    if (error)
        return error;
    struct walk walk = {t.root, options};
    error = gen_take(body, kit_ptr(&walk), options, params, result);
    tree_free(&t);
    return error;
}

static int treewalk_generate(const gen_options *options,
                             const struct workload_params *params,
                             struct workload_result *result)
{
    return walk_with(walk_for_ever, options, params, result);
}

static int recursion_generate(const gen_options *options,
                              const struct workload_params *params,
                              struct workload_result *result)
{
    return walk_with(walk_inside_for_ever, options, params, result);
}
