/* SPDX-License-Identifier: MIT */
/*
 * Channels between tasks: a bounded queue of elements of one size.
 *
 * Capacity 0 is lock-step: a send waits until a receiver has the element.
 * Capacity n lets the sender run ahead by n elements. Waiting senders and
 * receivers are served first in, first out.
 *
 * Results: send gives 0, or -EPIPE on a closed channel. recv gives 1 with an
 * element, 0 at the end: the channel is closed and empty. The try forms never
 * block and give -EAGAIN instead. Outside a task nothing can wait, so an
 * operation that would is -EDEADLK.
 *
 * Close ends the stream, not the memory: what was sent can still be received,
 * waiting receivers get 0, waiting senders -EPIPE (their element is not sent).
 * What was done before a send is seen by whoever receives the element, and what
 * was done before the close by whoever learns of it (by 0, or by -EPIPE).
 */
#ifndef COOP_CHAN_H
#define COOP_CHAN_H

#include <kit/iter.h>

#include <string.h>

KIT_BEGIN

typedef struct coop_chan coop_chan;

#define COOP_CHAN_CAPACITY_MAX ((size_t)1 << 24)

struct coop_chan_options {
    const char *name; /* for reports; kept by reference; NULL: "channel" */
};

/*
 * 0; -EINVAL for element_size 0 or a capacity above the maximum; -ENOMEM, also
 * for an element_size above UINT32_MAX, at any capacity.
 * Element size in bytes, capacity in elements. `options` may be NULL.
 */
KIT_EXPORT int coop_chan_create(coop_chan **out, size_t element_size,
                                size_t capacity,
                                const struct coop_chan_options *options);

/* -EBUSY, and nothing is destroyed, while tasks wait on it. NULL: nothing. */
KIT_EXPORT int coop_chan_destroy(coop_chan *ch);

/* Copies *element into the channel. Blocks while it is full. */
KIT_EXPORT int coop_chan_send(coop_chan *ch, const void *element);
KIT_EXPORT int coop_chan_send_until(coop_chan *ch, const void *element,
                                    int64_t deadline);
KIT_EXPORT int coop_chan_try_send(coop_chan *ch, const void *element);

/* Copies the oldest element to *element. Blocks while it is empty. */
KIT_EXPORT int coop_chan_recv(coop_chan *ch, void *element);
KIT_EXPORT int coop_chan_recv_until(coop_chan *ch, void *element,
                                    int64_t deadline);
KIT_EXPORT int coop_chan_try_recv(coop_chan *ch, void *element);

/* 0; -EPIPE when it is closed already. Never blocks. NULL: nothing, 0. */
KIT_EXPORT int coop_chan_close(coop_chan *ch);

/* Elements that are in the buffer now, and the capacity. */
KIT_EXPORT size_t coop_chan_length(const coop_chan *ch);
KIT_EXPORT size_t coop_chan_capacity(const coop_chan *ch);

/*
 * Receiving as an iterator, in the caller's memory. An element of 8 bytes is
 * the value itself; for other sizes value.p is `room`, where the element was
 * copied (valid until the next step). At the end: {none, done}. `return`
 * closes the channel, so that its senders stop.
 */
typedef struct coop_chan_iter {
    kit_iter iter;
    coop_chan *chan;
    void *room;
} coop_chan_iter;

/* 0; -EINVAL when the elements do not have 8 bytes and room is NULL. */
KIT_EXPORT int coop_chan_iter_init(coop_chan_iter *it, coop_chan *ch,
                                   void *room);

/* ---- how the short way is inlined; nothing below is for users ---- */

/* How a channel begins. */
struct coop_chan_face {
    char *put, *put_limit; /* the next to fill; up to here, the short way */
    char *get, *get_limit; /* the next to take */
    uint32_t element_size;
};

/* Where the short way ends. */
KIT_EXPORT int coop_chan_send_slowly(coop_chan *ch, const void *element);
KIT_EXPORT int coop_chan_recv_slowly(coop_chan *ch, void *element);

/* Elements of 8 bytes, moved as words: bytes might be a part of the face, which
   the compiler would have to load again. */
static inline int coop_chan_send_inline(coop_chan *ch, const void *element)
{
    struct coop_chan_face *face = (struct coop_chan_face *)(void *)ch;
    char *put = face->put;
    uint64_t word;
    if (KIT_UNLIKELY(put == face->put_limit))
        return coop_chan_send_slowly(ch, element);
    if (KIT_UNLIKELY(face->element_size != sizeof word))
        return coop_chan_send(ch, element);
    __asm__("" : "+r"(element)); /* the compiler may know it is shorter */
    memcpy(&word, element, sizeof word);
    *(uint64_t *)(void *)put = word;
    face->put = put + sizeof word;
    return 0;
}

static inline int coop_chan_recv_inline(coop_chan *ch, void *element)
{
    struct coop_chan_face *face = (struct coop_chan_face *)(void *)ch;
    char *get = face->get;
    uint64_t word;
    if (KIT_UNLIKELY(get == face->get_limit))
        return coop_chan_recv_slowly(ch, element);
    if (KIT_UNLIKELY(face->element_size != sizeof word))
        return coop_chan_recv(ch, element);
    word = *(uint64_t *)(void *)get;
    __asm__("" : "+r"(element));
    memcpy(element, &word, sizeof word);
    face->get = get + sizeof word;
    return 1;
}

#define coop_chan_send(...) coop_chan_send_inline(__VA_ARGS__)
#define coop_chan_recv(...) coop_chan_recv_inline(__VA_ARGS__)

KIT_END

#endif
