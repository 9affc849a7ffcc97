/* SPDX-License-Identifier: MIT */
/* samefringe by resumable functions. */
#include "walk.h"

#include "samefringe.h"

static int samefringe_by_frames(const struct workload_params *params,
                                struct workload_result *result)
{
    walk_frames one, other;
    struct fringes f;
    int error = fringes_plant(&f, params);
    if (error)
        return error;
    walk_init(one, &walk_for_ever, f.trees[0].root);
    walk_init(other, &walk_for_ever, f.trees[1].root);
    error =
        fringes_compare(&one->frame.iter, &other->frame.iter, params, result);
    coop_frame_close(&one->frame);
    coop_frame_close(&other->frame);
    fringes_fell(&f);
    return error;
}

STACKLESS(samefringe)
