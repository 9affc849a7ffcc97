/* SPDX-License-Identifier: MIT */
/*
 * Workload 3, crossover: as bounded, with work on each item, of which the
 * producer does `share` per cent and the consumer the rest.
 */
#include "work.h"
#include "workload.h"

static uint64_t steps_of_producer(const struct workload_params *p)
{
    return p->work / 100 * p->share + p->work % 100 * p->share / 100;
}

static kit_step next(kit_iter *it, kit_value sent)
{
    (void)sent;
    struct workload_link *l = KIT_CONTAINER(it, struct workload_link, iter);
    uint64_t *i = &l->state.words[0], steps = l->state.words[1];
    if (*i == l->params->items)
        return kit_done(kit_none());
    uint64_t x = work_on(l->params->seed + (*i)++, steps);
    return kit_yielded(kit_int((int64_t)x));
}

static int open(struct workload_link *link)
{
    static const struct kit_iter_ops ops = {next, NULL, NULL};
    kit_iter_init(&link->iter, &ops);
    link->state.words[1] = steps_of_producer(link->params);
    return 0;
}

static int consume(kit_iter *in, const struct workload_params *params,
                   struct workload_result *result)
{
    uint64_t steps = params->work - steps_of_producer(params);
    uint64_t checksum = 0, items = 0;
    kit_step s;
    while ((s = kit_iter_next(in, kit_none())).state == KIT_YIELDED) {
        checksum = workload_mix(checksum, work_on((uint64_t)s.value.i, steps));
        items++;
    }
    result->checksum = checksum;
    result->items = items;
    return s.state == KIT_FAILED ? (int)s.value.i : 0;
}

const struct workload_algorithm workload_crossover = {
    .stages = {{"producer", open, NULL, 0}},
    .stage_count = 1,
    .consume = consume,
};
