/* SPDX-License-Identifier: MIT */
/* Where threads run: a list of CPUs to be taken in turn, or anywhere. */
#ifndef KIT_PLACEMENT_H
#define KIT_PLACEMENT_H

#include <kit/base.h>

KIT_BEGIN

#define KIT_PLACEMENT_MAX 64

/* count 0: anywhere. The list is copied by whoever is given one. */
struct kit_placement {
    int cpus[KIT_PLACEMENT_MAX];
    size_t count;
};

/* The CPU of the index-th thread, or -1 for anywhere. */
static inline int kit_placement_cpu(const struct kit_placement *p, size_t index)
{
    return p && p->count > 0 ? p->cpus[index % p->count] : -1;
}

KIT_END

#endif
