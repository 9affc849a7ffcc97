/* SPDX-License-Identifier: MIT */
/* Generators on threads, for the workloads that are made of generators. */
#include "wiring.h"

#include <preempt/gen.h>

static kit_completion run(preempt_gen *self, kit_value arg)
{
    struct gen *g = arg.p;
    (void)self;
    return g->body(g, g->arg);
}

static int create(struct gen *g)
{
    const struct preempt_arm *arm = g->maker->arm;
    struct preempt_gen_options options = {
        .wait = arm->wait,
        .cpu_plus_one = kit_placement_cpu(&arm->placement, g->place) + 1,
    };
    preempt_gen *made;
    int error = preempt_gen_create(&made, run, kit_ptr(g), &options);
    if (error)
        return error;
    g->handle = made;
    g->iter = preempt_gen_iter(made);
    return 0;
}

static int destroy(void *handle)
{
    return preempt_gen_destroy(handle);
}

static kit_completion yield(void *handle, kit_value value)
{
    return preempt_gen_yield(handle, value);
}

static kit_completion delegate(void *handle, kit_iterable *inner)
{
    return preempt_gen_delegate(handle, inner);
}

int preempt_generators(const struct workload_algorithm *algorithm,
                       const struct workload_params *params,
                       const struct preempt_arm *arm,
                       struct workload_result *result)
{
    struct gen_maker maker = {create, destroy, yield, delegate, arm};
    return algorithm->generate(&maker, params, result);
}
