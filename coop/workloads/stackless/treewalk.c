/* SPDX-License-Identifier: MIT */
/* treewalk by resumable functions. */
#include "walk.h"

#include "numbers.h"

static int treewalk_by_frames(const struct workload_params *params,
                              struct workload_result *result)
{
    walk_frames walk;
    struct tree t;
    int error = tree_of_nodes(&t, params->nodes, params->seed);
    if (error)
        return error;
    walk_init(walk, &walk_for_ever, t.root);
    error = numbers_take(&walk->frame.iter, params, result);
    coop_frame_close(&walk->frame);
    tree_free(&t);
    return error;
}

STACKLESS(treewalk)
