/* SPDX-License-Identifier: MIT */
#include "numbers.h"

static kit_step numbers_next(kit_iter *it, kit_value sent)
{
    (void)sent;
    struct workload_link *l = KIT_CONTAINER(it, struct workload_link, iter);
    uint64_t *i = &l->state.words[0];
    if (*i == l->params->items)
        return kit_done(kit_none());
    return kit_yielded(kit_int((int64_t)(l->params->seed + (*i)++)));
}

int numbers_open(struct workload_link *link)
{
    static const struct kit_iter_ops ops = {numbers_next, NULL, NULL};
    kit_iter_init(&link->iter, &ops);
    return 0;
}

static inline int consume(kit_iter *in, uint64_t limit,
                          struct workload_result *result)
{
    uint64_t checksum = 0, items = 0;
    kit_step s = kit_done(kit_none());
    while (items < limit &&
           (s = kit_iter_next(in, kit_none())).state == KIT_YIELDED) {
        checksum = workload_mix(checksum, (uint64_t)s.value.i);
        items++;
    }
    result->checksum = checksum;
    result->items = items;
    return s.state == KIT_FAILED ? (int)s.value.i : 0;
}

int numbers_consume(kit_iter *in, const struct workload_params *params,
                    struct workload_result *result)
{
    (void)params;
    return consume(in, UINT64_MAX, result);
}

int numbers_take(kit_iter *in, const struct workload_params *params,
                 struct workload_result *result)
{
    return consume(in, params->items, result);
}
