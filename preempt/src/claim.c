/* SPDX-License-Identifier: MIT */
/* Who gets a select: see claim.h for the rules. */
#include "claim.h"

enum outcome {
    CLAIMED,
    PARTNER_IS_GONE, /* claimed for something else before */
    SELF_IS_GONE,
};

static bool is_free(const struct preempt_select *s)
{
    return !s || !s->claimed_for;
}

static void claim_for(struct preempt_select *s, const struct preempt_waiter *w)
{
    if (s)
        s->claimed_for = w;
}

/* Either may be NULL. */
static void lock_both(struct preempt_select *a, struct preempt_select *b)
{
    bool in_order = (uintptr_t)a < (uintptr_t)b;
    struct preempt_select *first = in_order ? a : b;
    struct preempt_select *second = in_order ? b : a;
    if (first)
        kit_lock_acquire(&first->lock);
    if (second)
        kit_lock_acquire(&second->lock);
}

static void unlock_both(struct preempt_select *a, struct preempt_select *b)
{
    if (a)
        kit_lock_release(&a->lock);
    if (b)
        kit_lock_release(&b->lock);
}

/* Both or none. */
static enum outcome claim_both(const struct preempt_waiter *self,
                               const struct preempt_waiter *partner)
{
    struct preempt_select *mine = self ? self->select : NULL;
    struct preempt_select *theirs = partner->select;
    enum outcome result = CLAIMED;
    lock_both(mine, theirs);
    if (!is_free(mine)) {
        result = SELF_IS_GONE;
    } else if (!is_free(theirs)) {
        result = PARTNER_IS_GONE;
    } else {
        claim_for(mine, self);
        claim_for(theirs, partner);
    }
    unlock_both(mine, theirs);
    return result;
}

bool preempt_select_claim(struct preempt_select *s,
                          const struct preempt_waiter *w)
{
    kit_lock_acquire(&s->lock);
    bool result = is_free(s);
    if (result)
        claim_for(s, w);
    kit_lock_release(&s->lock);
    return result;
}

struct preempt_waiter *preempt_waiters_claim(struct preempt_waiters *q,
                                             const struct preempt_waiter *self)
{
    struct preempt_waiter *next;
    for (struct preempt_waiter *w = q->first; w; w = next) {
        next = w->next;
        if (self && w->select == self->select)
            continue;
        enum outcome outcome = claim_both(self, w);
        if (outcome == SELF_IS_GONE)
            return NULL;
        preempt_waiters_remove(q, w);
        if (outcome == CLAIMED)
            return w;
    }
    return NULL;
}

struct preempt_waiter *preempt_waiters_take_all(struct preempt_waiters *q)
{
    struct preempt_waiter *all = NULL, **end = &all, *w;
    while ((w = preempt_waiters_take(q, NULL))) {
        w->next = NULL;
        *end = w;
        end = &w->next;
    }
    return all;
}
