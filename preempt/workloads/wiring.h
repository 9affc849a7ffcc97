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

typedef int preempt_wiring(const struct workload_algorithm *algorithm,
                           const struct workload_params *params,
                           const struct preempt_arm *arm,
                           struct workload_result *result);

/* On generators, each of which has a thread. */
preempt_wiring preempt_run_lockstep;
preempt_wiring preempt_run_batch; /* of bounded */
preempt_wiring preempt_run_treewalk;
preempt_wiring preempt_run_recursion; /* treewalk in one generator */
preempt_wiring preempt_run_delegate;
preempt_wiring preempt_run_samefringe;
preempt_wiring preempt_run_sieve;
preempt_wiring preempt_run_cancel;

/* A task for each stage and for the consumer, a channel at each joint. */
preempt_wiring preempt_run_pipeline;

/* On tasks that a main task makes and joins. */
preempt_wiring preempt_run_churn;
preempt_wiring preempt_run_mpmc;
preempt_wiring preempt_run_park;
preempt_wiring preempt_run_ring;
preempt_wiring preempt_run_skynet;
preempt_wiring preempt_run_hog;
preempt_wiring preempt_run_pipes;
preempt_wiring preempt_run_blocking;
preempt_wiring preempt_run_sleepers;
preempt_wiring preempt_run_transfer;

#endif
