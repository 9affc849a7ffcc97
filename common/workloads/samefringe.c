/* SPDX-License-Identifier: MIT */
/*
 * Workload 5, samefringe: have two trees of different shape the same leaves?
 * Two walks are stepped in turn, which takes two producers at a time: the
 * classic case for coroutines (Hewitt and others, 1974).
 */
#include "samefringe.h"

int fringes_plant(struct fringes *f, const struct workload_params *params)
{
    uint64_t leaves = params->leaves, seed = params->seed;
    int error = tree_of_leaves(&f->trees[0], leaves, seed, 1);
    if (error)
        return error;
    error = tree_of_leaves(&f->trees[1], leaves, seed, 2);
    if (error)
        tree_free(&f->trees[0]);
    return error;
}

void fringes_fell(struct fringes *f)
{
    tree_free(&f->trees[0]);
    tree_free(&f->trees[1]);
}

/* A walk goes on for ever, so it yields, or has failed. */
static int compare(kit_step a, kit_step b, struct workload_result *result)
{
    if (a.state != KIT_YIELDED || b.state != KIT_YIELDED)
        return (int)(a.state != KIT_YIELDED ? a : b).value.i;
    if (a.value.i != b.value.i)
        return workload_fail(result, -EILSEQ, "the leaves differ");
    result->checksum = workload_mix(result->checksum, (uint64_t)a.value.i);
    result->items++;
    return 0;
}

int fringes_compare(kit_iter *one, kit_iter *other,
                    const struct workload_params *params,
                    struct workload_result *result)
{
    int error = 0;
    while (!error && result->items < params->items) {
        kit_step a = kit_iter_next(one, kit_none());
        error = compare(a, kit_iter_next(other, kit_none()), result);
    }
    return error;
}

static int sequential(const struct workload_params *params,
                      struct workload_result *result)
{
    struct fringes f;
    struct tree_cursor one, other;
    int error = fringes_plant(&f, params);
    if (error)
        return error;
    tree_cursor_init(&one, &f.trees[0]);
    tree_cursor_init(&other, &f.trees[1]);
    error = fringes_compare(&one.iter, &other.iter, params, result);
    fringes_fell(&f);
    return error;
}

const struct workload_algorithm workload_samefringe = {
    .sequential = sequential,
};
