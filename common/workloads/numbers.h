/* SPDX-License-Identifier: MIT */
/* The source of numbers and its consumer, which several workloads share. */
#ifndef KIT_NUMBERS_H
#define KIT_NUMBERS_H

#include "workload.h"

/* Yields seed, seed + 1, ...: `items` of them. */
int numbers_open(struct workload_link *link);

/* The same as the body of a generator; arg.p: the parameters. */
gen_body numbers_body;

/* Counts and mixes what comes, to its end. */
int numbers_consume(kit_iter *in, const struct workload_params *params,
                    struct workload_result *result);

/* The same, but takes `items` values of a source that may have more. */
int numbers_take(kit_iter *in, const struct workload_params *params,
                 struct workload_result *result);

/* Takes `items` values of a generator with this body. 0 or -errno. */
int numbers_generate(const struct gen_maker *maker, gen_body *body,
                     kit_value arg, const struct workload_params *params,
                     struct workload_result *result);

#endif
