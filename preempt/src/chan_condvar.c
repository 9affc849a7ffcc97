/* SPDX-License-Identifier: MIT */
/*
 * The textbook channel: a ring under a mutex, with one condition variable for
 * each side. At capacity 0 the ring has one slot, and a sender stays until its
 * element has been taken.
 */
#include "chan_impl.h"
#include "wait.h"

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

static void push(struct condvar_chan *c, const void *element)
{
    size_t last = c->first + c->length;
    if (last >= c->slots)
        last -= c->slots;
    chan_copy(slot(c, last), element, c->base.element_size);
    c->length++;
    c->sent++;
    if (c->receivers > 0)
        pthread_cond_signal(&c->readable);
}

static void pop(struct condvar_chan *c, void *element)
{
    chan_copy(element, slot(c, c->first), c->base.element_size);
    if (++c->first == c->slots)
        c->first = 0;
    c->length--;
    c->taken++;
    if (c->senders == 0)
        return;
    /* At capacity 0 the sender of this element waits, and others may. */
    if (c->base.capacity == 0)
        pthread_cond_broadcast(&c->writable);
    else
        pthread_cond_signal(&c->writable);
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

/* Without waiting; at capacity 0 only to a receiver that waits. */
static int send_at_once(struct condvar_chan *c, const void *element)
{
    if (c->closed)
        return -EPIPE;
    if (c->length == c->slots || (c->base.capacity == 0 && c->receivers == 0))
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
    pthread_cond_broadcast(&c->writable);
    return c->closed ? -EPIPE : result;
}

/* Gives the mutex back. */
__attribute__((noinline)) static int
wait_and_send(struct condvar_chan *c, const void *element, int64_t deadline)
{
    struct wait why = {"send to", c->base.name, deadline};
    int result = await_room(c, &why);
    if (result == 0) {
        push(c, element);
        if (c->base.capacity == 0)
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
    int result = send_at_once(c, element);
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
    int result = send_at_once(c, element);
    pthread_mutex_unlock(&c->mutex);
    return result;
}

/* ---- receiving ---- */

static int recv_at_once(struct condvar_chan *c, void *element)
{
    if (c->length == 0)
        return c->closed ? 0 : -EAGAIN;
    /* After a close the sender that stays for its element takes it back. */
    if (KIT_UNLIKELY(c->closed) && c->stays_for == c->sent)
        return 0;
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
        result = recv_at_once(c, element);
    }
    pthread_mutex_unlock(&c->mutex);
    sleeper_end_condvar(sleeper_self());
    return result == -EAGAIN ? error : result;
}

static int condvar_recv_until(preempt_chan *ch, void *element, int64_t deadline)
{
    struct condvar_chan *c = of(ch);
    pthread_mutex_lock(&c->mutex);
    int result = recv_at_once(c, element);
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
    int result = recv_at_once(c, element);
    pthread_mutex_unlock(&c->mutex);
    return result;
}

/* ---- the rest ---- */

static int condvar_close(preempt_chan *ch)
{
    struct condvar_chan *c = of(ch);
    pthread_mutex_lock(&c->mutex);
    int result = c->closed ? -EPIPE : 0;
    c->closed = true;
    pthread_cond_broadcast(&c->readable);
    pthread_cond_broadcast(&c->writable);
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
    bool busy = c->receivers + c->senders > 0;
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
        condvar_destroy,
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
