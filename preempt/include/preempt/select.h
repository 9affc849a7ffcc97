/* SPDX-License-Identifier: MIT */
/*
 * Select: waits for the first of several sends and receives that can be done,
 * and does it, and no other. The mirror image of coop/select.h.
 *
 *     struct preempt_select_case cases[] = {
 *         {.chan = in, .op = PREEMPT_SELECT_RECV, .element = &item},
 *         {.chan = out, .op = PREEMPT_SELECT_SEND, .element = &other},
 *     };
 *     int i = preempt_select_until(cases, 2, deadline);
 *     if (i >= 0) ... cases[i].result ...
 *
 * Among several that can be done, one is taken at random, each as likely as
 * the others. The cost is linear in the number of cases; nothing is allocated:
 * while it waits, the channels know the cases, which must stay where they are.
 *
 * Any thread may call; the channels may be of any kind, and other threads use
 * them as they like, in selects or not. A select uses all of its channels until
 * it returns: none of them may be destroyed before. It waits asleep, whatever
 * the wait strategy of its channels.
 */
#ifndef PREEMPT_SELECT_H
#define PREEMPT_SELECT_H

#include <preempt/chan.h>

KIT_BEGIN

enum preempt_select_op {
    PREEMPT_SELECT_RECV = 0,
    PREEMPT_SELECT_SEND,
};

struct preempt_select_case {
    preempt_chan *chan; /* NULL: this case never can be done */
    enum preempt_select_op op;
    int result;     /* of the case that was done: as of preempt_chan_send
                       (0, -EPIPE) or preempt_chan_recv (1, 0) */
    void *element;  /* to copy from, or to */
    void *waits[8]; /* the library's */
};

/*
 * The index of the case that was done. A case on a closed channel can always
 * be done. -EINVAL for more than PREEMPT_SELECT_MAX cases. The same channel may
 * be in several cases; sends and receives of one select do not meet each other.
 * Without cases: waits until the deadline or cancellation.
 * -ETIMEDOUT, -ECANCELED: as preempt/task.h says.
 */
KIT_EXPORT int preempt_select(struct preempt_select_case *cases, size_t count);
KIT_EXPORT int preempt_select_until(struct preempt_select_case *cases,
                                    size_t count, int64_t deadline);

/* Never blocks: -EAGAIN when none can be done now. */
KIT_EXPORT int preempt_try_select(struct preempt_select_case *cases,
                                  size_t count);

#define PREEMPT_SELECT_MAX ((size_t)1 << 20)

KIT_END

#endif
