/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include <stdlib.h>

static int allocate(struct tree *t, uint64_t nodes)
{
    t->nodes = calloc(nodes, sizeof *t->nodes);
    return t->nodes ? 0 : -ENOMEM;
}

void tree_free(struct tree *t)
{
    free(t->nodes);
}

/* The nodes [at, at + count) as a tree. */
static const struct tree_node *halve(struct tree_node *at, uint64_t count,
                                     uint64_t value)
{
    if (count == 0)
        return NULL;
    uint64_t half = count / 2;
    struct tree_node *n = at + half;
    n->left = halve(at, half, value);
    n->right = halve(n + 1, count - half - 1, value + half + 1);
    n->value = (int64_t)(value + half);
    n->is_item = true;
    return n;
}

int tree_of_nodes(struct tree *t, uint64_t nodes, uint64_t seed)
{
    int error = allocate(t, nodes);
    if (!error)
        t->root = halve(t->nodes, nodes, seed);
    return error;
}

/* splitmix64 (Steele, Lea, Flood 2014): the next number of a sequence. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* `leaves` leaves and what joins them, from `at` on. */
static const struct tree_node *divide(struct tree_node *at, uint64_t leaves,
                                      uint64_t value, uint64_t *chance)
{
    if (leaves == 1) {
        at->value = (int64_t)value;
        at->is_item = true;
        return at;
    }
    uint64_t least = (leaves + 3) / 4;
    uint64_t left = least + draw(chance) % (leaves - 2 * least + 1);
    struct tree_node *n = at + 2 * left - 1;
    n->left = divide(at, left, value, chance);
    n->right = divide(n + 1, leaves - left, value + left, chance);
    return n;
}

int tree_of_leaves(struct tree *t, uint64_t leaves, uint64_t seed,
                   uint64_t shape)
{
    int error = allocate(t, 2 * leaves - 1);
    if (!error)
        t->root = divide(t->nodes, leaves, seed, &shape);
    return error;
}

/* ---- by plain calls ---- */

static void descend(struct tree_cursor *c, const struct tree_node *n)
{
    for (; n; n = n->left)
        c->above[c->height++] = n;
}

static kit_step cursor_next(kit_iter *it, kit_value sent)
{
    struct tree_cursor *c = KIT_CONTAINER(it, struct tree_cursor, iter);
    const struct tree_node *n;
    (void)sent;
    do {
        if (c->height == 0)
            descend(c, c->root);
        n = c->above[--c->height];
        descend(c, n->right);
    } while (!n->is_item);
    return kit_yielded(kit_int(n->value));
}

void tree_cursor_init(struct tree_cursor *c, const struct tree *t)
{
    static const struct kit_iter_ops ops = {cursor_next, NULL, NULL};
    kit_iter_init(&c->iter, &ops);
    c->root = t->root;
    c->height = 0;
}
