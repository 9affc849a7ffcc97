/* SPDX-License-Identifier: MIT */
/* Walking a tree by resumable functions. */
#include "wiring.h"

#include "tree.h"

/* A frame for each level of the tree, in an array; one more walks for ever. */
struct walk {
    coop_frame frame;
    const struct tree_node *node;
};

typedef struct walk walk_frames[TREE_HEIGHT_MAX + 1];

static kit_iterable *walk_init(struct walk *w,
                               const coop_frame_function *function,
                               const struct tree_node *node)
{
    coop_frame_init(&w->frame, function);
    w->node = node;
    return &w->frame.iter.iterable;
}

COOP_FRAME_FUNCTION(walk_once)
{
    struct walk *w = (struct walk *)f;
    COOP_FRAME_BEGIN(f);
    if (w->node->left)
        COOP_FRAME_DELEGATE(f, walk_init(w + 1, &walk_once, w->node->left));
    if (w->node->is_item && !kit_is_abrupt(how))
        COOP_FRAME_YIELD(f, kit_int(w->node->value));
    if (w->node->right && !kit_is_abrupt(how))
        COOP_FRAME_DELEGATE(f, walk_init(w + 1, &walk_once, w->node->right));
    COOP_FRAME_END(f);
    return kit_step_of_end(how);
}

COOP_FRAME_FUNCTION(walk_for_ever)
{
    struct walk *w = (struct walk *)f;
    COOP_FRAME_BEGIN(f);
    while (!kit_is_abrupt(how))
        COOP_FRAME_DELEGATE(f, walk_init(w + 1, &walk_once, w->node));
    COOP_FRAME_END(f);
    return kit_step_of_end(how);
}
