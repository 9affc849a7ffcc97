/* SPDX-License-Identifier: MIT */
#include "go.h"

#include "cpus.h"
#include "script.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SAMPLES       3
#define SLICE_FULL_NS INT64_C(50000000)
#define SLICE_NS      INT64_C(10000000)

#ifdef MICRO_GO
/* A child inherits the CPUs. */
static void allow_cpus(const struct micro_cell *cell, unsigned count)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (unsigned i = 0; i < count; i++)
        CPU_SET(cell->plan->cpus[i], &set);
    micro_cpus_restore(&set);
}

static enum micro_verdict measure(struct micro_cell *cell)
{
    const struct micro_entry *e = &cell->entry;
    unsigned processors = e->placement == MICRO_TWO ? 2 : 1;
    char numbers[4][24];
    char *argv[] = {(char *)MICRO_GO,
                    (char *)(uintptr_t)e->how,
                    numbers[0],
                    numbers[1],
                    numbers[2],
                    numbers[3],
                    NULL};
    snprintf(numbers[0], sizeof numbers[0], "%u", processors);
    for (int i = 0; i < 2; i++)
        snprintf(numbers[1 + i], sizeof numbers[0], "%" PRIu64, e->number[i]);
    snprintf(numbers[3], sizeof numbers[0], "%" PRId64,
             cell->plan->quick ? SLICE_NS : SLICE_FULL_NS);
    allow_cpus(cell, processors);
    enum micro_verdict verdict = micro_program_measure(cell, "go", argv);
    allow_cpus(cell, 1);
    return verdict;
}
#else
static enum micro_verdict measure(struct micro_cell *cell)
{
    return micro_because(cell, MICRO_SKIPPED, "go: not installed");
}
#endif

void micro_add_go(struct micro_table *table, const struct micro_entry *like,
                  const char *name, const char *measurement, uint64_t a,
                  uint64_t b)
{
    struct micro_entry e = {
        .placement = like->placement,
        .is_peer = true,
        .unit = like->unit,
        .measure = measure,
        .how = measurement,
        .number = {a, b},
        .samples_max = table->plan->quick ? 1 : SAMPLES,
        .second_figure = like->second_figure,
        .second_unit = like->second_unit,
    };
    memcpy(e.figure, like->figure, sizeof e.figure);
    snprintf(e.name, sizeof e.name, "%s", name);
    micro_add(table, e);
}
