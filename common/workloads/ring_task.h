/* SPDX-License-Identifier: MIT */
/* ring on tasks: a channel from each to the next. */
#include "ring.h"
#include "tasks.h"

struct ring {
    chan **joints; /* task i receives from joint i */
    uint64_t last; /* who had the token when no pass was left */
};

/* Until the last pass; then each closes the next one's channel. */
static int ring_pass(struct member *m, struct ring_place *place, chan *in,
                     chan *out)
{
    struct ring *ring = m->shared;
    uint64_t token;
    int result;
    while ((result = K(chan_recv)(in, &token)) > 0) {
        ring_turn(place, token);
        if (token-- == 0) {
            ring->last = m->index;
            return 0;
        }
        result = K(chan_send)(out, &token);
        if (result < 0)
            break;
    }
    return result;
}

static int ring_body(struct member *m)
{
    struct ring *ring = m->shared;
    uint64_t tasks = m->crew->params->tasks;
    chan *out = ring->joints[(m->index + 1) % tasks];
    struct ring_place place;
    int error = ring_enter(&place, m->crew->params);
    if (!error)
        error = ring_pass(m, &place, ring->joints[m->index], out);
    K(chan_close)(ring->joints[m->index]);
    K(chan_close)(out);
    m->sum = ring_leave(&place);
    return error;
}

static void ring_sum_up(struct crew *c, const struct member *team,
                        uint64_t last)
{
    uint64_t sum = last + c->params->seed;
    for (uint64_t i = 0; i < c->params->tasks; i++)
        sum = workload_mix(sum, team[i].sum);
    c->result->checksum = sum;
    c->result->items = c->params->items;
}

static int ring_run(struct crew *c, struct ring *ring, struct member *team)
{
    uint64_t tasks = c->params->tasks, made = 0, token = c->params->items;
    int error = 0;
    for (; !error && made < tasks; made += error == 0)
        error = crew_channel(c, &ring->joints[made], sizeof token);
    if (!error)
        error = team_start(c, team, tasks, ring_body, ring);
    if (!error)
        error = K(chan_send)(ring->joints[0], &token);
    for (uint64_t i = 0; error && i < made; i++)
        K(chan_close)(ring->joints[i]);
    int joined = team_join(team, tasks);
    for (uint64_t i = 0; i < made; i++)
        K(chan_destroy)(ring->joints[i]);
    error = error ? error : joined;
    if (!error)
        ring_sum_up(c, team, ring->last);
    return error;
}

static int ring_main(struct crew *c)
{
    struct ring ring = {calloc(c->params->tasks, sizeof(chan *)), 0};
    struct member *team = team_create(c->params->tasks);
    int error = ring.joints && team ? ring_run(c, &ring, team) : -ENOMEM;
    free(ring.joints);
    free(team);
    return error;
}
