/* SPDX-License-Identifier: MIT */
/* The trees of samefringe, and comparing the walks of them. */
#ifndef KIT_SAMEFRINGE_H
#define KIT_SAMEFRINGE_H

#include "tree.h"

struct fringes {
    struct tree trees[2];
};

/* Two trees of different shape, with the same leaves. 0 or -ENOMEM. */
int fringes_plant(struct fringes *f, const struct workload_params *params);
void fringes_fell(struct fringes *f);

/* Steps two walks in turn, `items` times. 0, or -errno: they differ. */
int fringes_compare(kit_iter *one, kit_iter *other,
                    const struct workload_params *params,
                    struct workload_result *result);

#endif
