/* SPDX-License-Identifier: MIT */
/* What the kinds of channel offer to chan.c. */
#ifndef PREEMPT_CHAN_IMPL_H
#define PREEMPT_CHAN_IMPL_H

#include "claim.h"

#include <preempt/chan.h>

#include <string.h>

/* What has become of a case of a select that was to be queued. */
enum chan_entered {
    CHAN_QUEUED = 0,
    CHAN_DONE,   /* not queued: it was done, and its select claimed for it */
    CHAN_CHANGED /* not queued: it might be done now */
};

struct chan_ops {
    int (*send)(preempt_chan *, const void *);
    int (*send_until)(preempt_chan *, const void *, int64_t deadline);
    int (*try_send)(preempt_chan *, const void *);
    int (*recv)(preempt_chan *, void *);
    int (*recv_until)(preempt_chan *, void *, int64_t deadline);
    int (*try_recv)(preempt_chan *, void *);
    int (*close)(preempt_chan *);
    size_t (*length)(const preempt_chan *);
    bool (*busy)(const preempt_chan *); /* does a thread wait? */
    void (*destroy)(preempt_chan *);

    /* For select.c; `sends`: of the two directions. */
    bool (*can)(preempt_chan *, bool sends); /* without waiting? */
    enum chan_entered (*enter)(preempt_chan *, struct preempt_waiter *,
                               bool sends);
    void (*leave)(preempt_chan *, struct preempt_waiter *, bool sends);
};

/* Each kind begins with this. */
struct preempt_chan {
    const struct chan_ops *ops;
    size_t element_size;
    size_t capacity;
    const char *name;
    enum kit_wait_strategy wait;
    bool enters_blindly; /* a fence and another look must follow `enter` */
    bool asymmetric;     /* that fence is the only one: see chan_fence */
};

/* NULL without memory. The caller has checked the arguments. */
preempt_chan *chan_ring_create(size_t element_size, size_t capacity);
preempt_chan *chan_spsc_create(size_t element_size, size_t capacity);
preempt_chan *chan_rendezvous_create(size_t element_size,
                                     enum kit_wait_strategy wait);
preempt_chan *chan_condvar_create(size_t element_size, size_t capacity);

/* Orders announcements of a waiter before its last look at what others have
   done, and in the asymmetric case their deeds before their looks, too. */
void chan_fence(bool asymmetric);

/*
 * Threads of one CPU that yield to each other take turns in a fixed order, and
 * who comes first after all partners have queued meets them all, every time.
 * Who sleeps and is woken comes back at another place: where several wait on a
 * side, now and then one shall. `crowds` counts their waits.
 */
bool chan_shall_sleep(const struct preempt_waiters *mine, kit_word *crowds);

static inline void chan_copy(void *to, const void *from, size_t bytes)
{
    if (KIT_LIKELY(bytes == 8))
        memcpy(to, from, 8);
    else if (bytes == 16)
        memcpy(to, from, 16);
    else
        memcpy(to, from, bytes);
}

#endif
