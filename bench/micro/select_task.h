/* SPDX-License-Identifier: MIT */
/* What is measured of a select. Compiled for each library: who includes this
   defines K. */
#include "select.h"

struct K(choice) {
    size_t count;
    K(chan) * channels[CASES_MAX];
    struct K(select_case) cases[CASES_MAX];
    uint64_t item; /* what came last */
};

static void K(unmake)(struct K(choice) * c)
{
    for (size_t i = 0; i < c->count; i++)
        K(chan_destroy)(c->channels[i]);
}

static int K(make)(struct K(choice) * c, size_t count, size_t capacity)
{
    int result = 0;
    memset(c, 0, sizeof *c);
    while (!result && c->count < count) {
        K(chan) **ch = &c->channels[c->count];
        result = K(chan_create)(ch, sizeof c->item, capacity, NULL);
        if (result < 0)
            break;
        c->cases[c->count++] =
            (struct K(select_case)){.chan = *ch, .element = &c->item};
    }
    if (result < 0)
        K(unmake)(c);
    return result;
}

/* ---- the operations: 0, or negative when it went wrong ---- */

static inline int K(take_and_send_back)(struct K(choice) * c)
{
    int i = K(select)(c->cases, c->count);
    return i < 0 ? i : K(chan_try_send)(c->channels[i], &c->item);
}

static inline int K(try_in_vain)(struct K(choice) * c)
{
    return K(try_select)(c->cases, c->count) == -EAGAIN ? 0 : -1;
}

static inline int K(wait_for_one)(struct K(choice) * c)
{
    return K(select)(c->cases, c->count) < 0 ? -1 : 0;
}

static inline __attribute__((always_inline)) enum micro_verdict
K(time_choices)(struct micro_cell *cell, struct K(choice) * c,
                int (*one)(struct K(choice) *))
{
    struct micro_pace pace;
    int result = 0;
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace))
        for (uint64_t n = pace.chunk; n > 0; n--)
            result |= one(c);
    if (result)
        return micro_because(cell, MICRO_FAILED, "select failed");
    return micro_timed(cell, pace.now - pace.begin, pace.done);
}

static enum micro_verdict K(time_all_ready)(struct micro_cell *cell,
                                            struct K(choice) * c)
{
    for (size_t i = 0; i < c->count; i++)
        K(chan_try_send)(c->channels[i], &c->item);
    return K(time_choices)(cell, c, K(take_and_send_back));
}

/* ---- another task wakes it ---- */

/* Until the channels are closed: then the result is -EPIPE. */
static kit_value K(send_in_turn)(kit_value arg)
{
    const struct K(choice) *c = arg.p;
    uint64_t item = 1;
    int result = 0;
    for (size_t i = 0; result >= 0; i = (i + 1) % c->count)
        result = K(chan_send)(c->channels[i], &item);
    return kit_int(result);
}

/* The sender waits in a send, or will do so, after the last select. */
static enum micro_verdict K(time_one_wakes)(struct micro_cell *cell,
                                            K(sched) * s, struct K(choice) * c)
{
    kit_value end = kit_none();
    K(task) * sender;
    int result = K(spawn)(s, &sender, K(send_in_turn), kit_ptr(c), NULL);
    if (result < 0)
        return because_of(cell, result);
    enum micro_verdict verdict = K(time_choices)(cell, c, K(wait_for_one));
    for (size_t i = 0; i < c->count; i++)
        K(chan_close)(c->channels[i]);
    K(join)(sender, &end);
    return end.i == -EPIPE ? verdict : because_of(cell, (int)end.i);
}

/* ---- a slice ---- */

static enum micro_verdict K(select_main)(struct micro_cell *cell, K(sched) * s)
{
    struct K(choice) c;
    enum micro_verdict verdict;
    int result = K(make)(&c, cases_of(cell), wait_of(cell) != ONE_WAKES);
    if (result < 0)
        return because_of(cell, result);
    if (wait_of(cell) == ALL_READY)
        verdict = K(time_all_ready)(cell, &c);
    else if (wait_of(cell) == NONE_READY)
        verdict = K(time_choices)(cell, &c, K(try_in_vain));
    else
        verdict = K(time_one_wakes)(cell, s, &c);
    K(unmake)(&c);
    return verdict;
}
