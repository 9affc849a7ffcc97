/* SPDX-License-Identifier: MIT */
#include "batch.h"

#include <errno.h>
#include <stdlib.h>

int batch_init(struct batch *b, uint64_t capacity)
{
    b->length = 0;
    b->capacity = capacity ? (size_t)capacity : 1;
    b->values = calloc(b->capacity, sizeof *b->values);
    return b->values ? 0 : -ENOMEM;
}

void batch_free(struct batch *b)
{
    free(b->values);
}

bool batch_fill(struct batch *b, kit_iter *in)
{
    b->length = 0;
    while (b->length < b->capacity) {
        kit_step s = kit_iter_next(in, kit_none());
        if (s.state != KIT_YIELDED)
            break;
        b->values[b->length++] = s.value;
    }
    return b->length > 0;
}

static kit_step reader_next(kit_iter *it, kit_value sent)
{
    (void)sent;
    struct batch_reader *r = KIT_CONTAINER(it, struct batch_reader, iter);
    if (!r->batch || r->at == r->batch->length) {
        kit_step s = kit_iter_next(r->in, kit_none());
        if (s.state != KIT_YIELDED)
            return s;
        r->batch = s.value.p;
        r->at = 0;
    }
    return kit_yielded(r->batch->values[r->at++]);
}

void batch_reader_init(struct batch_reader *r, kit_iter *in)
{
    static const struct kit_iter_ops ops = {reader_next, NULL, NULL};
    kit_iter_init(&r->iter, &ops);
    r->in = in;
    r->batch = NULL;
    r->at = 0;
}
