/* SPDX-License-Identifier: MIT */
/* Calls on helper threads, for the poller: they report by an eventfd. */
#ifndef COOP_OFFLOAD_H
#define COOP_OFFLOAD_H

#include "sched.h"

/* Does this descriptor say that calls have been finished? */
bool coop_offload_is_alarm(const coop_sched *s, int fd);

/* Wakes the tasks whose calls have been finished. */
void coop_offload_finish(coop_sched *s);

/* Ends the helper threads. No call is under way. */
void coop_offload_destroy(coop_sched *s);

#endif
