/* SPDX-License-Identifier: MIT */
/*
 * Channels between threads: a bounded queue of elements of one size, for any
 * number of senders and receivers. The mirror image of coop/chan.h.
 *
 * Capacity 0 is lock-step: a send waits until a receiver has the element.
 * Capacity n lets the senders run ahead by n elements. One sender's elements
 * arrive in the order in which it sent them.
 *
 * Results: send gives 0, or -EPIPE on a closed channel. recv gives 1 with an
 * element, 0 at the end: the channel is closed and empty. The try forms never
 * block and give -EAGAIN instead. What waits may also give -ETIMEDOUT and
 * -ECANCELED, as preempt/task.h says; then nothing was sent or received.
 *
 * Close ends the stream, not the memory: what was sent can still be received,
 * waiting receivers get 0, waiting senders -EPIPE (their element is not sent).
 * What was done before a send is seen by whoever receives the element, and what
 * was done before the close by whoever learns of it (by 0, or by -EPIPE).
 *
 * Any thread may call, except create and destroy, which need the channel for
 * themselves. The wait strategy says how a thread waits; KIT_WAIT_CONDVAR
 * makes the channel a ring under a mutex with two condition variables, which
 * is here to be compared with.
 *
 * Capacity n > 0 is a ring of cells that say whose turn it is, after Dmitry
 * Vyukov's bounded MPMC queue; see src/chan_ring.c for what differs. `single`
 * makes it a ring for one sender and one receiver, which is faster: see
 * src/chan_spsc.c. Capacity 0 and KIT_WAIT_CONDVAR gain nothing by it.
 *
 * Of a `single` channel at most one thread at a time may send, and one receive;
 * a select counts as what its cases are, for as long as it lasts. Two at once
 * are undefined. Another thread may take over a role if what the one before did
 * happens before what it does, as after a join or under a lock. Closing and
 * asking for the length are for any thread at any time, as ever.
 *
 * KIT_WAIT_ADAPTIVE, where both sides share a CPU with a third thread that
 * computes: who sleeps on a channel of capacity 4 or more is woken when half of
 * it can be sent, or received, and otherwise after a millisecond; where that
 * happens twice in a row, at once again for a while. So a stream needs few
 * switches there, and an element that comes alone is hardly delayed.
 */
#ifndef PREEMPT_CHAN_H
#define PREEMPT_CHAN_H

#include <kit/iter.h>
#include <kit/wait.h>

KIT_BEGIN

typedef struct preempt_chan preempt_chan;

#define PREEMPT_CHAN_CAPACITY_MAX ((size_t)1 << 24)

struct preempt_chan_options {
    const char *name; /* for reports; kept by reference; NULL: "channel" */
    enum kit_wait_strategy wait; /* 0: KIT_WAIT_ADAPTIVE */
    bool single; /* at most one thread at a time sends, and one receives */
};

/*
 * 0; -EINVAL for element_size 0, a capacity above the maximum or an unknown
 * wait strategy; -ENOMEM, also for an element_size above UINT32_MAX, at any
 * capacity.
 * Element size in bytes, capacity in elements. `options` may be NULL.
 */
KIT_EXPORT int preempt_chan_create(preempt_chan **out, size_t element_size,
                                   size_t capacity,
                                   const struct preempt_chan_options *options);

/* -EBUSY, and nothing is destroyed, while a thread sleeps on it or a select
   waits for it (one that polls may not be seen). NULL: nothing. */
KIT_EXPORT int preempt_chan_destroy(preempt_chan *ch);

/* Copies *element into the channel. Blocks while it is full. */
KIT_EXPORT int preempt_chan_send(preempt_chan *ch, const void *element);
KIT_EXPORT int preempt_chan_send_until(preempt_chan *ch, const void *element,
                                       int64_t deadline);
KIT_EXPORT int preempt_chan_try_send(preempt_chan *ch, const void *element);

/* Copies the oldest element to *element. Blocks while it is empty. */
KIT_EXPORT int preempt_chan_recv(preempt_chan *ch, void *element);
KIT_EXPORT int preempt_chan_recv_until(preempt_chan *ch, void *element,
                                       int64_t deadline);
KIT_EXPORT int preempt_chan_try_recv(preempt_chan *ch, void *element);

/* 0; -EPIPE when it is closed already. Never blocks. NULL: nothing, 0. */
KIT_EXPORT int preempt_chan_close(preempt_chan *ch);

/* Elements in the buffer (a moment ago, with threads about); capacity. */
KIT_EXPORT size_t preempt_chan_length(const preempt_chan *ch);
KIT_EXPORT size_t preempt_chan_capacity(const preempt_chan *ch);

/*
 * Receiving as an iterator, in the caller's memory. An element of 8 bytes is
 * the value itself; for other sizes value.p is `room`, where the element was
 * copied (valid until the next step). At the end: {none, done}. `return`
 * closes the channel, so that its senders stop.
 */
typedef struct preempt_chan_iter {
    kit_iter iter;
    preempt_chan *chan;
    void *room;
} preempt_chan_iter;

/* 0; -EINVAL when the elements do not have 8 bytes and room is NULL. */
KIT_EXPORT int preempt_chan_iter_init(preempt_chan_iter *it, preempt_chan *ch,
                                      void *room);

KIT_END

#endif
