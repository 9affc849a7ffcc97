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

static bool is_done(const coop_frame *f)
{
    return f->iter.ops == &kit_gen_done_ops;
}

static bool is_created(const coop_frame *f)
{
    return f->position == 0 &&
           (f->mode == COOP_FRAME_PLAIN || f->mode == COOP_FRAME_STRICT);
}

static bool chain_is_running(coop_frame *f)
{
    return frame_of_chain(kit_chain_root(&f->chain))->mode ==
           COOP_FRAME_RUNNING;
}

/* ---- delegation ---- */

/* Nobody else is linked to it, and it can be resumed. */
static bool is_linkable(coop_frame *inner)
{
    return !kit_chain_delegator(&inner->chain) &&
           inner->mode != COOP_FRAME_RUNNING;
}

static void attach(coop_frame *f, coop_frame *inner)
{
    if (is_linkable(inner)) {
        inner->mode = COOP_FRAME_APART;
        kit_chain_link(&f->chain, &inner->chain);
    } else {
        f->chain.cut = true; /* as if it had been linked, and cut off */
        kit_chain_hold(&inner->chain);
    }
}

/*
 * What the leaf delegates to was cut off, and is free again: it is linked anew.
 * Who answers then. So a chain of which each was stepped from the side costs
 * what it did before, and no recursion.
 */
static coop_frame *rejoin(coop_frame *leaf, enum kit_how how)
{
    struct kit_chain *root = leaf->chain.root,
                     *inner = &frame_of(leaf->inner)->chain;
    kit_chain_release(inner);
    leaf->chain.cut = false;
    frame_of_chain(inner)->mode = COOP_FRAME_APART;
    kit_chain_link(&leaf->chain, inner);
    if (how == KIT_RETURN) /* it is sent to that one, too */
        root->returning = root->leaf;
    return frame_of_chain(root->leaf);
}

/* Who answers, where `leaf` would. */
static inline coop_frame *answerer(coop_frame *leaf, enum kit_how how)
{
    while (KIT_UNLIKELY(leaf->inner) && leaf->chain.cut &&
           !is_done(frame_of(leaf->inner)) &&
           is_linkable(frame_of(leaf->inner)))
        leaf = rejoin(leaf, how);
    return leaf;
}

/* `f` delegates to `source`. The request, or the result, that comes next. */
static kit_completion begin_delegation(coop_frame *f, kit_iterable *source)
{
    kit_iter *it = kit_iterable_as_iter(source);
    if (!it) {
        kit_step opened = kit_iterable_open(source);
        if (opened.state != KIT_YIELDED)
            return kit_throw(kit_failure_of(opened));
        it = opened.value.p;
    }
    f->source = source;
    f->inner = it;
    if (it->ops->throw_ == coop_frame_throw)
        attach(f, frame_of(it));
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
    if (KIT_UNLIKELY(f->cleanup))
        run_cleanup(f);
    f->iter.ops = &kit_gen_done_ops;
    struct kit_chain *delegator = kit_chain_end(&f->chain, c, how);
    if (!delegator)
        return NULL;
    end_delegation(frame_of_chain(delegator));
    return frame_of_chain(delegator);
}

/* ---- steps ---- */

/* A step of what the leaf steps through the protocol, then its own. */
__attribute__((noinline)) static kit_step step_inner(coop_frame *leaf,
                                                     kit_completion how)
{
    kit_value item;
    if (kit_delegate_step(leaf->inner, how, &item, &how))
        return kit_yielded(item);
    if (leaf->chain.cut)
        kit_chain_release(&frame_of(leaf->inner)->chain);
    leaf->chain.cut = false;
    end_delegation(leaf);
    return leaf->function->body(leaf, how);
}

static inline kit_step step_leaf(coop_frame *leaf, kit_completion how)
{
    if (KIT_UNLIKELY(leaf->inner))
        return step_inner(leaf, how);
    return leaf->function->body(leaf, how);
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
    do {
        if (s.state == COOP_FRAME_DELEGATES) {
            how = begin_delegation(leaf, s.value.p);
            leaf = answerer(frame_of_chain(root->leaf), how.how);
        } else {
            leaf = end(leaf, s, &how);
            if (!leaf)
                return s;
        }
        s = step_leaf(leaf, how);
    } while (s.state != KIT_YIELDED);
    return s;
}

/* The request of a root is over. */
static void stop_running(coop_frame *root)
{
    root->chain.returning = NULL;
    if (is_done(root) || frame_of_chain(root->chain.leaf)->inner)
        root->mode = COOP_FRAME_APART;
    else
        root->mode = root->chain.leaf == &root->chain ? COOP_FRAME_PLAIN
                                                      : COOP_FRAME_LINKED;
}

kit_step coop_frame_go_on(coop_frame *leaf, kit_step answer)
{
    coop_frame *root = frame_of_chain(leaf->chain.root);
    kit_step s = go_on(leaf, answer);
    stop_running(root);
    return s;
}

/* Takes `f` out of the middle of a chain; false: the chain runs. */
static bool cut_off(coop_frame *f)
{
    coop_frame *root = frame_of_chain(kit_chain_root(&f->chain));
    if (root->mode == COOP_FRAME_RUNNING)
        return false;
    kit_chain_cut(&f->chain);
    root->mode = COOP_FRAME_APART;
    return true;
}

static kit_step request_of(coop_frame *f, kit_completion request)
{
    if (KIT_UNLIKELY(kit_chain_delegator(&f->chain) && !cut_off(f)))
        return kit_gen_answer(KIT_GEN_RUNNING, request);
    if (KIT_UNLIKELY(f->mode == COOP_FRAME_RUNNING))
        return kit_gen_answer(KIT_GEN_RUNNING, request);
    f->mode = COOP_FRAME_RUNNING;
    coop_frame *leaf = answerer(
        frame_of_chain(kit_chain_enter(&f->chain, request.how)), request.how);
    kit_step s = step_leaf(leaf, request);
    if (KIT_UNLIKELY(s.state != KIT_YIELDED))
        s = go_on(leaf, s);
    stop_running(f);
    return s;
}

/* Of a frame that needs a closer look. */
kit_step coop_frame_next(kit_iter *it, kit_value sent)
{
    if (is_done(frame_of(it)))
        return kit_gen_answer(KIT_GEN_DONE, kit_next(sent));
    if (frame_of(it)->mode == COOP_FRAME_STRICT && !kit_is_none(sent))
        return kit_failed_errno(-EINVAL);
    return request_of(frame_of(it), kit_next(sent));
}

/* Of what is neither running nor suspended. */
static void complete(coop_frame *f)
{
    f->iter.ops = &kit_gen_done_ops;
    f->mode = COOP_FRAME_APART;
}

/* throw and return complete what has not begun. */
static kit_step leave(coop_frame *f, kit_completion request)
{
    if (!is_created(f))
        return request_of(f, request);
    complete(f);
    return kit_gen_answer(KIT_GEN_CREATED, request);
}

kit_step coop_frame_throw(kit_iter *it, kit_value error)
{
    return leave(frame_of(it), kit_throw(error));
}

kit_step coop_frame_return(kit_iter *it, kit_value value)
{
    return leave(frame_of(it), kit_return(value));
}

/* ---- life ---- */

void coop_frame_init(coop_frame *f, const coop_frame_function *function)
{
    kit_iter_init(&f->iter, &function->ops);
    f->function = function;
    f->position = 0;
    f->mode = COOP_FRAME_PLAIN;
    kit_chain_init(&f->chain);
    f->source = NULL;
    f->inner = NULL;
    f->cleanup = NULL;
}

int coop_frame_set_first(coop_frame *f, enum kit_gen_first first)
{
    if (!kit_gen_knows_first(first))
        return -EINVAL;
    if (is_done(f) || !is_created(f))
        return -EBUSY;
    f->mode =
        first == KIT_GEN_FIRST_PYTHON ? COOP_FRAME_STRICT : COOP_FRAME_PLAIN;
    return 0;
}

int coop_frame_close(coop_frame *f)
{
    enum kit_gen_state state = coop_frame_state(f);
    if (state == KIT_GEN_RUNNING || kit_chain_is_held(&f->chain))
        return -EBUSY;
    if (state == KIT_GEN_SUSPENDED && !kit_gen_exhaust(&f->iter))
        return -EBUSY;
    complete(f);
    return 0;
}

enum kit_gen_state coop_frame_state(const coop_frame *f)
{
    coop_frame *self = (coop_frame *)(uintptr_t)f;
    if (is_done(f))
        return KIT_GEN_DONE;
    if (is_created(f))
        return KIT_GEN_CREATED;
    return chain_is_running(self) ? KIT_GEN_RUNNING : KIT_GEN_SUSPENDED;
}
