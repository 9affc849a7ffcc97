/* SPDX-License-Identifier: MIT */
/* cancel on generators. */
#include "cancel.h"
#include "generators.h"

struct held_by_gen {
    struct cancel_resource resource;
    gen *gen;
};

static kit_completion cancel_produce(gen *self, kit_value arg)
{
    struct cancel_resource *r = arg.p;
    kit_completion c = kit_next(kit_none());
    r->is_held = true;
    while (!kit_is_abrupt(c))
        c = K(gen_yield)(self, kit_int(r->value++));
    r->is_held = false;
    return c;
}

static int cancel_open(const void *how, struct cancel_resource *r,
                       kit_iter **it)
{
    struct held_by_gen *h = KIT_CONTAINER(r, struct held_by_gen, resource);
    int error = K(gen_create)(&h->gen, cancel_produce, kit_ptr(r), how);
    if (!error)
        *it = K(gen_iter)(h->gen);
    return error;
}

static void cancel_close(struct cancel_resource *r)
{
    K(gen_destroy)(KIT_CONTAINER(r, struct held_by_gen, resource)->gen);
}

static int cancel_generate(const gen_options *options,
                           const struct workload_params *params,
                           struct workload_result *result)
{
    struct cancel_form form = {sizeof(struct held_by_gen), cancel_open,
                               cancel_close, options};
    return cancel_run(&form, params, result);
}
