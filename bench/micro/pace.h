/* SPDX-License-Identifier: MIT */
/*
 * How a timed loop knows when to stop. All figures are bounded by time, not by
 * a count: an operation may take 2 ns or 100 us, and may change its mind.
 *
 *     micro_pace_begin(&pace, slice_ns);
 *     while (micro_pace_next(&pace))
 *         for (uint64_t n = pace.chunk; n > 0; n--)
 *             operation();
 *
 * The clock is read between chunks, which grow until one takes about 20 us:
 * reading it is then a few thousandths of the time.
 */
#ifndef MICRO_PACE_H
#define MICRO_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct micro_pace {
    int64_t begin, now, end;
    uint64_t chunk; /* operations until the next look at the clock */
    uint64_t done;
};

void micro_pace_begin(struct micro_pace *pace, int64_t slice_ns);

/* False: the slice is over; `done` operations took `now - begin`. True: do
   `chunk`, at least one. */
bool micro_pace_next(struct micro_pace *pace);

#endif
