/* SPDX-License-Identifier: MIT */
/* The end of tasks, for the scheduler. */
#ifndef COOP_SRC_TASK_H
#define COOP_SRC_TASK_H

#include "sched.h"

/* Frees the unclaimed task that ended last, whose stack it left just then. */
void coop_free_ended(coop_sched *s);

/* Frees all tasks where they stand. */
void coop_free_tasks(coop_sched *s);

/* Of a task that will not end by itself: it leaves its group, if it is in one.
   That is in group.c. */
void coop_group_lose(coop_task *t);

#endif
