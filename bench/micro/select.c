/* SPDX-License-Identifier: MIT */
/*
 * Select over n receives: when all of them can be done at once (what came is
 * sent back), when none can (a try), and when it has to wait until another
 * task sends on one of the channels, each in its turn.
 */
#include "core.h"
#include "go.h"
#include "mains.h"

#include <coop/select.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CASES_MAX 64

enum wait {
    ALL_READY = 0,
    NONE_READY,
    ONE_WAKES,
};

/* Of peer/select.go, too. */
static const char *const wait_names[] = {"all ready", "none ready",
                                         "one wakes it"};

struct choice {
    size_t count;
    coop_chan *channels[CASES_MAX];
    struct coop_select_case cases[CASES_MAX];
    uint64_t item;
    bool is_over;
    int result; /* of the task that sends */
};

static void destroy(struct choice *c)
{
    for (size_t i = 0; i < c->count; i++)
        coop_chan_destroy(c->channels[i]);
}

static int create(struct choice *c, size_t count, size_t capacity)
{
    int result = 0;
    memset(c, 0, sizeof *c);
    while (!result && c->count < count) {
        coop_chan **ch = &c->channels[c->count];
        result = coop_chan_create(ch, sizeof c->item, capacity, NULL);
        if (result < 0)
            break;
        c->cases[c->count++] =
            (struct coop_select_case){.chan = *ch, .element = &c->item};
    }
    if (result < 0)
        destroy(c);
    return result;
}

/* ---- the operations: 0, or negative when it went wrong ---- */

static inline int take_and_send_back(struct choice *c)
{
    int i = coop_select(c->cases, c->count);
    return i < 0 ? i : coop_chan_try_send(c->channels[i], &c->item);
}

static inline int try_in_vain(struct choice *c)
{
    return coop_try_select(c->cases, c->count) == -EAGAIN ? 0 : -1;
}

static inline int wait_for_one(struct choice *c)
{
    return coop_select(c->cases, c->count) < 0 ? -1 : 0;
}

static inline __attribute__((always_inline)) enum micro_verdict
time_choices(struct micro_cell *cell, struct choice *c,
             int (*one)(struct choice *))
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

static enum micro_verdict time_all_ready(struct micro_cell *cell,
                                         struct choice *c)
{
    for (size_t i = 0; i < c->count; i++)
        coop_chan_try_send(c->channels[i], &c->item);
    return time_choices(cell, c, take_and_send_back);
}

/* ---- another task wakes it ---- */

static kit_value send_in_turn(kit_value arg)
{
    struct choice *c = arg.p;
    for (size_t i = 0; !c->is_over && c->result >= 0; i = (i + 1) % c->count)
        c->result = coop_chan_send(c->channels[i], &c->item);
    return kit_none();
}

/* The sender may wait in a send, after the last select: closed channels let it
   go. */
static enum micro_verdict time_one_wakes(struct micro_cell *cell, coop_sched *s,
                                         struct choice *c)
{
    coop_task *sender;
    int result = coop_spawn(s, &sender, send_in_turn, kit_ptr(c), NULL);
    if (result < 0)
        return micro_because(cell, MICRO_FAILED, "%s", kit_error_text(result));
    enum micro_verdict verdict = time_choices(cell, c, wait_for_one);
    c->is_over = true;
    for (size_t i = 0; i < c->count; i++)
        coop_chan_close(c->channels[i]);
    coop_join(sender, NULL);
    return verdict;
}

/* ---- a slice ---- */

static enum micro_verdict coop_main(struct micro_cell *cell, coop_sched *s)
{
    enum wait wait = (enum wait)cell->entry.number[1];
    struct choice c;
    enum micro_verdict verdict;
    int result = create(&c, cell->entry.number[0], wait != ONE_WAKES);
    if (result < 0)
        return micro_because(cell, MICRO_FAILED, "%s", kit_error_text(result));
    if (wait == ALL_READY)
        verdict = time_all_ready(cell, &c);
    else if (wait == NONE_READY)
        verdict = time_choices(cell, &c, try_in_vain);
    else
        verdict = time_one_wakes(cell, s, &c);
    destroy(&c);
    return verdict;
}

static enum micro_verdict measure(struct micro_cell *cell)
{
    return micro_in_coop(cell, coop_main, NULL);
}

/* ---- the table ---- */

static void fill(struct micro_table *t)
{
    static const size_t counts[] = {1, 2, 8, 64};
    for (enum wait w = ALL_READY; w <= ONE_WAKES; w++) {
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            struct micro_entry e = {.name = "coop_select",
                                    .unit = "ns",
                                    .measure = measure,
                                    .number = {counts[i], w}};
            snprintf(e.figure, sizeof e.figure, "%zu case%s, %s", counts[i],
                     counts[i] == 1 ? "" : "s", wait_names[w]);
            micro_add(t, e);
            micro_add_go(t, &e, "Go, select", "select", counts[i], w);
        }
    }
}

const struct micro_group micro_select_group = {
    .name = "select",
    .summary = "one select over n receives",
    .fill = fill,
    .full = {15, 5000000},
    .quick = {5, 3000000},
};
