/* SPDX-License-Identifier: MIT */
/*
 * Workload 2, bounded: a producer, a bounded channel, a consumer. Beside it
 * what generators have instead of a buffer: batches, `capacity` values for one
 * step, so that they share its cost.
 */
#include "numbers.h"

#include <stdlib.h>

struct batch {
    struct workload_link source;
    kit_value *values;
    size_t length, capacity;
};

/* False when there is nothing more. */
static bool fill(struct batch *b)
{
    kit_step s;
    b->length = 0;
    while (b->length < b->capacity &&
           (s = kit_iter_next(&b->source.iter, kit_none())).state ==
               KIT_YIELDED)
        b->values[b->length++] = s.value;
    return b->length > 0;
}

static kit_completion batches(struct gen *self, kit_value arg)
{
    struct batch *b = arg.p;
    kit_completion c = kit_next(kit_none());
    while (!kit_is_abrupt(c) && fill(b))
        c = gen_yield(self, kit_ptr(b));
    return c;
}

/* The values of the batches that `in` yields. */
struct reader {
    kit_iter iter;
    kit_iter *in;
    const struct batch *batch;
    size_t at;
};

static kit_step reader_next(kit_iter *it, kit_value sent)
{
    struct reader *r = KIT_CONTAINER(it, struct reader, iter);
    if (!r->batch || r->at == r->batch->length) {
        kit_step s = kit_iter_next(r->in, sent);
        if (s.state != KIT_YIELDED)
            return s;
        r->batch = s.value.p;
        r->at = 0;
    }
    return kit_yielded(r->batch->values[r->at++]);
}

static int generate_from(struct batch *b, const struct gen_maker *maker,
                         const struct workload_params *params,
                         struct workload_result *result)
{
    static const struct kit_iter_ops ops = {reader_next, NULL, NULL};
    struct reader r = {.batch = NULL};
    struct gen g;
    int error = gen_create(&g, maker, batches, kit_ptr(b), 1);
    if (error)
        return error;
    kit_iter_init(&r.iter, &ops);
    r.in = g.iter;
    error = numbers_consume(&r.iter, params, result);
    gen_destroy(&g);
    return error;
}

static int generate(const struct gen_maker *maker,
                    const struct workload_params *params,
                    struct workload_result *result)
{
    struct batch b = {.capacity = params->capacity ? params->capacity : 1};
    b.values = calloc(b.capacity, sizeof *b.values);
    int error = b.values ? workload_open(&workload_bounded, 0, &b.source,
                                         params, result, NULL)
                         : -ENOMEM;
    if (!error)
        error = generate_from(&b, maker, params, result);
    free(b.values);
    return error;
}

const struct workload_algorithm workload_bounded = {
    .stages = {{"producer", numbers_open, NULL, 0}},
    .stage_count = 1,
    .consume = numbers_consume,
    .generate = generate,
};
