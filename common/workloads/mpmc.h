/* SPDX-License-Identifier: MIT */
/* What the producers and the consumers of mpmc do with an item. */
#ifndef KIT_MPMC_H
#define KIT_MPMC_H

#include "work.h"
#include "workload.h"

struct mpmc_item {
    uint64_t index, value;
};

/*
 * Items are unequal when `skew` is not 0: as many kinds of them follow each
 * other as there are tasks on the larger side, and each kind takes `skew` per
 * cent of `work` more than the one before.
 */
static inline uint64_t mpmc_work(const struct workload_params *p,
                                 uint64_t index)
{
    uint64_t kinds = p->producers > p->consumers ? p->producers : p->consumers;
    return p->work + p->work * p->skew / 100 * (index % kinds);
}

static inline uint64_t mpmc_share(const struct workload_params *p,
                                  uint64_t work)
{
    return work * p->share / 100;
}

static inline struct mpmc_item mpmc_make(const struct workload_params *p,
                                         uint64_t index, uint64_t *work)
{
    *work = mpmc_share(p, mpmc_work(p, index));
    return (struct mpmc_item){index, work_on(p->seed + index, *work)};
}

/* What the item adds to the checksum, which no order can change. */
static inline uint64_t mpmc_use(const struct workload_params *p,
                                const struct mpmc_item *item, uint64_t *work)
{
    uint64_t whole = mpmc_work(p, item->index);
    *work = whole - mpmc_share(p, whole);
    return workload_scatter(work_on(item->value, *work));
}

#endif
