/* SPDX-License-Identifier: MIT */
/*
 * The textbook channel: a ring under a mutex, with one condition variable for
 * each side. At capacity 0 the ring has one slot, and a sender stays until its
 * element has been taken.
 *
 * Selects wait in queues beside the condition variables. Where there is a
 * buffer, one of them is told of each element, and of each that is taken, to
 * try for itself. At capacity 0 their elements do not go through the slot, for
 * a select must not stay: whoever finds a partner copies from or to it.
 */
#include "chan_impl.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct condvar_chan {
    preempt_chan base;
    pthread_mutex_t mutex;
    pthread_cond_t readable, writable;
    size_t slots, first, length;
    size_t receivers, senders; /* that wait */
    uint64_t sent, taken;
    uint64_t stays_for; /* the element of which a sender waits, by `sent` */
    bool closed;
    bool selects_last; /* who is next where threads and selects wait */
    struct preempt_waiters select_receivers, select_senders;
    char ring[] __attribute__((aligned(16)));
};

static struct condvar_chan *of(preempt_chan *ch)
{
    return (struct condvar_chan *)(void *)ch;
}

static char *slot(struct condvar_chan *c, size_t index)
{
    return c->ring + index * c->base.element_size;
}

__attribute__((noinline)) static void wake_a_select(struct preempt_waiters *q)
{
    struct preempt_waiter *w = preempt_waiters_take(q, NULL);
    if (w)
        preempt_waiter_wake(w, WORD_CHANGED);
}

/* There is a change that one of these selects may use. At capacity 0 they are
   served by those whom they meet. */
static inline void tell_a_select(struct condvar_chan *c,
                                 struct preempt_waiters *q)
{
    if (KIT_UNLIKELY(q->first) && c->base.capacity > 0)
        wake_a_select(q);
}

static inline void push(struct condvar_chan *c, const void *element)
{
    size_t last = c->first + c->length;
    if (last >= c->slots)
        last -= c->slots;
    chan_copy(slot(c, last), element, c->base.element_size);
    c->length++;
    c->sent++;
    if (c->receivers > 0)
        pthread_cond_signal(&c->readable);
    tell_a_select(c, &c->select_receivers);
}

/* At capacity 0 the slot is free: the element of a select may be what a
   receiver waits for. */
static void refill(struct condvar_chan *c)
{
    struct preempt_waiter *w = NULL;
    if (c->receivers > 0 && !c->closed)
        w = preempt_waiters_take(&c->select_senders, NULL);
    if (!w)
        return;
    push(c, w->element);
    preempt_waiter_wake(w, WORD_SERVED);
}

/* At capacity 0 the sender of what was taken waits, and others may. */
static void free_slot(struct condvar_chan *c)
{
    if (c->senders > 0)
        pthread_cond_broadcast(&c->writable);
    refill(c);
}

static inline void pop(struct condvar_chan *c, void *element)
{
    chan_copy(element, slot(c, c->first), c->base.element_size);
    if (++c->first == c->slots)
        c->first = 0;
    c->length--;
    c->taken++;
    if (KIT_UNLIKELY(c->base.capacity == 0)) {
        free_slot(c);
        return;
    }
    if (c->senders > 0)
        pthread_cond_signal(&c->writable);
    tell_a_select(c, &c->select_senders);
}

/* ---- meeting at capacity 0 ---- */

/* Threads and selects are served in turn. */
static bool selects_are_next(struct condvar_chan *c)
{
    c->selects_last = !c->selects_last;
    return c->selects_last;
}

/* A case of a select may be done if it is the first of them; whoever is no
   select, always. */
static bool may_be_done(const struct preempt_waiter *self)
{
    return !self || preempt_select_claim(self->select, self);
}

static int give_to_select(struct condvar_chan *c, const void *element,
                          const struct preempt_waiter *self)
{
    struct preempt_waiter *w = preempt_waiters_take(&c->select_receivers, self);
    if (!w)
        return -EAGAIN;
    chan_copy(w->element, element, c->base.element_size);
    preempt_waiter_wake(w, WORD_SERVED);
    return 0;
}

static int take_from_select(struct condvar_chan *c, void *element,
                            const struct preempt_waiter *self)
{
    struct preempt_waiter *w = preempt_waiters_take(&c->select_senders, self);
    if (!w)
        return -EAGAIN;
    chan_copy(element, w->element, c->base.element_size);
    preempt_waiter_wake(w, WORD_SERVED);
    return 1;
}

/* Without waiting: to a receiver that waits. */
__attribute__((noinline)) static int
meet_receiver(struct condvar_chan *c, const void *element,
              const struct preempt_waiter *self)
{
    if (c->length > 0)
        return -EAGAIN;
    if ((c->receivers == 0 || selects_are_next(c)) &&
        give_to_select(c, element, self) == 0)
        return 0;
    if (c->receivers == 0 || !may_be_done(self))
        return -EAGAIN;
    push(c, element);
    return 0;
}

/* 0: look again. A signal may have come together with what ends the wait:
   callers look again in every case, before they give up. */
static int wait_as(struct condvar_chan *c, size_t *count, pthread_cond_t *on,
                   const struct wait *why)
{
    (*count)++;
    int result = sleeper_await_condvar(sleeper_self(), &c->mutex, on, why);
    (*count)--;
    return result;
}

/* ---- sending ---- */

/* Without waiting. `self`: the case of a select that waits, or NULL. */
static inline int send_at_once(struct condvar_chan *c, const void *element,
                               const struct preempt_waiter *self)
{
    if (c->closed)
        return -EPIPE;
    if (c->base.capacity == 0)
        return meet_receiver(c, element, self);
    if (c->length == c->slots || !may_be_done(self))
        return -EAGAIN;
    push(c, element);
    return 0;
}

static int await_room(struct condvar_chan *c, const struct wait *why)
{
    int result = 0;
    while (c->length == c->slots && !c->closed && result == 0)
        result = wait_as(c, &c->senders, &c->writable, why);
    if (c->closed)
        return -EPIPE;
    return c->length < c->slots ? 0 : result;
}

/* At capacity 0: until our element is taken, or taken back. */
static int await_taken(struct condvar_chan *c, const struct wait *why)
{
    uint64_t ticket = c->sent;
    int result = 0;
    c->stays_for = ticket;
    while (c->taken < ticket && !c->closed && result == 0)
        result = wait_as(c, &c->senders, &c->writable, why);
    if (c->taken >= ticket)
        return 0;
    c->length = 0;
    c->stays_for = 0;
    c->sent--;
    free_slot(c);
    return c->closed ? -EPIPE : result;
}

/* Gives the mutex back. */
__attribute__((noinline)) static int
wait_and_send(struct condvar_chan *c, const void *element, int64_t deadline)
{
    struct wait why = {"send to", c->base.name, deadline};
    int result = await_room(c, &why);
    if (result == 0)
        result = send_at_once(c, element, NULL);
    if (result == -EAGAIN) { /* at capacity 0, without a receiver */
        push(c, element);
        result = await_taken(c, &why);
    }
    pthread_mutex_unlock(&c->mutex);
    sleeper_end_condvar(sleeper_self());
    return result;
}

static int condvar_send_until(preempt_chan *ch, const void *element,
                              int64_t deadline)
{
    struct condvar_chan *c = of(ch);
    pthread_mutex_lock(&c->mutex);
    int result = send_at_once(c, element, NULL);
    if (KIT_UNLIKELY(result == -EAGAIN))
        return wait_and_send(c, element, deadline);
    pthread_mutex_unlock(&c->mutex);
    return result;
}

static int condvar_send(preempt_chan *ch, const void *element)
{
    return condvar_send_until(ch, element, KIT_FOREVER);
}

static int condvar_try_send(preempt_chan *ch, const void *element)
{
    struct condvar_chan *c = of(ch);
    pthread_mutex_lock(&c->mutex);
    int result = send_at_once(c, element, NULL);
    pthread_mutex_unlock(&c->mutex);
    return result;
}

/* ---- receiving ---- */

/* Of capacity 0: is there nothing in the slot that must be taken first? */
static bool may_take_from_select(struct condvar_chan *c)
{
    if (c->base.capacity > 0 || c->closed)
        return false;
    return c->length == 0 || (c->stays_for == c->sent && selects_are_next(c));
}

/* It may be empty or closed, or a select wait to send. */
__attribute__((noinline)) static int
recv_with_care(struct condvar_chan *c, void *element,
               const struct preempt_waiter *self)
{
    if (may_take_from_select(c) && take_from_select(c, element, self) == 1)
        return 1;
    if (c->length == 0)
        return c->closed ? 0 : -EAGAIN;
    /* After a close the sender that stays for its element takes it back. */
    if (c->closed && c->stays_for == c->sent)
        return 0;
    if (!may_be_done(self))
        return -EAGAIN;
    pop(c, element);
    return 1;
}

/* Without waiting. `self`: as of send_at_once. */
static inline int recv_at_once(struct condvar_chan *c, void *element,
                               const struct preempt_waiter *self)
{
    if (c->length == 0 || c->closed || c->select_senders.first || self)
        return recv_with_care(c, element, self);
    pop(c, element);
    return 1;
}

/* Gives the mutex back. */
__attribute__((noinline)) static int
wait_and_recv(struct condvar_chan *c, void *element, int64_t deadline)
{
    struct wait why = {"receive from", c->base.name, deadline};
    int result = -EAGAIN, error = 0;
    while (result == -EAGAIN && error == 0) {
        error = wait_as(c, &c->receivers, &c->readable, &why);
        result = recv_at_once(c, element, NULL);
    }
    pthread_mutex_unlock(&c->mutex);
    sleeper_end_condvar(sleeper_self());
    return result == -EAGAIN ? error : result;
}

static int condvar_recv_until(preempt_chan *ch, void *element, int64_t deadline)
{
    struct condvar_chan *c = of(ch);
    pthread_mutex_lock(&c->mutex);
    int result = recv_at_once(c, element, NULL);
    if (KIT_UNLIKELY(result == -EAGAIN))
        return wait_and_recv(c, element, deadline);
    pthread_mutex_unlock(&c->mutex);
    return result;
}

static int condvar_recv(preempt_chan *ch, void *element)
{
    return condvar_recv_until(ch, element, KIT_FOREVER);
}

static int condvar_try_recv(preempt_chan *ch, void *element)
{
    struct condvar_chan *c = of(ch);
    pthread_mutex_lock(&c->mutex);
    int result = recv_at_once(c, element, NULL);
    pthread_mutex_unlock(&c->mutex);
    return result;
}

/* ---- select ---- */

static bool has_room(const struct condvar_chan *c)
{
    if (c->base.capacity > 0)
        return c->length < c->slots;
    return c->length == 0 && (c->receivers > 0 ||
                              preempt_waiters_count(&c->select_receivers) > 0);
}

static bool has_element(const struct condvar_chan *c)
{
    return c->length > 0 || (c->base.capacity == 0 &&
                             preempt_waiters_count(&c->select_senders) > 0);
}

static bool condvar_can(preempt_chan *ch, bool sends)
{
    struct condvar_chan *c = of(ch);
    pthread_mutex_lock(&c->mutex);
    bool result = c->closed || (sends ? has_room(c) : has_element(c));
    pthread_mutex_unlock(&c->mutex);
    return result;
}

static struct preempt_waiters *selects_of(struct condvar_chan *c, bool sends)
{
    return sends ? &c->select_senders : &c->select_receivers;
}

/* -EAGAIN: it must be queued. */
static int enter_at_once(struct condvar_chan *c, struct preempt_waiter *w,
                         bool sends)
{
    if (preempt_select_has_looked(selects_of(c, sends), w))
        return -EAGAIN;
    return sends ? send_at_once(c, w->element, w)
                 : recv_at_once(c, w->element, w);
}

static enum chan_entered condvar_enter(preempt_chan *ch,
                                       struct preempt_waiter *w, bool sends)
{
    struct condvar_chan *c = of(ch);
    enum chan_entered result = CHAN_CHANGED;
    pthread_mutex_lock(&c->mutex);
    if (!c->closed)
        result =
            enter_at_once(c, w, sends) == -EAGAIN ? CHAN_QUEUED : CHAN_DONE;
    if (result == CHAN_QUEUED)
        preempt_waiters_push(selects_of(c, sends), w);
    pthread_mutex_unlock(&c->mutex);
    return result;
}

static void condvar_leave(preempt_chan *ch, struct preempt_waiter *w,
                          bool sends)
{
    struct condvar_chan *c = of(ch);
    pthread_mutex_lock(&c->mutex);
    if (w->is_queued)
        preempt_waiters_remove(selects_of(c, sends), w);
    pthread_mutex_unlock(&c->mutex);
}

/* ---- the rest ---- */

static void tell_all_selects(struct preempt_waiters *q)
{
    preempt_waiters_wake_list(preempt_waiters_take_all(q), WORD_CHANGED);
}

static int condvar_close(preempt_chan *ch)
{
    struct condvar_chan *c = of(ch);
    pthread_mutex_lock(&c->mutex);
    int result = c->closed ? -EPIPE : 0;
    c->closed = true;
    pthread_cond_broadcast(&c->readable);
    pthread_cond_broadcast(&c->writable);
    tell_all_selects(&c->select_receivers);
    tell_all_selects(&c->select_senders);
    pthread_mutex_unlock(&c->mutex);
    return result;
}

static size_t condvar_length(const preempt_chan *ch)
{
    struct condvar_chan *c = of((preempt_chan *)(uintptr_t)ch);
    pthread_mutex_lock(&c->mutex);
    size_t length = ch->capacity ? c->length : 0;
    pthread_mutex_unlock(&c->mutex);
    return length;
}

static bool condvar_busy(const preempt_chan *ch)
{
    struct condvar_chan *c = of((preempt_chan *)(uintptr_t)ch);
    pthread_mutex_lock(&c->mutex);
    bool busy = c->receivers + c->senders > 0 ||
                preempt_waiters_count(&c->select_receivers) > 0 ||
                preempt_waiters_count(&c->select_senders) > 0;
    pthread_mutex_unlock(&c->mutex);
    return busy;
}

static void condvar_destroy(preempt_chan *ch)
{
    struct condvar_chan *c = of(ch);
    pthread_cond_destroy(&c->readable);
    pthread_cond_destroy(&c->writable);
    pthread_mutex_destroy(&c->mutex);
    free(c);
}

/* For deadlines by the clock of kit_now(). */
static void init_condvar(pthread_cond_t *changed)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(changed, &attr);
    pthread_condattr_destroy(&attr);
}

preempt_chan *chan_condvar_create(size_t element_size, size_t capacity)
{
    static const struct chan_ops ops = {
        condvar_send,    condvar_send_until, condvar_try_send,
        condvar_recv,    condvar_recv_until, condvar_try_recv,
        condvar_close,   condvar_length,     condvar_busy,
        condvar_destroy, condvar_can,        condvar_enter,
        condvar_leave,
    };
    size_t slots = capacity ? capacity : 1, bytes;
    if (__builtin_mul_overflow(element_size, slots, &bytes) ||
        __builtin_add_overflow(bytes, sizeof(struct condvar_chan), &bytes))
        return NULL;
    struct condvar_chan *c = calloc(1, bytes);
    if (!c)
        return NULL;
    c->base.ops = &ops;
    c->slots = slots;
    pthread_mutex_init(&c->mutex, NULL);
    init_condvar(&c->readable);
    init_condvar(&c->writable);
    return &c->base;
}
