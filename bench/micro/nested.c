/* SPDX-License-Identifier: MIT */
/*
 * What a value costs that goes through many levels of delegation: the first of
 * a chain of generators is stepped, the last one answers.
 */
#include "nested.h"

#include "cxx.h"
#include "script.h"

#include <coop/frame.h>
#include <coop/gen.h>

#include <stdio.h>
#include <stdlib.h>

static enum micro_verdict step(struct micro_cell *cell, kit_iter *first)
{
    struct micro_pace pace;
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace))
        for (uint64_t n = pace.chunk; n > 0; n--)
            micro_keep(kit_iter_next(first, kit_int((int64_t)n)).value.bits);
    if (kit_iter_next(first, kit_int(7)).value.i != 7)
        return micro_because(cell, MICRO_FAILED, "the value got lost");
    return micro_timed(cell, pace.now - pace.begin, pace.done);
}

/* ---- coop ---- */

struct gens {
    size_t count;
    coop_gen *members[]; /* the last of the chain comes first */
};

static kit_completion delegate(coop_gen *self, kit_value inner)
{
    return coop_gen_delegate(self, &coop_gen_iter(inner.p)->iterable);
}

static kit_completion echo(coop_gen *self, kit_value arg)
{
    kit_completion c = kit_next(arg);
    while (!kit_is_abrupt(c))
        c = coop_gen_yield(self, c.value);
    return c;
}

static kit_completion echo_shifted(coop_gen *self, kit_value arg)
{
    kit_completion c = kit_next(arg);
    while (!kit_is_abrupt(c)) {
        MICRO_SHIFT();
        c = coop_gen_yield(self, c.value);
    }
    return c;
}

/* From the outermost, which hands its end down to the others. */
static void release_gens(struct micro_cell *cell)
{
    struct gens *g = cell->state;
    while (g && g->count > 0)
        coop_gen_destroy(g->members[--g->count]);
    free(g);
}

static enum micro_verdict prepare_gens(struct micro_cell *cell)
{
    size_t depth = cell->entry.number[0];
    struct gens *g = cell->state =
        calloc(1, sizeof *g + depth * sizeof *g->members);
    coop_gen_fn body = cell->is_shifted ? echo_shifted : echo;
    kit_value arg = kit_int(0);
    while (g && g->count < depth &&
           coop_gen_create(&g->members[g->count], body, arg, NULL) == 0) {
        body = delegate;
        arg = kit_ptr(g->members[g->count++]);
    }
    if (g && g->count == depth)
        return MICRO_OK;
    release_gens(cell);
    return micro_because(cell, MICRO_SKIPPED, "no memory for the stacks");
}

static enum micro_verdict measure_gens(struct micro_cell *cell)
{
    struct gens *g = cell->state;
    return step(cell, coop_gen_iter(g->members[g->count - 1]));
}

/* ---- stackless: an array of frames, the first of the chain first ---- */

struct link {
    coop_frame frame;
    bool is_last;
};

COOP_FRAME_FUNCTION(pass_on)
{
    struct link *self = (struct link *)f;
    COOP_FRAME_BEGIN(f);
    if (!self->is_last)
        COOP_FRAME_DELEGATE(f, &self[1].frame.iter.iterable);
    while (self->is_last && !kit_is_abrupt(how))
        COOP_FRAME_YIELD(f, how.value);
    COOP_FRAME_END(f);
    return kit_step_of_end(how);
}

static enum micro_verdict prepare_frames(struct micro_cell *cell)
{
    size_t depth = cell->entry.number[0];
    struct link *links = cell->state = calloc(depth, sizeof *links);
    if (!links)
        return micro_because(cell, MICRO_SKIPPED, "no memory for the frames");
    for (size_t i = 0; i < depth; i++) {
        coop_frame_init(&links[i].frame, &pass_on);
        links[i].is_last = i + 1 == depth;
    }
    return MICRO_OK;
}

static enum micro_verdict measure_frames(struct micro_cell *cell)
{
    struct link *links = cell->state;
    return step(cell, &links->frame.iter);
}

static void release_frames(struct micro_cell *cell)
{
    struct link *links = cell->state;
    coop_frame_close(&links->frame);
    free(links);
}

/* ---- peers: other languages, which time themselves ---- */

#define NODE(depth)                                                            \
    {                                                                          \
        "node", "-e",                                                          \
            "function* chain(d) {\n"                                           \
            "  if (d > 1) yield* chain(d - 1);\n"                              \
            "  else for (let v = 0;;) v = yield v;\n"                          \
            "}\n"                                                              \
            "const g = chain(" #depth "); g.next(0);\n"                        \
            "let n = 1000, t = 0, sum = 0;\n"                                  \
            "do {\n"                                                           \
            "  n *= 2;\n"                                                      \
            "  const begin = process.hrtime.bigint();\n"                       \
            "  for (let i = 0; i < n; i++) sum += g.next(i).value;\n"          \
            "  t = Number(process.hrtime.bigint() - begin);\n"                 \
            "} while (t < 2e7);\n"                                             \
            "console.log(t / n);\n"                                            \
    }

#define PYTHON(depth)                                                          \
    {                                                                          \
        "python3", "-c",                                                       \
            "from time import perf_counter_ns\n"                               \
            "def chain(d):\n"                                                  \
            "    if d > 1: yield from chain(d - 1)\n"                          \
            "    v = 0\n"                                                      \
            "    while True: v = yield v\n"                                    \
            "def run(n):\n"                                                    \
            "    begin = perf_counter_ns()\n"                                  \
            "    for i in range(n): send(i)\n"                                 \
            "    return perf_counter_ns() - begin\n"                           \
            "send = chain(" #depth ").send; send(None)\n"                      \
            "n = t = 1000\n"                                                   \
            "while t < 20000000: n *= 2; t = run(n)\n"                         \
            "print(t / n)\n"                                                   \
    }

static const struct micro_script node[] = {NODE(16), NODE(256)};
static const struct micro_script python[] = {PYTHON(16), PYTHON(256)};

/* ---- the table ---- */

static void add(struct micro_table *t, unsigned depth, const char *name,
                struct micro_entry entry)
{
    snprintf(entry.figure, sizeof entry.figure,
             "a value through %u generators that delegate", depth);
    snprintf(entry.name, sizeof entry.name, "%s", name);
    entry.unit = "ns";
    entry.number[0] = depth;
    micro_add(t, entry);
}

static void add_peers(struct micro_table *t, size_t which, unsigned depth)
{
    const struct micro_entry script = {.is_peer = true,
                                       .measure = micro_script_measure,
                                       .samples_max = t->plan->quick ? 2 : 5};
    struct micro_entry e = {.is_peer = true};
    micro_cxx_chain_entry(&e);
    add(t, depth, "C++20 generator", e);
    e = script;
    e.how = &node[which];
    add(t, depth, "Node.js yield*", e);
    e.how = &python[which];
    add(t, depth, "Python yield from", e);
}

void micro_add_nested(struct micro_table *t)
{
    static const unsigned depths[] = {16, 256};
    for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
        add(t, depths[i], "coop_gen",
            (struct micro_entry){.prepare = prepare_gens,
                                 .measure = measure_gens,
                                 .release = release_gens,
                                 .has_layouts = true});
        add(t, depths[i], "coop_frame",
            (struct micro_entry){.prepare = prepare_frames,
                                 .measure = measure_frames,
                                 .release = release_frames});
        add_peers(t, i, depths[i]);
    }
}
