/* SPDX-License-Identifier: MIT */
/*
 * pipes on tasks: each reads from its own pipe and writes to the next one. The
 * wiring says how, with 0 or -errno as results:
 *
 *     int get(int fd, struct pipe_message *message);
 *     int put(int fd, const struct pipe_message *message);
 *     int close_fd(int fd);
 */
#include "pipes.h"
#include "tasks.h"

struct pipes {
    struct pipe_ends *pipes; /* task i reads from pipe i */
    _Atomic uint64_t under_way;
};

/* Tells all tasks to end, the caller included. */
static int pipes_stop(struct crew *c, struct pipes *s)
{
    static const struct pipe_message end = {0, 0};
    int error = 0;
    for (uint64_t i = 0; !error && i < c->params->tasks; i++)
        error = put(s->pipes[i].in, &end);
    return error;
}

/* The last message to arrive ends it all. */
static int pipes_arrive(struct member *m, const struct pipe_message *message)
{
    struct pipes *s = m->shared;
    m->sum += workload_scatter(message->value);
    if (atomic_fetch_sub_explicit(&s->under_way, 1, memory_order_relaxed) == 1)
        return pipes_stop(m->crew, s);
    return 0;
}

static int pipes_body(struct member *m)
{
    struct pipes *s = m->shared;
    uint64_t next = (m->index + 1) % m->crew->params->tasks;
    struct pipe_message message;
    int error;
    while (!(error = get(s->pipes[m->index].out, &message)) &&
           message.left > 0) {
        pipes_pass(&message, m->index);
        error = message.left > 0 ? put(s->pipes[next].in, &message)
                                 : pipes_arrive(m, &message);
        if (error)
            break;
    }
    if (error)
        pipes_stop(m->crew, s);
    return error;
}

/* Sends the messages on their way. */
static int pipes_send(struct crew *c, struct pipes *s)
{
    const struct workload_params *p = c->params;
    uint64_t active = pipes_active(p);
    int error = 0;
    s->under_way = active < p->items ? active : p->items;
    if (p->items == 0)
        return pipes_stop(c, s);
    for (uint64_t i = 0; !error && i < active && i < p->items; i++) {
        struct pipe_message message = pipes_message(p, i);
        error = put(s->pipes[pipes_first(p, i)].in, &message);
    }
    return error;
}

static int pipes_run(struct crew *c, struct pipes *s, struct member *team)
{
    uint64_t tasks = c->params->tasks;
    int error = team_start(c, team, tasks, pipes_body, s);
    if (!error)
        error = pipes_send(c, s);
    if (error)
        pipes_stop(c, s);
    int joined = team_join(team, tasks);
    for (uint64_t i = 0; i < tasks; i++)
        c->result->checksum += team[i].sum;
    c->result->items = c->params->items;
    return error ? error : joined;
}

static int pipes_main(struct crew *c)
{
    struct pipes s = {.pipes = NULL};
    struct member *team = team_create(c->params->tasks);
    int error = team ? pipes_open(&s.pipes, c->params, c->result) : -ENOMEM;
    if (!error) {
        error = pipes_run(c, &s, team);
        pipes_close(s.pipes, c->params->tasks, close_fd);
    }
    free(team);
    return error;
}
