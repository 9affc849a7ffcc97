/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

static struct {
    struct micro_node *nodes;
    unsigned users;
} trees[MICRO_TREE_LEVELS_MAX + 1];

/* The nodes from `first` on, as a tree. */
static const struct micro_node *build(struct micro_node *nodes, uint64_t first,
                                      unsigned levels)
{
    if (levels == 0)
        return NULL;
    uint64_t middle = first + micro_tree_nodes(levels - 1);
    nodes[middle] = (struct micro_node){
        .value = (int64_t)middle,
        .left = build(nodes, first, levels - 1),
        .right = build(nodes, middle + 1, levels - 1),
    };
    return &nodes[middle];
}

int micro_tree_take(unsigned levels)
{
    if (trees[levels].users == 0) {
        size_t count = micro_tree_nodes(levels);
        trees[levels].nodes = calloc(count, sizeof(struct micro_node));
        if (!trees[levels].nodes)
            return -ENOMEM;
        build(trees[levels].nodes, 0, levels);
    }
    trees[levels].users++;
    return 0;
}

const struct micro_node *micro_tree_root(unsigned levels)
{
    return &trees[levels].nodes[micro_tree_nodes(levels - 1)];
}

void micro_tree_drop(unsigned levels)
{
    if (--trees[levels].users > 0)
        return;
    free(trees[levels].nodes);
    trees[levels].nodes = NULL;
}
