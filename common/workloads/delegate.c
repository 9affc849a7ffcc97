/* SPDX-License-Identifier: MIT */
/*
 * Workload 5, delegate: a chain of generators, each of which delegates to the
 * next; the last one yields numbers. By plain calls nothing is left of it but
 * the numbers.
 */
#include "numbers.h"

const struct workload_algorithm workload_delegate = {
    .stages = {{"numbers", numbers_open, NULL, 0}},
    .stage_count = 1,
    .consume = numbers_consume,
};
