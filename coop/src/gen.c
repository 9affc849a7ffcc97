/* SPDX-License-Identifier: MIT */
/*
 * Generators on coroutines, whose entry they are. The state of a generator is
 * the table of operations that its iterator has at the moment, so a step of a
 * suspended one tests nothing that the coroutine does not test itself.
 */
#include "coro.h"

#include <coop/gen.h>

#include <kit/chain.h>

#include <errno.h>

/* Lives in the coroutine's local memory. */
struct coop_gen {
    struct coop_gen_face face;
    coop_gen_fn body;
    enum kit_gen_first first;
    kit_value arg;
};

static coop_gen *gen_of(kit_iter *it)
{
    return KIT_CONTAINER(it, coop_gen, face.iter);
}

static coop_gen *gen_of_chain(struct kit_chain *chain)
{
    return KIT_CONTAINER(chain, coop_gen, face.chain);
}

/* ---- begun ---- */

static kit_step enter_from_side(coop_gen *g, kit_completion request);

/* Ends in a jump into the leaf's coroutine: see coro.c. Not inlined, so that
   the common path of begun_next saves no register. */
__attribute__((noinline)) static kit_step request_of(coop_gen *g,
                                                     kit_completion request)
{
    if (KIT_UNLIKELY(kit_chain_delegator(&g->face.chain)))
        return enter_from_side(g, request);
    coop_gen *leaf = gen_of_chain(g->face.chain.leaf);
    if (KIT_UNLIKELY(coop_coro_state(coop_gen_coro(leaf)) == COOP_CORO_RUNNING))
        return kit_gen_answer(KIT_GEN_RUNNING, request);
    kit_chain_enter(&g->face.chain, request.how);
    return (coop_coro_resume)(coop_gen_coro(leaf), request);
}

static bool chain_is_running(coop_gen *g)
{
    coop_gen *leaf = gen_of_chain(kit_chain_root(&g->face.chain)->leaf);
    return coop_coro_state(coop_gen_coro(leaf)) == COOP_CORO_RUNNING;
}

static kit_step enter_from_side(coop_gen *g, kit_completion request)
{
    if (chain_is_running(g))
        return kit_gen_answer(KIT_GEN_RUNNING, request);
    kit_chain_cut(&g->face.chain);
    return request_of(g, request);
}

static kit_step begun_next(kit_iter *it, kit_value sent)
{
    coop_gen *g = gen_of(it);
    if (KIT_UNLIKELY(g->face.chain.returning))
        return request_of(g, kit_next(sent));
    /* -EBUSY is the coroutine's answer too */
    return (coop_coro_resume)(coop_gen_coro(gen_of_chain(g->face.chain.leaf)),
                              kit_next(sent));
}

static kit_step begun_throw(kit_iter *it, kit_value error)
{
    return request_of(gen_of(it), kit_throw(error));
}

static kit_step begun_return(kit_iter *it, kit_value value)
{
    return request_of(gen_of(it), kit_return(value));
}

const struct kit_iter_ops coop_gen_begun_ops = {begun_next, begun_throw,
                                                begun_return};

/* ---- created ---- */

static kit_step created_next(kit_iter *it, kit_value sent)
{
    coop_gen *g = gen_of(it);
    if (!kit_gen_takes_first(g->first, sent, &g->arg))
        return kit_failed_errno(-EINVAL);
    it->ops = &coop_gen_begun_ops;
    return begun_next(it, sent);
}

static kit_step created_throw(kit_iter *it, kit_value error)
{
    it->ops = &kit_gen_done_ops;
    return kit_gen_answer(KIT_GEN_CREATED, kit_throw(error));
}

static kit_step created_return(kit_iter *it, kit_value value)
{
    it->ops = &kit_gen_done_ops;
    return kit_gen_answer(KIT_GEN_CREATED, kit_return(value));
}

static const struct kit_iter_ops created_ops = {created_next, created_throw,
                                                created_return};

/* ---- life ---- */

/* The entry itself, not a body that an entry calls: such a call would never
   return where the generator leaves for its delegator, and the processor would
   mistake the returns after it. */
static void run(kit_context *context, kit_completion first)
{
    (void)first;
    coop_coro *co = KIT_CONTAINER(context, coop_coro, face.context);
    coop_gen *g = coop_coro_local(co);
    kit_completion end = g->body(g, g->arg), result;
    g->face.iter.ops = &kit_gen_done_ops;
    struct kit_chain *delegator = kit_chain_end(&g->face.chain, end, &result);
    if (delegator)
        coop_coro_leave(co, coop_gen_coro(gen_of_chain(delegator)), result);
    coop_coro_finish(co, kit_step_of_end(end));
}

static const struct kit_stack_use stack_use = {"generator",
                                               "coop_gen_options.stack_size"};

static inline coop_gen *set(coop_coro *co, coop_gen_fn body, kit_value arg,
                            enum kit_gen_first first)
{
    coop_gen *g = coop_coro_local(co);
    kit_iter_init(&g->face.iter, &created_ops);
    kit_chain_init(&g->face.chain);
    g->body = body;
    g->arg = arg;
    g->first = first;
    return g;
}

__attribute__((noinline)) static int
create(coop_gen **out, coop_gen_fn body, kit_value arg,
       const struct coop_gen_options *options)
{
    static const struct coop_gen_options defaults;
    const struct coop_gen_options *o = options ? options : &defaults;
    coop_coro *co;
    if (!body || !kit_gen_knows_first(o->first))
        return -EINVAL;
    int result = coop_coro_prepare(&co, o->stack_size, sizeof(coop_gen),
                                   o->mechanism, &stack_use, run);
    if (result == 0)
        *out = set(co, body, arg, o->first);
    return result;
}

static inline bool is_usual(const struct coop_gen_options *o)
{
    return !o || (o->stack_size == 0 && !o->mechanism);
}

/* Not inlined, as destroy: the pool is the one of the thread it is called on.
 */
__attribute__((noinline)) int
coop_gen_create(coop_gen **out, coop_gen_fn body, kit_value arg,
                const struct coop_gen_options *options)
{
    enum kit_gen_first first = options ? options->first : KIT_GEN_FIRST_JS;
    coop_coro *co = NULL;
    if (is_usual(options) && body && kit_gen_knows_first(first))
        co = coop_coro_prepare_usual(sizeof(coop_gen), &stack_use, run);
    if (KIT_UNLIKELY(!co))
        return create(out, body, arg, options);
    *out = set(co, body, arg, first);
    return 0;
}

__attribute__((noinline)) int coop_gen_destroy(coop_gen *g)
{
    if (!g)
        return 0;
    if (KIT_UNLIKELY(kit_chain_is_held(&g->face.chain)))
        return -EBUSY;
    if (KIT_LIKELY(g->face.iter.ops == &kit_gen_done_ops)) {
        coop_coro_free(coop_gen_coro(g));
        return 0;
    }
    if (coop_gen_state(g) == KIT_GEN_RUNNING)
        return -EBUSY;
    if (g->face.iter.ops == &coop_gen_begun_ops &&
        !kit_gen_exhaust(&g->face.iter))
        return -EBUSY;
    return coop_coro_destroy(coop_gen_coro(g));
}

kit_iter *(coop_gen_iter)(coop_gen *g)
{
    return &g->face.iter;
}

kit_step(coop_gen_next)(coop_gen *g, kit_value sent)
{
    return (kit_iter_next)(&g->face.iter, sent);
}

enum kit_gen_state coop_gen_state(const coop_gen *g)
{
    if (g->face.iter.ops == &kit_gen_done_ops)
        return KIT_GEN_DONE;
    if (g->face.iter.ops == &created_ops)
        return KIT_GEN_CREATED;
    coop_gen *self = (coop_gen *)(uintptr_t)g;
    return chain_is_running(self) ? KIT_GEN_RUNNING : KIT_GEN_SUSPENDED;
}

/* ---- inside the body ---- */

kit_completion(coop_gen_yield)(coop_gen *self, kit_value value)
{
    return (coop_coro_yield)(coop_gen_coro(self), value);
}

/* Not inlined, here and above: a function that yields in its middle returns
   with a `ret` that the processor does not foresee. */
static kit_completion yield_of(void *generator, kit_value value)
{
    return (coop_gen_yield)(generator, value);
}

/* Of our kind, nobody else is linked to it, and it can be resumed. */
static bool is_linkable(const coop_gen *self, const coop_gen *inner)
{
    const struct kit_iter_ops *ops = inner->face.iter.ops;
    if (ops != &created_ops && ops != &coop_gen_begun_ops)
        return false;
    if (coop_gen_coro(inner)->face.context.mechanism !=
        coop_gen_coro(self)->face.context.mechanism)
        return false;
    coop_gen *other = (coop_gen *)(uintptr_t)inner;
    return ops == &created_ops || (!kit_chain_delegator(&inner->face.chain) &&
                                   !chain_is_running(other));
}

static coop_coro *link_to(coop_gen *self, kit_iter *it)
{
    coop_gen *inner = gen_of(it);
    if (KIT_UNLIKELY(!is_linkable(self, inner)))
        return NULL;
    inner->face.iter.ops = &coop_gen_begun_ops;
    return coop_gen_coro(
        gen_of_chain(kit_chain_link(&self->face.chain, &inner->face.chain)));
}

coop_coro *coop_gen_link(coop_gen *self, kit_iterable *iterable)
{
    kit_iter *it = kit_iterable_as_iter(iterable);
    return KIT_LIKELY(it) ? link_to(self, it) : NULL;
}

/* `it` was stepped from the side: `c` is a request for it. */
static kit_completion go_on(coop_gen *self, kit_iter *it, kit_completion c)
{
    self->face.chain.cut = false;
    c = kit_delegate_request(it, c, yield_of, self);
    kit_chain_release(&gen_of(it)->face.chain);
    return c;
}

static kit_completion delegate_by_protocol(coop_gen *self, kit_iter *it)
{
    bool is_ours = it->ops == &created_ops || it->ops == &coop_gen_begun_ops;
    if (is_ours)
        kit_chain_hold(&gen_of(it)->face.chain);
    kit_completion c =
        kit_delegate_request(it, kit_next(kit_none()), yield_of, self);
    if (is_ours)
        kit_chain_release(&gen_of(it)->face.chain);
    return c;
}

kit_completion coop_gen_go_on(coop_gen *self, kit_iterable *iterable,
                              kit_completion request)
{
    return go_on(self, kit_iterable_as_iter(iterable), request);
}

/* An open iterator of any kind. */
static kit_completion delegate_to(coop_gen *self, kit_iter *it)
{
    coop_coro *leaf = link_to(self, it);
    if (!leaf)
        return delegate_by_protocol(self, it);
    kit_completion c =
        coop_coro_transfer(coop_gen_coro(self), leaf, kit_next(kit_none()));
    return KIT_UNLIKELY(self->face.chain.cut) ? go_on(self, it, c) : c;
}

/* Something that is to be opened, and released afterwards. */
__attribute__((noinline)) static kit_completion
open_and_delegate(coop_gen *self, kit_iterable *iterable)
{
    kit_step opened = kit_iterable_open(iterable);
    if (opened.state != KIT_YIELDED)
        return kit_throw(kit_failure_of(opened));
    kit_iter *it = opened.value.p;
    kit_completion end = delegate_to(self, it);
    kit_iterable_release(iterable, it);
    return end;
}

kit_completion(coop_gen_delegate)(coop_gen *self, kit_iterable *iterable)
{
    kit_iter *it = kit_iterable_as_iter(iterable);
    return KIT_LIKELY(it) ? delegate_to(self, it)
                          : open_and_delegate(self, iterable);
}
