/* SPDX-License-Identifier: MIT */
/* Workloads 15 and 16, ring and threadring: a token goes round, each task
   touches its working set and passes it on. */
#include "ring.h"

#include <stdlib.h>

int ring_enter(struct ring_place *place, const struct workload_params *params)
{
    *place = (struct ring_place){.set = calloc(1, params->bytes + 1)};
    if (!place->set)
        return -ENOMEM;
    place->bytes = params->bytes;
    return 0;
}

uint64_t ring_leave(struct ring_place *place)
{
    uint64_t sum = place->turns;
    for (uint64_t i = 0; i < place->bytes / sizeof(uint64_t); i++)
        sum += place->set[i];
    free(place->set);
    return sum;
}

static int sequential(const struct workload_params *params,
                      struct workload_result *result)
{
    struct ring_place *places = calloc(params->tasks, sizeof *places);
    uint64_t entered = 0;
    int error = places ? 0 : -ENOMEM;
    while (!error && entered < params->tasks)
        error = ring_enter(&places[entered++], params);
    for (uint64_t token = params->items, i = 0; !error;
         i = i + 1 == params->tasks ? 0 : i + 1) {
        ring_turn(&places[i], token);
        if (token-- == 0) {
            result->checksum = i + params->seed;
            break;
        }
    }
    for (uint64_t i = 0; i < entered; i++)
        result->checksum =
            workload_mix(result->checksum, ring_leave(&places[i]));
    free(places);
    result->items = params->items;
    return error;
}

const struct workload_algorithm workload_ring = {
    .sequential = sequential,
};
