/* SPDX-License-Identifier: MIT */
/* The wiring of what is made of tasks, on coroutines. */
#include "wiring.h"

#include <coop/chan.h>
#include <coop/sync.h>
#include <coop/task.h>

#define K(name) coop_##name

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
