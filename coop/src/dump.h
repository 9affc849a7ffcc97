/* SPDX-License-Identifier: MIT */
/* Reports of a scheduler on stderr. */
#ifndef COOP_DUMP_H
#define COOP_DUMP_H

#include "sched.h"

/* Who waits for what, when nothing can wake them. */
void coop_report_deadlock(const coop_sched *s);

/* Tasks that nobody will join, or that should have been run. */
void coop_report_forgotten(const coop_sched *s);

/* Something that is destroyed while tasks wait for it, or the like:
   "schedkit: WHAT NAME: COMPLAINT". */
void coop_complain(const char *what, const char *name, const char *complaint);

/* A scheduler begins to run: earlier signals are not for it, but for `outer`,
   perhaps. */
void coop_dump_begin(coop_sched *s);

/* From now on, until it is taken back, the signal dumps all tasks; 0: none. */
void coop_dump_on(int signal_number);
void coop_dump_on_no_more(int signal_number);

/* May it be a signal for that? 0, too. */
bool coop_can_dump_on(int signal_number);

#endif
