/* SPDX-License-Identifier: MIT */
#include "cxx.h"

#if MICRO_CXX
#include "cxx_generator.h"

/* ---- one generator ---- */

static enum micro_verdict prepare_echo(struct micro_cell *cell)
{
    cell->state = micro_cxx_echo_create();
    return MICRO_OK;
}

static enum micro_verdict measure_echo(struct micro_cell *cell)
{
    struct micro_pace pace;
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace))
        micro_cxx_echo_run(cell->state, pace.chunk);
    return micro_timed(cell, pace.now - pace.begin, pace.done);
}

static void release_echo(struct micro_cell *cell)
{
    micro_cxx_echo_destroy(cell->state);
}

/* ---- a chain ---- */

static enum micro_verdict prepare_chain(struct micro_cell *cell)
{
    cell->state = micro_cxx_chain_create((unsigned)cell->entry.number[0]);
    return MICRO_OK;
}

static enum micro_verdict measure_chain(struct micro_cell *cell)
{
    struct micro_pace pace;
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace))
        micro_cxx_chain_run(cell->state, pace.chunk);
    return micro_timed(cell, pace.now - pace.begin, pace.done);
}

static void release_chain(struct micro_cell *cell)
{
    micro_cxx_chain_destroy(cell->state);
}

/* ---- a walk ---- */

static enum micro_verdict prepare_walk(struct micro_cell *cell)
{
    unsigned levels = (unsigned)cell->entry.number[0];
    if (micro_tree_take(levels) < 0)
        return micro_because(cell, MICRO_SKIPPED, "no memory for the tree");
    cell->state = micro_cxx_walk_create(micro_tree_root(levels),
                                        micro_tree_nodes(levels));
    return MICRO_OK;
}

static enum micro_verdict measure_walk(struct micro_cell *cell)
{
    struct micro_pace pace;
    bool is_right = true;
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace))
        is_right &= micro_cxx_walk_run(cell->state, pace.chunk);
    if (!is_right)
        return micro_because(cell, MICRO_FAILED, "a value is missing");
    return micro_timed(cell, pace.now - pace.begin, pace.done);
}

static void release_walk(struct micro_cell *cell)
{
    micro_cxx_walk_destroy(cell->state);
    micro_tree_drop((unsigned)cell->entry.number[0]);
}

/* ---- entries ---- */

static void set(struct micro_entry *entry,
                enum micro_verdict (*prepare)(struct micro_cell *),
                enum micro_verdict (*measure)(struct micro_cell *),
                void (*release)(struct micro_cell *))
{
    entry->prepare = prepare;
    entry->measure = measure;
    entry->release = release;
}

void micro_cxx_echo_entry(struct micro_entry *entry)
{
    set(entry, prepare_echo, measure_echo, release_echo);
}

void micro_cxx_chain_entry(struct micro_entry *entry)
{
    set(entry, prepare_chain, measure_chain, release_chain);
}

void micro_cxx_walk_entry(struct micro_entry *entry)
{
    set(entry, prepare_walk, measure_walk, release_walk);
}

#else

static enum micro_verdict skip(struct micro_cell *cell)
{
    return micro_because(cell, MICRO_SKIPPED, "not built with C++");
}

void micro_cxx_echo_entry(struct micro_entry *entry)
{
    entry->prepare = skip;
}

void micro_cxx_chain_entry(struct micro_entry *entry)
{
    entry->prepare = skip;
}

void micro_cxx_walk_entry(struct micro_entry *entry)
{
    entry->prepare = skip;
}

#endif
