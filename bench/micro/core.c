/* SPDX-License-Identifier: MIT */
/* Tables, and the rounds that fill them with samples. */
#include "core.h"

#include "fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAYOUT_TRIALS 3

/* ---- tables ---- */

void micro_add(struct micro_table *table, struct micro_entry entry)
{
    if (table->count == table->room) {
        table->room = table->room ? table->room * 2 : 32;
        table->cells =
            reallocarray(table->cells, table->room, sizeof *table->cells);
        if (!table->cells)
            micro_fail("out of memory");
    }
    table->cells[table->count++] =
        (struct micro_cell){.entry = entry, .plan = table->plan};
}

void micro_note(struct micro_table *table, const char *format, ...)
{
    va_list args;
    char text[256];
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct micro_note *note = malloc(sizeof *note + strlen(text) + 1);
    if (!note)
        micro_fail("out of memory");
    strcpy(note->text, text);
    note->next = NULL;
    *table->last_note = note;
    table->last_note = &note->next;
}

enum micro_verdict micro_because(struct micro_cell *cell,
                                 enum micro_verdict verdict, const char *format,
                                 ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(cell->why, sizeof cell->why, format, args);
    va_end(args);
    return verdict;
}

enum micro_verdict micro_timed(struct micro_cell *cell, int64_t elapsed_ns,
                               uint64_t operations)
{
    if (operations == 0)
        return micro_because(cell, MICRO_FAILED, "nothing was done");
    cell->value[0] = (double)elapsed_ns / (double)operations;
    return MICRO_OK;
}

int micro_cpu(const struct micro_cell *cell, unsigned index)
{
    unsigned count = cell->entry.placement == MICRO_TWO ? 2 : 1;
    return cell->plan->cpus[index % count];
}

unsigned micro_placements(struct micro_table *table)
{
    if (table->plan->cpu_count >= 2)
        return 2;
    micro_note(table, "placement two skipped: this process may use one CPU");
    return 1;
}

const char *micro_placement_name(enum micro_placement placement)
{
    return placement == MICRO_TWO ? "two" : "one";
}

void micro_free(struct micro_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        for (int s = 0; s < 2; s++)
            free(table->cells[i].samples[s]);
    free(table->cells);
    while (table->notes) {
        struct micro_note *next = table->notes->next;
        free(table->notes);
        table->notes = next;
    }
}

/* ---- measuring ---- */

static void release(struct micro_cell *cell)
{
    if (cell->entry.release)
        cell->entry.release(cell);
}

/* The best of a few slices of one layout; below 0 when it has none. */
static double try_layout(struct micro_cell *cell, bool is_shifted)
{
    double best = -1;
    cell->is_shifted = is_shifted;
    if (cell->entry.prepare(cell) != MICRO_OK)
        return -1;
    for (int i = 0; i < LAYOUT_TRIALS; i++)
        if (cell->entry.measure(cell) == MICRO_OK &&
            (best < 0 || cell->value[0] < best))
            best = cell->value[0];
    release(cell);
    return best;
}

static void choose_layout(struct micro_cell *cell)
{
    double plain = try_layout(cell, false), shifted = try_layout(cell, true);
    cell->is_shifted = shifted >= 0 && shifted < plain;
}

static void prepare(struct micro_cell *cell)
{
    for (int s = 0; s < 2; s++) {
        cell->samples[s] = calloc(cell->plan->rounds, sizeof(double));
        if (!cell->samples[s])
            micro_fail("out of memory");
    }
    if (cell->entry.has_layouts)
        choose_layout(cell);
    if (cell->entry.prepare)
        cell->verdict = cell->entry.prepare(cell);
}

static bool wants_sample(const struct micro_cell *cell)
{
    return cell->verdict == MICRO_OK &&
           (cell->entry.samples_max == 0 ||
            cell->sample_count < cell->entry.samples_max);
}

static void take_sample(struct micro_cell *cell, bool is_warm_up)
{
    cell->verdict = cell->entry.measure(cell);
    if (cell->verdict != MICRO_OK || is_warm_up)
        return;
    for (int s = 0; s < 2; s++)
        cell->samples[s][cell->sample_count] = cell->value[s];
    cell->sample_count++;
}

/* xorshift64: a fixed seed, so that two runs have the same order. */
static size_t below(uint64_t *seed, size_t limit)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (size_t)(*seed % limit);
}

static void shuffle(size_t *order, size_t count, uint64_t *seed)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = below(seed, i), last = order[i - 1];
        order[i - 1] = order[j];
        order[j] = last;
    }
}

static enum micro_verdict run_round(struct micro_table *table, size_t *order,
                                    uint64_t *seed, bool is_warm_up)
{
    shuffle(order, table->count, seed);
    for (size_t i = 0; i < table->count; i++) {
        struct micro_cell *cell = &table->cells[order[i]];
        /* What takes few samples is too slow to be warmed up. */
        if (!wants_sample(cell) || (is_warm_up && cell->entry.samples_max))
            continue;
        take_sample(cell, is_warm_up);
        if (cell->verdict == MICRO_FAILED)
            return MICRO_FAILED;
    }
    return MICRO_OK;
}

static enum micro_verdict run_rounds(struct micro_table *table)
{
    enum micro_verdict verdict = MICRO_OK;
    uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
    size_t *order = calloc(table->count, sizeof *order);
    if (!order)
        micro_fail("out of memory");
    for (size_t i = 0; i < table->count; i++)
        order[i] = i;
    /* One round more than counts: the first one warms up. */
    for (unsigned r = 0; r <= table->plan->rounds && !verdict; r++)
        verdict = run_round(table, order, &seed, r == 0);
    free(order);
    return verdict;
}

static bool has_failed(const struct micro_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->cells[i].verdict == MICRO_FAILED)
            return true;
    return false;
}

enum micro_verdict micro_run(struct micro_table *table,
                             const struct micro_group *group,
                             const struct micro_plan *plan)
{
    *table = (struct micro_table){.plan = plan};
    table->last_note = &table->notes;
    group->fill(table);
    bool *was_prepared = calloc(table->count, sizeof *was_prepared);
    if (!was_prepared)
        micro_fail("out of memory");
    for (size_t i = 0; i < table->count; i++) {
        prepare(&table->cells[i]);
        was_prepared[i] = table->cells[i].verdict == MICRO_OK;
    }
    if (!has_failed(table))
        run_rounds(table);
    for (size_t i = 0; i < table->count; i++)
        if (was_prepared[i])
            release(&table->cells[i]);
    free(was_prepared);
    return has_failed(table) ? MICRO_FAILED : MICRO_OK;
}
