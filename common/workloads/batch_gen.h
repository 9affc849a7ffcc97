/* SPDX-License-Identifier: MIT */
/*
 * What generators have instead of the buffer of `bounded`: batches. One step
 * yields `capacity` values, which share its cost.
 */
#include "generators.h"

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

static kit_completion batches(gen *self, kit_value arg)
{
    struct batch *b = arg.p;
    kit_completion c = kit_next(kit_none());
    while (!kit_is_abrupt(c) && fill(b))
        c = K(gen_yield)(self, kit_ptr(b));
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

static int generate_from(struct batch *b, const gen_options *options,
                         const struct workload_params *params,
                         struct workload_result *result)
{
    static const struct kit_iter_ops ops = {reader_next, NULL, NULL};
    struct reader r = {.batch = NULL};
    gen *g;
    int error = K(gen_create)(&g, batches, kit_ptr(b), options);
    if (error)
        return error;
    kit_iter_init(&r.iter, &ops);
    r.in = K(gen_iter)(g);
    error = numbers_consume(&r.iter, params, result);
    K(gen_destroy)(g);
    return error;
}

static int batch_generate(const gen_options *options,
                          const struct workload_params *params,
                          struct workload_result *result)
{
    struct batch b = {.capacity = params->capacity ? params->capacity : 1};
    b.values = calloc(b.capacity, sizeof *b.values);
    int error = b.values ? workload_open(&workload_bounded, 0, &b.source,
                                         params, result, NULL)
                         : -ENOMEM;
    if (!error)
        error = generate_from(&b, options, params, result);
    free(b.values);
    return error;
}
