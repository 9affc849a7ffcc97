/* SPDX-License-Identifier: MIT */
/*
 * How long a suspended generator takes to notice that it is to end: from the
 * request (throw, return or destroy) to the first line of its clean-up. One
 * generator for each sample, and one sample a round, so that there are enough
 * of them for a 99th percentile.
 */
#include "core.h"

#include <coop/frame.h>
#include <coop/gen.h>
#include <preempt/gen.h>

#include <kit/wait.h>

#include <stdio.h>

/* How long a thread rests before the request, so that it no longer spins. */
#define REST_NS 100000

enum request {
    REQUEST_THROW = 0,
    REQUEST_RETURN,
    REQUEST_DESTROY,
};

#define REQUESTS 3

/* A generator of some kind, and what becomes of it. */
struct subject {
    kit_iter *it;
    int64_t seen_at; /* when its clean-up began */
    int (*destroy)(struct subject *subject);
    coop_gen *coop;
    preempt_gen *preempt;
    struct stackless {
        coop_frame frame;
        struct subject *subject;
    } stackless;
};

struct kind {
    int (*create)(struct subject *subject, int cpu);
    bool is_thread;
};

/* ---- coop ---- */

static kit_completion coop_body(coop_gen *self, kit_value arg)
{
    struct subject *subject = arg.p;
    kit_completion c = coop_gen_yield(self, kit_int(1));
    subject->seen_at = kit_now();
    return c;
}

static int coop_end(struct subject *subject)
{
    return coop_gen_destroy(subject->coop);
}

static int coop_create(struct subject *subject, int cpu)
{
    (void)cpu;
    subject->destroy = coop_end;
    int result =
        coop_gen_create(&subject->coop, coop_body, kit_ptr(subject), NULL);
    if (!result)
        subject->it = coop_gen_iter(subject->coop);
    return result;
}

/* ---- stackless ---- */

COOP_FRAME_FUNCTION(frame_body)
{
    struct stackless *self = (struct stackless *)f;
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_YIELD(f, kit_int(1));
    self->subject->seen_at = kit_now();
    COOP_FRAME_END(f);
    return kit_step_of_end(how);
}

static int frame_end(struct subject *subject)
{
    return coop_frame_close(&subject->stackless.frame);
}

static int frame_create(struct subject *subject, int cpu)
{
    (void)cpu;
    subject->destroy = frame_end;
    coop_frame_init(&subject->stackless.frame, &frame_body);
    subject->stackless.subject = subject;
    subject->it = &subject->stackless.frame.iter;
    return 0;
}

/* ---- preempt ---- */

static kit_completion preempt_body(preempt_gen *self, kit_value arg)
{
    struct subject *subject = arg.p;
    kit_completion c = preempt_gen_yield(self, kit_int(1));
    subject->seen_at = kit_now();
    return c;
}

static int preempt_end(struct subject *subject)
{
    return preempt_gen_destroy(subject->preempt);
}

static int preempt_create(struct subject *subject, int cpu)
{
    struct preempt_gen_options options = {.cpu_plus_one = cpu + 1};
    subject->destroy = preempt_end;
    int result = preempt_gen_create(&subject->preempt, preempt_body,
                                    kit_ptr(subject), &options);
    if (!result)
        subject->it = preempt_gen_iter(subject->preempt);
    return result;
}

/* ---- a sample ---- */

static void rest(void)
{
    int64_t end = kit_now() + REST_NS;
    while (kit_now() < end)
        continue;
}

static void make_request(struct subject *subject, enum request which)
{
    if (which == REQUEST_THROW)
        kit_iter_throw(subject->it, kit_int(-1));
    else if (which == REQUEST_RETURN)
        kit_iter_return(subject->it, kit_none());
    else
        subject->destroy(subject);
}

/* The latency of a generator that is made; destroys it. */
static enum micro_verdict take(struct micro_cell *cell, struct subject *subject)
{
    enum request which = (enum request)cell->entry.number[0];
    kit_step first = kit_iter_next(subject->it, kit_none());
    if (first.state != KIT_YIELDED) {
        subject->destroy(subject);
        return micro_because(cell, MICRO_SKIPPED, "%s",
                             kit_error_text((int)first.value.i));
    }
    if (subject->preempt)
        rest();
    int64_t begin = kit_now();
    make_request(subject, which);
    if (which != REQUEST_DESTROY)
        subject->destroy(subject);
    if (subject->seen_at < begin)
        return micro_because(cell, MICRO_FAILED, "there was no clean-up");
    cell->value[0] = (double)(subject->seen_at - begin);
    return MICRO_OK;
}

static enum micro_verdict measure(struct micro_cell *cell)
{
    const struct kind *kind = cell->entry.how;
    struct subject subject = {.seen_at = 0};
    int result = kind->create(&subject, micro_cpu(cell, 1));
    if (result < 0)
        return micro_because(cell, MICRO_SKIPPED, "%s", kit_error_text(result));
    return take(cell, &subject);
}

/* ---- the table ---- */

static void add(struct micro_table *t, enum request which, const char *name,
                enum micro_placement placement, const struct kind *kind)
{
    static const char *const requests[REQUESTS] = {"throw", "return",
                                                   "destroy"};
    struct micro_entry e = {.placement = placement,
                            .unit = "ns",
                            .measure = measure,
                            .how = kind,
                            .number = {which}};
    snprintf(e.figure, sizeof e.figure, "from %s to the clean-up%s",
             requests[which], kind->is_thread ? ", threads" : "");
    snprintf(e.name, sizeof e.name, "%s", name);
    micro_add(t, e);
}

/* What one look at the clock costs: every sample holds about one. */
static void note_clock(struct micro_table *t)
{
    enum { LOOKS = 10000 };
    int64_t begin = kit_now();
    for (int i = 0; i < LOOKS; i++)
        micro_keep((uint64_t)kit_now());
    micro_note(t,
               "a sample holds one reading of the clock, %.0f ns, which is "
               "not subtracted; a thread has rested for %d us",
               (double)(kit_now() - begin) / LOOKS, REST_NS / 1000);
}

static void fill(struct micro_table *t)
{
    static const struct kind coop = {coop_create, false},
                             frame = {frame_create, false},
                             preempt = {preempt_create, true};
    unsigned placements = micro_placements(t);
    for (enum request r = 0; r < REQUESTS; r++) {
        add(t, r, "coop_gen", MICRO_ONE, &coop);
        add(t, r, "coop_frame", MICRO_ONE, &frame);
        for (unsigned p = 0; p < placements; p++)
            add(t, r, "preempt_gen, lock-step", (enum micro_placement)p,
                &preempt);
    }
    note_clock(t);
}

const struct micro_group micro_cancel_group = {
    .name = "cancel",
    .summary = "from the request to end to the clean-up of a generator",
    .fill = fill,
    .full = {4000, 0},
    .quick = {1000, 0},
};
