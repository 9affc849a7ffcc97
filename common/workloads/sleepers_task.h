/* SPDX-License-Identifier: MIT */
/* sleepers on tasks. */
#include "sleepers.h"
#include "tasks.h"

static int sleepers_body(struct member *m)
{
    const struct workload_params *p = m->crew->params;
    uint64_t state = sleepers_begin(p, m->index);
    int error = 0;
    for (uint64_t i = 0; !error && i < p->items; i++) {
        error = K(sleep_until)(kit_now() + SLEEPERS_INTERVAL);
        state = sleepers_wake(state);
    }
    m->sum = state;
    return error;
}

static int sleepers_main(struct crew *c)
{
    uint64_t tasks = c->params->tasks;
    struct member *team = team_create(tasks);
    if (!team)
        return -ENOMEM;
    int error = team_start(c, team, tasks, sleepers_body, NULL);
    int joined = team_join(team, tasks);
    for (uint64_t i = 0; i < tasks; i++)
        c->result->checksum = workload_mix(c->result->checksum, team[i].sum);
    c->result->items = c->params->items * tasks;
    free(team);
    return error ? error : joined;
}
