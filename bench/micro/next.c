/* SPDX-License-Identifier: MIT */
/*
 * One next() of a generator: a value of 8 bytes goes in, one comes out. On
 * user stacks, on threads, without any switch, and in other languages.
 */
#include "boost.h"
#include "core.h"
#include "cxx.h"
#include "script.h"

#include <coop/frame.h>
#include <coop/gen.h>
#include <preempt/chan.h>
#include <preempt/gen.h>
#include <preempt/task.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define AHEAD 1024

/* In line, so that each way has a call of its own, which always goes to the
   same function, as in a program that steps one kind. */
static inline __attribute__((always_inline)) enum micro_verdict
step(struct micro_cell *cell, kit_iter *it)
{
    struct micro_pace pace;
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace))
        for (uint64_t n = pace.chunk; n > 0; n--)
            micro_keep(kit_iter_next(it, kit_int((int64_t)n)).value.bits);
    if (kit_iter_next(it, kit_int(1)).state != KIT_YIELDED)
        return micro_because(cell, MICRO_FAILED, "the generator ended");
    return micro_timed(cell, pace.now - pace.begin, pace.done);
}

/* ---- without a switch: the floor ---- */

static kit_step plain_next(kit_iter *it, kit_value sent)
{
    (void)it;
    return kit_yielded(sent);
}

static enum micro_verdict measure_plain(struct micro_cell *cell)
{
    static const struct kit_iter_ops ops = {plain_next, NULL, NULL};
    kit_iter it;
    kit_iter_init(&it, &ops);
    return step(cell, &it);
}

COOP_FRAME_FUNCTION(frame_echo)
{
    COOP_FRAME_BEGIN(f);
    while (!kit_is_abrupt(how))
        COOP_FRAME_YIELD(f, how.value);
    COOP_FRAME_END(f);
    return kit_step_of_end(how);
}

/* As the C++ generator is stepped: with the body in sight. */
static enum micro_verdict step_inline(struct micro_cell *cell, kit_iter *it)
{
    struct micro_pace pace;
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace))
        for (uint64_t n = pace.chunk; n > 0; n--)
            micro_keep(frame_echo_next(it, kit_int((int64_t)n)).value.bits);
    return micro_timed(cell, pace.now - pace.begin, pace.done);
}

static enum micro_verdict measure_inline(struct micro_cell *cell)
{
    coop_frame frame;
    coop_frame_init(&frame, &frame_echo);
    enum micro_verdict verdict = step_inline(cell, &frame.iter);
    if (kit_iter_next(&frame.iter, kit_int(1)).state != KIT_YIELDED)
        verdict = micro_because(cell, MICRO_FAILED, "the generator ended");
    coop_frame_close(&frame);
    return verdict;
}

static enum micro_verdict measure_frame(struct micro_cell *cell)
{
    coop_frame frame;
    coop_frame_init(&frame, &frame_echo);
    enum micro_verdict verdict = step(cell, &frame.iter);
    coop_frame_close(&frame);
    return verdict;
}

/* ---- coop ---- */

static kit_completion coop_echo(coop_gen *self, kit_value arg)
{
    kit_completion c = kit_next(arg);
    while (!kit_is_abrupt(c))
        c = coop_gen_yield(self, c.value);
    return c;
}

static kit_completion coop_echo_shifted(coop_gen *self, kit_value arg)
{
    kit_completion c = kit_next(arg);
    while (!kit_is_abrupt(c)) {
        MICRO_SHIFT();
        c = coop_gen_yield(self, c.value);
    }
    return c;
}

static enum micro_verdict prepare_coop(struct micro_cell *cell)
{
    struct coop_gen_options options = {
        .mechanism = kit_mechanism_named(cell->entry.how)};
    coop_gen *g;
    if (!options.mechanism)
        return micro_because(cell, MICRO_SKIPPED, "not in this build");
    int result =
        coop_gen_create(&g, cell->is_shifted ? coop_echo_shifted : coop_echo,
                        kit_int(0), &options);
    if (result < 0)
        return micro_because(cell, MICRO_SKIPPED, "%s", kit_error_text(result));
    cell->state = g;
    return MICRO_OK;
}

static enum micro_verdict measure_coop(struct micro_cell *cell)
{
    return step(cell, coop_gen_iter(cell->state));
}

/* Not through the iterator: what a caller that knows the generator does. */
static enum micro_verdict measure_coop_inline(struct micro_cell *cell)
{
    coop_gen *g = cell->state;
    struct micro_pace pace;
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace))
        for (uint64_t n = pace.chunk; n > 0; n--)
            micro_keep(coop_gen_next(g, kit_int((int64_t)n)).value.bits);
    if (coop_gen_state(g) != KIT_GEN_SUSPENDED)
        return micro_because(cell, MICRO_FAILED, "the generator ended");
    return micro_timed(cell, pace.now - pace.begin, pace.done);
}

static void release_coop(struct micro_cell *cell)
{
    coop_gen_destroy(cell->state);
}

/* ---- the floor: two inlined switches, and nothing around them ---- */

#if KIT_INLINE_SWITCH
struct bare {
    kit_context context;
    kit_stack *stack;
};

static void bare_echo(kit_context *context, kit_completion c)
{
    for (;;)
        c = kit_inline_yield(context, kit_yielded(c.value));
}

static void bare_echo_shifted(kit_context *context, kit_completion c)
{
    for (;;) {
        MICRO_SHIFT();
        c = kit_inline_yield(context, kit_yielded(c.value));
    }
}

static enum micro_verdict prepare_bare(struct micro_cell *cell)
{
    static struct bare bare;
    if (!kit_mechanism_default()->inlines)
        return micro_because(cell, MICRO_SKIPPED, "not in this build");
    int result = kit_stack_take(0, &bare.stack);
    if (result < 0)
        return micro_because(cell, MICRO_SKIPPED, "%s", kit_error_text(result));
    kit_context_start(&bare.context, kit_mechanism_default(), bare.stack,
                      (char *)bare.stack,
                      cell->is_shifted ? bare_echo_shifted : bare_echo);
    cell->state = &bare;
    return MICRO_OK;
}

static enum micro_verdict measure_bare(struct micro_cell *cell)
{
    struct bare *b = cell->state;
    struct micro_pace pace;
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace))
        for (uint64_t n = pace.chunk; n > 0; n--)
            micro_keep(
                kit_inline_resume(&b->context, kit_next(kit_int((int64_t)n)))
                    .value.bits);
    return micro_timed(cell, pace.now - pace.begin, pace.done);
}

static void release_bare(struct micro_cell *cell)
{
    struct bare *b = cell->state;
    kit_context_dispose(&b->context);
    kit_stack_give(b->stack);
}
#endif

/* ---- preempt ---- */

static kit_completion preempt_echo(preempt_gen *self, kit_value arg)
{
    kit_completion c = kit_next(arg);
    while (!kit_is_abrupt(c))
        c = preempt_gen_yield(self, c.value);
    return c;
}

static enum micro_verdict prepare_preempt(struct micro_cell *cell)
{
    struct preempt_gen_options options = {
        .cpu_plus_one = micro_cpu(cell, 1) + 1,
        .capacity = cell->entry.number[0],
    };
    preempt_gen *g;
    int result = preempt_gen_create(&g, preempt_echo, kit_int(0), &options);
    if (result < 0)
        return micro_because(cell, MICRO_SKIPPED, "%s", kit_error_text(result));
    cell->state = g;
    return MICRO_OK;
}

static enum micro_verdict measure_preempt(struct micro_cell *cell)
{
    return step(cell, preempt_gen_iter(cell->state));
}

static void release_preempt(struct micro_cell *cell)
{
    preempt_gen_destroy(cell->state);
}

/* ---- the channel that a generator runs ahead by, alone ---- */

struct stream {
    preempt_sched *sched;
    preempt_task *sender;
    preempt_chan *chan;
    preempt_chan_iter received;
};

static kit_value send_for_ever(kit_value chan)
{
    kit_value v = kit_int(0);
    while (preempt_chan_send(chan.p, &v) == 0)
        v.i++;
    return v;
}

static int stream_begin(struct stream *s, const struct micro_cell *cell)
{
    struct kit_placement cpus = {.cpus = {micro_cpu(cell, 1)}, .count = 1};
    struct preempt_sched_options so = {.placement = &cpus};
    struct preempt_chan_options co = {.single = true};
    int result = preempt_sched_create(&s->sched, &so);
    if (result == 0)
        result = preempt_chan_create(&s->chan, sizeof(kit_value),
                                     (size_t)cell->entry.number[0], &co);
    if (result == 0)
        result = preempt_chan_iter_init(&s->received, s->chan, NULL);
    if (result == 0)
        result = preempt_spawn(s->sched, &s->sender, send_for_ever,
                               kit_ptr(s->chan), NULL);
    return result;
}

static void stream_end(struct stream *s)
{
    preempt_chan_close(s->chan);
    if (s->sender)
        preempt_join(s->sender, NULL);
    preempt_chan_destroy(s->chan);
    preempt_sched_destroy(s->sched);
    free(s);
}

static enum micro_verdict prepare_stream(struct micro_cell *cell)
{
    struct stream *s = calloc(1, sizeof *s);
    int result = s ? stream_begin(s, cell) : -ENOMEM;
    cell->state = s;
    if (result == 0)
        return MICRO_OK;
    if (s)
        stream_end(s);
    return micro_because(cell, MICRO_SKIPPED, "%s", kit_error_text(result));
}

static enum micro_verdict measure_stream(struct micro_cell *cell)
{
    struct stream *s = cell->state;
    return step(cell, &s->received.iter);
}

static void release_stream(struct micro_cell *cell)
{
    stream_end(cell->state);
}

/* ---- peers: Boost ---- */

#if MICRO_BOOST
struct boost_gen {
    fcontext_t body;
    bool is_done;
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

static inline uintptr_t boost_next(struct boost_gen *g, uintptr_t sent)
{
    if (g->is_done)
        return 0;
    transfer_t t = jump_fcontext(g->body, (void *)sent);
    g->body = t.from;
    return (uintptr_t)t.data;
}

static enum micro_verdict prepare_boost(struct micro_cell *cell)
{
    static struct boost_gen g;
    g.stack = malloc(BOOST_STACK);
    if (!g.stack)
        return micro_because(cell, MICRO_SKIPPED, "no memory for a stack");
    g.body = make_fcontext(g.stack + BOOST_STACK, BOOST_STACK,
                           cell->is_shifted ? boost_echo_shifted : boost_echo);
    cell->state = &g;
    return MICRO_OK;
}

static enum micro_verdict measure_boost(struct micro_cell *cell)
{
    struct boost_gen *g = cell->state;
    struct micro_pace pace;
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace))
        for (uint64_t n = pace.chunk; n > 0; n--)
            micro_keep(boost_next(g, n));
    return micro_timed(cell, pace.now - pace.begin, pace.done);
}

static void release_boost(struct micro_cell *cell)
{
    struct boost_gen *g = cell->state;
    free(g->stack);
}
#endif

/* ---- peers: other languages, which time themselves ---- */

static const struct micro_script lua = {
    "lua5.4", "-e",
    "local f = coroutine.wrap(function(v)"
    " while true do v = coroutine.yield(v) end end)\n"
    "f(0)\n"
    "local n, t = 1000, 0\n"
    "repeat\n"
    " n = n * 2\n"
    " local begin = os.clock()\n"
    " for i = 1, n do f(i) end\n"
    " t = os.clock() - begin\n"
    "until t > 0.05\n"
    "print(t * 1e9 / n)\n"};

static const struct micro_script node = {
    "node", "-e",
    "function* echo(v) { for (;;) v = yield v; }\n"
    "const g = echo(0); g.next(0);\n"
    "let n = 1000, t = 0, sum = 0;\n"
    "do {\n"
    "  n *= 2;\n"
    "  const begin = process.hrtime.bigint();\n"
    "  for (let i = 0; i < n; i++) sum += g.next(i).value;\n"
    "  t = Number(process.hrtime.bigint() - begin);\n"
    "} while (t < 5e7);\n"
    "console.log(t / n);\n"};

static const struct micro_script python = {
    "python3", "-c",
    "from time import perf_counter_ns\n"
    "def echo(v):\n"
    "    while True: v = yield v\n"
    "def run(n):\n"
    "    begin = perf_counter_ns()\n"
    "    for i in range(n): send(i)\n"
    "    return perf_counter_ns() - begin\n"
    "send = echo(0).send; send(None)\n"
    "n = t = 1000\n"
    "while t < 50000000: n *= 2; t = run(n)\n"
    "print(t / n)\n"};

/* ---- the table ---- */

static void add(struct micro_table *t, const char *figure, const char *name,
                struct micro_entry entry)
{
    strcpy(entry.figure, figure);
    strcpy(entry.name, name);
    entry.unit = "ns";
    micro_add(t, entry);
}

static void add_coop(struct micro_table *t, const char *figure,
                     const char *name, const char *mechanism)
{
    add(t, figure, name,
        (struct micro_entry){.prepare = prepare_coop,
                             .measure = measure_coop,
                             .release = release_coop,
                             .has_layouts = true,
                             .how = mechanism});
}

static void add_preempt(struct micro_table *t, const char *figure,
                        const char *name, struct micro_entry entry)
{
    unsigned placements = micro_placements(t);
    for (unsigned p = 0; p < placements; p++) {
        entry.placement = (enum micro_placement)p;
        add(t, figure, name, entry);
    }
}

static void add_threads(struct micro_table *t)
{
    static const char ahead[] = "next(), threads that run ahead";
    struct micro_entry gen = {.prepare = prepare_preempt,
                              .measure = measure_preempt,
                              .release = release_preempt};
    struct micro_entry stream = {.prepare = prepare_stream,
                                 .measure = measure_stream,
                                 .release = release_stream,
                                 .number = {AHEAD}};
    add_preempt(t, "next(), threads", "preempt_gen, lock-step", gen);
    gen.number[0] = AHEAD; /* and what is sent to it goes nowhere */
    add_preempt(t, ahead, "preempt_gen, by 1024", gen);
    add_preempt(t, ahead, "preempt_chan, for one of each", stream);
}

static void add_script(struct micro_table *t, const char *figure,
                       const char *name, const struct micro_script *script)
{
    add(t, figure, name,
        (struct micro_entry){.is_peer = true,
                             .measure = micro_script_measure,
                             .how = script,
                             .samples_max = t->plan->quick ? 2 : 5});
}

static void add_stackful(struct micro_table *t)
{
    static const char figure[] = "next(), a value each way";
    add_coop(t, figure, "coop_gen, asm", "asm");
    add(t, figure, "coop_gen_next, inlined",
        (struct micro_entry){.prepare = prepare_coop,
                             .measure = measure_coop_inline,
                             .release = release_coop,
                             .has_layouts = true,
                             .how = "asm"});
#if KIT_INLINE_SWITCH
    add(t, figure, "bare exchange, inlined (floor)",
        (struct micro_entry){.prepare = prepare_bare,
                             .measure = measure_bare,
                             .release = release_bare,
                             .has_layouts = true});
#endif
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
    add_script(t, figure, "Lua coroutine.wrap", &lua);
    add_script(t, figure, "Node.js function*", &node);
    add_script(t, figure, "Python generator", &python);
}

static void fill(struct micro_table *t)
{
    static const char stackless[] = "next(), no stack";
    add(t, stackless, "hand-made iterator (floor)",
        (struct micro_entry){.measure = measure_plain});
    add(t, stackless, "coop_frame",
        (struct micro_entry){.measure = measure_frame});
    add(t, stackless, "coop_frame, by its own next",
        (struct micro_entry){.measure = measure_inline});
    struct micro_entry cxx = {.is_peer = true};
    micro_cxx_echo_entry(&cxx);
    add(t, stackless, "C++20 generator", cxx);
    add_stackful(t);
    add_coop(t, "next(), ucontext", "coop_gen, ucontext", "ucontext");
    add_threads(t);
}

const struct micro_group micro_next_group = {
    .name = "next",
    .summary = "one step of a generator, a value of 8 bytes each way",
    .fill = fill,
    .full = {20, 10000000},
    .quick = {5, 4000000},
};
