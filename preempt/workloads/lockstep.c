/* SPDX-License-Identifier: MIT */
/* A generator as the source: one hand-off there and one back per value. */
#include "wiring.h"

#include <preempt/gen.h>

static kit_completion numbers(preempt_gen *self, kit_value arg)
{
    const struct workload_params *p = arg.p;
    for (uint64_t i = 0; i < p->items; i++) {
        kit_completion c =
            preempt_gen_yield(self, kit_int((int64_t)(p->seed + i)));
        if (kit_is_abrupt(c))
            return c;
    }
    return kit_return(kit_none());
}

int preempt_lockstep(const struct workload_pipeline *pipeline,
                     const struct workload_params *params,
                     const struct preempt_arm *arm,
                     struct workload_result *result)
{
    struct preempt_gen_options options = {
        .wait = arm->wait,
        .cpu_plus_one = kit_placement_cpu(&arm->placement, 1) + 1,
    };
    preempt_gen *g;
    int error = preempt_gen_create(&g, numbers, kit_ptr(params), &options);
    if (error)
        return error;
    error = pipeline->consume(preempt_gen_iter(g), params, result);
    preempt_gen_destroy(g);
    return error;
}
