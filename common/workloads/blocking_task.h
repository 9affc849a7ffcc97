/* SPDX-License-Identifier: MIT */
/*
 * blocking on tasks: some produce, the main one consumes. The wiring says what
 * is done with a call that is to be moved elsewhere:
 *
 *     int elsewhere(kit_value (*call)(kit_value arg), kit_value arg,
 *                   kit_value *result);
 */
#include "blocking.h"
#include "tasks.h"

struct blocking {
    chan *joint;
    _Atomic uint64_t producing; /* producers that have not ended */
};

static int blocking_make(const struct workload_params *p, uint64_t index,
                         uint64_t *value)
{
    int error = 0;
    *value = p->seed + index;
    if (blocking_needs_call(p, index)) {
        struct blocking_question q = blocking_ask(p, *value);
        kit_value answer = kit_none();
        if (p->moved)
            error = elsewhere(blocking_call, kit_ptr(&q), &answer);
        else
            answer = blocking_call(kit_ptr(&q));
        *value = (uint64_t)answer.i;
    }
    return error;
}

/* Leaves behind when it ended; the last one ends the stream. */
static int blocking_produce(struct member *m)
{
    const struct workload_params *p = m->crew->params;
    struct blocking *s = m->shared;
    int error = 0;
    for (uint64_t i = m->index; !error && i < p->items; i += p->producers) {
        uint64_t value;
        error = blocking_make(p, i, &value);
        if (!error)
            error = K(chan_send)(s->joint, &value);
    }
    m->sum = (uint64_t)kit_now();
    /* acquire and release: what the others sent is before the close */
    if (atomic_fetch_sub_explicit(&s->producing, 1, memory_order_acq_rel) == 1)
        K(chan_close)(s->joint);
    return error;
}

static int blocking_consume(struct crew *c, chan *joint)
{
    uint64_t value;
    int got;
    while ((got = K(chan_recv)(joint, &value)) > 0) {
        c->result->checksum += workload_scatter(value);
        c->result->items++;
    }
    return got;
}

static int blocking_run(struct crew *c, struct blocking *s,
                        struct member *producers)
{
    uint64_t count = c->params->producers;
    int64_t begun = kit_now(), ended = begun;
    int error = team_start(c, producers, count, blocking_produce, s);
    if (error)
        K(chan_close)(s->joint);
    int consumed = blocking_consume(c, s->joint);
    int produced = team_join(producers, count);
    for (uint64_t i = 1; i < count; i++)
        if ((int64_t)producers[i].sum > ended)
            ended = (int64_t)producers[i].sum;
    blocking_report(c->params, begun, ended, c->result);
    return error ? error : produced ? produced : consumed;
}

static int blocking_main(struct crew *c)
{
    struct blocking s = {.producing = c->params->producers};
    struct member *producers = team_create(c->params->producers);
    int error =
        producers ? crew_channel(c, &s.joint, sizeof(uint64_t)) : -ENOMEM;
    if (!error)
        error = blocking_run(c, &s, producers);
    K(chan_destroy)(s.joint);
    free(producers);
    return error;
}
