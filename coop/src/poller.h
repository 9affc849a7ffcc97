/* SPDX-License-Identifier: MIT */
/*
 * Who waits for which descriptor. Each has a queue, in a table by number; the
 * kernel tells us of changes (epoll, edge-triggered).
 *
 * An operation is tried before its task waits, and the kernel is asked for
 * news only when no task runs: so a descriptor that becomes ready after the
 * attempt is news still to come, and none is missed.
 */
#ifndef COOP_POLLER_H
#define COOP_POLLER_H

#include "sched.h"

/*
 * What must come before any use of a descriptor: makes it non-blocking, unless
 * that was done. `s` may be NULL, outside tasks. 0, -EBADF, -ENOMEM.
 */
int coop_poller_admit(coop_sched *s, int fd);

/* Has the kernel tell us of this descriptor, which was admitted, until it is
   forgotten. 0, or what epoll_ctl(2) says: -EPERM for a regular file. */
int coop_poller_register(coop_sched *s, int fd);

/*
 * The current task, whose attempt has failed just now, waits for `events` of a
 * descriptor that was admitted. Those that it is ready for; -EBADF when it was
 * closed meanwhile. `what`: as of coop_wait.
 */
int coop_poller_wait(coop_sched *s, int fd, int events, const char *what,
                     int64_t deadline);

/* It will be closed: who waits for it wakes with -EBADF. */
void coop_poller_forget(coop_sched *s, int fd);

/* Wakes those whose descriptors are ready, after having waited for one until
   `until` (ns; 0: not at all). Something is registered already. */
void coop_poller_look(coop_sched *s, int64_t until);

void coop_poller_destroy(coop_sched *s);

#endif
