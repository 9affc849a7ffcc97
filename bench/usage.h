/* SPDX-License-Identifier: MIT */
/* What a timed region used: clocks, switches, memory. */
#ifndef BENCH_USAGE_H
#define BENCH_USAGE_H

#include <stdint.h>

struct usage {
    int64_t wall_ns, user_ns, system_ns;
    int64_t voluntary_switches, involuntary_switches;
    int64_t migrations; /* of all threads; -1: the kernel does not tell us */
    int64_t minor_faults;
    int64_t peak_rss_bytes; /* of the process so far, not of the region */
};

struct usage_meter {
    struct usage begin;
    int migrations_fd;
};

void usage_begin(struct usage_meter *meter);
struct usage usage_end(struct usage_meter *meter);

#endif
