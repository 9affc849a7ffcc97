/* SPDX-License-Identifier: MIT */
/* How the workloads run under coop. */
#ifndef COOP_WIRING_H
#define COOP_WIRING_H

#include "workload.h"

#include <kit/context.h>

struct coop_arm {
    const struct kit_mechanism *mechanism; /* NULL: the default */
};

typedef int coop_wiring(const struct workload_pipeline *pipeline,
                        const struct workload_params *params,
                        const struct coop_arm *arm,
                        struct workload_result *result);

/* The source as a generator, which the consumer steps. */
coop_wiring coop_lockstep;

/* The same, but a step yields an array of `capacity` values. */
coop_wiring coop_batch;

/* A task for each stage and for the consumer, a channel at each joint. */
coop_wiring coop_pipeline;

#endif
