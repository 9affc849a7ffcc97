/* SPDX-License-Identifier: MIT */
#include "stats.h"

#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Linear between neighbours: quantile type 7 of Hyndman and Fan (1996). */
static double quantile(const double *sorted, size_t count, double q)
{
    double at = q * (double)(count - 1);
    size_t low = (size_t)at, high = low + 1 < count ? low + 1 : low;
    return sorted[low] + (at - (double)low) * (sorted[high] - sorted[low]);
}

struct micro_stats micro_stats_of(double *samples, size_t count)
{
    qsort(samples, count, sizeof *samples, by_value);
    return (struct micro_stats){
        .median = quantile(samples, count, 0.5),
        .min = samples[0],
        .max = samples[count - 1],
        .p25 = quantile(samples, count, 0.25),
        .p75 = quantile(samples, count, 0.75),
        .p99 = quantile(samples, count, 0.99),
        .count = count,
    };
}
