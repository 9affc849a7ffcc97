/* SPDX-License-Identifier: MIT */
/*
 * Two workloads of very many tasks, whole, with Go beside them: skynet, a tree
 * of tasks, with the most memory that is resident at a time; and threadring, a
 * token that goes round 503 tasks. Each run has a child process.
 */
#include "child.h"
#include "core.h"
#include "go.h"
#include "resident.h"
#include "table.h"

#include <kit/wait.h>

#include <stdio.h>

#define TIME_LIMIT_NS INT64_C(60000000000)
#define MS            1000000.0
#define RING          503

struct order {
    const struct micro_cell *cell;
    const char *workload;
    struct workload_params params;
};

/* What the child tells. */
struct report {
    int result; /* 0 or -errno */
    bool is_wrong;
    int64_t elapsed_ns;
    uint64_t passes;
    int64_t grown_kb;
};

static int run(const struct order *o, struct report *r)
{
    const struct micro_cell *cell = o->cell;
    const struct workload *w = workload_named(o->workload);
    const struct arm *arm = arm_named(w, cell->entry.how);
    struct kit_placement placement = {{micro_cpu(cell, 0), micro_cpu(cell, 1)},
                                      2};
    struct workload_result wanted, found;
    int64_t begin = kit_now();
    int result = arm_run(w, arm, &o->params, &placement, &found);
    r->elapsed_ns = kit_now() - begin;
    if (!result)
        result = workload_run_sequential(w->algorithm, &o->params, &wanted);
    if (!result)
        r->is_wrong |= wanted.checksum != found.checksum;
    return result;
}

static enum micro_verdict in_child(struct micro_cell *cell,
                                   void (*work)(void *, void *),
                                   struct order *o, struct report *r)
{
    int result = micro_child_run(work, o, r, sizeof *r, TIME_LIMIT_NS);
    result = result < 0 ? result : r->result;
    if (result < 0)
        return micro_because(cell, MICRO_SKIPPED, "%s", kit_error_text(result));
    if (r->is_wrong)
        return micro_because(cell, MICRO_FAILED, "the checksum is wrong");
    return MICRO_OK;
}

static struct micro_entry entry_of(enum micro_placement placement,
                                   const char *name, const char *arm)
{
    struct micro_entry e = {.placement = placement, .how = arm};
    snprintf(e.name, sizeof e.name, "%s", name);
    return e;
}

/* ---- skynet ---- */

static void grow_tree(void *order, void *room)
{
    struct report *r = room;
    micro_peak_forget();
    int64_t before = micro_peak_kb();
    r->result = run(order, r);
    r->grown_kb = micro_peak_kb() - before;
}

static enum micro_verdict measure_tree(struct micro_cell *cell)
{
    struct order o = {cell, "skynet", {.items = cell->entry.number[0]}};
    struct report r = {.result = 0};
    enum micro_verdict verdict = in_child(cell, grow_tree, &o, &r);
    cell->value[0] = (double)r.elapsed_ns / MS;
    cell->value[1] = (double)(r.grown_kb * 1024);
    return verdict;
}

static void add_tree(struct micro_table *t, struct micro_entry e,
                     uint64_t leaves)
{
    e.measure = measure_tree;
    e.number[0] = leaves;
    e.unit = "ms";
    e.second_figure = ": peak of memory";
    e.second_unit = "bytes";
    snprintf(e.figure, sizeof e.figure, "tree of %zu leaves", (size_t)leaves);
    if (e.how)
        micro_add(t, e);
    else
        micro_add_go(t, &e, e.name, "skynet", leaves, 0);
}

static void fill_skynet(struct micro_table *t)
{
    static const uint64_t few = 10000, many = 1000000;
    unsigned placements = micro_placements(t);
    for (unsigned p = 0; p < placements; p++) {
        enum micro_placement place = (enum micro_placement)p;
        if (place == MICRO_ONE)
            add_tree(t, entry_of(place, "coop tasks", "coop"), few);
        add_tree(t, entry_of(place, "preempt tasks", "preempt"), few);
        add_tree(t, entry_of(place, "Go, goroutines", NULL), few);
    }
    for (unsigned p = 0; p < (t->plan->quick ? 1 : placements); p++) {
        enum micro_placement place = (enum micro_placement)p;
        if (place == MICRO_ONE)
            add_tree(t, entry_of(place, "coop tasks", "coop"), many);
        add_tree(t, entry_of(place, "Go, goroutines", NULL), many);
    }
    micro_note(t, "memory: by how much it grew; of Go, all of the process");
}

const struct micro_group micro_skynet_group = {
    .name = "skynet",
    .summary = "a tree of tasks, ten children each, the whole of it",
    .fill = fill_skynet,
    .full = {5, 0},
    .quick = {1, 0},
};

/* ---- threadring ---- */

/* Twice as many passes until they take long enough; making the ring, which a
   run without passes does, is subtracted. */
static void go_round(void *order, void *room)
{
    struct order *o = order;
    struct report *r = room;
    int64_t wanted = o->cell->plan->slice_ns, empty;
    o->params.items = 0;
    r->result = run(o, r);
    empty = r->elapsed_ns;
    for (uint64_t n = 2 * RING; !r->result; n *= 2) {
        o->params.items = r->passes = n;
        r->result = run(o, r);
        r->elapsed_ns -= empty;
        if (r->elapsed_ns >= wanted)
            break;
    }
}

static enum micro_verdict measure_ring(struct micro_cell *cell)
{
    struct order o = {cell, "threadring", {.tasks = RING}};
    struct report r = {.result = 0};
    enum micro_verdict verdict = in_child(cell, go_round, &o, &r);
    return verdict == MICRO_OK ? micro_timed(cell, r.elapsed_ns, r.passes)
                               : verdict;
}

static void add_ring(struct micro_table *t, struct micro_entry e)
{
    e.measure = measure_ring;
    e.unit = "ns";
    snprintf(e.figure, sizeof e.figure, "a pass, in a ring of %d tasks", RING);
    if (e.how)
        micro_add(t, e);
    else
        micro_add_go(t, &e, e.name, "threadring", RING, 0);
}

static void fill_threadring(struct micro_table *t)
{
    unsigned placements = micro_placements(t);
    for (unsigned p = 0; p < placements; p++) {
        enum micro_placement place = (enum micro_placement)p;
        if (place == MICRO_ONE)
            add_ring(t, entry_of(place, "coop tasks", "coop"));
        add_ring(t, entry_of(place, "preempt tasks", "preempt"));
        add_ring(t, entry_of(place, "Go, goroutines", NULL));
    }
}

const struct micro_group micro_threadring_group = {
    .name = "threadring",
    .summary = "a token goes from task to task",
    .fill = fill_threadring,
    .full = {7, 60000000},
    .quick = {2, 20000000},
};
