/* SPDX-License-Identifier: MIT */
/* A generator as the source: one switch there and one back per value. */
#include "wiring.h"

#include <coop/gen.h>

static kit_completion numbers(coop_gen *self, kit_value arg)
{
    const struct workload_params *p = arg.p;
    for (uint64_t i = 0; i < p->items; i++) {
        kit_completion c =
            coop_gen_yield(self, kit_int((int64_t)(p->seed + i)));
        if (kit_is_abrupt(c))
            return c;
    }
    return kit_return(kit_none());
}

int coop_lockstep(const struct workload_pipeline *pipeline,
                  const struct workload_params *params,
                  const struct coop_arm *arm, struct workload_result *result)
{
    struct coop_gen_options options = {.mechanism = arm->mechanism};
    coop_gen *g;
    int error = coop_gen_create(&g, numbers, kit_ptr(params), &options);
    if (error)
        return error;
    error = pipeline->consume(coop_gen_iter(g), params, result);
    coop_gen_destroy(g);
    return error;
}
