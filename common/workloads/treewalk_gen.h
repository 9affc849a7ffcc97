/* SPDX-License-Identifier: MIT */
/* treewalk on generators. */
#include "walk_gen.h"

static int treewalk_generate(const gen_options *options,
                             const struct workload_params *params,
                             struct workload_result *result)
{
    struct tree t;
    int error = tree_of_nodes(&t, params->nodes, params->seed);
    if (error)
        return error;
    struct walk walk = {t.root, options};
    error = gen_take(walk_for_ever, kit_ptr(&walk), options, params, result);
    tree_free(&t);
    return error;
}
