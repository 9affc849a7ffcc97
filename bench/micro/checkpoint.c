/* SPDX-License-Identifier: MIT */
/*
 * A checkpoint in a loop, when there is no need for it: nobody else is there,
 * and the time slice is long. A loop without it is subtracted.
 */
#include "core.h"
#include "mains.h"

#include <math.h>
#include <stdio.h>

/* A difference may come out at nothing; a figure has to be above that. */
#define LEAST_NS 0.001

/* The loops take turns in a slice, and the fastest of each counts: whatever
   disturbs one of them must not look like a part of the difference. */
#define PARTS 8

static inline double lesser(double a, double b)
{
    return a < b ? a : b;
}

/* Nanoseconds of a turn of the loop around `one`, NULL: around nothing. */
static inline __attribute__((always_inline)) double time_loop(int64_t slice_ns,
                                                              int (*one)(void))
{
    struct micro_pace pace;
    micro_pace_begin(&pace, slice_ns);
    while (micro_pace_next(&pace)) {
        for (uint64_t n = pace.chunk; n > 0; n--) {
            if (one)
                micro_keep((uint64_t)one());
            else
                micro_keep(n);
        }
    }
    return (double)(pace.now - pace.begin) / (double)pace.done;
}

static inline __attribute__((always_inline)) enum micro_verdict
time_difference(struct micro_cell *cell, int (*one)(void))
{
    int64_t part = cell->plan->slice_ns / (2 * PARTS);
    double empty = HUGE_VAL, full = HUGE_VAL;
    for (int i = 0; i < PARTS; i++) {
        empty = lesser(empty, time_loop(part, NULL));
        full = lesser(full, time_loop(part, one));
    }
    cell->value[0] = full - empty > LEAST_NS ? full - empty : LEAST_NS;
    return MICRO_OK;
}

/* As a program calls it: inlined, where that is possible. */
static inline int check_coop(void)
{
    return coop_checkpoint();
}

static enum micro_verdict coop_main(struct micro_cell *cell, coop_sched *s)
{
    (void)s;
    return time_difference(cell, check_coop);
}

static enum micro_verdict measure_coop(struct micro_cell *cell)
{
    struct coop_sched_options options = {.slice = KIT_FOREVER / 4};
    return micro_in_coop(cell, coop_main, &options);
}

static enum micro_verdict preempt_main(struct micro_cell *cell,
                                       preempt_sched *s)
{
    (void)s;
    return time_difference(cell, preempt_checkpoint);
}

static enum micro_verdict measure_preempt(struct micro_cell *cell)
{
    return micro_in_preempt(cell, preempt_main);
}

static void fill(struct micro_table *t)
{
    micro_add(t, (struct micro_entry){.figure = "checkpoint, not taken",
                                      .name = "coop_checkpoint",
                                      .unit = "ns",
                                      .measure = measure_coop});
    micro_add(t, (struct micro_entry){.figure = "checkpoint, not taken",
                                      .name = "preempt_checkpoint",
                                      .unit = "ns",
                                      .measure = measure_preempt});
}

const struct micro_group micro_checkpoint_group = {
    .name = "checkpoint",
    .summary = "what a long computation pays for being polite",
    .fill = fill,
    .full = {20, 5000000},
    .quick = {5, 3000000},
};
