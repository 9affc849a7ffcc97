/* SPDX-License-Identifier: MIT */
/* Batches: many values for one switch. What both wirings of it share. */
#ifndef KIT_BATCH_H
#define KIT_BATCH_H

#include "workload.h"

struct batch {
    kit_value *values;
    size_t length, capacity;
};

/* capacity 0 counts as 1. 0 or -ENOMEM. */
int batch_init(struct batch *b, uint64_t capacity);
void batch_free(struct batch *b);

/* Fills the batch from `in`. False when there is nothing more. */
bool batch_fill(struct batch *b, kit_iter *in);

/* An iterator over the values of the batches that `in` yields as pointers. */
struct batch_reader {
    kit_iter iter;
    kit_iter *in;
    const struct batch *batch;
    size_t at;
};

void batch_reader_init(struct batch_reader *r, kit_iter *in);

#endif
