/* SPDX-License-Identifier: MIT */
/* Workload 12, blocking: one of the producers makes calls that block. */
#include "blocking.h"

#include <time.h>

kit_value blocking_call(kit_value arg)
{
    const struct blocking_question *q = arg.p;
    struct timespec t = {(time_t)(q->us / 1000000),
                         (long)(q->us % 1000000 * 1000)};
    while (q->us > 0 && clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t) == EINTR)
        ;
    return kit_int((int64_t)workload_scatter(q->value));
}

void blocking_report(const struct workload_params *params, int64_t begun,
                     int64_t ended, struct workload_result *result)
{
    uint64_t first = (params->items + params->producers - 1);
    result->others = params->items - first / params->producers;
    result->others_ns = ended - begun;
}

static int sequential(const struct workload_params *params,
                      struct workload_result *result)
{
    int64_t begun = kit_now();
    for (uint64_t i = 0; i < params->items; i++) {
        uint64_t value = params->seed + i;
        if (blocking_needs_call(params, i)) {
            struct blocking_question q = blocking_ask(params, value);
            value = (uint64_t)blocking_call(kit_ptr(&q)).i;
        }
        result->checksum += workload_scatter(value);
    }
    result->items = params->items;
    blocking_report(params, begun, kit_now(), result);
    return 0;
}

const struct workload_algorithm workload_blocking = {
    .sequential = sequential,
};
