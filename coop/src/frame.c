/* SPDX-License-Identifier: MIT */
/* Stackless generators: the loop that calls resumable functions. */
#include <coop/frame.h>

#include <errno.h>

static coop_frame *frame_of(kit_iter *it)
{
    return KIT_CONTAINER(it, coop_frame, iter);
}

static coop_frame *frame_of_chain(struct kit_chain *chain)
{
    return KIT_CONTAINER(chain, coop_frame, chain);
}

/* ---- begun ---- */

static kit_step begun_next(kit_iter *it, kit_value sent);
static kit_step begun_throw(kit_iter *it, kit_value error);
static kit_step begun_return(kit_iter *it, kit_value value);
static kit_step created_next(kit_iter *it, kit_value sent);
static kit_step created_throw(kit_iter *it, kit_value error);
static kit_step created_return(kit_iter *it, kit_value value);

static const struct kit_iter_ops begun_ops = {begun_next, begun_throw,
                                              begun_return};
static const struct kit_iter_ops created_ops = {created_next, created_throw,
                                                created_return};

static bool chain_is_running(coop_frame *f)
{
    return frame_of_chain(kit_chain_root(&f->chain))->is_running;
}

/* An inner frame that nobody else is linked to and that can be resumed. */
static coop_frame *linkable(kit_iter *it)
{
    if (it->ops != &begun_ops && it->ops != &created_ops)
        return NULL;
    coop_frame *inner = frame_of(it);
    if (kit_chain_delegator(&inner->chain) || chain_is_running(inner))
        return NULL;
    inner->iter.ops = &begun_ops;
    return inner;
}

/* `f` delegates to `source`. The request, or the result, that comes next. */
static kit_completion begin_delegation(coop_frame *f, kit_iterable *source)
{
    kit_step opened = kit_iterable_open(source);
    if (opened.state != KIT_YIELDED)
        return kit_throw(kit_failure_of(opened));
    f->source = source;
    f->inner = opened.value.p;
    coop_frame *inner = linkable(f->inner);
    if (inner)
        kit_chain_link(&f->chain, &inner->chain);
    return kit_next(kit_none());
}

static void end_delegation(coop_frame *f)
{
    kit_iterable_release(f->source, f->inner);
    f->inner = NULL;
}

/* While the frame still counts as running: a request from there is -EBUSY. */
static void run_cleanup(coop_frame *f)
{
    void (*cleanup)(coop_frame *) = f->cleanup;
    f->cleanup = NULL;
    if (cleanup)
        cleanup(f);
}

/* `f` has ended with `s`. Who goes on, with *how; NULL: its caller. */
static coop_frame *end(coop_frame *f, kit_step s, kit_completion *how)
{
    kit_completion c = kit_completion_make(
        s.state == KIT_DONE ? KIT_RETURN : KIT_THROW, s.value);
    run_cleanup(f);
    f->iter.ops = &kit_gen_done_ops;
    struct kit_chain *delegator = kit_chain_end(&f->chain, c, how);
    if (!delegator)
        return NULL;
    end_delegation(frame_of_chain(delegator));
    return frame_of_chain(delegator);
}

/* A step of the leaf: of what it steps through the protocol, or its own. */
static kit_step step_leaf(coop_frame *leaf, kit_completion how)
{
    kit_value item;
    if (leaf->inner) {
        if (kit_delegate_step(leaf->inner, how, &item, &how))
            return kit_yielded(item);
        leaf->chain.cut = false;
        end_delegation(leaf);
    }
    return leaf->body(leaf, how);
}

/*
 * The leaf's function answered with `s`, which is no value: on delegation and
 * at an end goes on with whoever is the leaf then. No recursion, however deep
 * the chain.
 */
static kit_step go_on(coop_frame *leaf, kit_step s)
{
    struct kit_chain *root = leaf->chain.root;
    kit_completion how;
    while (s.state != KIT_YIELDED) {
        if (s.state == COOP_FRAME_DELEGATES) {
            how = begin_delegation(leaf, s.value.p);
            leaf = frame_of_chain(root->leaf);
        } else {
            leaf = end(leaf, s, &how);
            if (!leaf)
                return s;
        }
        s = step_leaf(leaf, how);
    }
    return s;
}

static kit_step request_of(coop_frame *f, kit_completion request)
{
    if (KIT_UNLIKELY(kit_chain_delegator(&f->chain))) {
        if (chain_is_running(f))
            return kit_gen_answer(KIT_GEN_RUNNING, request);
        kit_chain_cut(&f->chain);
    }
    if (KIT_UNLIKELY(f->is_running))
        return kit_gen_answer(KIT_GEN_RUNNING, request);
    f->is_running = true;
    coop_frame *leaf = frame_of_chain(kit_chain_enter(&f->chain, request.how));
    kit_step s = go_on(leaf, step_leaf(leaf, request));
    f->is_running = false;
    return s;
}

static kit_step begun_next(kit_iter *it, kit_value sent)
{
    coop_frame *f = frame_of(it);
    if (KIT_UNLIKELY(!f->chain.alone || f->inner || f->is_running))
        return request_of(f, kit_next(sent));
    f->is_running = true;
    kit_step s = f->body(f, kit_next(sent));
    if (KIT_UNLIKELY(s.state != KIT_YIELDED))
        s = go_on(f, s);
    f->is_running = false;
    return s;
}

static kit_step begun_throw(kit_iter *it, kit_value error)
{
    return request_of(frame_of(it), kit_throw(error));
}

static kit_step begun_return(kit_iter *it, kit_value value)
{
    return request_of(frame_of(it), kit_return(value));
}

/* ---- created ---- */

static kit_step created_next(kit_iter *it, kit_value sent)
{
    it->ops = &begun_ops;
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

/* ---- life ---- */

void coop_frame_init(coop_frame *f, coop_frame_fn body)
{
    kit_iter_init(&f->iter, &created_ops);
    f->body = body;
    f->position = 0;
    f->is_running = false;
    kit_chain_init(&f->chain);
    f->source = NULL;
    f->inner = NULL;
    f->cleanup = NULL;
}

int coop_frame_close(coop_frame *f)
{
    if (coop_frame_state(f) == KIT_GEN_RUNNING ||
        kit_chain_delegator(&f->chain))
        return -EBUSY;
    if (f->iter.ops == &begun_ops && !kit_gen_exhaust(&f->iter))
        return -EBUSY;
    f->iter.ops = &kit_gen_done_ops;
    return 0;
}

enum kit_gen_state coop_frame_state(const coop_frame *f)
{
    coop_frame *self = (coop_frame *)(uintptr_t)f;
    if (f->iter.ops == &kit_gen_done_ops)
        return KIT_GEN_DONE;
    if (f->iter.ops == &created_ops)
        return KIT_GEN_CREATED;
    return chain_is_running(self) ? KIT_GEN_RUNNING : KIT_GEN_SUSPENDED;
}
