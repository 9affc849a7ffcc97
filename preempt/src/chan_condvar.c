/* SPDX-License-Identifier: MIT */
/*
 * The textbook channel: a ring under a mutex, with one condition variable for
 * each side. At capacity 0 the ring has one slot, and a sender stays until its
 * element has been taken.
 */
#include "chan_impl.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct condvar_chan {
    preempt_chan base;
    pthread_mutex_t mutex;
    pthread_cond_t readable, writable;
    size_t slots, first, length;
    size_t receivers, senders; /* that wait */
    uint64_t sent, taken;
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

static void wait_as(struct condvar_chan *c, size_t *count, pthread_cond_t *on)
{
    (*count)++;
    pthread_cond_wait(on, &c->mutex);
    (*count)--;
}

/* At capacity 0: until our element is taken, or taken back at a close. */
static int await_taken(struct condvar_chan *c, uint64_t ticket)
{
    while (c->taken < ticket && !c->closed)
        wait_as(c, &c->senders, &c->writable);
    if (c->taken >= ticket)
        return 0;
    c->length = 0;
    c->sent--;
    return -EPIPE;
}

static int send_locked(struct condvar_chan *c, const void *element)
{
    while (c->length == c->slots && !c->closed)
        wait_as(c, &c->senders, &c->writable);
    if (c->closed)
        return -EPIPE;
    push(c, element);
    return c->base.capacity == 0 ? await_taken(c, c->sent) : 0;
}

static int condvar_send(preempt_chan *ch, const void *element)
{
    struct condvar_chan *c = of(ch);
    pthread_mutex_lock(&c->mutex);
    int result = send_locked(c, element);
    pthread_mutex_unlock(&c->mutex);
    return result;
}

static int condvar_try_send(preempt_chan *ch, const void *element)
{
    struct condvar_chan *c = of(ch);
    pthread_mutex_lock(&c->mutex);
    int result = 0;
    /* At capacity 0 only a receiver that waits can take it at once. */
    size_t room = ch->capacity ? c->slots : c->receivers;
    room = room < c->slots ? room : c->slots;
    if (c->closed)
        result = -EPIPE;
    else if (c->length >= room)
        result = -EAGAIN;
    else
        push(c, element);
    pthread_mutex_unlock(&c->mutex);
    return result;
}

static int condvar_recv(preempt_chan *ch, void *element)
{
    struct condvar_chan *c = of(ch);
    pthread_mutex_lock(&c->mutex);
    while (c->length == 0 && !c->closed)
        wait_as(c, &c->receivers, &c->readable);
    bool got = c->length > 0 && !(c->closed && ch->capacity == 0);
    if (got)
        pop(c, element);
    pthread_mutex_unlock(&c->mutex);
    return got;
}

static int condvar_try_recv(preempt_chan *ch, void *element)
{
    struct condvar_chan *c = of(ch);
    int result = 1;
    pthread_mutex_lock(&c->mutex);
    if (c->length > 0 && !(c->closed && ch->capacity == 0))
        pop(c, element);
    else
        result = c->closed ? 0 : -EAGAIN;
    pthread_mutex_unlock(&c->mutex);
    return result;
}

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

preempt_chan *chan_condvar_create(size_t element_size, size_t capacity)
{
    static const struct chan_ops ops = {
        condvar_send,  condvar_try_send, condvar_recv, condvar_try_recv,
        condvar_close, condvar_length,   condvar_busy, condvar_destroy,
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
    pthread_cond_init(&c->readable, NULL);
    pthread_cond_init(&c->writable, NULL);
    return &c->base;
}
