/* SPDX-License-Identifier: MIT */
/*
 * Channels: a few senders and receivers, with somebody who closes, cancels,
 * interrupts, or lets the deadline come, at any moment. Whatever happens, what
 * was sent is received once, or is still there, and each sender's elements
 * come in its order.
 */
#include "scenarios.h"

#include <preempt/chan.h>
#include <preempt/task.h>

#include <errno.h>

#define SOON INT64_C(1000000000) /* the deadline of those who have one */

enum { ITEMS_MAX = 8, SENDERS_MAX = 3 };

/* What else goes on. */
enum twist { NONE, CLOSED, LATE, CANCELED, INTERRUPTED };

struct meeting {
    size_t capacity;
    int senders, receivers, items; /* items: per sender, divisible */
    enum twist twist;
    enum kit_wait_strategy wait;
    bool tries; /* the first sender only tries */
    bool single;
    int begun;  /* items of each sender that are there from the beginning */
    int unread; /* elements that nobody receives while the threads run */
};

static struct {
    const struct meeting *meeting;
    preempt_chan *ch;
    bool sent[SENDERS_MAX][ITEMS_MAX];
    int received[SENDERS_MAX][ITEMS_MAX];
    int order[MODEL_THREADS_MAX][SENDERS_MAX]; /* the next that may come */
    bool ended;                                /* a receiver was told so */
} shared;

static bool may_end_early(int result)
{
    switch (shared.meeting->twist) {
    case CLOSED:
        return result == -EPIPE;
    case LATE:
        return result == -ETIMEDOUT;
    case CANCELED:
        return result == -ECANCELED;
    case NONE:
    case INTERRUPTED:
        break;
    }
    return false;
}

/* ---- the threads ---- */

static int64_t deadline(void)
{
    return shared.meeting->twist == LATE ? SOON : KIT_FOREVER;
}

static uint64_t element_of(int sender, int i)
{
    return (uint64_t)(sender * ITEMS_MAX + i);
}

static int send(const uint64_t *element)
{
    if (shared.meeting->tries && model_self() == 0)
        return preempt_chan_try_send(shared.ch, element);
    return preempt_chan_send_until(shared.ch, element, deadline());
}

static void *do_send(void *arg)
{
    (void)arg;
    int me = model_self();
    for (int i = shared.meeting->begun; i < shared.meeting->items; i++) {
        uint64_t element = element_of(me, i);
        int result = send(&element);
        if (result == -EAGAIN && shared.meeting->tries)
            continue;
        if (result < 0) {
            model_check(may_end_early(result));
            break;
        }
        model_check(result == 0);
        shared.sent[me][i] = true;
    }
    return NULL;
}

static void take(int receiver, uint64_t element)
{
    int sender = (int)(element / ITEMS_MAX), i = (int)(element % ITEMS_MAX);
    model_check(sender < shared.meeting->senders);
    model_check(i < shared.meeting->items);
    model_check(i >= shared.order[receiver][sender]);
    shared.order[receiver][sender] = i + 1;
    shared.received[sender][i]++;
}

/* Its share; or until the end of the stream. */
static void *do_receive(void *arg)
{
    const struct meeting *m = shared.meeting;
    (void)arg;
    int share = (m->senders * m->items - m->unread) / m->receivers;
    for (int i = 0; i < share || m->twist == CLOSED; i++) {
        uint64_t element = ~UINT64_C(0);
        int result = preempt_chan_recv_until(shared.ch, &element, deadline());
        if (result < 0) {
            model_check(may_end_early(result));
            break;
        }
        if (result == 0) {
            model_check(m->twist == CLOSED);
            shared.ended = true;
            break;
        }
        model_check(result == 1);
        take(model_self(), element);
    }
    return NULL;
}

static void *do_twist(void *arg)
{
    (void)arg;
    switch (shared.meeting->twist) {
    case CLOSED:
        model_check(preempt_chan_close(shared.ch) == 0);
        model_check(preempt_chan_close(shared.ch) == -EPIPE);
        break;
    case LATE:
        model_clock_reach(SOON);
        break;
    case CANCELED:
        preempt_cancel(model_task(0));
        preempt_cancel(model_task(shared.meeting->senders));
        break;
    case INTERRUPTED:
        model_interrupt();
        break;
    case NONE:
        break;
    }
    return NULL;
}

/* ---- before and after ---- */

static void send_before(int sender, int i)
{
    uint64_t element = element_of(sender, i);
    model_check(preempt_chan_try_send(shared.ch, &element) == 0);
    shared.sent[sender][i] = true;
}

static void begin(const void *arg)
{
    static const char *const names[] = {"", "closer", "clock", "canceler",
                                        "interrupt"};
    const struct meeting *m = shared.meeting = arg;
    shared.ended = false;
    struct preempt_chan_options o = {.wait = m->wait, .single = m->single};
    model_check(preempt_chan_create(&shared.ch, sizeof(uint64_t), m->capacity,
                                    &o) == 0);
    for (int s = 0; s < SENDERS_MAX; s++)
        for (int i = 0; i < ITEMS_MAX; i++)
            shared.sent[s][i] = false, shared.received[s][i] = 0;
    for (int t = 0; t < MODEL_THREADS_MAX; t++)
        for (int s = 0; s < SENDERS_MAX; s++)
            shared.order[t][s] = 0;
    for (int s = 0; s < m->senders; s++)
        for (int i = 0; i < m->begun; i++)
            send_before(s, i);
    for (int i = 0; i < m->senders; i++)
        model_thread_add("sender", do_send, NULL);
    for (int i = 0; i < m->receivers; i++)
        model_thread_add("receiver", do_receive, NULL);
    if (m->twist != NONE)
        model_thread_add(names[m->twist], do_twist, NULL);
}

/* Whoever receives from now on is the only one. */
static void drain(void)
{
    uint64_t element;
    int result;
    while ((result = preempt_chan_try_recv(shared.ch, &element)) == 1) {
        model_check(!shared.ended);
        take(MODEL_THREADS_MAX - 1, element);
    }
    model_check(result == (shared.meeting->twist == CLOSED ? 0 : -EAGAIN));
}

/* What was sent, and nobody has received. */
static int left_over(void)
{
    int left = 0;
    for (int s = 0; s < SENDERS_MAX; s++)
        for (int i = 0; i < ITEMS_MAX; i++)
            left += shared.sent[s][i] - shared.received[s][i];
    return left;
}

static void end(const void *arg)
{
    const struct meeting *m = arg;
    int left = left_over();
    model_check(m->twist != NONE || left == m->unread);
    model_check(preempt_chan_length(shared.ch) == (size_t)left);
    drain();
    for (int s = 0; s < m->senders; s++)
        for (int i = 0; i < m->items; i++)
            model_check(shared.received[s][i] == shared.sent[s][i]);
    model_check(preempt_chan_destroy(shared.ch) == 0);
}

/* ---- which ones ---- */

#define MEETING(...)                                                           \
    begin, end, &(const struct meeting)                                        \
    {                                                                          \
        __VA_ARGS__                                                            \
    }
#define PARK  .wait = KIT_WAIT_PARK
#define SPIN  .wait = KIT_WAIT_SPIN
#define ADAPT .wait = KIT_WAIT_ADAPTIVE
/* Who drains the channel, in the end, takes the receiver's role over. */
#define SINGLE .single = true
#define LATE_STORES                                                            \
    {                                                                          \
        .late_stores = true                                                    \
    }
#define NO_BARRIER                                                             \
    {                                                                          \
        .late_stores = true, .no_membarrier = true                             \
    }
#define ONE_CPU                                                                \
    {                                                                          \
        .one_cpu = true                                                        \
    }
#define CROWDED                                                                \
    {                                                                          \
        .one_cpu = true, .crowded = true                                       \
    }

/* clang-format off */
const struct scenario chan_scenarios[] = {
    {"rendezvous: 1 to 1", MEETING(0, 1, 1, 2, PARK), 4, {0}},
    {"rendezvous: 2 to 1", MEETING(0, 2, 1, 2, PARK), 2, {0}},
    {"rendezvous: 1 to 2", MEETING(0, 1, 2, 2, PARK), 2, {0}},
    {"rendezvous: 2 to 2", MEETING(0, 2, 2, 1, PARK), 1, {0}},
    {"rendezvous: close", MEETING(0, 1, 1, 1, CLOSED, PARK), 2, {0}},
    {"rendezvous: 2 to 1, close", MEETING(0, 2, 1, 1, CLOSED, PARK), 1, {0}},
    {"rendezvous: 1 to 2, close", MEETING(0, 1, 2, 1, CLOSED, PARK), 1, {0}},
    {"rendezvous: deadline", MEETING(0, 1, 1, 1, LATE, PARK), 3, {0}},
    {"rendezvous: cancel", MEETING(0, 1, 1, 1, CANCELED, PARK), 2, {0}},
    {"rendezvous: interrupt", MEETING(0, 1, 1, 2, INTERRUPTED, PARK), 2, {0}},
    {"rendezvous: adaptive", MEETING(0, 1, 1, 2, ADAPT), 3, {0}},
    {"rendezvous: one cpu", MEETING(0, 1, 1, 2, ADAPT), 3, ONE_CPU},
    {"rendezvous: 2 to 1, one cpu", MEETING(0, 2, 1, 2, ADAPT), 1, ONE_CPU},
    {"rendezvous: spin", MEETING(0, 1, 1, 1, LATE, SPIN), 2, {0}},
    {"rendezvous: late stores", MEETING(0, 1, 1, 2, PARK), 3, LATE_STORES},

    {"ring of 1: 1 to 1", MEETING(1, 1, 1, 3, PARK), 3, {0}},
    {"ring of 1: 2 to 1", MEETING(1, 2, 1, 2, PARK), 2, {0}},
    {"ring of 1: 1 to 2", MEETING(1, 1, 2, 2, PARK), 2, {0}},
    {"ring of 1: 2 to 2", MEETING(1, 2, 2, 1, PARK), 1, {0}},
    {"ring of 1: try", MEETING(1, 2, 1, 1, CLOSED, PARK, .tries = true), 1,
     {0}},
    {"ring of 1: close", MEETING(1, 1, 1, 2, CLOSED, PARK), 2, {0}},
    {"ring of 1: 2 to 1, close", MEETING(1, 2, 1, 1, CLOSED, PARK), 1, {0}},
    {"ring of 1: 1 to 2, close", MEETING(1, 1, 2, 1, CLOSED, PARK), 1, {0}},
    {"ring of 1: 1 to 3, close", MEETING(1, 1, 3, 1, CLOSED, PARK), 1, {0}},
    {"ring of 1: close, unread", MEETING(1, 1, 0, 2, CLOSED, PARK), 2, {0}},
    {"ring of 1: deadline", MEETING(1, 1, 1, 2, LATE, PARK), 2, {0}},
    {"ring of 1: cancel", MEETING(1, 1, 1, 2, CANCELED, PARK), 2, {0}},
    {"ring of 1: interrupt", MEETING(1, 1, 1, 2, INTERRUPTED, PARK), 2, {0}},
    {"ring of 1: adaptive", MEETING(1, 1, 1, 2, ADAPT), 3, {0}},
    {"ring of 1: one cpu", MEETING(1, 1, 1, 2, ADAPT), 3, ONE_CPU},
    {"ring of 1: 2 to 1, one cpu", MEETING(1, 2, 1, 2, ADAPT), 1, ONE_CPU},
    {"ring of 1: 1 to 2, one cpu", MEETING(1, 1, 2, 2, ADAPT), 1, ONE_CPU},
    {"ring of 1: 2 to 2, deadline", MEETING(1, 2, 2, 1, LATE, PARK), 1, {0}},
    {"ring of 1: spin", MEETING(1, 1, 1, 2, LATE, SPIN), 3, {0}},
    {"ring of 1: late stores", MEETING(1, 1, 1, 2, PARK), 3, LATE_STORES},
    {"ring of 1: 2 to 2, late stores", MEETING(1, 2, 2, 1, PARK), 1,
     LATE_STORES},
    {"ring of 1: late stores, no membarrier", MEETING(1, 1, 1, 2, PARK), 3,
     NO_BARRIER},

    {"ring of 2: 1 to 1", MEETING(2, 1, 1, 3, PARK), 3, {0}},
    {"ring of 2: 2 to 1", MEETING(2, 2, 1, 2, PARK), 2, {0}},
    {"ring of 2: 1 to 2", MEETING(2, 1, 2, 2, PARK), 2, {0}},
    {"ring of 2: 2 to 2", MEETING(2, 2, 2, 2, PARK), 1, {0}},
    {"ring of 2: 2 to 2, full, half unread",
     MEETING(2, 2, 2, 2, PARK, .begun = 1, .unread = 2), 1, {0}},
    {"ring of 2: 1 to 2, close", MEETING(2, 1, 2, 2, CLOSED, PARK), 1, {0}},
    {"ring of 2: 2 to 1, close", MEETING(2, 2, 1, 2, CLOSED, PARK), 1, {0}},
    {"ring of 2: deadline", MEETING(2, 2, 1, 2, LATE, PARK), 1, {0}},
    {"ring of 2: cancel", MEETING(2, 2, 2, 1, CANCELED, PARK), 1, {0}},

    {"ring of 4: late stores", MEETING(4, 1, 1, 2, PARK), 3, LATE_STORES},
    {"ring of 4: late stores, no membarrier", MEETING(4, 1, 1, 2, PARK), 3,
     NO_BARRIER},
    {"ring of 4: crowded", MEETING(4, 1, 1, 7, ADAPT), 2, CROWDED},
    {"ring of 4: 2 to 2, crowded", MEETING(4, 2, 2, 4, ADAPT), 1, CROWDED},
    {"ring of 4: close, crowded", MEETING(4, 1, 1, 6, CLOSED, ADAPT), 1,
     CROWDED},
    {"ring of 4: deadline, crowded", MEETING(4, 1, 1, 6, LATE, ADAPT), 1,
     CROWDED},
    {"ring of 4: cancel, crowded", MEETING(4, 1, 1, 6, CANCELED, ADAPT), 1,
     CROWDED},

    {"single of 1: park", MEETING(1, 1, 1, 3, PARK, SINGLE), 3, {0}},
    {"single of 1: try",
     MEETING(1, 1, 1, 1, CLOSED, PARK, SINGLE, .tries = true), 3, {0}},
    {"single of 1: close", MEETING(1, 1, 1, 2, CLOSED, PARK, SINGLE), 2, {0}},
    {"single of 1: close, unread", MEETING(1, 1, 0, 2, CLOSED, PARK, SINGLE),
     2, {0}},
    {"single of 1: close, late stores",
     MEETING(1, 1, 1, 1, CLOSED, PARK, SINGLE), 3, LATE_STORES},
    {"single of 1: close, late stores, no membarrier",
     MEETING(1, 1, 1, 1, CLOSED, PARK, SINGLE), 3, NO_BARRIER},
    {"single of 1: deadline", MEETING(1, 1, 1, 2, LATE, PARK, SINGLE), 2, {0}},
    {"single of 4: late stores", MEETING(4, 1, 1, 2, PARK, SINGLE), 3,
     LATE_STORES},
    {"single of 4: close, late stores",
     MEETING(4, 1, 1, 1, CLOSED, PARK, SINGLE), 3, LATE_STORES},
    {"single of 4: crowded", MEETING(4, 1, 1, 7, ADAPT, SINGLE), 2, CROWDED},
    {"single of 1: cancel", MEETING(1, 1, 1, 2, CANCELED, PARK, SINGLE),
     2, {0}},
    {"single of 1: interrupt", MEETING(1, 1, 1, 2, INTERRUPTED, PARK, SINGLE),
     2, {0}},
    {"single of 1: adaptive", MEETING(1, 1, 1, 2, ADAPT, SINGLE), 3, {0}},
    {"single of 1: one cpu", MEETING(1, 1, 1, 2, ADAPT, SINGLE), 3, ONE_CPU},
    {"single of 1: spin", MEETING(1, 1, 1, 2, LATE, SPIN, SINGLE), 3, {0}},
    {"single of 1: late stores", MEETING(1, 1, 1, 2, PARK, SINGLE),
     3, LATE_STORES},
    {"single of 1: late stores, no membarrier",
     MEETING(1, 1, 1, 2, PARK, SINGLE), 3, NO_BARRIER},
    {"single of 2: park", MEETING(2, 1, 1, 4, PARK, SINGLE), 3, {0}},
    {"single of 2: close", MEETING(2, 1, 1, 3, CLOSED, PARK, SINGLE), 2, {0}},
    {"single of 2: deadline", MEETING(2, 1, 1, 3, LATE, PARK, SINGLE), 2, {0}},
    {"single of 2: cancel", MEETING(2, 1, 1, 3, CANCELED, PARK, SINGLE),
     2, {0}},
    {NULL, NULL, NULL, NULL, 0, {0}},
};
