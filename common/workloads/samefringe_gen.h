/* SPDX-License-Identifier: MIT */
/* samefringe on generators. */
#include "samefringe.h"
#include "walk_gen.h"

static int compare_walks(const struct fringes *f, const gen_options *options,
                         const struct workload_params *params,
                         struct workload_result *result)
{
    struct walk one = {f->trees[0].root, options};
    struct walk other = {f->trees[1].root, options};
    gen *a = NULL, *b = NULL;
    int error = K(gen_create)(&a, walk_for_ever, kit_ptr(&one), options);
    if (!error)
        error = K(gen_create)(&b, walk_for_ever, kit_ptr(&other), options);
    if (!error)
        error = fringes_compare(K(gen_iter)(a), K(gen_iter)(b), params, result);
    K(gen_destroy)(a);
    K(gen_destroy)(b);
    return error;
}

static int samefringe_generate(const gen_options *options,
                               const struct workload_params *params,
                               struct workload_result *result)
{
    struct fringes f;
    int error = fringes_plant(&f, params);
    if (error)
        return error;
    error = compare_walks(&f, options, params, result);
    fringes_fell(&f);
    return error;
}
