/* SPDX-License-Identifier: MIT */
/*
 * skynet on tasks: one for each node and for each leaf. No task waits: the
 * last child of a node to end hands the sum on, and so up to the root.
 */
#include "skynet.h"
#include "tasks.h"

/* Where the children of a node add up. */
struct skynet_sum {
    struct crew *crew;
    struct skynet_sum *parent; /* NULL: the root's */
    _Atomic uint64_t sum;
    _Atomic uint64_t missing; /* children that have not added theirs */
    struct skynet_child {
        struct skynet_sum *in;
        struct skynet_part part;
    } children[SKYNET_CHILDREN];
};

/* The first failure counts. Any task may call it. */
static void skynet_fail(struct crew *c, int error)
{
    int none = 0;
    atomic_compare_exchange_strong_explicit(
        &c->failed, &none, error, memory_order_relaxed, memory_order_relaxed);
}

/* Adds what `count` children have come to, and goes on upwards with the last
   of them. */
static void skynet_give(struct skynet_sum *in, uint64_t sum, uint64_t count)
{
    while (in) {
        atomic_fetch_add_explicit(&in->sum, sum, memory_order_relaxed);
        /* acquire and release: the last one sees what the others added */
        if (atomic_fetch_sub_explicit(&in->missing, count,
                                      memory_order_acq_rel) != count)
            return;
        sum = atomic_load_explicit(&in->sum, memory_order_relaxed);
        struct skynet_sum *full = in;
        in = full->parent;
        if (!in)
            full->crew->result->checksum = sum;
        free(full);
        count = 1;
    }
}

static kit_value skynet_begin(kit_value arg);

/* The children of a node, who may all have ended, and freed it, when the last
   has been spawned. */
static void skynet_spawn(struct skynet_sum *node, struct skynet_part part)
{
    struct crew *c = node->crew;
    uint64_t n = skynet_children(part), begun = 0;
    int error = 0;
    atomic_store_explicit(&node->missing, n, memory_order_relaxed);
    for (; !error && begun < n; begun += error == 0) {
        struct skynet_child *child = &node->children[begun];
        child->in = node, child->part = skynet_part_of(part, begun, n);
        error =
            K(spawn)(c->sched, NULL, skynet_begin, kit_ptr(child), &c->many);
    }
    if (!error)
        return;
    skynet_fail(c, error);
    skynet_give(node, 0, n - begun);
}

static void skynet_divide(struct crew *c, struct skynet_sum *parent,
                          struct skynet_part part)
{
    struct skynet_sum *node = malloc(sizeof *node);
    if (!node) {
        skynet_fail(c, -ENOMEM);
        skynet_give(parent, 0, 1);
        return;
    }
    node->crew = c, node->parent = parent;
    atomic_init(&node->sum, 0);
    skynet_spawn(node, part);
}

static kit_value skynet_begin(kit_value arg)
{
    struct skynet_child *self = arg.p;
    if (self->part.count == 1)
        skynet_give(self->in, self->part.first, 1);
    else
        skynet_divide(self->in->crew, self->in, self->part);
    return kit_none();
}

static int skynet_main(struct crew *c)
{
    const struct workload_params *p = c->params;
    c->result->items = p->items;
    if (p->items > 0)
        skynet_divide(c, NULL, (struct skynet_part){p->seed, p->items});
    return 0;
}
