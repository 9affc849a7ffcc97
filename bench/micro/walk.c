/* SPDX-License-Identifier: MIT */
/*
 * Recursive generators: a balanced tree walked in order, with a generator for
 * each node that delegates to those of its children. The tree is in memory
 * beforehand; making and destroying the generators is part of the walk. A
 * slice goes on where the last one stopped, and begins anew at the end.
 */
#include "core.h"
#include "cxx.h"
#include "fail.h"
#include "nested.h"
#include "tree.h"
#include "walk_scripts.h"

#include <coop/frame.h>
#include <coop/gen.h>
#include <preempt/gen.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct micro_node node;

/* A generator of a thread: each runs on another CPU than the one above. */
struct visit {
    const node *node;
    const struct micro_cell *cell;
    unsigned level; /* the caller's is 0 */
};

/* A stackless generator. */
struct level {
    coop_frame frame;
    const node *node;
};

/* A walk under way. */
struct walk {
    kit_iter *it; /* NULL: not begun */
    int64_t due;  /* the value that comes next */
    union {
        coop_gen *coop;
        preempt_gen *preempt;
    } gen;
    struct visit first;
    struct level levels[MICRO_TREE_LEVELS_MAX];
};

/* `begin` sets walk->it; 0, or a negative errno value. */
struct way {
    int (*begin)(struct walk *walk, const node *root);
    void (*end)(struct walk *walk);
};

/* ---- plain recursion: the floor ---- */

static void visit(const node *n, int64_t *sum)
{
    if (n->left)
        visit(n->left, sum);
    micro_keep((uint64_t)n->value);
    *sum += n->value;
    if (n->right)
        visit(n->right, sum);
}

static enum micro_verdict measure_plain(struct micro_cell *cell)
{
    unsigned levels = (unsigned)cell->entry.number[0];
    const node *root = micro_tree_root(levels);
    int64_t sum = 0;
    struct micro_pace pace;
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace))
        for (uint64_t n = pace.chunk; n > 0; n--)
            visit(root, &sum);
    micro_keep((uint64_t)sum);
    return micro_timed(cell, pace.now - pace.begin,
                       pace.done * micro_tree_nodes(levels));
}

/* ---- coop, a generator for each node ---- */

static kit_completion coop_each(coop_gen *self, kit_value arg);

static kit_completion coop_child(coop_gen *self, const node *n)
{
    coop_gen *g;
    int result = coop_gen_create(&g, coop_each, kit_ptr(n), NULL);
    if (result < 0)
        return kit_throw(kit_int(result));
    kit_completion c = coop_gen_delegate(self, &coop_gen_iter(g)->iterable);
    coop_gen_destroy(g);
    return c;
}

static kit_completion coop_each(coop_gen *self, kit_value arg)
{
    const node *n = arg.p;
    kit_completion c = kit_next(kit_none());
    if (n->left)
        c = coop_child(self, n->left);
    if (!kit_is_abrupt(c))
        c = coop_gen_yield(self, kit_int(n->value));
    if (!kit_is_abrupt(c) && n->right)
        c = coop_child(self, n->right);
    return c;
}

/* ---- coop, one generator: its stack holds the recursion ---- */

static kit_completion coop_visit(coop_gen *self, const node *n)
{
    kit_completion c = kit_next(kit_none());
    if (n->left)
        c = coop_visit(self, n->left);
    if (!kit_is_abrupt(c))
        c = coop_gen_yield(self, kit_int(n->value));
    if (!kit_is_abrupt(c) && n->right)
        c = coop_visit(self, n->right);
    return c;
}

static kit_completion coop_one(coop_gen *self, kit_value arg)
{
    return coop_visit(self, arg.p);
}

static int coop_begin(struct walk *walk, coop_gen_fn body, const node *root)
{
    int result = coop_gen_create(&walk->gen.coop, body, kit_ptr(root), NULL);
    if (!result)
        walk->it = coop_gen_iter(walk->gen.coop);
    return result;
}

static int coop_each_begin(struct walk *walk, const node *root)
{
    return coop_begin(walk, coop_each, root);
}

static int coop_one_begin(struct walk *walk, const node *root)
{
    return coop_begin(walk, coop_one, root);
}

static void coop_end(struct walk *walk)
{
    coop_gen_destroy(walk->gen.coop);
}

/* ---- stackless: an array of frames, one for each level ---- */

static const coop_frame_function frame_walk;

static kit_iterable *at(struct level *level, const node *n)
{
    coop_frame_init(&level->frame, &frame_walk);
    level->node = n;
    return &level->frame.iter.iterable;
}

COOP_FRAME_FUNCTION(frame_walk)
{
    struct level *self = (struct level *)f;
    COOP_FRAME_BEGIN(f);
    if (self->node->left)
        COOP_FRAME_DELEGATE(f, at(self + 1, self->node->left));
    if (!kit_is_abrupt(how))
        COOP_FRAME_YIELD(f, kit_int(self->node->value));
    if (!kit_is_abrupt(how) && self->node->right)
        COOP_FRAME_DELEGATE(f, at(self + 1, self->node->right));
    COOP_FRAME_END(f);
    return kit_step_of_end(how);
}

static int frame_begin(struct walk *walk, const node *root)
{
    at(walk->levels, root);
    walk->it = &walk->levels->frame.iter;
    return 0;
}

static void frame_end(struct walk *walk)
{
    coop_frame_close(&walk->levels->frame);
}

/* ---- preempt: a thread for each node, in lock-step ---- */

static kit_completion preempt_each(preempt_gen *self, kit_value arg);

static int preempt_create(preempt_gen **g, const struct visit *visit)
{
    struct preempt_gen_options options = {
        .cpu_plus_one = micro_cpu(visit->cell, visit->level) + 1};
    return preempt_gen_create(g, preempt_each, kit_ptr(visit), &options);
}

static kit_completion preempt_child(preempt_gen *self,
                                    const struct visit *parent, const node *n)
{
    struct visit child = {n, parent->cell, parent->level + 1};
    preempt_gen *g;
    int result = preempt_create(&g, &child);
    if (result < 0)
        return kit_throw(kit_int(result));
    kit_completion c =
        preempt_gen_delegate(self, &preempt_gen_iter(g)->iterable);
    preempt_gen_destroy(g);
    return c;
}

static kit_completion preempt_each(preempt_gen *self, kit_value arg)
{
    const struct visit *visit = arg.p;
    const node *n = visit->node;
    kit_completion c = kit_next(kit_none());
    if (n->left)
        c = preempt_child(self, visit, n->left);
    if (!kit_is_abrupt(c))
        c = preempt_gen_yield(self, kit_int(n->value));
    if (!kit_is_abrupt(c) && n->right)
        c = preempt_child(self, visit, n->right);
    return c;
}

static int preempt_begin(struct walk *walk, const node *root)
{
    walk->first.node = root;
    int result = preempt_create(&walk->gen.preempt, &walk->first);
    if (!result)
        walk->it = preempt_gen_iter(walk->gen.preempt);
    return result;
}

static void preempt_end(struct walk *walk)
{
    preempt_gen_destroy(walk->gen.preempt);
}

/* ---- walking ---- */

static int begin(const struct micro_cell *cell)
{
    const struct way *way = cell->entry.how;
    struct walk *walk = cell->state;
    if (walk->it)
        way->end(walk);
    walk->it = NULL;
    walk->due = 0;
    return way->begin(walk, micro_tree_root((unsigned)cell->entry.number[0]));
}

/* The walk answered with no value, or with another than was due. */
static int go_on(const struct micro_cell *cell, kit_step s)
{
    const struct walk *walk = cell->state;
    int64_t nodes = (int64_t)micro_tree_nodes((unsigned)cell->entry.number[0]);
    if (s.state == KIT_FAILED)
        return (int)s.value.i;
    return s.state == KIT_DONE && walk->due == nodes ? begin(cell) : -EPROTO;
}

/* 0, or a negative errno value. */
static int step(const struct micro_cell *cell, uint64_t values)
{
    struct walk *walk = cell->state;
    int result = 0;
    while (values > 0 && result == 0) {
        kit_step s = kit_iter_next(walk->it, kit_none());
        if (s.state == KIT_YIELDED && s.value.i == walk->due) {
            walk->due++;
            values--;
        } else {
            result = go_on(cell, s);
        }
    }
    return result;
}

static enum micro_verdict measure(struct micro_cell *cell)
{
    struct micro_pace pace;
    int result = 0;
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace) && result == 0)
        result = step(cell, pace.chunk);
    if (result == -EPROTO)
        return micro_because(cell, MICRO_FAILED, "a value is missing");
    if (result < 0)
        return micro_because(cell, MICRO_SKIPPED, "%s", kit_error_text(result));
    return micro_timed(cell, pace.now - pace.begin, pace.done);
}

static enum micro_verdict prepare_tree(struct micro_cell *cell)
{
    if (micro_tree_take((unsigned)cell->entry.number[0]) < 0)
        return micro_because(cell, MICRO_SKIPPED, "no memory for the tree");
    return MICRO_OK;
}

static void release_tree(struct micro_cell *cell)
{
    micro_tree_drop((unsigned)cell->entry.number[0]);
}

static void release(struct micro_cell *cell)
{
    const struct way *way = cell->entry.how;
    struct walk *walk = cell->state;
    if (walk->it)
        way->end(walk);
    free(walk);
    release_tree(cell);
}

static enum micro_verdict prepare(struct micro_cell *cell)
{
    enum micro_verdict verdict = prepare_tree(cell);
    if (verdict != MICRO_OK)
        return verdict;
    struct walk *walk = cell->state = calloc(1, sizeof *walk);
    if (!walk)
        micro_fail("out of memory");
    walk->first = (struct visit){.cell = cell, .level = 1};
    int result = begin(cell);
    if (result == 0)
        return MICRO_OK;
    release(cell);
    return micro_because(cell, MICRO_SKIPPED, "%s", kit_error_text(result));
}

/* ---- the table ---- */

#define LEVELS_BIG     20 /* out of the cache */
#define LEVELS_THREADS 10

static void add(struct micro_table *t, unsigned levels, const char *name,
                struct micro_entry entry)
{
    snprintf(entry.figure, sizeof entry.figure,
             "tree of 2^%u - 1 nodes, per value%s", levels,
             levels == LEVELS_THREADS ? ", threads" : "");
    snprintf(entry.name, sizeof entry.name, "%s", name);
    entry.unit = "ns";
    entry.number[0] = levels;
    micro_add(t, entry);
}

static void add_way(struct micro_table *t, unsigned levels, const char *name,
                    const struct way *way)
{
    add(t, levels, name,
        (struct micro_entry){.prepare = prepare,
                             .measure = measure,
                             .release = release,
                             .how = way});
}

static void add_ways(struct micro_table *t, unsigned levels)
{
    struct micro_entry cxx = {.is_peer = true};
    static const struct way each = {coop_each_begin, coop_end},
                            one = {coop_one_begin, coop_end},
                            frame = {frame_begin, frame_end};
    add(t, levels, "plain recursion (floor)",
        (struct micro_entry){.prepare = prepare_tree,
                             .measure = measure_plain,
                             .release = release_tree});
    add_way(t, levels, "coop_gen, each node", &each);
    add_way(t, levels, "coop_gen, one, recursion inside", &one);
    add_way(t, levels, "coop_frame, each node", &frame);
    micro_cxx_walk_entry(&cxx);
    add(t, levels, "C++20 generator, each node", cxx);
}

static void add_script(struct micro_table *t, const char *name,
                       const struct micro_script *script)
{
    add(t, MICRO_WALK_SCRIPT_LEVELS, name,
        (struct micro_entry){.is_peer = true,
                             .measure = micro_script_measure,
                             .how = script,
                             .samples_max = t->plan->quick ? 2 : 5});
}

static void add_threads(struct micro_table *t)
{
    static const struct way way = {preempt_begin, preempt_end};
    unsigned placements = micro_placements(t);
    for (unsigned p = 0; p < placements; p++)
        add(t, LEVELS_THREADS, "preempt_gen, lock-step, each node",
            (struct micro_entry){.placement = (enum micro_placement)p,
                                 .prepare = prepare,
                                 .measure = measure,
                                 .release = release,
                                 .how = &way});
}

static void fill(struct micro_table *t)
{
    add_ways(t, LEVELS_BIG);
    add_ways(t, MICRO_WALK_SCRIPT_LEVELS);
    add_script(t, "Node.js yield*, each node", &micro_walk_node);
    add_script(t, "Python yield from, each node", &micro_walk_python);
    add_script(t, "Lua coroutine.wrap, each node", &micro_walk_lua_each);
    add_script(t, "Lua coroutine.wrap, one", &micro_walk_lua_one);
    add_threads(t);
    micro_add_nested(t);
}

const struct micro_group micro_walk_group = {
    .name = "walk",
    .summary = "recursive generators: trees in order, and deep delegation",
    .fill = fill,
    .full = {20, 10000000},
    .quick = {5, 4000000},
};
