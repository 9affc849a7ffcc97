/* SPDX-License-Identifier: MIT */
/* Measuring inside a task: what measures is the main task of a scheduler. */
#ifndef MICRO_MAINS_H
#define MICRO_MAINS_H

#include "core.h"

#include <coop/task.h>
#include <preempt/task.h>

typedef enum micro_verdict micro_coop_main(struct micro_cell *cell,
                                           coop_sched *s);
typedef enum micro_verdict micro_preempt_main(struct micro_cell *cell,
                                              preempt_sched *s);

/* Runs `main`, and all that it spawns: its verdict. `options` may be NULL. */
enum micro_verdict micro_in_coop(struct micro_cell *cell, micro_coop_main *main,
                                 const struct coop_sched_options *options);

/* The same on threads, on the CPUs of the cell in turn. */
enum micro_verdict micro_in_preempt(struct micro_cell *cell,
                                    micro_preempt_main *main);

#endif
