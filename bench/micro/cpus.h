/* SPDX-License-Identifier: MIT */
/* Which CPUs this process may use, and which of them it uses now. */
#ifndef MICRO_CPUS_H
#define MICRO_CPUS_H

#include <sched.h>

/* The first `max` allowed CPUs, in order; how many there are of them. */
unsigned micro_cpus_allowed(cpu_set_t *allowed, int *cpus, unsigned max);

/* Pins the calling thread, or lets it go anywhere in `set`. */
void micro_cpus_pin(int cpu);
void micro_cpus_restore(const cpu_set_t *set);

#endif
