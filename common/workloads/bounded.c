/* SPDX-License-Identifier: MIT */
/* Workload 2, bounded: a producer, a bounded channel, a consumer. */
#include "numbers.h"

const struct workload_algorithm workload_bounded = {
    .stages = {{"producer", numbers_open, NULL, 0}},
    .stage_count = 1,
    .consume = numbers_consume,
};
