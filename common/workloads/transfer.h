/* SPDX-License-Identifier: MIT */
/* Which transfers there are; what is transferred does not depend on order. */
#ifndef KIT_TRANSFER_H
#define KIT_TRANSFER_H

#include "workload.h"

#define TRANSFER_OPENING 1000 /* the balance of each account at first */

struct transfer {
    uint64_t from, to;
    int64_t amount;
};

/* The transfer of that number. */
static inline struct transfer transfer_at(const struct workload_params *p,
                                          uint64_t index)
{
    uint64_t x = (p->seed + index) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 32;
    return (struct transfer){x % p->accounts, (x >> 20) % p->accounts,
                             (int64_t)(x >> 56) + 1};
}

/* The accounts, opened; NULL: no memory. */
int64_t *transfer_open(const struct workload_params *params);
/* Mixes the balances. 0; -EBADE when money has been made or lost. */
int transfer_audit(const int64_t *accounts,
                   const struct workload_params *params,
                   struct workload_result *result);

#endif
