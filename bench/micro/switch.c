/* SPDX-License-Identifier: MIT */
/*
 * One-way context switches of a pair: there and back, divided by two. Each
 * carries a value, as a generator's does.
 */
#include "boost.h"
#include "core.h"
#include "go.h"
#include "live.h"

#include <coop/coro.h>
#include <coop/task.h>

#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

/* ---- coop_coro ---- */

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

static enum micro_verdict prepare_coro(struct micro_cell *cell)
{
    struct coop_coro_options options = {
        .mechanism = kit_mechanism_named(cell->entry.how)};
    coop_coro *co;
    if (!options.mechanism)
        return micro_because(cell, MICRO_SKIPPED, "not in this build");
    int result = coop_coro_create(&co, cell->is_shifted ? echo_shifted : echo,
                                  kit_none(), &options);
    if (result < 0)
        return micro_because(cell, MICRO_SKIPPED, "%s", kit_error_text(result));
    cell->state = co;
    return MICRO_OK;
}

static enum micro_verdict measure_coro(struct micro_cell *cell)
{
    coop_coro *co = cell->state;
    struct micro_pace pace;
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace))
        for (uint64_t n = pace.chunk; n > 0; n--)
            micro_keep(
                coop_coro_resume(co, kit_next(kit_int((int64_t)n))).value.bits);
    return micro_timed(cell, pace.now - pace.begin, 2 * pace.done);
}

static void release_coro(struct micro_cell *cell)
{
    coop_coro_destroy(cell->state);
}

/* ---- kit_context, with no coroutine around it ---- */

struct bare {
    kit_context context;
    kit_stack *stack;
};

static void bare_echo(kit_context *context, kit_completion c)
{
    for (;;)
        c = kit_context_yield(context, kit_yielded(c.value));
}

static void bare_echo_shifted(kit_context *context, kit_completion c)
{
    for (;;) {
        MICRO_SHIFT();
        c = kit_context_yield(context, kit_yielded(c.value));
    }
}

static enum micro_verdict prepare_bare(struct micro_cell *cell)
{
    static struct bare bare;
    kit_stack_pool *pool = kit_stack_pool_of_thread();
    if (!pool || kit_stack_get(pool, 0, &bare.stack) < 0)
        return micro_because(cell, MICRO_SKIPPED, "no memory for a stack");
    uintptr_t top = (uintptr_t)bare.stack & ~(uintptr_t)15;
    kit_context_start(&bare.context, kit_mechanism_default(), bare.stack,
                      (char *)top,
                      cell->is_shifted ? bare_echo_shifted : bare_echo);
    cell->state = &bare;
    return MICRO_OK;
}

static enum micro_verdict measure_bare(struct micro_cell *cell)
{
    struct bare *bare = cell->state;
    struct micro_pace pace;
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace))
        for (uint64_t n = pace.chunk; n > 0; n--)
            micro_keep(kit_context_resume(&bare->context,
                                          kit_next(kit_int((int64_t)n)))
                           .value.bits);
    return micro_timed(cell, pace.now - pace.begin, 2 * pace.done);
}

static void release_bare(struct micro_cell *cell)
{
    struct bare *bare = cell->state;
    kit_context_dispose(&bare->context);
    kit_stack_put(kit_stack_pool_of_thread(), bare->stack);
}

/* ---- coop_yield, two tasks ---- */

struct yielders {
    struct micro_pace pace;
    uint64_t left; /* yields of both until the next look at the clock */
    bool is_over;
};

static void look_at_clock(struct yielders *y)
{
    y->is_over = !micro_pace_next(&y->pace);
    y->left = y->pace.chunk;
}

static inline __attribute__((always_inline)) void yield_on(struct yielders *y,
                                                           bool is_shifted)
{
    while (!y->is_over) {
        if (is_shifted)
            MICRO_SHIFT();
        coop_yield();
        if (--y->left == 0)
            look_at_clock(y);
    }
}

static kit_value first_body(kit_value arg)
{
    yield_on(arg.p, false);
    return kit_int(1);
}

/* The same work at another address: the processor has to predict which of the
   two a switch goes on with. */
static kit_value second_body(kit_value arg)
{
    yield_on(arg.p, false);
    return kit_int(2);
}

static kit_value second_body_shifted(kit_value arg)
{
    yield_on(arg.p, true);
    return kit_int(2);
}

static enum micro_verdict prepare_yield(struct micro_cell *cell)
{
    (void)cell; /* measure does it all */
    return MICRO_OK;
}

static enum micro_verdict measure_yield(struct micro_cell *cell)
{
    bool is_one_body = cell->entry.number[0] == 1;
    coop_task_fn other = is_one_body        ? first_body
                         : cell->is_shifted ? second_body_shifted
                                            : second_body;
    struct yielders y = {.is_over = false};
    coop_sched *s;
    int result = coop_sched_create(&s, NULL);
    if (!result)
        result = coop_spawn(s, NULL, first_body, kit_ptr(&y), NULL);
    if (!result)
        result = coop_spawn(s, NULL, other, kit_ptr(&y), NULL);
    micro_pace_begin(&y.pace, cell->plan->slice_ns);
    look_at_clock(&y);
    if (!result)
        result = coop_run(s);
    if (result)
        return micro_because(cell, MICRO_FAILED, "%s", kit_error_text(result));
    coop_sched_destroy(s);
    return micro_timed(cell, y.pace.now - y.pace.begin, y.pace.done);
}

/* ---- peers: swapcontext ---- */

static struct ucontexts {
    ucontext_t mine, other;
    uint64_t value;
    char *stack;
} uc;

static void uc_echo(void)
{
    for (;;)
        swapcontext(&uc.other, &uc.mine);
}

static enum micro_verdict prepare_swapcontext(struct micro_cell *cell)
{
    uc.stack = malloc(BOOST_STACK);
    if (!uc.stack || getcontext(&uc.other) != 0)
        return micro_because(cell, MICRO_SKIPPED, "no memory for a stack");
    uc.other.uc_stack.ss_sp = uc.stack;
    uc.other.uc_stack.ss_size = BOOST_STACK;
    makecontext(&uc.other, uc_echo, 0);
    return MICRO_OK;
}

static enum micro_verdict measure_swapcontext(struct micro_cell *cell)
{
    struct micro_pace pace;
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace)) {
        for (uint64_t n = pace.chunk; n > 0; n--) {
            uc.value = n;
            swapcontext(&uc.mine, &uc.other);
            micro_keep(uc.value);
        }
    }
    return micro_timed(cell, pace.now - pace.begin, 2 * pace.done);
}

static void release_swapcontext(struct micro_cell *cell)
{
    (void)cell;
    free(uc.stack);
}

/* ---- peers: Boost ---- */

#if MICRO_BOOST
struct boost {
    fcontext_t body;
    char *stack;
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

static enum micro_verdict prepare_boost(struct micro_cell *cell)
{
    static struct boost boost;
    boost.stack = malloc(BOOST_STACK);
    if (!boost.stack)
        return micro_because(cell, MICRO_SKIPPED, "no memory for a stack");
    boost.body =
        make_fcontext(boost.stack + BOOST_STACK, BOOST_STACK,
                      cell->is_shifted ? boost_echo_shifted : boost_echo);
    cell->state = &boost;
    return MICRO_OK;
}

static enum micro_verdict measure_boost(struct micro_cell *cell)
{
    struct boost *boost = cell->state;
    struct micro_pace pace;
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace)) {
        for (uint64_t n = pace.chunk; n > 0; n--) {
            transfer_t t = jump_fcontext(boost->body, (void *)(uintptr_t)n);
            boost->body = t.from;
            micro_keep((uintptr_t)t.data);
        }
    }
    return micro_timed(cell, pace.now - pace.begin, 2 * pace.done);
}

static void release_boost(struct micro_cell *cell)
{
    struct boost *boost = cell->state;
    free(boost->stack);
}
#endif

/* ---- the table ---- */

static void add(struct micro_table *t, const char *figure, const char *name,
                struct micro_entry entry)
{
    strcpy(entry.figure, figure);
    strcpy(entry.name, name);
    entry.unit = "ns";
    micro_add(t, entry);
}

static void add_coro(struct micro_table *t, const char *figure,
                     const char *name, const char *mechanism)
{
    add(t, figure, name,
        (struct micro_entry){.prepare = prepare_coro,
                             .measure = measure_coro,
                             .release = release_coro,
                             .has_layouts = true,
                             .how = mechanism});
}

static void add_asm(struct micro_table *t)
{
    static const char figure[] = "one-way switch, one pair";
    add_coro(t, figure, "coop_coro, asm", "asm");
    add(t, figure, "kit_context, default mechanism",
        (struct micro_entry){.prepare = prepare_bare,
                             .measure = measure_bare,
                             .release = release_bare,
                             .has_layouts = true});
#if MICRO_BOOST
    add(t, figure, "Boost fcontext",
        (struct micro_entry){.is_peer = true,
                             .prepare = prepare_boost,
                             .measure = measure_boost,
                             .release = release_boost,
                             .has_layouts = true});
#else
    micro_note(t, "Boost.Context was not there when this was built");
#endif
}

static void fill(struct micro_table *t)
{
    static const char portable[] = "one-way switch, one pair, ucontext";
    static const char yields[] = "one-way yield, two tasks";
    add_asm(t);
    add_coro(t, portable, "coop_coro, ucontext", "ucontext");
    add(t, portable, "glibc swapcontext",
        (struct micro_entry){.is_peer = true,
                             .prepare = prepare_swapcontext,
                             .measure = measure_swapcontext,
                             .release = release_swapcontext});
    add(t, yields, "coop_yield, same body",
        (struct micro_entry){.measure = measure_yield, .number = {1}});
    add(t, yields, "coop_yield, two bodies",
        (struct micro_entry){.prepare = prepare_yield,
                             .measure = measure_yield,
                             .number = {2},
                             .has_layouts = true});
    micro_add_go(t, &t->cells[t->count - 1].entry, "Go, Gosched", "yield", 0,
                 0);
    micro_add_live(t);
}

const struct micro_group micro_switch_group = {
    .name = "switch",
    .summary = "one way from one user stack to another",
    .fill = fill,
    .full = {20, 5000000},
    .quick = {5, 3000000},
};
