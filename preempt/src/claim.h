/* SPDX-License-Identifier: MIT */
/*
 * Selects in the queues of channels. A select has a record in several queues,
 * and one of them may be served: whoever finds one claims the select for it,
 * and takes the record out only then. Who is claimed by nobody else but itself
 * has given up, or has done a case on its own.
 *
 * Claims are made under the lock of a queue. The locks of two selects that meet
 * are taken in the order of their addresses, after that of the queue.
 */
#ifndef PREEMPT_CLAIM_H
#define PREEMPT_CLAIM_H

#include "wait.h"

struct preempt_select {
    kit_lock lock;
    const struct preempt_waiter *claimed_for; /* NULL: not yet */
};

/* True for one caller: the select is claimed for this record. */
bool preempt_select_claim(struct preempt_select *s,
                          const struct preempt_waiter *w);

/* The long way of preempt_waiters_take. */
struct preempt_waiter *preempt_waiters_claim(struct preempt_waiters *q,
                                             const struct preempt_waiter *self);

/*
 * The longest waiting that can be had, taken out; NULL. Records of selects that
 * were claimed elsewhere leave the queue. `self`: a record of the select that
 * wants to meet somebody, and is claimed for it in the same moment; NULL
 * without one. A select does not meet itself.
 */
static inline struct preempt_waiter *
preempt_waiters_take(struct preempt_waiters *q,
                     const struct preempt_waiter *self)
{
    struct preempt_waiter *w = q->first;
    if (KIT_LIKELY(!self && (!w || !w->select)))
        return preempt_waiters_pop(q);
    return preempt_waiters_claim(q, self);
}

/*
 * Does the select of `w` end the queue that `w` is to enter? Then it has looked
 * for a partner before, and who came since then has found it: it need not look
 * again, however many of its cases are for one channel.
 */
static inline bool preempt_select_has_looked(const struct preempt_waiters *q,
                                             const struct preempt_waiter *w)
{
    return q->last && q->last->select == w->select;
}

/* Takes all out that can be had, as a list by `next` that belongs to the
   caller. */
struct preempt_waiter *preempt_waiters_take_all(struct preempt_waiters *q);

#endif
