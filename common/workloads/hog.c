/* SPDX-License-Identifier: MIT */
/* Workload 8, hog and checkpoint: a long computation beside a heartbeat. */
#include "hog.h"

#include <stdlib.h>

int hog_listen(struct hog_beats *beats)
{
    beats->count = 0;
    beats->late = calloc(HOG_BEATS_MAX, sizeof *beats->late);
    return beats->late ? 0 : -ENOMEM;
}

void hog_heard(struct hog_beats *beats, int64_t late)
{
    if (beats->count < HOG_BEATS_MAX)
        beats->late[beats->count++] = late;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void hog_report(struct hog_beats *beats, struct workload_result *result)
{
    size_t n = beats->count;
    if (n > 0) {
        qsort(beats->late, n, sizeof *beats->late, compare);
        result->beats = n;
        result->late_median_ns = beats->late[(n - 1) / 2];
        result->late_p99_ns = beats->late[(n - 1) * 99 / 100];
        result->late_max_ns = beats->late[n - 1];
    }
    free(beats->late);
}

static int sequential(const struct workload_params *params,
                      struct workload_result *result)
{
    result->checksum = params->seed;
    for (uint64_t i = 0; i < params->items; i++)
        result->checksum = work_on(result->checksum, params->work) + 1;
    result->items = params->items;
    return 0;
}

const struct workload_algorithm workload_hog = {
    .sequential = sequential,
};
