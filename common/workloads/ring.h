/* SPDX-License-Identifier: MIT */
/* What a task of a ring has to itself, and does in its turn. */
#ifndef KIT_RING_H
#define KIT_RING_H

#include "workload.h"

#define RING_LINE 64 /* bytes of a cache line */

struct ring_place {
    uint64_t *set; /* the working set */
    uint64_t bytes;
    uint64_t turns;
};

/* 0 or -ENOMEM. */
int ring_enter(struct ring_place *place, const struct workload_params *params);
/* Frees it, and returns what its turns have left behind. */
uint64_t ring_leave(struct ring_place *place);

/* A turn: reads and writes each cache line of the working set. */
static inline void ring_turn(struct ring_place *place, uint64_t token)
{
    uint64_t step = RING_LINE / sizeof(uint64_t);
    for (uint64_t i = 0; i < place->bytes / sizeof(uint64_t); i += step)
        place->set[i] += token;
    place->turns++;
}

#endif
