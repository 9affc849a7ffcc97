/* SPDX-License-Identifier: MIT */
/* Workload 10, transfer: tasks move money between accounts under a lock. */
#include "transfer.h"

#include <stdlib.h>

int64_t *transfer_open(const struct workload_params *params)
{
    int64_t *accounts = calloc(params->accounts, sizeof *accounts);
    for (uint64_t i = 0; accounts && i < params->accounts; i++)
        accounts[i] = TRANSFER_OPENING;
    return accounts;
}

int transfer_audit(const int64_t *accounts,
                   const struct workload_params *params,
                   struct workload_result *result)
{
    int64_t sum = 0;
    result->checksum = 0;
    for (uint64_t i = 0; i < params->accounts; i++) {
        sum += accounts[i];
        result->checksum =
            workload_mix(result->checksum, (uint64_t)accounts[i]);
    }
    result->items = params->items;
    if (sum == (int64_t)params->accounts * TRANSFER_OPENING)
        return 0;
    return workload_fail(result, -EBADE, "the sum of the balances is wrong");
}

static int sequential(const struct workload_params *params,
                      struct workload_result *result)
{
    int64_t *accounts = transfer_open(params);
    if (!accounts)
        return -ENOMEM;
    for (uint64_t i = 0; i < params->items; i++) {
        struct transfer t = transfer_at(params, i);
        accounts[t.from] -= t.amount;
        accounts[t.to] += t.amount;
    }
    int error = transfer_audit(accounts, params, result);
    free(accounts);
    return error;
}

const struct workload_algorithm workload_transfer = {
    .sequential = sequential,
};
