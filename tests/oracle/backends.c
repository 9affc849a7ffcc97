/* SPDX-License-Identifier: MIT */
/* One generator of a scenario on coroutines or on threads. */
#include "oracle.h"

#include <coop/gen.h>
#include <preempt/gen.h>

#include <check.h>

#include "mechanism.h"
#include <stdlib.h>

/* ---- coop ---- */

static kit_completion coop_body(coop_gen *impl, kit_value arg)
{
    struct gen *g = arg.p;
    (void)impl;
    return g->body(g, g->arg);
}

static int coop_make(struct gen *g, const struct kit_mechanism *mechanism)
{
    struct coop_gen_options o = {.mechanism = mechanism};
    coop_gen *impl;
    int result = coop_gen_create(&impl, coop_body, kit_ptr(g), &o);
    g->impl = impl;
    g->iter = result < 0 ? NULL : coop_gen_iter(impl);
    return result;
}

static int make_default(struct gen *g)
{
    return coop_make(g, NULL);
}

static int make_ucontext(struct gen *g)
{
    return coop_make(g, kit_mechanism_named("ucontext"));
}

static int coop_unmake(struct gen *g)
{
    return coop_gen_destroy(g->impl);
}

static kit_completion coop_yields(struct gen *g, kit_value value)
{
    return coop_gen_yield(g->impl, value);
}

static kit_completion coop_delegates(struct gen *g, kit_iterable *inner)
{
    return coop_gen_delegate(g->impl, inner);
}

const struct backend backend_coop = {"coop", make_default, coop_unmake,
                                     coop_yields, coop_delegates};

const struct backend backend_ucontext = {"coop on ucontext", make_ucontext,
                                         coop_unmake, coop_yields,
                                         coop_delegates};

/* ---- preempt, in lock-step ---- */

static kit_completion preempt_body(preempt_gen *impl, kit_value arg)
{
    struct gen *g = arg.p;
    (void)impl;
    return g->body(g, g->arg);
}

static int preempt_make(struct gen *g)
{
    preempt_gen *impl;
    int result = preempt_gen_create(&impl, preempt_body, kit_ptr(g), NULL);
    g->impl = impl;
    g->iter = result < 0 ? NULL : preempt_gen_iter(impl);
    return result;
}

static int preempt_unmake(struct gen *g)
{
    return preempt_gen_destroy(g->impl);
}

static kit_completion preempt_yields(struct gen *g, kit_value value)
{
    return preempt_gen_yield(g->impl, value);
}

static kit_completion preempt_delegates(struct gen *g, kit_iterable *inner)
{
    return preempt_gen_delegate(g->impl, inner);
}

const struct backend backend_preempt = {"preempt", preempt_make, preempt_unmake,
                                        preempt_yields, preempt_delegates};

/* ---- the running scenario ---- */

enum { GENERATORS_MAX = 8192 };

static const struct backend *running;
static struct gen *generators[GENERATORS_MAX];
static size_t count;
static bool is_over;

void oracle_begin(const struct backend *backend)
{
    transcript_begin();
    running = backend;
    is_over = false;
}

bool oracle_is_over(void)
{
    return is_over;
}

/* True when it is gone. One that another delegates to stays for a while. */
static bool destroy(struct gen *g)
{
    if (g->backend->destroy(g) < 0)
        return false;
    free(g);
    return true;
}

void oracle_end(void)
{
    is_over = true;
    while (count > 0) {
        size_t kept = 0;
        for (size_t i = 0; i < count; i++)
            if (!destroy(generators[i]))
                generators[kept++] = generators[i];
        ck_assert_uint_lt(kept, count);
        count = kept;
    }
}

kit_iter *gen(gen_body body, kit_value arg)
{
    struct gen *g = malloc(sizeof *g);
    ck_assert_uint_lt(count, GENERATORS_MAX);
    *g = (struct gen){.backend = running, .body = body, .arg = arg};
    ck_assert_int_eq(running->create(g), 0);
    generators[count++] = g;
    return g->iter;
}

kit_completion yield(struct gen *self, kit_value value)
{
    return self->backend->yield(self, value);
}

kit_completion delegate(struct gen *self, kit_iterable *inner)
{
    return self->backend->delegate(self, inner);
}

kit_completion delegate_new(struct gen *self, gen_body body, kit_value arg)
{
    return delegate(self, &gen(body, arg)->iterable);
}
