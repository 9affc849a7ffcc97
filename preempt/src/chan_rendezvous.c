/* SPDX-License-Identifier: MIT */
/*
 * Capacity 0: sender and receiver meet. Whoever comes first leaves a record on
 * its stack, in a queue under a short lock; the partner copies the element
 * straight from or to it and tells it so through the record's own futex word.
 */
#include "chan_impl.h"

#include <kit/backoff.h>

#include <errno.h>
#include <stdlib.h>

enum served {
    WAITING = 0,
    ASLEEP,
    SERVED,
    CLOSED,
};

struct waiter {
    struct waiter *next;
    void *element;
    kit_word state; /* enum served; the futex that it sleeps on */
};

struct side {
    struct waiter *head, *tail;
    kit_word cpu; /* where the side was last seen, plus one; 0: not known */
    struct kit_backoff_memory memory;
};

struct rendezvous {
    preempt_chan base;
    kit_lock lock;
    bool closed;
    struct side senders, receivers;
};

static struct rendezvous *of(preempt_chan *ch)
{
    return (struct rendezvous *)(void *)ch;
}

static void publish_cpu(struct side *side)
{
    uint32_t cpu = (uint32_t)kit_cpu_current() + 1;
    if (atomic_load_explicit(&side->cpu, memory_order_relaxed) != cpu)
        atomic_store_explicit(&side->cpu, cpu, memory_order_relaxed);
}

static void enqueue(struct side *side, struct waiter *w)
{
    if (side->head)
        side->tail->next = w;
    else
        side->head = w;
    side->tail = w;
}

static struct waiter *dequeue(struct side *side)
{
    struct waiter *w = side->head;
    if (w)
        side->head = w->next;
    return w;
}

/*
 * The waiter may be gone as soon as its state is stored: the wake-up names its
 * address only, and every waiter on any address looks at its word again.
 */
static void serve(struct waiter *w, enum served how)
{
    /* release: the copied element is the waiter's to read */
    if (atomic_exchange_explicit(&w->state, how, memory_order_release) ==
        ASLEEP)
        kit_wake(&w->state, 1);
}

static void sleep_on(kit_word *state)
{
    uint32_t seen = WAITING;
    if (atomic_compare_exchange_strong_explicit(
            state, &seen, ASLEEP, memory_order_relaxed, memory_order_relaxed) ||
        seen == ASLEEP)
        kit_wait(state, ASLEEP, KIT_FOREVER);
}

static enum served await_served(struct rendezvous *r, struct side *mine,
                                struct side *other, struct waiter *w)
{
    struct kit_backoff b;
    uint32_t state;
    bool slept = false;
    uint32_t cpu = atomic_load_explicit(&other->cpu, memory_order_relaxed);
    kit_backoff_begin(&b, &mine->memory, r->base.wait, (int)cpu - 1, 1);
    /* acquire: pairs with the release in serve */
    while ((state = atomic_load_explicit(&w->state, memory_order_acquire)) <
           SERVED) {
        if (kit_backoff_step(&b))
            continue;
        sleep_on(&w->state);
        slept = true;
    }
    kit_backoff_end(&b, slept);
    return (enum served)state;
}

static void swap(struct rendezvous *r, void *to, const void *from)
{
    chan_copy(to, from, r->base.element_size);
}

/* ---- sending ---- */

static int send_or_wait(preempt_chan *ch, const void *element, bool may_wait)
{
    struct rendezvous *r = of(ch);
    struct waiter self = {NULL, (void *)(uintptr_t)element, WAITING};
    kit_lock_acquire(&r->lock);
    publish_cpu(&r->senders);
    bool closed = r->closed;
    struct waiter *receiver = dequeue(&r->receivers);
    if (receiver)
        swap(r, receiver->element, element);
    else if (!closed && may_wait)
        enqueue(&r->senders, &self);
    kit_lock_release(&r->lock);
    if (closed)
        return -EPIPE;
    if (receiver) {
        serve(receiver, SERVED);
        return 0;
    }
    if (!may_wait)
        return -EAGAIN;
    return await_served(r, &r->senders, &r->receivers, &self) == SERVED
               ? 0
               : -EPIPE;
}

static int rendezvous_send(preempt_chan *ch, const void *element)
{
    return send_or_wait(ch, element, true);
}

static int rendezvous_try_send(preempt_chan *ch, const void *element)
{
    return send_or_wait(ch, element, false);
}

/* ---- receiving ---- */

static int recv_or_wait(preempt_chan *ch, void *element, bool may_wait)
{
    struct rendezvous *r = of(ch);
    struct waiter self = {NULL, element, WAITING};
    kit_lock_acquire(&r->lock);
    publish_cpu(&r->receivers);
    bool closed = r->closed;
    struct waiter *sender = dequeue(&r->senders);
    if (sender)
        swap(r, element, sender->element);
    else if (!closed && may_wait)
        enqueue(&r->receivers, &self);
    kit_lock_release(&r->lock);
    if (sender) {
        serve(sender, SERVED);
        return 1;
    }
    if (closed)
        return 0;
    if (!may_wait)
        return -EAGAIN;
    return await_served(r, &r->receivers, &r->senders, &self) == SERVED;
}

static int rendezvous_recv(preempt_chan *ch, void *element)
{
    return recv_or_wait(ch, element, true);
}

static int rendezvous_try_recv(preempt_chan *ch, void *element)
{
    return recv_or_wait(ch, element, false);
}

/* ---- the rest ---- */

static void serve_all(struct waiter *w, enum served how)
{
    while (w) {
        struct waiter *next = w->next; /* before it is gone */
        serve(w, how);
        w = next;
    }
}

static int rendezvous_close(preempt_chan *ch)
{
    struct rendezvous *r = of(ch);
    kit_lock_acquire(&r->lock);
    int result = r->closed ? -EPIPE : 0;
    r->closed = true;
    struct waiter *senders = r->senders.head, *receivers = r->receivers.head;
    r->senders.head = r->receivers.head = NULL;
    kit_lock_release(&r->lock);
    serve_all(receivers, CLOSED);
    serve_all(senders, CLOSED);
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
    kit_lock_acquire(&r->lock);
    bool busy = r->senders.head || r->receivers.head;
    kit_lock_release(&r->lock);
    return busy;
}

static void rendezvous_destroy(preempt_chan *ch)
{
    free(of(ch));
}

preempt_chan *chan_rendezvous_create(size_t element_size,
                                     enum kit_wait_strategy wait)
{
    static const struct chan_ops ops = {
        rendezvous_send,     rendezvous_try_send, rendezvous_recv,
        rendezvous_try_recv, rendezvous_close,    rendezvous_length,
        rendezvous_busy,     rendezvous_destroy,
    };
    (void)element_size, (void)wait;
    struct rendezvous *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->base.ops = &ops;
    return &r->base;
}
