/* SPDX-License-Identifier: MIT */
/* Order statistics of samples. */
#ifndef MICRO_STATS_H
#define MICRO_STATS_H

#include <stddef.h>

struct micro_stats {
    double median, min, max, p25, p75;
    size_t count;
};

/* Sorts the samples; there must be one at least. */
struct micro_stats micro_stats_of(double *samples, size_t count);

#endif
