/* SPDX-License-Identifier: MIT */
/* The wiring of what is made of tasks, on threads. */
#include "wiring.h"

#include <preempt/chan.h>
#include <preempt/sync.h>
#include <preempt/task.h>

#define K(name) preempt_##name

#define WIRING(name)                                                           \
    int preempt_run_##name(const struct workload_algorithm *algorithm,         \
                           const struct workload_params *params,               \
                           const struct preempt_arm *arm,                      \
                           struct workload_result *result)                     \
    {                                                                          \
        sched_options options = {.placement = &arm->placement};                \
        struct crew c = {.params = params,                                     \
                         .result = result,                                     \
                         .joint = {.wait = arm->wait},                         \
                         .main = name##_main};                                 \
        (void)algorithm;                                                       \
        return crew_run(&c, &options);                                         \
    }
