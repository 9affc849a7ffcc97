/* SPDX-License-Identifier: MIT */
/* Workload 1, lockstep: a generator with an empty body, one value a step. */
#include "numbers.h"

const struct workload_algorithm workload_lockstep = {
    .stages = {{"numbers", numbers_open, NULL, 0}},
    .stage_count = 1,
    .consume = numbers_consume,
};
