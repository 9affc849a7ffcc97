/* SPDX-License-Identifier: MIT */
/* Workload 16, skynet: a tree in which every node has ten children and the
   leaves are numbered; the numbers are added up on the way to the root. */
#include "skynet.h"

static uint64_t sum_of(struct skynet_part whole)
{
    uint64_t sum = 0, n = skynet_children(whole);
    if (whole.count == 1)
        return whole.first;
    for (uint64_t i = 0; i < n; i++)
        sum += sum_of(skynet_part_of(whole, i, n));
    return sum;
}

static int sequential(const struct workload_params *params,
                      struct workload_result *result)
{
    struct skynet_part whole = {params->seed, params->items};
    result->checksum = sum_of(whole);
    result->items = params->items;
    return 0;
}

const struct workload_algorithm workload_skynet = {
    .sequential = sequential,
};
