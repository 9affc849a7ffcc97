/* SPDX-License-Identifier: MIT */
/* One run of the sieve: see sieve_task.h. */
#ifndef MICRO_SIEVE_H
#define MICRO_SIEVE_H

#include <stdint.h>

struct sieve_run {
    uint64_t primes, capacity;
    uint64_t sum; /* of the primes found */
    int64_t elapsed_ns;
};

#endif
