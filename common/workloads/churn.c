/* SPDX-License-Identifier: MIT */
/* Workload 7, churn: tasks that are made, run and joined. */
#include "churn.h"

static int sequential(const struct workload_params *params,
                      struct workload_result *result)
{
    for (uint64_t i = 0; i < params->items; i++)
        result->checksum =
            workload_mix(result->checksum, churn_answer(params->seed + i));
    result->items = params->items;
    return 0;
}

const struct workload_algorithm workload_churn = {
    .sequential = sequential,
};
