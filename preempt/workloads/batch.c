/* SPDX-License-Identifier: MIT */
/* A generator of batches: the hand-offs are shared by `capacity` values. */
#include "batch.h"
#include "wiring.h"

#include <preempt/gen.h>

struct source {
    struct workload_link link;
    struct batch batch;
};

static kit_completion batches(preempt_gen *self, kit_value arg)
{
    struct source *s = arg.p;
    while (batch_fill(&s->batch, &s->link.iter)) {
        kit_completion c = preempt_gen_yield(self, kit_ptr(&s->batch));
        if (kit_is_abrupt(c))
            return c;
    }
    return kit_return(kit_none());
}

int preempt_batch(const struct workload_pipeline *pipeline,
                  const struct workload_params *params,
                  const struct preempt_arm *arm, struct workload_result *result)
{
    struct preempt_gen_options options = {
        .wait = arm->wait,
        .cpu_plus_one = kit_placement_cpu(&arm->placement, 1) + 1,
    };
    struct batch_reader reader;
    struct source s;
    preempt_gen *g = NULL;
    int error = batch_init(&s.batch, params->capacity);
    if (!error)
        error = workload_open(pipeline, 0, &s.link, params, result, NULL);
    if (!error)
        error = preempt_gen_create(&g, batches, kit_ptr(&s), &options);
    if (!error) {
        batch_reader_init(&reader, preempt_gen_iter(g));
        error = pipeline->consume(&reader.iter, params, result);
    }
    preempt_gen_destroy(g);
    batch_free(&s.batch);
    return error;
}
