/* SPDX-License-Identifier: MIT */
/*
 * The same switch with many live coroutines, visited in turn: a single pair
 * stays in the first level of the cache and flatters everybody.
 */
#include "live.h"

#include "boost.h"

#include <coop/coro.h>

#include <stdio.h>
#include <stdlib.h>

#define LAYOUTS_MAX 1000

/* Where a round trip goes next. */
struct live {
    size_t count, at;
    void *members[]; /* coop_coro, or where to jump */
};

static struct live *live_create(size_t count)
{
    struct live *live = malloc(sizeof *live + count * sizeof(void *));
    if (live)
        live->count = live->at = 0;
    return live;
}

static inline size_t live_next(struct live *live)
{
    size_t at = live->at;
    live->at = at + 1 < live->count ? at + 1 : 0;
    return at;
}

/* ---- ours ---- */

static kit_step echo(coop_coro *self, kit_value arg, kit_completion c)
{
    (void)arg;
    while (!kit_is_abrupt(c))
        c = coop_coro_yield(self, c.value);
    return kit_done(c.value);
}

static kit_step echo_shifted(coop_coro *self, kit_value arg, kit_completion c)
{
    (void)arg;
    while (!kit_is_abrupt(c)) {
        MICRO_SHIFT();
        c = coop_coro_yield(self, c.value);
    }
    return kit_done(c.value);
}

static void release_coros(struct micro_cell *cell)
{
    struct live *live = cell->state;
    while (live && live->count > 0)
        coop_coro_destroy(live->members[--live->count]);
    free(live);
    kit_stack_pool_trim(kit_stack_pool_of_thread(), 16);
}

static enum micro_verdict prepare_coros(struct micro_cell *cell)
{
    size_t wanted = cell->entry.number[0];
    struct live *live = cell->state = live_create(wanted);
    coop_coro_fn body = cell->is_shifted ? echo_shifted : echo;
    coop_coro *co;
    while (live && live->count < wanted &&
           coop_coro_create(&co, body, kit_none(), NULL) == 0) {
        live->members[live->count++] = co;
        coop_coro_resume(co, kit_next(kit_none()));
    }
    if (live && live->count == wanted)
        return MICRO_OK;
    release_coros(cell);
    return micro_because(cell, MICRO_SKIPPED, "no memory for so many stacks");
}

/* Once around, so that what other entries left in the cache is gone. */
static void visit_coros(struct live *live)
{
    for (size_t i = 0; i < live->count; i++)
        coop_coro_resume(live->members[live_next(live)], kit_next(kit_none()));
}

static enum micro_verdict measure_coros(struct micro_cell *cell)
{
    struct live *live = cell->state;
    struct micro_pace pace;
    visit_coros(live);
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace)) {
        for (uint64_t n = pace.chunk; n > 0; n--) {
            coop_coro *co = live->members[live_next(live)];
            kit_step s = coop_coro_resume(co, kit_next(kit_int((int64_t)n)));
            micro_keep(s.value.bits);
        }
    }
    return micro_timed(cell, pace.now - pace.begin, 2 * pace.done);
}

/* ---- Boost, its stacks from malloc ---- */

#if MICRO_BOOST
/* The stacks in one array behind the contexts: they are freed in order. */
struct boosts {
    struct live *live;
    char **stacks;
};

static void boost_echo(transfer_t t)
{
    for (;;)
        t = jump_fcontext(t.from, t.data);
}

static void boost_echo_shifted(transfer_t t)
{
    for (;;) {
        MICRO_SHIFT();
        t = jump_fcontext(t.from, t.data);
    }
}

static void release_boosts(struct micro_cell *cell)
{
    struct boosts *b = cell->state;
    for (size_t i = 0; b->live && i < b->live->count; i++)
        free(b->stacks[i]);
    free(b->live);
    free(b->stacks);
    free(b);
}

static bool start_boosts(struct boosts *b, size_t wanted,
                         void (*echo_body)(transfer_t))
{
    struct live *live = b->live;
    while (live && b->stacks && live->count < wanted) {
        char *stack = malloc(BOOST_STACK);
        if (!stack)
            break;
        fcontext_t body =
            make_fcontext(stack + BOOST_STACK, BOOST_STACK, echo_body);
        b->stacks[live->count] = stack;
        live->members[live->count++] = jump_fcontext(body, NULL).from;
    }
    return live && live->count == wanted;
}

static enum micro_verdict prepare_boosts(struct micro_cell *cell)
{
    size_t wanted = cell->entry.number[0];
    struct boosts *b = calloc(1, sizeof *b);
    cell->state = b;
    if (b) {
        b->live = live_create(wanted);
        b->stacks = calloc(wanted, sizeof *b->stacks);
        if (start_boosts(b, wanted,
                         cell->is_shifted ? boost_echo_shifted : boost_echo))
            return MICRO_OK;
        release_boosts(cell);
    }
    return micro_because(cell, MICRO_SKIPPED, "no memory for so many stacks");
}

static void visit_boosts(struct live *live)
{
    for (size_t i = 0; i < live->count; i++) {
        void **member = &live->members[live_next(live)];
        *member = jump_fcontext(*member, NULL).from;
    }
}

static enum micro_verdict measure_boosts(struct micro_cell *cell)
{
    struct live *live = ((struct boosts *)cell->state)->live;
    struct micro_pace pace;
    visit_boosts(live);
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace)) {
        for (uint64_t n = pace.chunk; n > 0; n--) {
            void **member = &live->members[live_next(live)];
            transfer_t t = jump_fcontext(*member, (void *)(uintptr_t)n);
            *member = t.from;
            micro_keep((uintptr_t)t.data);
        }
    }
    return micro_timed(cell, pace.now - pace.begin, 2 * pace.done);
}
#endif

/* ---- the table ---- */

static void add(struct micro_table *table, size_t count,
                struct micro_entry entry)
{
    entry.unit = "ns";
    entry.number[0] = count;
    entry.has_layouts = count <= LAYOUTS_MAX; /* beyond, the cache decides */
    snprintf(entry.figure, sizeof entry.figure, "one-way switch, %zu live",
             count);
    micro_add(table, entry);
}

void micro_add_live(struct micro_table *table)
{
    static const size_t counts[] = {1, 100, 1000, 10000, 100000};
    size_t kinds = sizeof counts / sizeof *counts;
    /* Making the most of them takes seconds. */
    if (table->plan->quick)
        kinds--;
    for (size_t i = 0; i < kinds; i++) {
        add(table, counts[i],
            (struct micro_entry){.name = "coop_coro",
                                 .prepare = prepare_coros,
                                 .measure = measure_coros,
                                 .release = release_coros});
#if MICRO_BOOST
        add(table, counts[i],
            (struct micro_entry){.name = "Boost fcontext, malloc'ed stacks",
                                 .is_peer = true,
                                 .prepare = prepare_boosts,
                                 .measure = measure_boosts,
                                 .release = release_boosts});
#endif
    }
}
