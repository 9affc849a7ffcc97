/* SPDX-License-Identifier: MIT */
/*
 * For those who make a kind of generator, not for those who use one.
 *
 * Chains of delegation, for generators of one kind: how a step of the first
 * generator reaches the last one without passing through those between.
 *
 *     root -> ... -> delegator -> inner -> ... -> leaf
 *
 * The root is stepped from outside; it knows the leaf, who answers. Each inner
 * knows its delegator, who goes on when it ends. A link is made when a
 * generator delegates to one of its kind that nobody else delegates to by a
 * link; everything else is stepped through the iterator protocol by its
 * delegator, who is then the leaf of its chain.
 *
 * What must not be seen: a generator in the middle may be stepped from the
 * side. Then its link is CUT: it becomes the root of the rest, and its
 * delegator, now a leaf, steps it through the protocol from there on.
 *
 * The idea of a leaf that the root knows is that of recursive generators in
 * C++ (P2502, std::generator's elements_of).
 */
#ifndef KIT_CHAIN_H
#define KIT_CHAIN_H

#include <kit/iter.h>

#ifdef __cplusplus
typedef struct kit_chain *kit_chain_ref; /* opaque there */
typedef uint32_t kit_chain_count;
#else
#include <stdatomic.h>
typedef _Atomic(struct kit_chain *) kit_chain_ref;
typedef _Atomic(uint32_t) kit_chain_count;
#endif

KIT_BEGIN

struct kit_chain {
    /* By a link; NULL: this is a root. Atomic (relaxed) because on threads it
       may be looked at while the chain runs, to find that it does. */
    kit_chain_ref delegator;
    struct kit_chain *leaf; /* of a root: who answers; else stale */
    struct kit_chain *root; /* of a leaf: who is stepped; else stale */
    /* Of a root, while its request is return: the innermost that it was sent
       to, and that has not ended; those linked since are stepped by next. Of
       one that is linked: not NULL, so that NULL alone says that a next() may
       go to `leaf` without a closer look. */
    struct kit_chain *returning;
    bool cut; /* its inner was stepped from the side */
    /* Delegations to it that go through the protocol, not by a link: after a
       cut, and of others than the first. */
    kit_chain_count holds;
};

#ifndef __cplusplus

static inline struct kit_chain *kit_chain_delegator(const struct kit_chain *c)
{
    return atomic_load_explicit(&c->delegator, memory_order_relaxed);
}

static inline void kit_chain_set_delegator(struct kit_chain *c,
                                           struct kit_chain *delegator)
{
    atomic_store_explicit(&c->delegator, delegator, memory_order_relaxed);
}

static inline void kit_chain_hold(struct kit_chain *c)
{
    atomic_fetch_add_explicit(&c->holds, 1, memory_order_relaxed);
}

static inline void kit_chain_release(struct kit_chain *c)
{
    atomic_fetch_sub_explicit(&c->holds, 1, memory_order_relaxed);
}

/* Does anybody delegate to it? Then it must stay. */
static inline bool kit_chain_is_held(const struct kit_chain *c)
{
    return kit_chain_delegator(c) ||
           atomic_load_explicit(&c->holds, memory_order_relaxed) > 0;
}

static inline void kit_chain_init(struct kit_chain *c)
{
    kit_chain_set_delegator(c, NULL);
    c->leaf = c->root = c;
    c->returning = NULL;
    c->cut = false;
    atomic_init(&c->holds, 0);
}

static inline struct kit_chain *kit_chain_root(struct kit_chain *c)
{
    struct kit_chain *up;
    while ((up = kit_chain_delegator(c)))
        c = up;
    return c;
}

/*
 * A request of `root` begins: returns the leaf that answers it. For next,
 * root->leaf will do where `returning` is NULL.
 */
static inline struct kit_chain *kit_chain_enter(struct kit_chain *root,
                                                enum kit_how how)
{
    root->returning = how == KIT_RETURN ? root->leaf : NULL;
    return root->leaf;
}

/*
 * `self`, which runs, delegates to `inner`, a root that does not run. Returns
 * the leaf that answers now; it must be resumed with next(none).
 */
static inline struct kit_chain *kit_chain_link(struct kit_chain *self,
                                               struct kit_chain *inner)
{
    struct kit_chain *root = self->root, *leaf = inner->leaf;
    kit_chain_set_delegator(inner, self);
    inner->returning = inner;
    root->leaf = leaf;
    leaf->root = root;
    return leaf;
}

/*
 * `self`, which runs, ends. Returns its delegator, who goes on with *result as
 * the value of the delegation; NULL for a root, whose step this is.
 */
static inline __attribute__((always_inline)) struct kit_chain *
kit_chain_end(struct kit_chain *self, kit_completion end,
              kit_completion *result)
{
    struct kit_chain *root = self->root, *delegator = kit_chain_delegator(self);
    if (!delegator)
        return NULL;
    kit_chain_set_delegator(self, NULL);
    root->leaf = delegator;
    delegator->root = root;
    enum kit_how how = end.how == KIT_THROW ? KIT_THROW : KIT_NEXT;
    if (KIT_UNLIKELY(root->returning == self)) {
        root->returning = delegator;
        if (how == KIT_NEXT)
            how = KIT_RETURN;
    }
    *result = kit_completion_make(how, end.value);
    return delegator;
}

/* `self` is stepped from the side, while the chain does not run. */
static inline void kit_chain_cut(struct kit_chain *self)
{
    struct kit_chain *root = kit_chain_root(self);
    self->leaf = root->leaf;
    self->leaf->root = self;
    self->returning = NULL;
    root->leaf = kit_chain_delegator(self);
    root->leaf->root = root;
    root->leaf->cut = true;
    kit_chain_hold(self); /* for that one, until its delegation ends */
    /* Who a return was sent to may end, and another take its place in memory,
       before the root enters its chain again. */
    root->returning = NULL;
    kit_chain_set_delegator(self, NULL);
}

#endif

KIT_END

#endif
