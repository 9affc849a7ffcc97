/* SPDX-License-Identifier: MIT */
/*
 * Generators for the workloads that are made of them. The bodies are written
 * once, against this: a MAKER is how one policy makes a generator of a body,
 * and all that a workload knows of a scheduler.
 */
#ifndef KIT_GENERATORS_H
#define KIT_GENERATORS_H

#include <kit/iter.h>

struct gen;

typedef kit_completion gen_body(struct gen *self, kit_value arg);

struct gen_maker {
    /* Sets g->handle and g->iter. 0 or -errno. */
    int (*create)(struct gen *g);
    int (*destroy)(void *handle);
    /* The public functions of a library, called from inside the body. */
    kit_completion (*yield)(void *handle, kit_value value);
    kit_completion (*delegate)(void *handle, kit_iterable *inner);
    const void *arm; /* of the wiring that this is: its options */
};

/* One generator, in the memory of whoever creates it. */
struct gen {
    const struct gen_maker *maker;
    gen_body *body;
    kit_value arg;
    /* Which CPU of the placement, in turn, if it gets a thread; the workload's
       caller is at 0. */
    size_t place;
    void *handle;
    kit_iter *iter;
};

/* 0 or -errno; to be destroyed only when this succeeded. */
static inline int gen_create(struct gen *g, const struct gen_maker *maker,
                             gen_body *body, kit_value arg, size_t place)
{
    g->maker = maker;
    g->body = body;
    g->arg = arg;
    g->place = place;
    return maker->create(g);
}

static inline int gen_destroy(struct gen *g)
{
    return g->maker->destroy(g->handle);
}

static inline kit_completion gen_yield(struct gen *self, kit_value value)
{
    return self->maker->yield(self->handle, value);
}

/* `yield*` to a new generator, which is destroyed afterwards. It answers the
   same caller, so it belongs to the same place. */
static inline kit_completion gen_delegate_to(struct gen *self, gen_body *body,
                                             kit_value arg)
{
    struct gen inner;
    int error = gen_create(&inner, self->maker, body, arg, self->place);
    if (error)
        return kit_throw(kit_int(error));
    kit_completion c =
        self->maker->delegate(self->handle, &inner.iter->iterable);
    error = gen_destroy(&inner);
    return error ? kit_throw(kit_int(error)) : c;
}

#endif
