/* SPDX-License-Identifier: MIT */
/* The workloads that are made of tasks, on coroutines. */
#include "wiring.h"

#include <coop/chan.h>
#include <coop/sync.h>
#include <coop/task.h>

#define K(name) coop_##name

#include "churn_task.h"
#include "hog_task.h"
#include "mpmc_task.h"
#include "park_task.h"
#include "ring_task.h"
#include "skynet_task.h"
#include "sleepers_task.h"
#include "transfer_task.h"

#define WIRING(name)                                                           \
    int coop_run_##name(const struct workload_algorithm *algorithm,            \
                        const struct workload_params *params,                  \
                        const struct coop_arm *arm,                            \
                        struct workload_result *result)                        \
    {                                                                          \
        sched_options options = {.mechanism = arm->mechanism};                 \
        struct crew c = {.params = params,                                     \
                         .result = result,                                     \
                         .many = {.first = true},                              \
                         .main = name##_main};                                 \
        (void)algorithm;                                                       \
        return crew_run(&c, &options);                                         \
    }

WIRING(churn)
WIRING(hog)
WIRING(mpmc)
WIRING(park)
WIRING(ring)
WIRING(skynet)
WIRING(sleepers)
WIRING(transfer)
