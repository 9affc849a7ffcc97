/* SPDX-License-Identifier: MIT */
/*
 * Select over n receives: when all of them can be done at once (what came is
 * sent back), when none can (a try), and when it has to wait until another
 * task sends on one of the channels, each in its turn.
 */
#include "select.h"

#include "go.h"

#include <stdio.h>

#define K(name) coop_##name
#include "select_task.h"
#undef K
#define K(name) preempt_##name
#include "select_task.h"
#undef K

/* Of peer/select.go, too. */
static const char *const wait_names[] = {"all ready", "none ready",
                                         "one wakes it"};

static enum micro_verdict measure_coop(struct micro_cell *cell)
{
    return micro_in_coop(cell, coop_select_main, NULL);
}

static enum micro_verdict measure_preempt(struct micro_cell *cell)
{
    return micro_in_preempt(cell, preempt_select_main);
}

/* ---- the table ---- */

static void add(struct micro_table *t, struct micro_entry e, const char *name,
                enum micro_verdict (*measure)(struct micro_cell *))
{
    snprintf(e.name, sizeof e.name, "%s", name);
    e.measure = measure;
    micro_add(t, e);
}

static void add_figure(struct micro_table *t, enum wait wait, size_t count,
                       unsigned placements)
{
    for (unsigned p = 0; p < placements; p++) {
        struct micro_entry e = {.placement = (enum micro_placement)p,
                                .unit = "ns",
                                .number = {count, wait}};
        snprintf(e.figure, sizeof e.figure, "%zu case%s, %s", count,
                 count == 1 ? "" : "s", wait_names[wait]);
        if (p == MICRO_ONE)
            add(t, e, "coop_select", measure_coop);
        add(t, e, "preempt_select", measure_preempt);
        micro_add_go(t, &e, "Go, select", "select", count, wait);
    }
}

static void fill(struct micro_table *t)
{
    static const size_t counts[] = {1, 2, 8, 64};
    unsigned placements = micro_placements(t);
    for (enum wait w = ALL_READY; w <= ONE_WAKES; w++)
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
            add_figure(t, w, counts[i], w == ONE_WAKES ? placements : 1);
}

const struct micro_group micro_select_group = {
    .name = "select",
    .summary = "one select over n receives",
    .fill = fill,
    .full = {15, 5000000},
    .quick = {5, 3000000},
};
