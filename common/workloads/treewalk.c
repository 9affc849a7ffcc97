/* SPDX-License-Identifier: MIT */
/*
 * Workload 5, treewalk: the nodes of a balanced tree in order. Also workload
 * 16, bm_generators: the tree of 100 000 nodes that the benchmark of that name
 * of pyperformance walks.
 */
#include "numbers.h"
#include "tree.h"

static int sequential(const struct workload_params *params,
                      struct workload_result *result)
{
    struct tree t;
    struct tree_cursor c;
    int error = tree_of_nodes(&t, params->nodes, params->seed);
    if (error)
        return error;
    tree_cursor_init(&c, &t);
    error = numbers_take(&c.iter, params, result);
    tree_free(&t);
    return error;
}

const struct workload_algorithm workload_treewalk = {
    .sequential = sequential,
};
