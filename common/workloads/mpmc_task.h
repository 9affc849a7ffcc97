/* SPDX-License-Identifier: MIT */
/* mpmc on tasks. */
#include "fairness.h"
#include "mpmc.h"
#include "tasks.h"

struct mpmc {
    chan *joint;
    struct member *producers, *consumers;
    _Atomic uint64_t producing; /* producers that have not ended */
    _Atomic bool one_ended;
};

static void mpmc_measure(const struct member *team, uint64_t count,
                         struct workload_result *result)
{
    struct fairness turns = {0, 0, 0}, work = {0, 0, 0};
    for (uint64_t i = 0; i < count; i++) {
        fairness_add(&turns, (double)atomic_load_explicit(
                                 &team[i].turns, memory_order_relaxed));
        fairness_add(&work, (double)atomic_load_explicit(&team[i].work,
                                                         memory_order_relaxed));
    }
    result->fairness_turns = fairness_index(&turns);
    result->fairness_work = fairness_index(&work);
}

/* Producers all come to the same number: what counts is how far the others
   are when the first of them ends. The last one ends the stream. */
static void mpmc_producer_ends(struct member *m)
{
    const struct workload_params *p = m->crew->params;
    struct mpmc *s = m->shared;
    /* acquire and release: what the tasks did is before the close */
    if (!atomic_exchange_explicit(&s->one_ended, true, memory_order_relaxed) &&
        p->producers > p->consumers)
        mpmc_measure(s->producers, p->producers, m->crew->result);
    if (atomic_fetch_sub_explicit(&s->producing, 1, memory_order_acq_rel) == 1)
        K(chan_close)(s->joint);
}

static int mpmc_produce(struct member *m)
{
    const struct workload_params *p = m->crew->params;
    struct mpmc *s = m->shared;
    int error = 0;
    for (uint64_t i = m->index; !error && i < p->items; i += p->producers) {
        uint64_t work;
        struct mpmc_item item = mpmc_make(p, i, &work);
        error = K(chan_send)(s->joint, &item);
        member_served(m, work);
    }
    mpmc_producer_ends(m);
    return error;
}

static int mpmc_consume(struct member *m)
{
    struct mpmc *s = m->shared;
    struct mpmc_item item;
    uint64_t sum = 0, work;
    int result;
    while ((result = K(chan_recv)(s->joint, &item)) > 0) {
        sum += mpmc_use(m->crew->params, &item, &work);
        member_served(m, work);
    }
    m->sum = sum;
    return result;
}

static void mpmc_sum_up(struct crew *c, const struct mpmc *s)
{
    const struct workload_params *p = c->params;
    for (uint64_t i = 0; i < p->consumers; i++) {
        c->result->checksum += s->consumers[i].sum;
        c->result->items += s->consumers[i].turns;
    }
    if (p->producers <= p->consumers)
        mpmc_measure(s->consumers, p->consumers, c->result);
}

static int mpmc_run(struct crew *c, struct mpmc *s)
{
    const struct workload_params *p = c->params;
    int error = crew_channel(c, &s->joint, sizeof(struct mpmc_item));
    if (error)
        return error;
    s->producing = p->producers;
    error = team_start(c, s->consumers, p->consumers, mpmc_consume, s);
    if (!error)
        error = team_start(c, s->producers, p->producers, mpmc_produce, s);
    if (error)
        K(chan_close)(s->joint);
    int produced = team_join(s->producers, p->producers);
    int consumed = team_join(s->consumers, p->consumers);
    error = error ? error : produced ? produced : consumed;
    K(chan_destroy)(s->joint);
    mpmc_sum_up(c, s);
    return error;
}

static int mpmc_main(struct crew *c)
{
    struct mpmc s = {.producers = team_create(c->params->producers),
                     .consumers = team_create(c->params->consumers)};
    int error = s.producers && s.consumers ? mpmc_run(c, &s) : -ENOMEM;
    free(s.producers);
    free(s.consumers);
    return error;
}
