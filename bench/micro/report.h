/* SPDX-License-Identifier: MIT */
/* What was found, as rows: for people, and for programs. */
#ifndef MICRO_REPORT_H
#define MICRO_REPORT_H

#include "core.h"
#include "stats.h"

#include <jansson.h>

struct micro_row {
    char figure[96];
    const char *placement;
    const char *name;
    const char *unit;
    bool is_peer;
    struct micro_stats stats;
};

/* Rows of what was measured, those of one figure and placement together. The
   caller frees *rows; they point into the table. */
size_t micro_rows(const struct micro_table *table, struct micro_row **rows);

void micro_print(const struct micro_group *group,
                 const struct micro_table *table, const struct micro_row *rows,
                 size_t count);

/* Appends an object per row to the array. */
void micro_append(json_t *array, const struct micro_group *group,
                  const struct micro_row *rows, size_t count);

#endif
