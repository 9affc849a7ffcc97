/* SPDX-License-Identifier: MIT */
/* lockstep by a resumable function. */
#include "wiring.h"

#include "numbers.h"

struct numbers {
    coop_frame frame;
    const struct workload_params *params;
    uint64_t i;
};

COOP_FRAME_FUNCTION(numbers)
{
    struct numbers *n = (struct numbers *)f;
    const struct workload_params *p = n->params;
    COOP_FRAME_BEGIN(f);
    for (n->i = 0; n->i < p->items && !kit_is_abrupt(how); n->i++)
        COOP_FRAME_YIELD(f, kit_int((int64_t)(p->seed + n->i)));
    COOP_FRAME_END(f);
    return kit_step_of_end(how);
}

static int lockstep_by_frames(const struct workload_params *params,
                              struct workload_result *result)
{
    struct numbers n = {.params = params};
    coop_frame_init(&n.frame, &numbers);
    int error = numbers_take(&n.frame.iter, params, result);
    coop_frame_close(&n.frame);
    return error;
}

STACKLESS(lockstep)
