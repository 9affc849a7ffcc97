/* SPDX-License-Identifier: MIT */
/* What a sleeper does between its sleeps. */
#ifndef KIT_SLEEPERS_H
#define KIT_SLEEPERS_H

#include "workload.h"

#define SLEEPERS_INTERVAL INT64_C(1000000) /* ns */

/* Its state before the first sleep, and after each. */
static inline uint64_t sleepers_begin(const struct workload_params *p,
                                      uint64_t index)
{
    return p->seed + index * UINT64_C(0x9e3779b97f4a7c15);
}

static inline uint64_t sleepers_wake(uint64_t state)
{
    return state * UINT64_C(6364136223846793005) +
           UINT64_C(1442695040888963407);
}

#endif
