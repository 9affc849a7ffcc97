/* SPDX-License-Identifier: MIT */
/* What a channel is, for select as well. */
#ifndef COOP_SRC_CHAN_H
#define COOP_SRC_CHAN_H

#include "waiters.h"

#include <coop/chan.h>

struct coop_chan {
    char *put, *put_limit; /* the next to fill; up to here, the short way */
    char *get, *get_limit; /* the next to take */
    size_t element_size;
    struct coop_waiters senders, receivers;
    size_t capacity; /* this and the following in bytes */
    size_t filled;   /* when put and get were these: */
    char *put_from, *get_from;
    size_t moved; /* in and out, in this turn */
    size_t turn;  /* how much that may be */
    uint32_t random;
    char *end;
    const char *name;
    bool closed;
    char ring[] __attribute__((aligned(16)));
};

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
