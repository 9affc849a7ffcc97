/* SPDX-License-Identifier: MIT */
/* Workload 10, transfer: tasks move money between accounts, under a lock or
   without. */
#include "transfer.h"

#include <stdlib.h>

transfer_account *transfer_open(const struct workload_params *params)
{
    transfer_account *accounts = calloc(params->accounts, sizeof *accounts);
    for (uint64_t i = 0; accounts && i < params->accounts; i++)
        transfer_set(&accounts[i], TRANSFER_OPENING);
    return accounts;
}

/* What is missing in the bank. */
static int64_t deficit(const transfer_account *accounts,
                       const struct workload_params *params)
{
    int64_t sum = (int64_t)params->accounts * TRANSFER_OPENING;
    for (uint64_t i = 0; i < params->accounts; i++)
        sum -= transfer_balance(&accounts[i]);
    return sum;
}

int transfer_audit(const transfer_account *accounts,
                   const struct workload_params *params,
                   struct workload_result *result)
{
    result->checksum = 0;
    for (uint64_t i = 0; i < params->accounts; i++)
        result->checksum = workload_mix(
            result->checksum, (uint64_t)transfer_balance(&accounts[i]));
    result->items = params->items;
    if (deficit(accounts, params) == 0)
        return 0;
    return workload_fail(result, -EBADE, "the sum of the balances is wrong");
}

int transfer_assess(const transfer_account *accounts, uint64_t done,
                    const struct transfer_damage *damage,
                    const struct workload_params *params,
                    struct workload_result *result)
{
    result->checksum = done;
    result->items = result->exposed = params->items;
    result->violations = damage->violations;
    if (deficit(accounts, params) == damage->lost)
        return 0;
    return workload_fail(result, -EBADE, "a lost transfer was not noticed");
}

static int sequential(const struct workload_params *params,
                      struct workload_result *result)
{
    static const struct transfer_damage none = {0, 0};
    transfer_account *accounts = transfer_open(params);
    uint64_t done = 0;
    if (!accounts)
        return -ENOMEM;
    for (uint64_t i = 0; i < params->items; i++) {
        struct transfer t = transfer_at(params, i);
        transfer_account *from = &accounts[t.from], *to = &accounts[t.to];
        transfer_set(from, transfer_balance(from) - t.amount);
        transfer_set(to, transfer_balance(to) + t.amount);
        done += params->locked ? 0 : transfer_number(params, i);
    }
    int error = params->locked
                    ? transfer_audit(accounts, params, result)
                    : transfer_assess(accounts, done, &none, params, result);
    free(accounts);
    return error;
}

const struct workload_algorithm workload_transfer = {
    .sequential = sequential,
};
