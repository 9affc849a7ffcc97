/* SPDX-License-Identifier: MIT */
/* The workloads that are chains of iterators, on coroutines. */
#include "task_wiring.h"

#include "pipeline_task.h"

int coop_run_pipeline(const struct workload_algorithm *algorithm,
                      const struct workload_params *params,
                      const struct coop_arm *arm,
                      struct workload_result *result)
{
    struct workload_run run = {algorithm, params, result};
    sched_options options = {.mechanism = arm->mechanism};
    return pipeline_run(&run, &options, NULL);
}
