/* SPDX-License-Identifier: MIT */
#include "scenarios.h"

#include <string.h>

const struct scenario *scenario_at(size_t i)
{
    const struct scenario *const lists[] = {
        sync_scenarios, task_scenarios,  chan_scenarios, select_scenarios,
        gen_scenarios,  group_scenarios, pool_scenarios};
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
        for (const struct scenario *s = lists[l]; s->name; s++)
            if (i-- == 0)
                return s;
    return NULL;
}

const struct scenario *scenario_named(const char *name)
{
    const struct scenario *s;
    for (size_t i = 0; (s = scenario_at(i)); i++)
        if (strcmp(s->name, name) == 0)
            return s;
    return NULL;
}
