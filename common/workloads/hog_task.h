/* SPDX-License-Identifier: MIT */
/* hog and checkpoint on tasks: the one that computes, and the heartbeat. */
#include "hog.h"
#include "tasks.h"

struct hog {
    struct hog_beats beats;
    _Atomic bool is_done;
};

/* One item: without a point where others may run, or with one after each
   `every` steps. */
static int hog_compute(const struct workload_params *p, uint64_t *x)
{
    uint64_t left = p->work;
    int error = 0;
    while (p->every && left > p->every && !error) {
        *x = work_on(*x, p->every);
        left -= p->every;
        error = K(checkpoint)();
    }
    *x = work_on(*x, left) + 1;
    return error;
}

static int hog_body(struct member *m)
{
    const struct workload_params *p = m->crew->params;
    struct hog *h = m->shared;
    uint64_t x = p->seed;
    int error = 0;
    for (uint64_t i = 0; !error && i < p->items; i++) {
        error = hog_compute(p, &x);
        if (!error)
            error = K(yield)();
    }
    atomic_store_explicit(&h->is_done, true, memory_order_relaxed);
    m->sum = x;
    return error;
}

/* Once at least. Beats that fell due while it was late are left out. */
static int hog_heartbeat(struct member *m)
{
    struct hog *h = m->shared;
    int64_t due = kit_now();
    int error = 0;
    do {
        due += HOG_INTERVAL;
        error = K(sleep_until)(due);
        int64_t late = kit_now() - due;
        hog_heard(&h->beats, late);
        due += late / HOG_INTERVAL * HOG_INTERVAL;
    } while (!error &&
             !atomic_load_explicit(&h->is_done, memory_order_relaxed));
    return error;
}

static int hog_run(struct crew *c, struct hog *h, struct member *team)
{
    int error = team_start(c, &team[0], 1, hog_heartbeat, h);
    if (!error)
        error = team_start(c, &team[1], 1, hog_body, h);
    if (error)
        atomic_store_explicit(&h->is_done, true, memory_order_relaxed);
    int joined = team_join(team, 2);
    c->result->checksum = team[1].sum;
    c->result->items = c->params->items;
    return error ? error : joined;
}

static int hog_main(struct crew *c)
{
    struct hog h = {.is_done = false};
    struct member *team = team_create(2);
    int error = team ? hog_listen(&h.beats) : -ENOMEM;
    if (!error) {
        error = hog_run(c, &h, team);
        hog_report(&h.beats, c->result);
    }
    free(team);
    return error;
}
