/* SPDX-License-Identifier: MIT */
/* Channels: choosing the kind, and receiving as an iterator. */
#include "chan_impl.h"

#include <errno.h>

static preempt_chan *create_kind(size_t element_size, size_t capacity,
                                 enum kit_wait_strategy wait, bool single)
{
    if (wait == KIT_WAIT_CONDVAR)
        return chan_condvar_create(element_size, capacity);
    if (capacity == 0)
        return chan_rendezvous_create(element_size, wait);
    return single ? chan_spsc_create(element_size, capacity)
                  : chan_ring_create(element_size, capacity);
}

int preempt_chan_create(preempt_chan **out, size_t element_size,
                        size_t capacity,
                        const struct preempt_chan_options *options)
{
    static const struct preempt_chan_options defaults;
    const struct preempt_chan_options *o = options ? options : &defaults;
    if (element_size == 0 || capacity > PREEMPT_CHAN_CAPACITY_MAX ||
        (unsigned)o->wait > KIT_WAIT_CONDVAR)
        return -EINVAL;
    if (element_size > UINT32_MAX) /* as coop, whose field is no larger */
        return -ENOMEM;
    int saved = errno;
    preempt_chan *ch = create_kind(element_size, capacity, o->wait, o->single);
    errno = saved;
    if (!ch)
        return -ENOMEM;
    ch->element_size = element_size;
    ch->capacity = capacity;
    ch->name = o->name ? o->name : "channel";
    ch->wait = o->wait;
    *out = ch;
    return 0;
}

int preempt_chan_destroy(preempt_chan *ch)
{
    if (!ch)
        return 0;
    if (ch->ops->busy(ch))
        return -EBUSY;
    ch->ops->destroy(ch);
    return 0;
}

int preempt_chan_send(preempt_chan *ch, const void *element)
{
    return ch->ops->send(ch, element);
}

int preempt_chan_send_until(preempt_chan *ch, const void *element,
                            int64_t deadline)
{
    return ch->ops->send_until(ch, element, deadline);
}

int preempt_chan_try_send(preempt_chan *ch, const void *element)
{
    return ch->ops->try_send(ch, element);
}

int preempt_chan_recv(preempt_chan *ch, void *element)
{
    return ch->ops->recv(ch, element);
}

int preempt_chan_recv_until(preempt_chan *ch, void *element, int64_t deadline)
{
    return ch->ops->recv_until(ch, element, deadline);
}

int preempt_chan_try_recv(preempt_chan *ch, void *element)
{
    return ch->ops->try_recv(ch, element);
}

int preempt_chan_close(preempt_chan *ch)
{
    return ch ? ch->ops->close(ch) : 0;
}

size_t preempt_chan_length(const preempt_chan *ch)
{
    return ch->ops->length(ch);
}

size_t preempt_chan_capacity(const preempt_chan *ch)
{
    return ch->capacity;
}

/* ---- receiving as an iterator ---- */

static kit_step iter_next(kit_iter *it, kit_value sent)
{
    (void)sent;
    preempt_chan_iter *self = KIT_CONTAINER(it, preempt_chan_iter, iter);
    kit_value v;
    int got = preempt_chan_recv(self->chan, self->room ? self->room : &v);
    if (KIT_UNLIKELY(got <= 0))
        return got == 0 ? kit_done(kit_none()) : kit_failed_errno(got);
    return kit_yielded(self->room ? kit_ptr(self->room) : v);
}

static kit_step iter_return(kit_iter *it, kit_value value)
{
    preempt_chan_close(KIT_CONTAINER(it, preempt_chan_iter, iter)->chan);
    return kit_done(value);
}

int preempt_chan_iter_init(preempt_chan_iter *it, preempt_chan *ch, void *room)
{
    static const struct kit_iter_ops ops = {iter_next, NULL, iter_return};
    if (ch->element_size != sizeof(kit_value) && !room)
        return -EINVAL;
    kit_iter_init(&it->iter, &ops);
    it->chan = ch;
    it->room = ch->element_size == sizeof(kit_value) ? NULL : room;
    return 0;
}
