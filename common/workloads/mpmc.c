/* SPDX-License-Identifier: MIT */
/* Workloads 9 and 16: mpmc, fanin, fanout and bndbuffer. Producers, one
   bounded channel, consumers. */
#include "mpmc.h"

static int sequential(const struct workload_params *params,
                      struct workload_result *result)
{
    uint64_t work;
    for (uint64_t i = 0; i < params->items; i++) {
        struct mpmc_item item = mpmc_make(params, i, &work);
        result->checksum += mpmc_use(params, &item, &work);
    }
    result->items = params->items;
    return 0;
}

const struct workload_algorithm workload_mpmc = {
    .sequential = sequential,
};
