/* SPDX-License-Identifier: MIT */
/* How the workloads run under preempt. */
#ifndef PREEMPT_WIRING_H
#define PREEMPT_WIRING_H

#include "workload.h"

#include <kit/placement.h>
#include <kit/wait.h>

struct preempt_arm {
    enum kit_wait_strategy wait;
    struct kit_placement placement; /* of the threads, the caller first */
};

typedef int preempt_wiring(const struct workload_pipeline *pipeline,
                           const struct workload_params *params,
                           const struct preempt_arm *arm,
                           struct workload_result *result);

/* The source as a generator, which the consumer steps. */
preempt_wiring preempt_lockstep;

/* The same, but a step yields an array of `capacity` values. */
preempt_wiring preempt_batch;

/* A task for each stage and for the consumer, a channel at each joint. */
preempt_wiring preempt_pipeline;

#endif
