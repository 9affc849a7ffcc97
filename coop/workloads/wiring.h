/* SPDX-License-Identifier: MIT */
/* How the workloads run under coop. */
#ifndef COOP_WIRING_H
#define COOP_WIRING_H

#include "workload.h"

#include <kit/context.h>

struct coop_arm {
    const struct kit_mechanism *mechanism; /* NULL: the default */
};

typedef int coop_wiring(const struct workload_algorithm *algorithm,
                        const struct workload_params *params,
                        const struct coop_arm *arm,
                        struct workload_result *result);

/* On generators, each of which has a coroutine. */
coop_wiring coop_run_lockstep;
coop_wiring coop_run_batch; /* of bounded */
coop_wiring coop_run_treewalk;
coop_wiring coop_run_recursion; /* treewalk in one generator */
coop_wiring coop_run_delegate;
coop_wiring coop_run_samefringe;
coop_wiring coop_run_sieve;
coop_wiring coop_run_cancel;

/* A task for each stage and for the consumer, a channel at each joint. */
coop_wiring coop_run_pipeline;

/* On tasks that a main task makes and joins. */
coop_wiring coop_run_churn;
coop_wiring coop_run_mpmc;
coop_wiring coop_run_park;
coop_wiring coop_run_ring;
coop_wiring coop_run_skynet;
coop_wiring coop_run_hog;
coop_wiring coop_run_pipes;
coop_wiring coop_run_blocking;
coop_wiring coop_run_sleepers;
coop_wiring coop_run_transfer;

/* Resumable functions instead of generators on stacks. They have no mirror
   image: a thread needs a stack. */
coop_wiring coop_run_stackless_lockstep;
coop_wiring coop_run_stackless_delegate;
coop_wiring coop_run_stackless_treewalk;
coop_wiring coop_run_stackless_samefringe;
coop_wiring coop_run_stackless_sieve;
coop_wiring coop_run_stackless_cancel;

#endif
