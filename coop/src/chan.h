/* SPDX-License-Identifier: MIT */
/* What a channel is, for select as well. */
#ifndef COOP_SRC_CHAN_H
#define COOP_SRC_CHAN_H

#include "waiters.h"

#include <coop/chan.h>

/* Of many channels the cache holds few: without a ring, one line does. */
struct coop_chan {
    char *put, *put_limit; /* the next to fill; up to here, the short way */
    char *get, *get_limit; /* the next to take */
    uint32_t element_size;
    bool closed;
    bool has_ring;
    struct coop_waiters senders, receivers;
    ptrdiff_t turn;  /* bytes that may still be moved in and out, in this one */
    size_t capacity; /* this and the following in bytes */
    size_t filled;   /* when put and get were these: */
    char *put_from, *get_from;
    char *end;
    const char *name;
    uint32_t random;
    char ring[] __attribute__((aligned(16)));
} __attribute__((aligned(CACHE_LINE)));

_Static_assert(offsetof(struct coop_chan, capacity) == CACHE_LINE,
               "what a channel without a ring needs is in one line");

_Static_assert(offsetof(struct coop_chan, get_limit) ==
                       offsetof(struct coop_chan_face, get_limit) &&
                   offsetof(struct coop_chan, element_size) ==
                       offsetof(struct coop_chan_face, element_size),
               "a channel begins as its face does");

/* Bytes that are in the ring. */
static inline size_t coop_chan_filled(const coop_chan *ch)
{
    return ch->filled + (size_t)(ch->put - ch->put_from) -
           (size_t)(ch->get - ch->get_from);
}

/* Would a send, a receive be done at once? */
static inline bool coop_chan_can_send(const coop_chan *ch)
{
    return ch->closed || ch->receivers.first ||
           coop_chan_filled(ch) < ch->capacity;
}

static inline bool coop_chan_can_recv(const coop_chan *ch)
{
    return ch->closed || ch->senders.first || coop_chan_filled(ch) > 0;
}

/* A task is about to wait: the others must take the long way. */
static inline void coop_chan_shut(coop_chan *ch, const struct coop_waiters *q)
{
    if (q == &ch->senders)
        ch->get_limit = ch->get;
    else
        ch->put_limit = ch->put;
}

#endif
