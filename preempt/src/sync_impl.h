/* SPDX-License-Identifier: MIT */
/* What the objects of preempt/sync.h share: a short lock and a queue. */
#ifndef PREEMPT_SYNC_IMPL_H
#define PREEMPT_SYNC_IMPL_H

#include "wait.h"

/*
 * The caller has the lock, and must wait: queues itself, gives the lock back,
 * and waits until it is served: 0. -ECANCELED, -ETIMEDOUT.
 */
int preempt_queue_and_wait(kit_lock *lock, struct preempt_waiters *q,
                           const struct wait *why);

/* The same for one that is given something: in `element`, under the lock. */
int preempt_queue_and_get(kit_lock *lock, struct preempt_waiters *q,
                          void *element, const struct wait *why);

/* The caller has the lock: gives it back, and serves all who wait. */
void preempt_serve_all(kit_lock *lock, struct preempt_waiters *q);

/* Of destroy: 0, or -EBUSY with a report while threads wait. */
int preempt_refuse_if_waited_for(kit_lock *lock,
                                 const struct preempt_waiters *q,
                                 const char *function, const char *name);

/* "function: name: what" on stderr. */
void preempt_report(const char *function, const char *name, const char *what);

#endif
