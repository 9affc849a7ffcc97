/* SPDX-License-Identifier: MIT */
/*
 * What the groups of figures have in common. A group fills a table with
 * entries: one implementation (ours or a peer) of one figure. The core runs
 * all entries of a group in rounds, in shuffled order, one slice of time each,
 * so that noise hits all alike.
 */
#ifndef MICRO_CORE_H
#define MICRO_CORE_H

#include "pace.h"

#include <stdbool.h>
#include <stddef.h>

enum micro_placement {
    MICRO_ONE = 0, /* everything on one CPU */
    MICRO_TWO,     /* pinned to two CPUs in turn */
};

enum micro_verdict {
    MICRO_OK = 0,
    MICRO_SKIPPED, /* cannot be measured here; cell->why says why */
    MICRO_FAILED,  /* a wrong result, or none; cell->why says which */
};

struct micro_cell;

struct micro_entry {
    char figure[64];
    enum micro_placement placement;
    char name[48];
    bool is_peer;
    const char *unit;

    /* Once, before the rounds; may be NULL. */
    enum micro_verdict (*prepare)(struct micro_cell *cell);
    /* One slice: sets cell->value. */
    enum micro_verdict (*measure)(struct micro_cell *cell);
    /* Once, after the rounds, if prepare succeeded; may be NULL. */
    void (*release)(struct micro_cell *cell);

    /* What these functions like to know. */
    const void *how;
    uint64_t number[3];

    unsigned samples_max; /* 0: as many as there are rounds */
    bool has_layouts;     /* prepare looks at cell->is_shifted */
    /* A second figure that the same slice gives (value[1]); NULL: none. */
    const char *second_figure; /* goes behind `figure` */
    const char *second_unit;
};

#define MICRO_CPUS_MAX 2

/* How this run measures. */
struct micro_plan {
    bool quick;
    int cpus[MICRO_CPUS_MAX];
    unsigned cpu_count; /* 1: there is no placement two */
    unsigned rounds;
    int64_t slice_ns;
};

/* An entry and what was found. */
struct micro_cell {
    struct micro_entry entry;
    const struct micro_plan *plan;
    void *state;     /* the entry's own */
    bool is_shifted; /* which of two layouts: see MICRO_SHIFT */
    double value[2];
    double *samples[2];
    unsigned sample_count;
    enum micro_verdict verdict;
    char why[160]; /* with MICRO_OK: a remark */
};

struct micro_note {
    struct micro_note *next;
    char text[];
};

struct micro_table {
    const struct micro_plan *plan;
    struct micro_cell *cells;
    size_t count, room;
    struct micro_note *notes, **last_note; /* printed below the table */
};

struct micro_rounds {
    unsigned rounds;
    int64_t slice_ns;
};

struct micro_group {
    const char *name;
    const char *summary;
    void (*fill)(struct micro_table *table);
    struct micro_rounds full, quick;
};

/* ---- for the groups ---- */

/* Rows appear in the order of their entries: those of one figure and placement
   are to be added one after the other. */
void micro_add(struct micro_table *table, struct micro_entry entry);

void micro_note(struct micro_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Sets cell->why; returns `verdict`. */
enum micro_verdict micro_because(struct micro_cell *cell,
                                 enum micro_verdict verdict, const char *format,
                                 ...) __attribute__((format(printf, 3, 4)));

/* Sets value[0] to the nanoseconds per operation. */
enum micro_verdict micro_timed(struct micro_cell *cell, int64_t elapsed_ns,
                               uint64_t operations);

/* The CPU of the index-th thread of a cell. */
int micro_cpu(const struct micro_cell *cell, unsigned index);

/* How many placements there are here; notes it when there is no second. */
unsigned micro_placements(struct micro_table *table);

/* Keeps the compiler from leaving out what makes this value. */
static inline void micro_keep(uint64_t value)
{
    __asm__ volatile("" : : "r"(value));
}

/*
 * Moves the code behind it by 8 bytes. Some processors (Zen 4) mispredict the
 * jump at the end of every switch when the addresses where the two sides go on
 * agree in their low four bits, which is luck of the layout and doubles the
 * cost. So that nobody is lucky, or both are, every body that is switched to
 * comes with and without this, and the faster one is measured.
 */
#if defined(__x86_64__)
#define MICRO_SHIFT() __asm__ volatile(".nops 8")
#elif defined(__aarch64__)
#define MICRO_SHIFT() __asm__ volatile("nop\n\tnop")
#else
#define MICRO_SHIFT() ((void)0)
#endif

/* ---- for the command ---- */

/*
 * Fills and measures. MICRO_FAILED: a cell has that verdict, and the rest is
 * not complete. The table must be freed in any case.
 */
enum micro_verdict micro_run(struct micro_table *table,
                             const struct micro_group *group,
                             const struct micro_plan *plan);
void micro_free(struct micro_table *table);

const char *micro_placement_name(enum micro_placement placement);

extern const struct micro_group micro_clock_group, micro_switch_group,
    micro_next_group, micro_walk_group, micro_cancel_group, micro_create_group,
    micro_mutex_group, micro_checkpoint_group, micro_select_group,
    micro_timers_group, micro_sieve_group, micro_skynet_group,
    micro_threadring_group, micro_handoff_group, micro_channel_group,
    micro_hog_group, micro_pool_group, micro_memory_group;

#endif
