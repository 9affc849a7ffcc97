/* SPDX-License-Identifier: MIT */
/* Workload 6, park: many tasks that wait. */
#include "workload.h"

#include <stdlib.h>

/* What waits is a number in an array. */
static int sequential(const struct workload_params *params,
                      struct workload_result *result)
{
    uint64_t *waiting = calloc(params->items + 1, sizeof *waiting);
    if (!waiting)
        return -ENOMEM;
    for (uint64_t i = 0; i < params->items; i++)
        waiting[i] = params->seed + i;
    for (uint64_t i = 0; i < params->items; i++)
        result->checksum = workload_mix(result->checksum, waiting[i]);
    free(waiting);
    result->items = params->items;
    return 0;
}

const struct workload_algorithm workload_park = {
    .sequential = sequential,
};
