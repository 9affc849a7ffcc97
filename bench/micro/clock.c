/* SPDX-License-Identifier: MIT */
/* What a look at the clock costs, and a system call that does nothing. */
#include "core.h"

#include <kit/wait.h>

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

static enum micro_verdict measure_now(struct micro_cell *cell)
{
    struct micro_pace pace;
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace))
        for (uint64_t n = pace.chunk; n > 0; n--)
            micro_keep((uint64_t)kit_now());
    return micro_timed(cell, pace.now - pace.begin, pace.done);
}

static enum micro_verdict measure_cpu(struct micro_cell *cell)
{
    struct micro_pace pace;
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace))
        for (uint64_t n = pace.chunk; n > 0; n--)
            micro_keep((uint64_t)kit_cpu_current());
    return micro_timed(cell, pace.now - pace.begin, pace.done);
}

static enum micro_verdict measure_syscall(struct micro_cell *cell)
{
    struct micro_pace pace;
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace))
        for (uint64_t n = pace.chunk; n > 0; n--)
            micro_keep((uint64_t)syscall(SYS_getppid));
    return micro_timed(cell, pace.now - pace.begin, pace.done);
}

static enum micro_verdict measure_yield(struct micro_cell *cell)
{
    struct micro_pace pace;
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace))
        for (uint64_t n = pace.chunk; n > 0; n--)
            sched_yield();
    return micro_timed(cell, pace.now - pace.begin, pace.done);
}

static void fill(struct micro_table *t)
{
    micro_add(t, (struct micro_entry){.figure = "one look",
                                      .name = "kit_now",
                                      .unit = "ns",
                                      .measure = measure_now});
    micro_add(t, (struct micro_entry){.figure = "one look",
                                      .name = "kit_cpu_current",
                                      .unit = "ns",
                                      .measure = measure_cpu});
    micro_add(t, (struct micro_entry){.figure = "one system call",
                                      .name = "getppid",
                                      .unit = "ns",
                                      .measure = measure_syscall});
    micro_add(t, (struct micro_entry){.figure = "one system call",
                                      .name = "sched_yield, nobody else",
                                      .unit = "ns",
                                      .measure = measure_yield});
}

const struct micro_group micro_clock_group = {
    .name = "clock",
    .summary = "the clock, the current CPU, an empty system call",
    .fill = fill,
    .full = {20, 5000000},
    .quick = {5, 2000000},
};
