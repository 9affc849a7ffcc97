/* SPDX-License-Identifier: MIT */
/* Which transfers there are; what is transferred does not depend on order. */
#ifndef KIT_TRANSFER_H
#define KIT_TRANSFER_H

#include "workload.h"

#include <stdatomic.h>

#define TRANSFER_OPENING 1000 /* the balance of each account at first */

/* Atomic, so that a race is a mistake in the sums and nothing worse. Relaxed
   loads and stores cost what plain ones do. */
typedef _Atomic int64_t transfer_account;

struct transfer {
    uint64_t from, to;
    int64_t amount;
};

/* What went wrong where nobody locked. */
struct transfer_damage {
    uint64_t violations; /* transfers that undid what others had done */
    int64_t lost;        /* the money of that, made money being negative */
};

static inline uint64_t transfer_number(const struct workload_params *p,
                                       uint64_t index)
{
    uint64_t x = (p->seed + index) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

/* The transfer of that number. */
static inline struct transfer transfer_at(const struct workload_params *p,
                                          uint64_t index)
{
    uint64_t x = transfer_number(p, index);
    return (struct transfer){x % p->accounts, (x >> 20) % p->accounts,
                             (int64_t)(x >> 56) + 1};
}

static inline int64_t transfer_balance(const transfer_account *account)
{
    return atomic_load_explicit(account, memory_order_relaxed);
}

static inline void transfer_set(transfer_account *account, int64_t balance)
{
    atomic_store_explicit(account, balance, memory_order_relaxed);
}

/* Sets a balance that was computed from what was `read` before. Returns what
   others have paid in meanwhile, which is lost. */
static inline int64_t transfer_overwrite(transfer_account *account,
                                         int64_t read, int64_t balance)
{
    return atomic_exchange_explicit(account, balance, memory_order_relaxed) -
           read;
}

/* The accounts, opened; NULL: no memory. */
transfer_account *transfer_open(const struct workload_params *params);
/* Mixes the balances. 0; -EBADE when money has been made or lost. */
int transfer_audit(const transfer_account *accounts,
                   const struct workload_params *params,
                   struct workload_result *result);
/* Of a bank without locks; `done` is the sum of the transfers' numbers, which
   no race can change. -EBADE when more is missing than was seen to be lost. */
int transfer_assess(const transfer_account *accounts, uint64_t done,
                    const struct transfer_damage *damage,
                    const struct workload_params *params,
                    struct workload_result *result);

#endif
