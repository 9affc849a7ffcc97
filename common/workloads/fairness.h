/* SPDX-License-Identifier: MIT */
/* How evenly tasks were served. */
#ifndef KIT_FAIRNESS_H
#define KIT_FAIRNESS_H

#include <stddef.h>

/* The sums that Jain's index is made of; begins as zeros. */
struct fairness {
    double sum, squares;
    size_t count;
};

static inline void fairness_add(struct fairness *f, double served)
{
    f->sum += served;
    f->squares += served * served;
    f->count++;
}

/* Jain's index: 1 when all were served alike, 1/n when one had it all; 0 when
   nobody was served. */
static inline double fairness_index(const struct fairness *f)
{
    return f->squares > 0 ? f->sum * f->sum / ((double)f->count * f->squares)
                          : 0;
}

#endif
