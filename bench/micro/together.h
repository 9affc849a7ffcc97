/* SPDX-License-Identifier: MIT */
/* Threads that are pinned and begin together. */
#ifndef MICRO_TOGETHER_H
#define MICRO_TOGETHER_H

#include <stddef.h>

struct micro_job {
    int cpu;
    void (*main)(void *arg);
    void *arg;
};

/* Runs each job on a thread of its own, and returns when all have ended. 0, or
   -errno when there cannot be so many threads: then none has run. */
int micro_together(const struct micro_job *jobs, size_t count);

#endif
