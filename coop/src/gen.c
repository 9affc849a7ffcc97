/* SPDX-License-Identifier: MIT */
/*
 * Generators on the public coroutine API. The state of a generator is the
 * table of operations that its iterator has at the moment, so a step of a
 * suspended one tests nothing that the coroutine does not test itself.
 */
#include <coop/coro.h>
#include <coop/gen.h>

#include <errno.h>

/* Lives in the coroutine's local memory. */
struct coop_gen {
    kit_iter iter;
    coop_coro *co;
    coop_gen_fn body;
};

static coop_gen *gen_of(kit_iter *it)
{
    return KIT_CONTAINER(it, coop_gen, iter);
}

/* ---- done ---- */

static kit_step done_next(kit_iter *it, kit_value sent)
{
    (void)it;
    return kit_gen_answer(KIT_GEN_DONE, kit_next(sent));
}

static kit_step done_throw(kit_iter *it, kit_value error)
{
    (void)it;
    return kit_gen_answer(KIT_GEN_DONE, kit_throw(error));
}

static kit_step done_return(kit_iter *it, kit_value value)
{
    (void)it;
    return kit_gen_answer(KIT_GEN_DONE, kit_return(value));
}

static const struct kit_iter_ops done_ops = {done_next, done_throw,
                                             done_return};

/* ---- begun: suspended or running (-EBUSY is the coroutine's answer) ---- */

static kit_step begun_next(kit_iter *it, kit_value sent)
{
    return coop_coro_resume(gen_of(it)->co, kit_next(sent));
}

static kit_step begun_throw(kit_iter *it, kit_value error)
{
    return coop_coro_resume(gen_of(it)->co, kit_throw(error));
}

static kit_step begun_return(kit_iter *it, kit_value value)
{
    return coop_coro_resume(gen_of(it)->co, kit_return(value));
}

static const struct kit_iter_ops begun_ops = {begun_next, begun_throw,
                                              begun_return};

/* ---- created ---- */

static kit_step created_next(kit_iter *it, kit_value sent)
{
    it->ops = &begun_ops;
    return begun_next(it, sent);
}

static kit_step created_throw(kit_iter *it, kit_value error)
{
    it->ops = &done_ops;
    return kit_gen_answer(KIT_GEN_CREATED, kit_throw(error));
}

static kit_step created_return(kit_iter *it, kit_value value)
{
    it->ops = &done_ops;
    return kit_gen_answer(KIT_GEN_CREATED, kit_return(value));
}

static const struct kit_iter_ops created_ops = {created_next, created_throw,
                                                created_return};

/* ---- life ---- */

static kit_step run(coop_coro *co, kit_value arg, kit_completion first)
{
    (void)first;
    coop_gen *g = coop_coro_local(co);
    kit_completion end = g->body(g, arg);
    g->iter.ops = &done_ops;
    return kit_step_of_end(end);
}

int coop_gen_create(coop_gen **out, coop_gen_fn body, kit_value arg,
                    const struct coop_gen_options *options)
{
    struct coop_coro_options o = {.local_size = sizeof(coop_gen)};
    if (options) {
        o.stack_size = options->stack_size;
        o.mechanism = options->mechanism;
    }
    coop_coro *co;
    int result = coop_coro_create(&co, run, arg, &o);
    if (result < 0)
        return result;
    coop_gen *g = coop_coro_local(co);
    kit_iter_init(&g->iter, &created_ops);
    g->co = co;
    g->body = body;
    *out = g;
    return 0;
}

int coop_gen_destroy(coop_gen *g)
{
    if (!g)
        return 0;
    if (coop_gen_state(g) == KIT_GEN_RUNNING)
        return -EBUSY;
    if (g->iter.ops == &begun_ops && !kit_gen_exhaust(&g->iter))
        return -EBUSY;
    return coop_coro_destroy(g->co);
}

kit_iter *coop_gen_iter(coop_gen *g)
{
    return &g->iter;
}

enum kit_gen_state coop_gen_state(const coop_gen *g)
{
    if (g->iter.ops == &done_ops)
        return KIT_GEN_DONE;
    if (g->iter.ops == &created_ops)
        return KIT_GEN_CREATED;
    return coop_coro_state(g->co) == COOP_CORO_RUNNING ? KIT_GEN_RUNNING
                                                       : KIT_GEN_SUSPENDED;
}

/* ---- inside the body ---- */

kit_completion coop_gen_yield(coop_gen *self, kit_value value)
{
    return coop_coro_yield(self->co, value);
}

static kit_completion yield_of(void *generator, kit_value value)
{
    return coop_gen_yield(generator, value);
}

kit_completion coop_gen_delegate(coop_gen *self, kit_iterable *inner)
{
    return kit_delegate(inner, yield_of, self);
}
