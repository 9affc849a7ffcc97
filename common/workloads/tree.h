/* SPDX-License-Identifier: MIT */
/*
 * Binary trees in one piece of memory, the nodes in order, and walking them
 * without generators.
 */
#ifndef KIT_TREE_H
#define KIT_TREE_H

#include "workload.h"

struct tree_node {
    const struct tree_node *left, *right;
    int64_t value;
    bool is_item; /* a walk yields the value; else the node only joins two */
};

struct tree {
    struct tree_node *nodes;
    const struct tree_node *root;
};

/* Higher than any tree that these make of TREE_NODES_MAX nodes. */
#define TREE_HEIGHT_MAX 72
#define TREE_NODES_MAX  (UINT64_C(1) << 26)

/* `nodes` nodes, at least one; in order they hold seed, seed + 1 and so on.
   The root is the middle one, and so on downwards. 0 or -ENOMEM. */
int tree_of_nodes(struct tree *t, uint64_t nodes, uint64_t seed);

/*
 * `leaves` leaves, at least one, that hold seed, seed + 1 and so on; other
 * nodes are no items. Each subtree is divided by chance, `shape` says which:
 * a side has a quarter of its leaves at least. 0 or -ENOMEM.
 */
int tree_of_leaves(struct tree *t, uint64_t leaves, uint64_t seed,
                   uint64_t shape);

void tree_free(struct tree *t);

/* The items of a tree in order, over and over, by plain calls. */
struct tree_cursor {
    kit_iter iter;
    const struct tree_node *root;
    const struct tree_node *above[TREE_HEIGHT_MAX]; /* yet to come */
    size_t height;
};

void tree_cursor_init(struct tree_cursor *c, const struct tree *t);

#endif
