/* SPDX-License-Identifier: MIT */
/* The metrics file: one JSON line per run. */
#ifndef BENCH_METRICS_H
#define BENCH_METRICS_H

#include "table.h"
#include "usage.h"

struct run_report {
    const struct workload *workload;
    const struct arm *arm;
    const char *placement;
    const struct workload_params *params;
    const struct workload_result *result;
    struct usage usage;
};

/*
 * Opens the file for appending, before the run, so that a bad path costs no
 * measurement; a usage of -1 for the file descriptor means: no file.
 */
int metrics_open(const char *path);

/* Appends the line as one write, all of it or nothing; closes the file. */
void metrics_append(int fd, const char *path, const struct run_report *r);

#endif
