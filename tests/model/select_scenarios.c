/* SPDX-License-Identifier: MIT */
/*
 * Selects, against plain operations and against each other. Whatever happens,
 * exactly one case is done, what was sent is received once, or is still there,
 * and when all sleep, nobody does so beside what it waits for.
 *
 * A thread does the steps of its plan: "r0" receives from channel 0, "s1" sends
 * on channel 1, "?r0s1" selects between the two.
 */
#include "scenarios.h"

#include <preempt/select.h>
#include <preempt/task.h>

#include <errno.h>
#include <string.h>

#define SOON INT64_C(1000000000) /* the deadline of those who have one */

enum { CHANNELS = 2, PLANS_MAX = 4, STEPS = 3, CASES = 4 };
enum { NOBODY = PLANS_MAX, ELEMENTS = PLANS_MAX * STEPS * CASES };
enum { UNTOUCHED = -1000 };
#define NOTHING (~UINT64_C(0))

/* What else goes on. */
enum twist {
    NONE = 0,
    PATIENT, /* all give up when nobody can go on */
    LATE,    /* or at any moment */
    CANCELED,
    CLOSED, /* first one channel, then the other */
};

struct choosing {
    size_t capacity[CHANNELS];
    const char *plans[PLANS_MAX];
    enum twist twist;
    bool single;
};

static struct {
    const struct choosing *choosing;
    preempt_chan *ch[CHANNELS];
    int sent[ELEMENTS], received[ELEMENTS];            /* how often */
    uint32_t last[CHANNELS][PLANS_MAX + 1][PLANS_MAX]; /* taken, plus one */
    unsigned waiting[CHANNELS][2]; /* threads that gave up, to send or not */
    bool ended[CHANNELS];          /* a receiver was told so */
} shared;

/* ---- a step ---- */

struct step {
    bool is_select;
    size_t count;
    struct preempt_select_case cases[CASES];
    uint64_t element[CASES];
};

static int channel_of(const struct preempt_select_case *c)
{
    return c->chan == shared.ch[1];
}

/* Each element says who sent it, in which step and case. */
static const char *read_step(struct step *step, const char *plan, int number)
{
    int id = (model_self() * STEPS + number) * CASES;
    memset(step, 0, sizeof *step);
    step->is_select = *plan == '?';
    plan += step->is_select;
    for (; *plan && *plan != ' '; plan += 2) {
        size_t i = step->count++;
        bool sends = *plan == 's';
        step->element[i] = sends ? (uint64_t)id + i : NOTHING;
        step->cases[i] = (struct preempt_select_case){
            .chan = shared.ch[plan[1] - '0'],
            .op = sends ? PREEMPT_SELECT_SEND : PREEMPT_SELECT_RECV,
            .element = &step->element[i],
            .result = UNTOUCHED,
        };
    }
    return *plan ? plan + 1 : plan;
}

/* As a select returns, of the one case that there is. */
static int do_plainly(struct preempt_select_case *c, int64_t deadline)
{
    int result = c->op == PREEMPT_SELECT_SEND
                     ? preempt_chan_send_until(c->chan, c->element, deadline)
                     : preempt_chan_recv_until(c->chan, c->element, deadline);
    if (result < 0 && result != -EPIPE)
        return result;
    c->result = result;
    return 0;
}

static int do_step(struct step *step)
{
    enum twist twist = shared.choosing->twist;
    int64_t deadline = twist == NONE || twist == CLOSED ? KIT_FOREVER : SOON;
    return step->is_select
               ? preempt_select_until(step->cases, step->count, deadline)
               : do_plainly(step->cases, deadline);
}

/* ---- what came of it ---- */

/* The elements of a thread come in its order, per channel and receiver. */
static void take(int receiver, int channel, uint64_t element)
{
    int sender = (int)element / (STEPS * CASES);
    model_check(element < ELEMENTS);
    uint32_t *last = &shared.last[channel][receiver][sender];
    model_check(*last <= element);
    *last = (uint32_t)element + 1;
    shared.received[element]++;
}

static void note_done(const struct preempt_select_case *c, uint64_t element)
{
    bool over = shared.choosing->twist == CLOSED;
    if (c->op == PREEMPT_SELECT_SEND) {
        model_check(c->result == 0 || (over && c->result == -EPIPE));
        shared.sent[element] += c->result == 0;
        return;
    }
    model_check(c->result == 1 || (over && c->result == 0));
    if (c->result == 1) {
        take(model_self(), channel_of(c), element);
    } else {
        model_check(element == NOTHING);
        shared.ended[channel_of(c)] = true;
    }
}

static void note_not_done(const struct preempt_select_case *c, uint64_t element)
{
    model_check(c->result == UNTOUCHED);
    model_check(c->op == PREEMPT_SELECT_SEND || element == NOTHING);
}

static bool may_give_up(int result)
{
    enum twist twist = shared.choosing->twist;
    if (result == -ETIMEDOUT)
        return twist != NONE && twist != CLOSED;
    return result == -ECANCELED && twist == CANCELED && model_self() == 0;
}

/* Exactly the case that `result` says was done, or none. */
static void note(const struct step *step, int result)
{
    model_check(result < (int)step->count);
    model_check(result >= 0 || may_give_up(result));
    for (int i = 0; i < (int)step->count; i++) {
        const struct preempt_select_case *c = &step->cases[i];
        if (i == result)
            note_done(c, step->element[i]);
        else
            note_not_done(c, step->element[i]);
        if (result == -ETIMEDOUT)
            shared.waiting[channel_of(c)][c->op] |= 1u << model_self();
    }
}

/* ---- the threads ---- */

static void *do_plan(void *arg)
{
    struct step step;
    const char *plan = arg;
    int result = 0;
    for (int i = 0; *plan && result >= 0; i++) {
        plan = read_step(&step, plan, i);
        result = do_step(&step);
        note(&step, result);
    }
    return NULL;
}

static void *do_twist(void *arg)
{
    (void)arg;
    switch (shared.choosing->twist) {
    case LATE:
        model_clock_reach(SOON);
        break;
    case CANCELED:
        preempt_cancel(model_task(0));
        break;
    case CLOSED:
        model_check(preempt_chan_close(shared.ch[0]) == 0);
        model_check(preempt_chan_close(shared.ch[1]) == 0);
        break;
    case NONE:
    case PATIENT:
        break;
    }
    return NULL;
}

/* ---- before and after ---- */

static void begin(const void *arg)
{
    static const char *const names[] = {"", "", "clock", "canceler", "closer"};
    const struct choosing *c = arg;
    struct preempt_chan_options o = {.wait = KIT_WAIT_PARK,
                                     .single = c->single};
    memset(&shared, 0, sizeof shared);
    shared.choosing = c;
    for (int i = 0; i < CHANNELS; i++)
        model_check(preempt_chan_create(&shared.ch[i], sizeof(uint64_t),
                                        c->capacity[i], &o) == 0);
    for (int i = 0; i < PLANS_MAX && c->plans[i]; i++)
        model_thread_add(c->plans[i], do_plan, (void *)(uintptr_t)c->plans[i]);
    if (c->twist > PATIENT)
        model_thread_add(names[c->twist], do_twist, NULL);
}

/* Of those that gave up when nobody could go on. */
static void check_that_all_had_to_wait(int channel)
{
    size_t capacity = shared.choosing->capacity[channel];
    size_t length = preempt_chan_length(shared.ch[channel]);
    unsigned senders = shared.waiting[channel][PREEMPT_SELECT_SEND];
    unsigned receivers = shared.waiting[channel][PREEMPT_SELECT_RECV];
    model_check(!receivers || length == 0);
    model_check(!senders || length == capacity);
    if (senders && receivers) /* a select does not meet itself */
        model_check(capacity == 0 && senders == receivers &&
                    (senders & (senders - 1)) == 0);
}

/* Whoever receives from now on is the only one. */
static void drain(int channel)
{
    bool over = shared.choosing->twist == CLOSED;
    uint64_t element;
    int result;
    while ((result = preempt_chan_try_recv(shared.ch[channel], &element)) ==
           1) {
        model_check(!shared.ended[channel]);
        take(NOBODY, channel, element);
    }
    model_check(result == (over ? 0 : -EAGAIN));
}

static void end(const void *arg)
{
    const struct choosing *c = arg;
    for (int i = 0; i < CHANNELS; i++) {
        if (c->twist == PATIENT || c->twist == CANCELED)
            check_that_all_had_to_wait(i);
        drain(i);
        model_check(preempt_chan_destroy(shared.ch[i]) == 0);
    }
    for (int i = 0; i < ELEMENTS; i++)
        model_check(shared.received[i] == shared.sent[i]);
}

/* ---- which ones ---- */

#define CHOOSING(twist, first, second, ...)                                    \
    begin, end, &(const struct choosing)                                       \
    {                                                                          \
        {first, second}, {__VA_ARGS__}, twist, false                           \
    }
#define CHOOSING_SINGLE(twist, first, second, ...)                             \
    begin, end, &(const struct choosing)                                       \
    {                                                                          \
        {first, second}, {__VA_ARGS__}, twist, true                            \
    }
#define LATE_STORES                                                            \
    {                                                                          \
        .late_stores = true                                                    \
    }

/* clang-format off */
const struct scenario select_scenarios[] = {
    /* against plain operations */
    {"select ring of 1: receive",
     CHOOSING(NONE, 1, 1, "?r0r1 ?r0r1", "s0", "s1"), 2, {0}},
    {"select ring of 2: receive",
     CHOOSING(NONE, 2, 2, "?r0r1 ?r0r1", "s0", "s1"), 2, {0}},
    {"select rendezvous: receive",
     CHOOSING(NONE, 0, 0, "?r0r1 ?r0r1", "s0", "s1"), 2, {0}},
    {"select mixed: receive",
     CHOOSING(NONE, 0, 1, "?r0r1 ?r0r1", "s0", "s1"), 2, {0}},
    {"select ring of 1: send",
     CHOOSING(PATIENT, 1, 1, "?s0s1 ?s0s1 ?s0s1", "r0", "r1"), 1, {0}},
    {"select rendezvous: send",
     CHOOSING(NONE, 0, 0, "?s0s1 ?s0s1", "r0", "r1"), 2, {0}},
    {"select mixed: send",
     CHOOSING(PATIENT, 1, 0, "?s0s1 ?s0s1", "r0", "r1"), 2, {0}},

    {"select single of 1: receive",
     CHOOSING_SINGLE(NONE, 1, 1, "?r0r1 ?r0r1", "s0", "s1"), 2, {0}},
    {"select single of 1: send",
     CHOOSING_SINGLE(PATIENT, 1, 1, "?s0s1 ?s0s1 ?s0s1", "r0", "r1"), 1, {0}},

    /* against each other */
    {"select rendezvous: send against receive",
     CHOOSING(NONE, 0, 0, "?s0s1", "?r0r1"), 4, {0}},
    {"select rendezvous: opposite orders",
     CHOOSING(NONE, 0, 0, "?s0s1", "?r1r0"), 4, {0}},
    {"select rendezvous: crosswise",
     CHOOSING(NONE, 0, 0, "?s0r1", "?s1r0"), 4, {0}},
    {"select rendezvous: both ways",
     CHOOSING(NONE, 0, 0, "?s0r0", "?r0s0"), 3, {0}},
    {"select rendezvous: same channel twice",
     CHOOSING(NONE, 0, 0, "?r0r0", "?s0s0"), 3, {0}},
    {"select rendezvous: three",
     CHOOSING(PATIENT, 0, 0, "?s0r1", "?s1r0", "?r0s1"), 2, {0}},
    {"select ring of 1: send against receive",
     CHOOSING(NONE, 1, 1, "?s0s1 ?s0s1", "?r0r1 ?r1r0"), 2, {0}},
    {"select single of 1: send against receive",
     CHOOSING_SINGLE(NONE, 1, 1, "?s0s1 ?s0s1", "?r0r1 ?r1r0"), 2, {0}},
    {"select mixed: crosswise",
     CHOOSING(PATIENT, 0, 1, "?s0r1", "?r0s1"), 3, {0}},

    /* somebody competes */
    {"select ring of 1: competing receiver",
     CHOOSING(PATIENT, 1, 1, "?r0r1", "r0", "s0", "s1"), 1, {0}},
    {"select ring of 2: competing receiver",
     CHOOSING(PATIENT, 2, 1, "?r0r1", "r0", "s0 s1"), 2, {0}},
    {"select rendezvous: competing receiver",
     CHOOSING(PATIENT, 0, 0, "?r0r1", "r0", "s0", "s1"), 1, {0}},
    {"select ring of 1: competing sender",
     CHOOSING(PATIENT, 1, 1, "s0 s1 ?s0s1", "s0", "r0 r1"), 2, {0}},
    {"select ring of 1: competing select",
     CHOOSING(NONE, 1, 1, "?r0r1", "?r1r0", "s0 s1"), 2, {0}},

    /* twists */
    {"select ring of 1: deadline",
     CHOOSING(LATE, 1, 1, "?r0r1", "s0 s0", "s1"), 1, {0}},
    {"select rendezvous: deadline",
     CHOOSING(LATE, 0, 0, "?r0r1", "s0", "s1"), 1, {0}},
    {"select rendezvous: deadline of two",
     CHOOSING(LATE, 0, 0, "?s0r1", "?r0s1"), 2, {0}},
    {"select ring of 1: close",
     CHOOSING(CLOSED, 1, 1, "?r0r1 ?r0r1", "s0"), 2, {0}},
    {"select ring of 1: close, send",
     CHOOSING(CLOSED, 1, 1, "?s0s1 ?s0s1 ?s0s1", "r0"), 1, {0}},
    {"select single of 1: close",
     CHOOSING_SINGLE(CLOSED, 1, 1, "?r0r1 ?r0r1", "s0"), 2, {0}},
    {"select rendezvous: close",
     CHOOSING(CLOSED, 0, 0, "?r0s1 ?r0r1", "s0"), 2, {0}},
    {"select rendezvous: close, two",
     CHOOSING(CLOSED, 0, 0, "?r0s1", "?s0r1"), 2, {0}},
    {"select ring of 1: cancel",
     CHOOSING(CANCELED, 1, 1, "?r0r1", "r0", "s0"), 1, {0}},
    {"select rendezvous: cancel",
     CHOOSING(CANCELED, 0, 0, "?r0r1", "s0", "s1"), 1, {0}},
    {"select rendezvous: cancel one of two",
     CHOOSING(CANCELED, 0, 0, "?s0r1", "?r0s1"), 2, {0}},
    {"select ring of 1: late stores",
     CHOOSING(NONE, 1, 1, "?r0r1", "s0"), 4, LATE_STORES},
    {NULL, NULL, NULL, NULL, 0, {0}},
};
