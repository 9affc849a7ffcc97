/* SPDX-License-Identifier: MIT */
/* The source of numbers and its consumer, which several workloads share. */
#ifndef KIT_NUMBERS_H
#define KIT_NUMBERS_H

#include "workload.h"

/* Yields seed, seed + 1, ...: `items` of them. */
int numbers_open(struct workload_link *link);

/* Counts and mixes what comes, to its end. */
int numbers_consume(kit_iter *in, const struct workload_params *params,
                    struct workload_result *result);

/* The same, but takes `items` values of a source that may have more. */
int numbers_take(kit_iter *in, const struct workload_params *params,
                 struct workload_result *result);

#endif
