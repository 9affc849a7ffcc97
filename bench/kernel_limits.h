/* SPDX-License-Identifier: MIT */
/* The machine's limits, in words, for when one is met. Static storage. */
#ifndef BENCH_KERNEL_LIMITS_H
#define BENCH_KERNEL_LIMITS_H

const char *limits_on_threads(void);
const char *limits_on_memory(void);

#endif
