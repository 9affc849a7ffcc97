/* SPDX-License-Identifier: MIT */
/* delegate by resumable functions. */
#include "wiring.h"

#include "numbers.h"

#include <stdlib.h>

/* The frames of a chain lie in an array, the caller's first. */
struct level {
    coop_frame frame;
    const struct workload_params *params;
    uint64_t below, i;
};

static const coop_frame_function level;

static kit_iterable *level_init(struct level *l, uint64_t below,
                                const struct workload_params *params)
{
    coop_frame_init(&l->frame, &level);
    l->params = params;
    l->below = below;
    return &l->frame.iter.iterable;
}

COOP_FRAME_FUNCTION(level)
{
    struct level *l = (struct level *)f;
    const struct workload_params *p = l->params;
    COOP_FRAME_BEGIN(f);
    if (l->below > 0) {
        COOP_FRAME_DELEGATE(f, level_init(l + 1, l->below - 1, p));
        return kit_step_of_end(how);
    }
    for (l->i = 0; l->i < p->items && !kit_is_abrupt(how); l->i++)
        COOP_FRAME_YIELD(f, kit_int((int64_t)(p->seed + l->i)));
    COOP_FRAME_END(f);
    return kit_step_of_end(how);
}

static int delegate_by_frames(const struct workload_params *params,
                              struct workload_result *result)
{
    struct level *chain = calloc(params->depth + 1, sizeof *chain);
    if (!chain)
        return -ENOMEM;
    level_init(chain, params->depth, params);
    int error = numbers_take(&chain->frame.iter, params, result);
    coop_frame_close(&chain->frame);
    free(chain);
    return error;
}

STACKLESS(delegate)
