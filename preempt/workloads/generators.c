/* SPDX-License-Identifier: MIT */
/* The workloads that are made of generators, on threads. */
#include "wiring.h"

#include <preempt/gen.h>

#define K(name) preempt_##name

#include "batch_gen.h"
#include "cancel_gen.h"
#include "delegate_gen.h"
#include "lockstep_gen.h"
#include "samefringe_gen.h"
#include "sieve_gen.h"
#include "treewalk_gen.h"

static gen_options options_of(const struct preempt_arm *arm)
{
    return (gen_options){
        .wait = arm->wait,
        .cpu_plus_one = kit_placement_cpu(&arm->placement, 1) + 1,
    };
}

#define WIRING(name)                                                           \
    int preempt_run_##name(const struct workload_algorithm *algorithm,         \
                           const struct workload_params *params,               \
                           const struct preempt_arm *arm,                      \
                           struct workload_result *result)                     \
    {                                                                          \
        gen_options options = options_of(arm);                                 \
        (void)algorithm;                                                       \
        return name##_generate(&options, params, result);                      \
    }

WIRING(batch)
WIRING(cancel)
WIRING(delegate)
WIRING(lockstep)
WIRING(recursion)
WIRING(samefringe)
WIRING(sieve)
WIRING(treewalk)
