/* SPDX-License-Identifier: MIT */
/* park on tasks: each says that it is there, parks, and is unparked. */
#include "tasks.h"

struct parked {
    struct parking *in;
    task *task;
    uint64_t value;
};

struct parking {
    chan *arrivals;
    _Atomic bool open; /* whoever is unparked may go */
};

static kit_value park_begin(kit_value arg)
{
    struct parked *self = arg.p;
    struct parking *in = self->in;
    int error = K(chan_send)(in->arrivals, &self->value);
    /* acquire: pairs with the release of who unparks */
    while (!error && !atomic_load_explicit(&in->open, memory_order_acquire))
        error = K(park)("be let go", "park");
    return kit_int(error ? error : (int64_t)self->value);
}

static int park_await(struct crew *c, struct parked *all, struct parking *in)
{
    uint64_t value;
    int error = 0, got = 1;
    uint64_t begun = 0, items = c->params->items;
    for (; !error && begun < items; begun += error == 0) {
        all[begun].in = in, all[begun].value = c->params->seed + begun;
        error = K(spawn)(c->sched, &all[begun].task, park_begin,
                         kit_ptr(&all[begun]), NULL);
    }
    for (uint64_t i = 0; got > 0 && i < begun; i++)
        got = K(chan_recv)(in->arrivals, &value);
    atomic_store_explicit(&in->open, true, memory_order_release);
    for (uint64_t i = 0; i < begun; i++)
        K(unpark)(all[i].task);
    for (uint64_t i = 0; i < begun; i++) {
        kit_value answer = kit_none();
        int joined = K(join)(all[i].task, &answer);
        error = error ? error : joined;
        c->result->checksum =
            workload_mix(c->result->checksum, (uint64_t)answer.i);
    }
    c->result->items = begun;
    return error ? error : got < 0 ? got : 0;
}

static int park_main(struct crew *c)
{
    struct parking in = {.open = false};
    struct parked *all = calloc(c->params->items + 1, sizeof *all);
    int error = all ? crew_channel(c, &in.arrivals, sizeof(uint64_t)) : -ENOMEM;
    if (!error)
        error = park_await(c, all, &in);
    K(chan_destroy)(in.arrivals);
    free(all);
    return error;
}
