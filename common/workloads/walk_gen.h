/* SPDX-License-Identifier: MIT */
/* Walking a tree by delegation, with a generator for each node; or in one
   generator, by recursion inside it. */
#ifndef KIT_WALK_GEN_H
#define KIT_WALK_GEN_H

#include "generators.h"
#include "tree.h"

struct walk {
    const struct tree_node *node;
    const gen_options *options;
};

static kit_completion walk_once(gen *self, kit_value arg)
{
    const struct walk *w = arg.p;
    const struct tree_node *n = w->node;
    kit_completion c = kit_next(kit_none());
    if (n->left) {
        struct walk left = {n->left, w->options};
        c = gen_delegate_to(self, walk_once, kit_ptr(&left), w->options);
    }
    if (n->is_item && !kit_is_abrupt(c))
        c = K(gen_yield)(self, kit_int(n->value));
    if (n->right && !kit_is_abrupt(c)) {
        struct walk right = {n->right, w->options};
        c = gen_delegate_to(self, walk_once, kit_ptr(&right), w->options);
    }
    return c;
}

/* Over and over, until it is told to leave. */
static kit_completion walk_for_ever(gen *self, kit_value arg)
{
    const struct walk *w = arg.p;
    kit_completion c;
    do
        c = gen_delegate_to(self, walk_once, arg, w->options);
    while (!kit_is_abrupt(c));
    return c;
}

/* No generators but the one: a body with a stack may yield at any depth. */
static kit_completion walk_inside(gen *self, const struct tree_node *n)
{
    kit_completion c = kit_next(kit_none());
    if (n->left)
        c = walk_inside(self, n->left);
    if (n->is_item && !kit_is_abrupt(c))
        c = K(gen_yield)(self, kit_int(n->value));
    if (n->right && !kit_is_abrupt(c))
        c = walk_inside(self, n->right);
    return c;
}

static kit_completion walk_inside_for_ever(gen *self, kit_value arg)
{
    const struct walk *w = arg.p;
    kit_completion c;
    do
        c = walk_inside(self, w->node);
    while (!kit_is_abrupt(c));
    return c;
}

#endif
