/* SPDX-License-Identifier: MIT */
/*
 * Channels. A ring of slots, and two queues of tasks that wait; who finds a
 * partner waiting copies the element straight from or to it, so an element is
 * copied once at capacity 0.
 *
 * The short way of a send or a receive moves a pointer up to a limit. Whatever
 * else may be the case (a partner waits, it is closed, the ring ends here, it
 * is full or empty, it is time to give way), the limit is where the pointer is,
 * and the long way finds out.
 */
#include "chan.h"
#include "dump.h"

#include <stdlib.h>
#include <string.h>

/*
 * A task gives way, although it could go on, when so many elements have been
 * sent and received since somebody last did: a pair that always can go on lets
 * the others run. The number varies, lest the same task be hit each time.
 */
#define TURN_LEAST 32
#define TURN_MOST  95

/* Compiled anew for each deadline that is known. */
#define INLINE static inline __attribute__((always_inline))

/* As a deadline: never wait. */
#define TRY INT64_MIN

/* ---- the ring ---- */

static inline void copy(void *to, const void *from, size_t bytes)
{
    if (KIT_LIKELY(bytes == 8))
        memcpy(to, from, 8);
    else
        memcpy(to, from, bytes);
}

/* Counts what has moved since the last time; at its end the ring begins. */
static void settle(coop_chan *ch)
{
    ch->turn -= (ch->put - ch->put_from) + (ch->get - ch->get_from);
    ch->filled = coop_chan_filled(ch);
    if (ch->put == ch->end)
        ch->put = ch->ring;
    if (ch->get == ch->end)
        ch->get = ch->ring;
    ch->put_from = ch->put_limit = ch->put;
    ch->get_from = ch->get_limit = ch->get;
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* After settle: opens the short ways, as far as they go. */
static void open_up(coop_chan *ch)
{
    size_t turn = TURN_LEAST * (size_t)ch->element_size;
    if (!ch->receivers.first && !ch->closed)
        ch->put_limit +=
            least(ch->capacity - ch->filled, (size_t)(ch->end - ch->put), turn);
    if (!ch->senders.first)
        ch->get_limit += least(ch->filled, (size_t)(ch->end - ch->get), turn);
}

static inline void push(coop_chan *ch, const void *element)
{
    copy(ch->put, element, ch->element_size);
    ch->put += ch->element_size;
}

static inline void pop(coop_chan *ch, void *element)
{
    copy(element, ch->get, ch->element_size);
    ch->get += ch->element_size;
}

/* ---- turns ---- */

/* The next turn's length: from a linear congruential generator. */
static void begin_turn(coop_chan *ch)
{
    ch->random = ch->random * 1664525 + 1013904223;
    uint32_t elements =
        TURN_LEAST + (ch->random >> 16) % (TURN_MOST - TURN_LEAST + 1);
    ch->turn = (ptrdiff_t)elements * ch->element_size;
}

/*
 * The turn is over: another one begins, and after this operation the others
 * get theirs. After, not before: whoever gives way here is in no queue of the
 * channel, which may be gone when it goes on.
 */
static int give_way(int result)
{
    coop_sched *s = coop_running_sched();
    if (s)
        coop_end_turn(s);
    return result;
}

__attribute__((noinline)) static int
send_and_give_way(coop_chan *ch, const void *element, int64_t deadline)
{
    begin_turn(ch);
    return give_way(coop_chan_send_until(ch, element, deadline));
}

__attribute__((noinline)) static int
recv_and_give_way(coop_chan *ch, void *element, int64_t deadline)
{
    begin_turn(ch);
    return give_way(coop_chan_recv_until(ch, element, deadline));
}

/* The current task waits as a sender or a receiver. */
INLINE int wait_in(coop_chan *ch, struct coop_waiters *q, void *element,
                   const char *what, int64_t deadline)
{
    coop_sched *s = coop_running_sched();
    if (KIT_UNLIKELY(deadline == TRY))
        return -EAGAIN;
    if (KIT_UNLIKELY(!s))
        return -EDEADLK;
    coop_chan_shut(ch, q);
    s->current->waiter.element = element;
    return coop_wait_in(s, q, what, &ch->name, deadline);
}

INLINE int wait_to_send(coop_chan *ch, const void *element, int64_t deadline)
{
    /* the partner only reads the element */
    return wait_in(ch, &ch->senders, (void *)(uintptr_t)element, "send to",
                   deadline);
}

INLINE int wait_to_recv(coop_chan *ch, void *element, int64_t deadline)
{
    return wait_in(ch, &ch->receivers, element, "receive from", deadline);
}

/*
 * What follows is called last, and calls last what may switch: so there is no
 * frame of it on the stack of a task that waits.
 */

__attribute__((noinline)) static int
give_bytes(coop_chan *ch, struct coop_waiter *receiver, const void *element)
{
    memcpy(receiver->element, element, ch->element_size);
    coop_serve_soon(receiver, 1);
    return 0;
}

/* To one that waits, and was taken out of the queue. */
static inline int give(coop_chan *ch, struct coop_waiter *receiver,
                       const void *element)
{
    ch->turn -= ch->element_size;
    if (KIT_UNLIKELY(ch->element_size != 8))
        return give_bytes(ch, receiver, element);
    memcpy(receiver->element, element, 8);
    coop_serve_soon(receiver, 1);
    return 0;
}

__attribute__((noinline)) static int
take_bytes(const coop_chan *ch, struct coop_waiter *sender, void *element)
{
    memcpy(element, sender->element, ch->element_size);
    coop_serve(sender, 0);
    return 1;
}

static inline int take(coop_chan *ch, struct coop_waiter *sender, void *element)
{
    ch->turn -= ch->element_size;
    if (KIT_UNLIKELY(ch->element_size != 8))
        return take_bytes(ch, sender, element);
    memcpy(element, sender->element, 8);
    coop_serve(sender, 0);
    return 1;
}

/* ---- with a ring ---- */

__attribute__((noinline)) static int
send_to_ring(coop_chan *ch, const void *element, int64_t deadline)
{
    settle(ch);
    if (KIT_UNLIKELY(ch->turn <= 0) && deadline != TRY)
        return send_and_give_way(ch, element, deadline);
    open_up(ch);
    if (ch->put == ch->put_limit)
        return wait_to_send(ch, element, deadline);
    push(ch, element);
    return 0;
}

/* The ring was full, and is not: the longest waiting sender gets the slot. */
static void refill(coop_chan *ch)
{
    struct coop_waiter *sender = coop_waiters_take(&ch->senders);
    if (!sender)
        return;
    push(ch, sender->element);
    ch->put_limit = ch->put;
    ch->get_limit = ch->get;
    coop_serve(sender, 0);
}

__attribute__((noinline)) static int
recv_from_ring(coop_chan *ch, void *element, int64_t deadline)
{
    settle(ch);
    if (KIT_UNLIKELY(ch->turn <= 0) && deadline != TRY)
        return recv_and_give_way(ch, element, deadline);
    open_up(ch);
    if (ch->filled > 0) {
        pop(ch, element);
        refill(ch);
        return 1;
    }
    return ch->closed ? 0 : wait_to_recv(ch, element, deadline);
}

/* ---- the long way: compiled for no deadline, and for any ---- */

INLINE int send_slowly(coop_chan *ch, const void *element, int64_t deadline)
{
    if (KIT_UNLIKELY(ch->closed))
        return -EPIPE;
    struct coop_waiter *receiver = coop_waiters_take(&ch->receivers);
    if (receiver)
        return give(ch, receiver, element);
    if (ch->has_ring)
        return send_to_ring(ch, element, deadline);
    if (KIT_UNLIKELY(ch->turn <= 0) && deadline != TRY)
        return send_and_give_way(ch, element, deadline);
    return wait_to_send(ch, element, deadline);
}

INLINE int recv_slowly(coop_chan *ch, void *element, int64_t deadline)
{
    if (ch->has_ring)
        return recv_from_ring(ch, element, deadline);
    if (KIT_UNLIKELY(ch->turn <= 0) && deadline != TRY)
        return recv_and_give_way(ch, element, deadline);
    struct coop_waiter *sender = coop_waiters_take(&ch->senders);
    if (sender)
        return take(ch, sender, element);
    return ch->closed ? 0 : wait_to_recv(ch, element, deadline);
}

int coop_chan_send_slowly(coop_chan *ch, const void *element)
{
    return send_slowly(ch, element, KIT_FOREVER);
}

int coop_chan_recv_slowly(coop_chan *ch, void *element)
{
    return recv_slowly(ch, element, KIT_FOREVER);
}

/* ---- operations ---- */

INLINE int send(coop_chan *ch, const void *element, int64_t deadline)
{
    if (KIT_UNLIKELY(ch->put == ch->put_limit))
        return send_slowly(ch, element, deadline);
    push(ch, element);
    return 0;
}

INLINE int recv(coop_chan *ch, void *element, int64_t deadline)
{
    if (KIT_UNLIKELY(ch->get == ch->get_limit))
        return recv_slowly(ch, element, deadline);
    pop(ch, element);
    return 1;
}

int(coop_chan_send)(coop_chan *ch, const void *element)
{
    return send(ch, element, KIT_FOREVER);
}

int coop_chan_send_until(coop_chan *ch, const void *element, int64_t deadline)
{
    return send(ch, element, deadline == TRY ? TRY + 1 : deadline);
}

int coop_chan_try_send(coop_chan *ch, const void *element)
{
    return send(ch, element, TRY);
}

int(coop_chan_recv)(coop_chan *ch, void *element)
{
    return recv(ch, element, KIT_FOREVER);
}

int coop_chan_recv_until(coop_chan *ch, void *element, int64_t deadline)
{
    return recv(ch, element, deadline == TRY ? TRY + 1 : deadline);
}

int coop_chan_try_recv(coop_chan *ch, void *element)
{
    return recv(ch, element, TRY);
}

int coop_chan_close(coop_chan *ch)
{
    if (!ch)
        return 0;
    if (ch->closed)
        return -EPIPE;
    ch->closed = true;
    ch->put_limit = ch->put;
    coop_serve_all(&ch->receivers, 0);
    coop_serve_all(&ch->senders, -EPIPE);
    return 0;
}

size_t coop_chan_length(const coop_chan *ch)
{
    return coop_chan_filled(ch) / ch->element_size;
}

size_t coop_chan_capacity(const coop_chan *ch)
{
    return ch->capacity / ch->element_size;
}

int coop_chan_create(coop_chan **out, size_t element_size, size_t capacity,
                     const struct coop_chan_options *options)
{
    size_t ring, bytes;
    if (element_size == 0 || capacity > COOP_CHAN_CAPACITY_MAX)
        return -EINVAL;
    if (element_size > UINT32_MAX ||
        __builtin_mul_overflow(element_size, capacity, &ring) ||
        __builtin_add_overflow(ring, sizeof(coop_chan) + CACHE_LINE - 1,
                               &bytes))
        return -ENOMEM;
    int saved = errno;
    coop_chan *ch =
        aligned_alloc(CACHE_LINE, bytes & ~(size_t)(CACHE_LINE - 1));
    errno = saved;
    if (!ch)
        return -ENOMEM;
    memset(ch, 0, sizeof *ch);
    ch->element_size = (uint32_t)element_size;
    ch->has_ring = ring > 0;
    ch->capacity = ring;
    ch->put = ch->put_from = ch->get = ch->get_from = ch->ring;
    ch->end = ch->ring + ring;
    ch->name = options && options->name ? options->name : "channel";
    settle(ch);
    begin_turn(ch);
    *out = ch;
    return 0;
}

int coop_chan_destroy(coop_chan *ch)
{
    if (!ch)
        return 0;
    if (ch->senders.first || ch->receivers.first) {
        coop_complain("channel", ch->name, "destroyed while tasks wait for it");
        return -EBUSY;
    }
    free(ch);
    return 0;
}

/* ---- receiving as an iterator ---- */

static kit_step iter_next(kit_iter *it, kit_value sent)
{
    (void)sent;
    coop_chan_iter *self = KIT_CONTAINER(it, coop_chan_iter, iter);
    kit_value v;
    int got = (coop_chan_recv)(self->chan, self->room ? self->room : &v);
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
