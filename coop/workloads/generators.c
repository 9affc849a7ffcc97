/* SPDX-License-Identifier: MIT */
/* Generators on coroutines, for the workloads that are made of generators. */
#include "wiring.h"

#include <coop/gen.h>

static kit_completion run(coop_gen *self, kit_value arg)
{
    struct gen *g = arg.p;
    (void)self;
    return g->body(g, g->arg);
}

static int create(struct gen *g)
{
    const struct coop_arm *arm = g->maker->arm;
    struct coop_gen_options options = {.mechanism = arm->mechanism};
    coop_gen *made;
    int error = coop_gen_create(&made, run, kit_ptr(g), &options);
    if (error)
        return error;
    g->handle = made;
    g->iter = coop_gen_iter(made);
    return 0;
}

static int destroy(void *handle)
{
    return coop_gen_destroy(handle);
}

static kit_completion yield(void *handle, kit_value value)
{
    return coop_gen_yield(handle, value);
}

static kit_completion delegate(void *handle, kit_iterable *inner)
{
    return coop_gen_delegate(handle, inner);
}

int coop_generators(const struct workload_algorithm *algorithm,
                    const struct workload_params *params,
                    const struct coop_arm *arm, struct workload_result *result)
{
    struct gen_maker maker = {create, destroy, yield, delegate, arm};
    return algorithm->generate(&maker, params, result);
}
