/* SPDX-License-Identifier: MIT */
/* The tree of skynet: who has which leaves. */
#ifndef KIT_SKYNET_H
#define KIT_SKYNET_H

#include "workload.h"

#define SKYNET_CHILDREN 10

/* The leaves of a node have consecutive numbers. */
struct skynet_part {
    uint64_t first, count;
};

/* A node of more than one leaf has so many children. */
static inline uint64_t skynet_children(struct skynet_part whole)
{
    return whole.count < SKYNET_CHILDREN ? whole.count : SKYNET_CHILDREN;
}

/* Child i of n. Parts are equal where that can be. */
static inline struct skynet_part skynet_part_of(struct skynet_part whole,
                                                uint64_t i, uint64_t n)
{
    uint64_t begin = whole.count * i / n, end = whole.count * (i + 1) / n;
    return (struct skynet_part){whole.first + begin, end - begin};
}

#endif
