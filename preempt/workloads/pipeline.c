/* SPDX-License-Identifier: MIT */
/* The workloads that are chains of iterators, on threads. */
#include "task_wiring.h"

#include "pipeline_task.h"

int preempt_run_pipeline(const struct workload_algorithm *algorithm,
                         const struct workload_params *params,
                         const struct preempt_arm *arm,
                         struct workload_result *result)
{
    struct workload_run run = {algorithm, params, result};
    sched_options options = {.placement = &arm->placement};
    chan_options joint = {.wait = arm->wait};
    return pipeline_run(&run, &options, &joint);
}
