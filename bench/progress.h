/* SPDX-License-Identifier: MIT */
/*
 * A line on stderr for a run that takes longer than two seconds, when stderr
 * is a terminal. A timer's signal draws it, once a second: nothing that is
 * measured in files or by scripts is disturbed.
 */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

void progress_begin(const char *workload, const char *arm);
void progress_end(void);

#endif
