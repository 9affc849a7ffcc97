/* SPDX-License-Identifier: MIT */
/* Order statistics of samples. */
#ifndef MICRO_STATS_H
#define MICRO_STATS_H

#include <stdbool.h>
#include <stddef.h>

/* So many samples carry a 99th percentile: ten lie beyond it. */
#define MICRO_TAIL_SAMPLES 1000

struct micro_stats {
    double median, min, max, p25, p75;
    double p99; /* only with MICRO_TAIL_SAMPLES or more */
    size_t count;
};

static inline bool micro_has_tail(const struct micro_stats *s)
{
    return s->count >= MICRO_TAIL_SAMPLES;
}

/* Sorts the samples; there must be one at least. */
struct micro_stats micro_stats_of(double *samples, size_t count);

#endif
