/* SPDX-License-Identifier: MIT */
/* Balanced binary trees in memory, for those who walk them in order. */
#ifndef MICRO_TREE_H
#define MICRO_TREE_H

#include <stdint.h>

/* The nodes are an array in order of their values: 0, 1, 2 ... */
struct micro_node {
    int64_t value;
    const struct micro_node *left, *right; /* NULL: none */
};

#define MICRO_TREE_LEVELS_MAX 20

/* A tree of 2^levels - 1 nodes, which all who take it share. 0, -ENOMEM. */
int micro_tree_take(unsigned levels);
void micro_tree_drop(unsigned levels);

/* Of a tree that is taken. */
const struct micro_node *micro_tree_root(unsigned levels);

static inline uint64_t micro_tree_nodes(unsigned levels)
{
    return (UINT64_C(1) << levels) - 1;
}

#endif
