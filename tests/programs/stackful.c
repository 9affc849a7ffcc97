/* SPDX-License-Identifier: MIT */
/* Bodies with a stack: the tree is walked by recursion, and yields from any
   depth of it. */
#include "program.h"

#include <coop/gen.h>
#include <preempt/gen.h>
#include <preempt/task.h>

#include <stdlib.h>

/* What differs from one stackful back end to another. */
struct hands {
    kit_completion (*yield)(void *generator, kit_value v);
    kit_completion (*delegate)(void *generator, kit_iterable *inner);
    void *generator;
    struct instance *self;
};

static kit_completion run_block(struct hands *h, const struct block *b);

static kit_completion run_yield(struct hands *h, kit_value v)
{
    kit_completion c = h->yield(h->generator, v);
    if (!kit_is_abrupt(c))
        say_value(h->self, "got", c.value);
    return c;
}

static kit_completion run_delegate(struct hands *h, int64_t body)
{
    struct instance *inner = instance_new(h->self->run, body);
    kit_completion c = h->delegate(h->generator, &inner->iter->iterable);
    if (!kit_is_abrupt(c))
        say_value(h->self, "end", c.value);
    instance_free(inner);
    return c;
}

static kit_completion run_shared(struct hands *h, const struct instruction *i)
{
    kit_iter *shared = shared_by(h->self, i->op, i->number);
    if (!shared)
        return kit_next(kit_none());
    kit_completion c = h->delegate(h->generator, &shared->iterable);
    if (!kit_is_abrupt(c))
        say_value(h->self, "shr", c.value);
    return c;
}

static kit_completion run_try(struct hands *h, const struct instruction *i)
{
    kit_completion c = run_block(h, &i->body);
    if (c.how == KIT_THROW && i->has_handler) {
        say_error(h->self, "catch", c.value);
        c = run_block(h, &i->handler);
    }
    if (i->has_cleanup) {
        say(h->self, "fin");
        kit_completion over = run_block(h, &i->cleanup);
        if (kit_is_abrupt(over))
            c = over;
    }
    return c;
}

static kit_completion run_twice(struct hands *h, const struct block *b)
{
    kit_completion c = run_block(h, b);
    return kit_is_abrupt(c) ? c : run_block(h, b);
}

static kit_completion run_one(struct hands *h, const struct instruction *i)
{
    switch (i->op) {
    case 'y':
        return run_yield(h, kit_int(i->number));
    case 'd':
        return run_delegate(h, i->number);
    case 's':
    case 'x':
    case 'h':
        return run_shared(h, i);
    case 'l':
        say_value(h->self, "log", kit_int(i->number));
        break;
    case 'r':
        return kit_return(kit_int(i->number));
    case 't':
        return kit_throw(thrown(i->number));
    case 'e':
    case 'i':
        step_instance(h->self, i->number);
        break;
    case 'L':
        return run_twice(h, &i->body);
    case 'T':
        return run_try(h, i);
    }
    return kit_next(kit_none());
}

static kit_completion run_block(struct hands *h, const struct block *b)
{
    for (size_t i = 0; i < b->length; i++) {
        kit_completion c = run_one(h, &b->at[i]);
        if (kit_is_abrupt(c))
            return c;
    }
    return kit_next(kit_none());
}

/* What a block within a block takes of a stack, at most: what a sanitizer
   makes of it. */
#define LEVEL_MAX ((size_t)2048)

/* Half of the usual size is for what is not nested. */
static size_t stack_for(const struct instance *self, size_t usual)
{
    return usual / 2 + self->body->depth * LEVEL_MAX;
}

static kit_completion run_body(struct hands *h)
{
    return run_block(h, &h->self->body->block);
}

/* ---- coop ---- */

static kit_completion coop_yield_any(void *g, kit_value v)
{
    return coop_gen_yield(g, v);
}

static kit_completion coop_delegate_any(void *g, kit_iterable *inner)
{
    return coop_gen_delegate(g, inner);
}

static kit_completion coop_body(coop_gen *g, kit_value arg)
{
    struct hands h = {coop_yield_any, coop_delegate_any, g, arg.p};
    return run_body(&h);
}

static int create_coop_by(struct instance *self, const char *mechanism)
{
    struct coop_gen_options o = {
        .stack_size = stack_for(self, KIT_STACK_DEFAULT),
        .mechanism = mechanism ? kit_mechanism_named(mechanism) : NULL};
    coop_gen *g;
    int error = coop_gen_create(&g, coop_body, kit_ptr(self), &o);
    if (!error) {
        self->state = g;
        self->iter = coop_gen_iter(g);
    }
    return error;
}

static int create_coop(struct instance *self)
{
    return create_coop_by(self, NULL);
}

static int create_ucontext(struct instance *self)
{
    return create_coop_by(self, "ucontext");
}

static void destroy_coop(struct instance *self)
{
    if (coop_gen_destroy(self->state) != 0)
        abort();
}

const struct backend backend_coop = {"coop", create_coop, destroy_coop};
const struct backend backend_ucontext = {"ucontext", create_ucontext,
                                         destroy_coop};

/* ---- preempt ---- */

static kit_completion preempt_yield_any(void *g, kit_value v)
{
    return preempt_gen_yield(g, v);
}

static kit_completion preempt_delegate_any(void *g, kit_iterable *inner)
{
    return preempt_gen_delegate(g, inner);
}

static kit_completion preempt_body(preempt_gen *g, kit_value arg)
{
    struct hands h = {preempt_yield_any, preempt_delegate_any, g, arg.p};
    return run_body(&h);
}

static int create_preempt(struct instance *self)
{
    size_t size = stack_for(self, PREEMPT_STACK_DEFAULT);
    struct preempt_gen_options o = {.stack_size = size};
    preempt_gen *g;
    int error = preempt_gen_create(&g, preempt_body, kit_ptr(self), &o);
    if (!error) {
        self->state = g;
        self->iter = preempt_gen_iter(g);
    }
    return error;
}

static void destroy_preempt(struct instance *self)
{
    if (preempt_gen_destroy(self->state) != 0)
        abort();
}

const struct backend backend_preempt = {"preempt", create_preempt,
                                        destroy_preempt};
