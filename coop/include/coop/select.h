/* SPDX-License-Identifier: MIT */
/*
 * Select: waits for the first of several sends and receives that can be done,
 * and does it, and no other.
 *
 *     struct coop_select_case cases[] = {
 *         {.chan = in, .op = COOP_SELECT_RECV, .element = &item},
 *         {.chan = out, .op = COOP_SELECT_SEND, .element = &other},
 *     };
 *     int i = coop_select_until(cases, 2, deadline);
 *     if (i >= 0) ... cases[i].result ...
 *
 * Among several that can be done, one is taken at random, each as likely as
 * the others. The cost is linear in the number of cases; nothing is allocated:
 * while it waits, the channels know the cases, which must stay where they are.
 */
#ifndef COOP_SELECT_H
#define COOP_SELECT_H

#include <coop/chan.h>

KIT_BEGIN

enum coop_select_op {
    COOP_SELECT_RECV = 0,
    COOP_SELECT_SEND,
};

struct coop_select_case {
    coop_chan *chan; /* NULL: this case never can be done */
    enum coop_select_op op;
    int result;     /* of the case that was done: as of coop_chan_send
                       (0, -EPIPE) or coop_chan_recv (1, 0) */
    void *element;  /* to copy from, or to */
    void *waits[8]; /* the library's */
};

/*
 * The index of the case that was done. A case on a closed channel can always
 * be done. -EINVAL for more than COOP_SELECT_MAX cases. The same channel may
 * be in several cases; sends and receives of one select do not meet each other.
 * Without cases: waits until the deadline or cancellation.
 * -ETIMEDOUT, -ECANCELED, -EDEADLK: as coop/task.h says.
 */
KIT_EXPORT int coop_select(struct coop_select_case *cases, size_t count);
KIT_EXPORT int coop_select_until(struct coop_select_case *cases, size_t count,
                                 int64_t deadline);

/* Never blocks: -EAGAIN when none can be done now. */
KIT_EXPORT int coop_try_select(struct coop_select_case *cases, size_t count);

#define COOP_SELECT_MAX ((size_t)1 << 20)

KIT_END

#endif
