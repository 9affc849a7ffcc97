/* SPDX-License-Identifier: MIT */
/* treewalk and samefringe by resumable functions. */
#include "../wiring.h"
#include "numbers.h"
#include "samefringe.h"

#include <coop/frame.h>

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

int coop_run_stackless_treewalk(const struct workload_algorithm *algorithm,
                                const struct workload_params *params,
                                const struct coop_arm *arm,
                                struct workload_result *result)
{
    walk_frames walk;
    struct tree t;
    int error = tree_of_nodes(&t, params->nodes, params->seed);
    (void)algorithm, (void)arm;
    if (error)
        return error;
    walk_init(walk, &walk_for_ever, t.root);
    error = numbers_take(&walk->frame.iter, params, result);
    coop_frame_close(&walk->frame);
    tree_free(&t);
    return error;
}

int coop_run_stackless_samefringe(const struct workload_algorithm *algorithm,
                                  const struct workload_params *params,
                                  const struct coop_arm *arm,
                                  struct workload_result *result)
{
    walk_frames one, other;
    struct fringes f;
    int error = fringes_plant(&f, params);
    (void)algorithm, (void)arm;
    if (error)
        return error;
    walk_init(one, &walk_for_ever, f.trees[0].root);
    walk_init(other, &walk_for_ever, f.trees[1].root);
    error =
        fringes_compare(&one->frame.iter, &other->frame.iter, params, result);
    coop_frame_close(&one->frame);
    coop_frame_close(&other->frame);
    fringes_fell(&f);
    return error;
}
