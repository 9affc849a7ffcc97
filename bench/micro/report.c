/* SPDX-License-Identifier: MIT */
#include "report.h"

#include "fail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- rows ---- */

static void add_row(struct micro_row *row, const struct micro_cell *cell,
                    int series)
{
    const struct micro_entry *e = &cell->entry;
    snprintf(row->figure, sizeof row->figure, "%s%s", e->figure,
             series ? e->second_figure : "");
    row->placement = micro_placement_name(e->placement);
    row->name = e->name;
    row->unit = series ? e->second_unit : e->unit;
    row->is_peer = e->is_peer;
    row->stats = micro_stats_of(cell->samples[series], cell->sample_count);
}

size_t micro_rows(const struct micro_table *table, struct micro_row **rows)
{
    size_t count = 0;
    *rows = calloc(2 * table->count, sizeof **rows);
    if (!*rows)
        micro_fail("out of memory");
    for (int series = 0; series < 2; series++) {
        for (size_t i = 0; i < table->count; i++) {
            const struct micro_cell *cell = &table->cells[i];
            if (cell->sample_count == 0 ||
                (series && !cell->entry.second_figure))
                continue;
            add_row(&(*rows)[count++], cell, series);
        }
    }
    return count;
}

static bool same_block(const struct micro_row *a, const struct micro_row *b)
{
    return strcmp(a->figure, b->figure) == 0 && a->placement == b->placement;
}

/* ---- for people ---- */

static const char *number(double value, char *text, size_t size)
{
    int digits = value < 10 ? 2 : value < 100 ? 1 : 0;
    snprintf(text, size, "%.*f", digits, value);
    return text;
}

/* The median of the fastest peer of the same block; 0: there is none. */
static double best_peer(const struct micro_row *row,
                        const struct micro_row *rows, size_t count)
{
    double best = 0;
    for (size_t i = 0; i < count; i++)
        if (rows[i].is_peer && same_block(row, &rows[i]) &&
            (best == 0 || rows[i].stats.median < best))
            best = rows[i].stats.median;
    return best;
}

static bool all_have_tails(const struct micro_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!micro_has_tail(&rows[i].stats))
            return false;
    return count > 0;
}

/* Where the samples carry a tail, that instead of the quartiles. */
static void print_row(const struct micro_row *row, double best, bool has_tail)
{
    const struct micro_stats *s = &row->stats;
    double shown[] = {s->median, s->min, has_tail ? s->p99 : s->p25,
                      has_tail ? s->max : s->p75, s->max};
    char text[24];
    printf("%c %-34s", row->is_peer ? '*' : ' ', row->name);
    for (int i = 0; i < (has_tail ? 4 : 5); i++)
        printf(i == 2 ? "  %8s" : " %8s", number(shown[i], text, sizeof text));
    /* Of a ratio, more is better: it is not compared this way. */
    if (!row->is_peer && best > 0 && strcmp(row->unit, "ratio") != 0)
        printf(" %6.2f", row->stats.median / best);
    putchar('\n');
}

static void print_head(const struct micro_row *row)
{
    printf("%s [%s], placement %s\n", row->figure, row->unit, row->placement);
}

static void print_notes(const struct micro_table *table)
{
    for (const struct micro_note *n = table->notes; n; n = n->next)
        printf("  - %s\n", n->text);
    for (size_t i = 0; i < table->count; i++) {
        const struct micro_cell *cell = &table->cells[i];
        if (cell->why[0])
            printf("  - %s: %s%s: %s\n", cell->entry.figure, cell->entry.name,
                   cell->verdict == MICRO_SKIPPED ? " skipped" : "", cell->why);
    }
}

void micro_print(const struct micro_group *group,
                 const struct micro_table *table, const struct micro_row *rows,
                 size_t count)
{
    printf("== %s: %s\n", group->name, group->summary);
    bool has_tail = all_have_tails(rows, count);
    printf("%-36s %8s %8s  %8s %8s %6s\n", "", "median", "minimum",
           has_tail ? "p99" : "p25", has_tail ? "maximum" : "     p75  maximum",
           "/ peer");
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !same_block(&rows[i - 1], &rows[i]))
            print_head(&rows[i]);
        print_row(&rows[i], best_peer(&rows[i], rows, count), has_tail);
    }
    print_notes(table);
    putchar('\n');
    fflush(stdout);
}

/* ---- for programs ---- */

static json_t *row_json(const struct micro_group *group,
                        const struct micro_row *row)
{
    const struct micro_stats *s = &row->stats;
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:s, s:b, s:s, s:f, s:f, s:f, s:f, s:f, s:I}", "group",
        group->name, "figure", row->figure, "placement", row->placement, "name",
        row->name, "peer", row->is_peer, "unit", row->unit, "median", s->median,
        "min", s->min, "max", s->max, "p25", s->p25, "p75", s->p75, "samples",
        (json_int_t)s->count);
    if (object && micro_has_tail(s))
        json_object_set_new(object, "p99", json_real(s->p99));
    return object;
}

void micro_append(json_t *array, const struct micro_group *group,
                  const struct micro_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(array, row_json(group, &rows[i])) != 0)
            micro_fail("out of memory");
}
