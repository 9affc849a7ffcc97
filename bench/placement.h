/* SPDX-License-Identifier: MIT */
/* Placements: one core, two cores pinned, free. */
#ifndef BENCH_PLACEMENT_H
#define BENCH_PLACEMENT_H

#include <kit/placement.h>

/*
 * "one", "two" or "free", on the CPUs that this process may use. Pins the
 * calling thread to the first of them (not for "free"). An unknown name, or
 * two where there is one CPU, ends the program with one line.
 */
struct kit_placement placement_apply(const char *name);

#endif
