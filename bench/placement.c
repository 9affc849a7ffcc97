/* SPDX-License-Identifier: MIT */
#include "placement.h"

#include "bench.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

static void take_allowed(struct kit_placement *p, size_t wanted)
{
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        failure("cannot learn which CPUs may be used: %s", strerror(errno));
    for (int cpu = 0; cpu < CPU_SETSIZE && p->count < wanted; cpu++)
        if (CPU_ISSET(cpu, &allowed))
            p->cpus[p->count++] = cpu;
}

static void pin_to(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        failure("cannot pin to CPU %d: %s", cpu, strerror(errno));
}

struct kit_placement placement_apply(const char *name)
{
    struct kit_placement p = {.count = 0};
    size_t wanted = strcmp(name, "one") == 0   ? 1
                    : strcmp(name, "two") == 0 ? 2
                                               : 0;
    if (wanted == 0) {
        if (strcmp(name, "free") != 0)
            usage_error("there is no placement '%s'; there are: one, two, free",
                        name);
        return p;
    }
    take_allowed(&p, wanted);
    if (p.count < wanted)
        failure("placement two needs two CPUs and this process may use one: "
                "take --placement one");
    pin_to(p.cpus[0]);
    return p;
}
