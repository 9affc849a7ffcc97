/* SPDX-License-Identifier: MIT */
/*
 * Capacity 0: sender and receiver meet. Whoever comes first leaves a record on
 * its stack, in a queue under a short lock; the partner copies the element
 * straight from or to it and wakes it.
 */
#include "chan_impl.h"

#include <errno.h>
#include <stdlib.h>

struct side {
    struct preempt_waiters waiters;
    kit_word cpu;    /* where the side was last seen, plus one; 0: not known */
    kit_word crowds; /* waits beside others */
    struct kit_backoff_memory memory;
    const char *what; /* for reports */
};

struct rendezvous {
    preempt_chan base;
    kit_lock lock;
    bool closed;
    struct side senders, receivers;
};

/* Of the try forms; the others have one of kit_now(). */
#define NEVER INT64_MIN

static struct rendezvous *of(preempt_chan *ch)
{
    return (struct rendezvous *)(void *)ch;
}

/*
 * Under the lock: nobody is there to meet. Queues a record, unless the caller
 * must not wait: -EAGAIN, -ECANCELED, -ETIMEDOUT.
 */
static int queue(struct side *side, struct preempt_waiter *w, int64_t deadline)
{
    if (deadline == NEVER)
        return -EAGAIN;
    w->sleeper = sleeper_self();
    int result = sleeper_may_wait(w->sleeper, deadline);
    if (result == 0)
        preempt_waiters_push(&side->waiters, w);
    return result;
}

/* Until the record is served: WORD_SERVED, or WORD_REFUSED by a close. */
static int await_served(struct rendezvous *r, struct side *mine,
                        struct side *other, struct preempt_waiter *w,
                        int64_t deadline)
{
    struct wait why = {mine->what, r->base.name, deadline};
    struct kit_backoff b;
    kit_backoff_begin(&b, &mine->memory, r->base.wait,
                      preempt_cpu_published(&other->cpu), 1);
    if (b.peer_here && chan_shall_sleep(&mine->waiters, &mine->crowds))
        kit_backoff_rest(&b);
    return preempt_waiter_poll(w, &r->lock, &mine->waiters, &why, &b);
}

static void swap(struct rendezvous *r, void *to, const void *from)
{
    chan_copy(to, from, r->base.element_size);
}

/* ---- sending ---- */

static int send_or_wait(preempt_chan *ch, const void *element, int64_t deadline)
{
    struct rendezvous *r = of(ch);
    struct preempt_waiter self = {.element = (void *)(uintptr_t)element};
    int result = 0;
    kit_lock_acquire(&r->lock);
    preempt_cpu_publish(&r->senders.cpu);
    struct preempt_waiter *receiver =
        preempt_waiters_take(&r->receivers.waiters, NULL);
    if (receiver)
        swap(r, receiver->element, element);
    else
        result = r->closed ? -EPIPE : queue(&r->senders, &self, deadline);
    kit_lock_release(&r->lock);
    if (receiver)
        preempt_waiter_wake(receiver, WORD_SERVED);
    if (receiver || result < 0)
        return result;
    int how = await_served(r, &r->senders, &r->receivers, &self, deadline);
    return how == WORD_SERVED ? 0 : how == WORD_REFUSED ? -EPIPE : how;
}

static int rendezvous_send(preempt_chan *ch, const void *element)
{
    return send_or_wait(ch, element, KIT_FOREVER);
}

static int rendezvous_send_until(preempt_chan *ch, const void *element,
                                 int64_t deadline)
{
    return send_or_wait(ch, element, deadline == NEVER ? NEVER + 1 : deadline);
}

static int rendezvous_try_send(preempt_chan *ch, const void *element)
{
    return send_or_wait(ch, element, NEVER);
}

/* ---- receiving ---- */

static int recv_or_wait(preempt_chan *ch, void *element, int64_t deadline)
{
    struct rendezvous *r = of(ch);
    struct preempt_waiter self = {.element = element};
    bool closed = false;
    int result = 1;
    kit_lock_acquire(&r->lock);
    preempt_cpu_publish(&r->receivers.cpu);
    struct preempt_waiter *sender =
        preempt_waiters_take(&r->senders.waiters, NULL);
    if (sender)
        swap(r, element, sender->element);
    else if (!(closed = r->closed))
        result = queue(&r->receivers, &self, deadline);
    kit_lock_release(&r->lock);
    if (sender)
        preempt_waiter_wake(sender, WORD_SERVED);
    if (sender || result < 0)
        return result;
    if (closed)
        return 0;
    int how = await_served(r, &r->receivers, &r->senders, &self, deadline);
    return how == WORD_SERVED ? 1 : how == WORD_REFUSED ? 0 : how;
}

static int rendezvous_recv(preempt_chan *ch, void *element)
{
    return recv_or_wait(ch, element, KIT_FOREVER);
}

static int rendezvous_recv_until(preempt_chan *ch, void *element,
                                 int64_t deadline)
{
    return recv_or_wait(ch, element, deadline == NEVER ? NEVER + 1 : deadline);
}

static int rendezvous_try_recv(preempt_chan *ch, void *element)
{
    return recv_or_wait(ch, element, NEVER);
}

/* ---- select ---- */

/* Those who wait for this direction. */
static struct side *partners_of(struct rendezvous *r, bool sends)
{
    return sends ? &r->receivers : &r->senders;
}

static bool rendezvous_can(preempt_chan *ch, bool sends)
{
    struct rendezvous *r = of(ch);
    kit_lock_acquire(&r->lock);
    bool result =
        r->closed || preempt_waiters_count(&partners_of(r, sends)->waiters) > 0;
    kit_lock_release(&r->lock);
    return result;
}

static enum chan_entered rendezvous_enter(preempt_chan *ch,
                                          struct preempt_waiter *w, bool sends)
{
    struct rendezvous *r = of(ch);
    struct preempt_waiters *mine = &partners_of(r, !sends)->waiters;
    struct preempt_waiter *partner = NULL;
    enum chan_entered result = CHAN_DONE;
    kit_lock_acquire(&r->lock);
    if (!preempt_select_has_looked(mine, w))
        partner = preempt_waiters_take(&partners_of(r, sends)->waiters, w);
    if (partner) {
        void *to = sends ? partner->element : w->element;
        swap(r, to, sends ? w->element : partner->element);
    } else if (r->closed) {
        result = CHAN_CHANGED;
    } else {
        preempt_waiters_push(mine, w);
        result = CHAN_QUEUED;
    }
    kit_lock_release(&r->lock);
    if (partner)
        preempt_waiter_wake(partner, WORD_SERVED);
    return result;
}

static void rendezvous_leave(preempt_chan *ch, struct preempt_waiter *w,
                             bool sends)
{
    struct rendezvous *r = of(ch);
    preempt_waiter_withdraw(w, &r->lock, &partners_of(r, !sends)->waiters);
}

/* ---- the rest ---- */

static int rendezvous_close(preempt_chan *ch)
{
    struct rendezvous *r = of(ch);
    kit_lock_acquire(&r->lock);
    int result = r->closed ? -EPIPE : 0;
    r->closed = true;
    struct preempt_waiter *senders =
        preempt_waiters_take_all(&r->senders.waiters);
    struct preempt_waiter *receivers =
        preempt_waiters_take_all(&r->receivers.waiters);
    kit_lock_release(&r->lock);
    preempt_waiters_wake_list(receivers, WORD_REFUSED);
    preempt_waiters_wake_list(senders, WORD_REFUSED);
    return result;
}

static size_t rendezvous_length(const preempt_chan *ch)
{
    (void)ch;
    return 0;
}

static bool rendezvous_busy(const preempt_chan *ch)
{
    struct rendezvous *r = of((preempt_chan *)(uintptr_t)ch);
    return preempt_waiters_count(&r->senders.waiters) > 0 ||
           preempt_waiters_count(&r->receivers.waiters) > 0;
}

static void rendezvous_destroy(preempt_chan *ch)
{
    free(of(ch));
}

preempt_chan *chan_rendezvous_create(size_t element_size,
                                     enum kit_wait_strategy wait)
{
    static const struct chan_ops ops = {
        rendezvous_send,    rendezvous_send_until, rendezvous_try_send,
        rendezvous_recv,    rendezvous_recv_until, rendezvous_try_recv,
        rendezvous_close,   rendezvous_length,     rendezvous_busy,
        rendezvous_destroy, rendezvous_can,        rendezvous_enter,
        rendezvous_leave,
    };
    (void)element_size, (void)wait;
    struct rendezvous *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->base.ops = &ops;
    r->senders.what = "send to";
    r->receivers.what = "receive from";
    return &r->base;
}
