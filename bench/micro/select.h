/* SPDX-License-Identifier: MIT */
/* One select over n receives: see select_task.h. */
#ifndef MICRO_SELECT_H
#define MICRO_SELECT_H

#include "mains.h"

#include <coop/select.h>
#include <preempt/select.h>

#include <errno.h>
#include <string.h>

#define CASES_MAX 64

enum wait {
    ALL_READY = 0,
    NONE_READY,
    ONE_WAKES,
};

/* Of a cell. */
static inline size_t cases_of(const struct micro_cell *cell)
{
    return cell->entry.number[0];
}

static inline enum wait wait_of(const struct micro_cell *cell)
{
    return (enum wait)cell->entry.number[1];
}

static inline enum micro_verdict because_of(struct micro_cell *cell, int result)
{
    return micro_because(cell, MICRO_FAILED, "%s", kit_error_text(result));
}

#endif
