/* SPDX-License-Identifier: MIT */
/*
 * Channels on park and unpark. A task that must wait leaves a record on its
 * own stack; its partner copies the element straight from or to it, so an
 * element is copied once at capacity 0, twice at most.
 */
#include <coop/chan.h>
#include <coop/task.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct waiter {
    struct waiter *next;
    coop_task *task;
    void *element; /* where to copy from, or to */
    int result;    /* WAITING until served */
};

enum {
    WAITING = INT32_MIN,
};

struct queue {
    struct waiter *head, *tail;
};

struct coop_chan {
    size_t element_size;
    size_t capacity;
    size_t length; /* elements in the ring */
    size_t first;  /* index of the oldest */
    struct queue senders, receivers;
    const char *name;
    bool closed;
    char ring[] __attribute__((aligned(16)));
};

static inline void copy(void *to, const void *from, size_t bytes)
{
    if (KIT_LIKELY(bytes == 8))
        memcpy(to, from, 8);
    else
        memcpy(to, from, bytes);
}

/* ---- waiting ---- */

static void enqueue(struct queue *q, struct waiter *w)
{
    w->next = NULL;
    if (q->head)
        q->tail->next = w;
    else
        q->head = w;
    q->tail = w;
}

static struct waiter *dequeue(struct queue *q)
{
    struct waiter *w = q->head;
    if (w)
        q->head = w->next;
    return w;
}

static void serve(struct waiter *w, int result)
{
    w->result = result;
    coop_unpark(w->task);
}

static int wait_in(struct queue *q, void *element, const char *what,
                   const coop_chan *ch)
{
    struct waiter self = {NULL, coop_current(), element, WAITING};
    if (!self.task)
        return -EDEADLK;
    enqueue(q, &self);
    while (self.result == WAITING)
        coop_park(what, ch->name);
    return self.result;
}

/* ---- the ring ---- */

static char *slot(coop_chan *ch, size_t index)
{
    return ch->ring + index * ch->element_size;
}

static void push(coop_chan *ch, const void *element)
{
    size_t last = ch->first + ch->length;
    if (last >= ch->capacity)
        last -= ch->capacity;
    copy(slot(ch, last), element, ch->element_size);
    ch->length++;
}

static void pop(coop_chan *ch, void *element)
{
    copy(element, slot(ch, ch->first), ch->element_size);
    if (++ch->first == ch->capacity)
        ch->first = 0;
    ch->length--;
}

/* ---- operations ---- */

int coop_chan_try_send(coop_chan *ch, const void *element)
{
    if (KIT_UNLIKELY(ch->closed))
        return -EPIPE;
    /* A receiver waits only while the ring is empty. */
    struct waiter *receiver = dequeue(&ch->receivers);
    if (receiver) {
        copy(receiver->element, element, ch->element_size);
        serve(receiver, 1);
        return 0;
    }
    if (ch->length == ch->capacity)
        return -EAGAIN;
    push(ch, element);
    return 0;
}

int coop_chan_try_recv(coop_chan *ch, void *element)
{
    struct waiter *sender;
    if (KIT_LIKELY(ch->length > 0)) {
        pop(ch, element);
        /* The longest waiting sender gets the slot. */
        if (KIT_UNLIKELY((sender = dequeue(&ch->senders)) != NULL)) {
            push(ch, sender->element);
            serve(sender, 0);
        }
        return 1;
    }
    sender = dequeue(&ch->senders);
    if (sender) {
        copy(element, sender->element, ch->element_size);
        serve(sender, 0);
        return 1;
    }
    return ch->closed ? 0 : -EAGAIN;
}

int coop_chan_send(coop_chan *ch, const void *element)
{
    int result = coop_chan_try_send(ch, element);
    if (KIT_LIKELY(result != -EAGAIN))
        return result;
    /* The partner only reads through this pointer. */
    return wait_in(&ch->senders, (void *)(uintptr_t)element, "send to", ch);
}

int coop_chan_recv(coop_chan *ch, void *element)
{
    int result = coop_chan_try_recv(ch, element);
    if (KIT_LIKELY(result != -EAGAIN))
        return result;
    return wait_in(&ch->receivers, element, "receive from", ch);
}

int coop_chan_close(coop_chan *ch)
{
    struct waiter *w;
    if (!ch)
        return 0;
    if (ch->closed)
        return -EPIPE;
    ch->closed = true;
    while ((w = dequeue(&ch->receivers)))
        serve(w, 0);
    while ((w = dequeue(&ch->senders)))
        serve(w, -EPIPE);
    return 0;
}

size_t coop_chan_length(const coop_chan *ch)
{
    return ch->length;
}

size_t coop_chan_capacity(const coop_chan *ch)
{
    return ch->capacity;
}

int coop_chan_create(coop_chan **out, size_t element_size, size_t capacity,
                     const struct coop_chan_options *options)
{
    size_t bytes;
    if (element_size == 0 || capacity > COOP_CHAN_CAPACITY_MAX)
        return -EINVAL;
    if (__builtin_mul_overflow(element_size, capacity, &bytes) ||
        __builtin_add_overflow(bytes, sizeof(coop_chan), &bytes))
        return -ENOMEM;
    int saved = errno;
    coop_chan *ch = calloc(1, bytes);
    errno = saved;
    if (!ch)
        return -ENOMEM;
    ch->element_size = element_size;
    ch->capacity = capacity;
    ch->name = options && options->name ? options->name : "channel";
    *out = ch;
    return 0;
}

int coop_chan_destroy(coop_chan *ch)
{
    if (!ch)
        return 0;
    if (ch->senders.head || ch->receivers.head)
        return -EBUSY;
    free(ch);
    return 0;
}

/* ---- receiving as an iterator ---- */

static kit_step iter_next(kit_iter *it, kit_value sent)
{
    (void)sent;
    coop_chan_iter *self = KIT_CONTAINER(it, coop_chan_iter, iter);
    kit_value v;
    int got = coop_chan_recv(self->chan, self->room ? self->room : &v);
    if (KIT_UNLIKELY(got <= 0))
        return got == 0 ? kit_done(kit_none()) : kit_failed_errno(got);
    return kit_yielded(self->room ? kit_ptr(self->room) : v);
}

static kit_step iter_return(kit_iter *it, kit_value value)
{
    coop_chan_close(KIT_CONTAINER(it, coop_chan_iter, iter)->chan);
    return kit_done(value);
}

int coop_chan_iter_init(coop_chan_iter *it, coop_chan *ch, void *room)
{
    static const struct kit_iter_ops ops = {iter_next, NULL, iter_return};
    if (ch->element_size != sizeof(kit_value) && !room)
        return -EINVAL;
    kit_iter_init(&it->iter, &ops);
    it->chan = ch;
    it->room = ch->element_size == sizeof(kit_value) ? NULL : room;
    return 0;
}
