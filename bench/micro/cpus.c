/* SPDX-License-Identifier: MIT */
#include "cpus.h"

#include "fail.h"

#include <errno.h>
#include <string.h>

unsigned micro_cpus_allowed(cpu_set_t *allowed, int *cpus, unsigned max)
{
    unsigned count = 0;
    if (sched_getaffinity(0, sizeof *allowed, allowed) != 0)
        micro_fail("cannot learn which CPUs may be used: %s", strerror(errno));
    for (int cpu = 0; cpu < CPU_SETSIZE && count < max; cpu++)
        if (CPU_ISSET(cpu, allowed))
            cpus[count++] = cpu;
    return count;
}

void micro_cpus_pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        micro_fail("cannot pin to CPU %d: %s", cpu, strerror(errno));
}

void micro_cpus_restore(const cpu_set_t *set)
{
    if (sched_setaffinity(0, sizeof *set, set) != 0)
        micro_fail("cannot give up CPU affinity: %s", strerror(errno));
}
