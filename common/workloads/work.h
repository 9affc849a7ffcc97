/* SPDX-License-Identifier: MIT */
/* Work that takes time and nothing else. */
#ifndef KIT_WORK_H
#define KIT_WORK_H

#include <stdint.h>

/*
 * A nominal nanosecond of work is one step of a chain of multiplications that
 * depend on each other (Knuth's MMIX constants): about four cycles, nothing to
 * run in parallel, nothing in memory. What it really takes on a machine is the
 * sequential arm's time per item.
 */
static inline uint64_t work_on(uint64_t x, uint64_t steps)
{
    for (uint64_t i = 0; i < steps; i++)
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return x;
}

#endif
