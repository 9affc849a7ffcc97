/* SPDX-License-Identifier: MIT */
/*
 * Items of 8 bytes through a channel, from P producers to as many consumers.
 * A slice lasts for a time; then each consumer is sent an END. All queues are
 * used by the same loops, inlined, and every item is accounted for.
 */
#include "boost_queue.h"
#include "core.h"
#include "flow.h"
#include "go.h"
#include "posix_queue.h"
#include "together.h"

#include <coop/chan.h>
#include <coop/task.h>
#include <preempt/chan.h>

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#if MICRO_CK
#include <ck_ring.h>
#endif

/* With several threads a slice is so much longer (and there are fewer of them):
   each thread should get many time slices of the kernel, or who is served
   least would be whoever had one less. */
#define STRETCH      6
#define STRETCH_MANY 20 /* with eight, for a result; then beside a hog, too */
#define STRETCH_HOG  4
#define SLICES_MANY  5
#define SLICES_QUICK 2

#define CAPACITY_MAX 1024

struct kind {
    const char *name;
    bool is_peer;
    bool has_any_capacity; /* 0 too, and not powers of two alone */
    unsigned pairs;        /* for which it is; 0: any */
    void *(*create)(size_t capacity, enum kit_wait_strategy strategy);
    void (*destroy)(void *queue);
    void (*produce)(void *party), (*consume)(void *party);
    bool waits; /* by a strategy, which its name tells */
    enum kit_wait_strategy strategy;
};

/* ---- coop_chan ---- */

static void *coop_make(size_t capacity, enum kit_wait_strategy strategy)
{
    coop_chan *ch;
    (void)strategy;
    return coop_chan_create(&ch, sizeof(uint64_t), capacity, NULL) < 0 ? NULL
                                                                       : ch;
}

static void coop_unmake(void *queue)
{
    coop_chan_destroy(queue);
}

static inline int coop_put(void *queue, uint64_t item)
{
    return coop_chan_send(queue, &item);
}

/* 0, the end, never comes: nobody closes. */
static inline int coop_get(void *queue, uint64_t *item)
{
    return coop_chan_recv(queue, item) == 1 ? 0 : -1;
}

PARTIES(coop)

/* ---- preempt_chan ---- */

static void *preempt_open(size_t capacity,
                          const struct preempt_chan_options *options)
{
    preempt_chan *ch;
    return preempt_chan_create(&ch, sizeof(uint64_t), capacity, options) < 0
               ? NULL
               : ch;
}

static void *preempt_make(size_t capacity, enum kit_wait_strategy strategy)
{
    return preempt_open(capacity,
                        &(struct preempt_chan_options){.wait = strategy});
}

static void *preempt_make_single(size_t capacity,
                                 enum kit_wait_strategy strategy)
{
    return preempt_open(capacity, &(struct preempt_chan_options){
                                      .wait = strategy, .single = true});
}

static void preempt_unmake(void *queue)
{
    preempt_chan_destroy(queue);
}

static inline int preempt_put(void *queue, uint64_t item)
{
    return preempt_chan_send(queue, &item);
}

static inline int preempt_get(void *queue, uint64_t *item)
{
    return preempt_chan_recv(queue, item) == 1 ? 0 : -1;
}

PARTIES(preempt)

/* ---- peer: ck_ring ---- */

#if MICRO_CK
struct ck_queue {
    ck_ring_t ring;
    ck_ring_buffer_t cells[];
};

/* Sizes are powers of two, and one cell stays empty. */
static void *ck_make(size_t capacity, enum kit_wait_strategy strategy)
{
    size_t size = capacity < 2 ? 2 : capacity;
    struct ck_queue *q;
    (void)strategy;
    if (posix_memalign((void **)&q, 128, sizeof *q + size * sizeof *q->cells))
        return NULL;
    ck_ring_init(&q->ring, (unsigned)size);
    return q;
}

static inline int ck_spsc_put(void *queue, uint64_t item)
{
    struct ck_queue *q = queue;
    while (!ck_ring_enqueue_spsc(&q->ring, q->cells, (void *)item))
        sched_yield();
    return 0;
}

static inline int ck_spsc_get(void *queue, uint64_t *item)
{
    struct ck_queue *q = queue;
    while (!ck_ring_dequeue_spsc(&q->ring, q->cells, item))
        sched_yield();
    return 0;
}

PARTIES(ck_spsc)

static inline int ck_mpmc_put(void *queue, uint64_t item)
{
    struct ck_queue *q = queue;
    while (!ck_ring_enqueue_mpmc(&q->ring, q->cells, (void *)item))
        sched_yield();
    return 0;
}

static inline int ck_mpmc_get(void *queue, uint64_t *item)
{
    struct ck_queue *q = queue;
    while (!ck_ring_dequeue_mpmc(&q->ring, q->cells, item))
        sched_yield();
    return 0;
}

PARTIES(ck_mpmc)
#endif

/* ---- a slice ---- */

static void begin(struct flow *flow, struct micro_cell *cell, void *queue)
{
    flow->queue = queue;
    flow->slice_ns = cell->plan->slice_ns;
    flow->pairs = (unsigned)cell->entry.number[0];
    bool is_long = flow->pairs > 2 && !cell->plan->quick;
    flow->slice_ns *= is_long ? STRETCH_MANY : flow->pairs > 1 ? STRETCH : 1;
    if (cell->entry.number[2] && !is_long)
        flow->slice_ns *= STRETCH_HOG;
    flow->producing = flow->consuming = flow->pairs;
    for (unsigned i = 0; i < flow->pairs; i++)
        flow->producers[i].flow = flow->consumers[i].flow = flow;
}

static double evenness(const struct flow *flow)
{
    uint64_t least = UINT64_MAX, most = 1;
    for (unsigned i = 0; i < flow->pairs; i++) {
        uint64_t items = flow->consumers[i].items;
        least = items < least ? items : least;
        most = items > most ? items : most;
    }
    return (double)least / (double)most;
}

/* Everything that was sent has arrived; how long it took, per item. */
static enum micro_verdict account(struct micro_cell *cell,
                                  const struct flow *flow)
{
    uint64_t sent = 0, got = 0, balance = 0;
    int64_t first = INT64_MAX, last = 0;
    for (unsigned i = 0; i < flow->pairs; i++) {
        const struct party *p = &flow->producers[i], *c = &flow->consumers[i];
        if (p->result < 0 || c->result < 0)
            return micro_because(cell, MICRO_FAILED, "the channel failed");
        sent += p->items;
        got += c->items;
        balance += p->sum - c->sum;
        first = p->pace.begin < first ? p->pace.begin : first;
        last = c->end > last ? c->end : last;
    }
    if (sent != got || balance != 0)
        return micro_because(cell, MICRO_FAILED,
                             "items were lost: %" PRIu64 " sent, %" PRIu64
                             " received, sums differ by %" PRId64,
                             sent, got, (int64_t)balance);
    cell->value[1] = evenness(flow);
    return micro_timed(cell, last - first, sent);
}

/* Takes its CPU as long as there is a consumer. */
static void be_hog(void *flow)
{
    const struct flow *f = flow;
    while (__atomic_load_n(&f->consuming, __ATOMIC_RELAXED) > 0)
        continue;
}

static int run_threads(const struct kind *kind, struct micro_cell *cell,
                       struct flow *flow)
{
    struct micro_job jobs[2 * PAIRS_MAX + MICRO_CPUS_MAX];
    unsigned hogs = cell->entry.number[2] == 0           ? 0
                    : cell->entry.placement == MICRO_TWO ? 2
                                                         : 1;
    unsigned pairs = flow->pairs;
    /* With two pairs or more on two CPUs, each CPU has some of both sides. */
    for (unsigned i = 0; i < pairs; i++) {
        jobs[i] = (struct micro_job){micro_cpu(cell, i), kind->produce,
                                     &flow->producers[i]};
        jobs[pairs + i] = (struct micro_job){
            micro_cpu(cell, pairs + i), kind->consume, &flow->consumers[i]};
    }
    for (unsigned i = 0; i < hogs; i++)
        jobs[2 * pairs + i] =
            (struct micro_job){micro_cpu(cell, i), be_hog, flow};
    return micro_together(jobs, 2 * pairs + hogs);
}

static enum micro_verdict measure(struct micro_cell *cell)
{
    const struct kind *kind = cell->entry.how;
    struct flow flow = {.queue = NULL};
    void *queue = kind->create(cell->entry.number[1], kind->strategy);
    if (!queue)
        return micro_because(cell, MICRO_FAILED, "no memory for the channel");
    begin(&flow, cell, queue);
    int result = run_threads(kind, cell, &flow);
    kind->destroy(queue);
    if (result < 0)
        return micro_because(cell, MICRO_FAILED, "%s", kit_error_text(result));
    return account(cell, &flow);
}

/* ---- the same with tasks in place of threads ---- */

static kit_value produce_task(kit_value arg)
{
    coop_produce(arg.p);
    return kit_none();
}

static kit_value consume_task(kit_value arg)
{
    coop_consume(arg.p);
    return kit_none();
}

static int run_tasks(struct flow *flow)
{
    coop_sched *s;
    int result = coop_sched_create(&s, NULL);
    for (unsigned i = 0; !result && i < flow->pairs; i++)
        result = coop_spawn(s, NULL, produce_task, kit_ptr(&flow->producers[i]),
                            NULL);
    for (unsigned i = 0; !result && i < flow->pairs; i++)
        result = coop_spawn(s, NULL, consume_task, kit_ptr(&flow->consumers[i]),
                            NULL);
    if (!result)
        result = coop_run(s);
    coop_sched_destroy(s);
    return result;
}

static enum micro_verdict measure_coop(struct micro_cell *cell)
{
    struct flow flow = {.queue = NULL};
    void *queue = coop_make(cell->entry.number[1], 0);
    if (!queue)
        return micro_because(cell, MICRO_FAILED, "no memory for the channel");
    begin(&flow, cell, queue);
    int result = run_tasks(&flow);
    coop_unmake(queue);
    if (result < 0)
        return micro_because(cell, MICRO_FAILED, "%s", kit_error_text(result));
    return account(cell, &flow);
}

/* ---- the table ---- */

#define OURS(strategy)                                                         \
    {                                                                          \
        "preempt_chan", false, true, 0, preempt_make, preempt_unmake,          \
            preempt_produce, preempt_consume, true, strategy                   \
    }

/* At capacity 0 it is the same. */
#define OURS_SINGLE(strategy)                                                  \
    {                                                                          \
        "preempt_chan, single", false, false, 1, preempt_make_single,          \
            preempt_unmake, preempt_produce, preempt_consume, true, strategy   \
    }

/* Which capacities there are is the system's to say. */
static const struct kind posix_queue = {
    .name = "POSIX message queue",
    .is_peer = true,
    .create = micro_posix_queue_make,
    .destroy = micro_posix_queue_unmake,
    .produce = micro_posix_queue_produce,
    .consume = micro_posix_queue_consume,
};

static const struct kind kinds[] = {
    OURS(KIT_WAIT_ADAPTIVE),
    OURS(KIT_WAIT_PARK),
    OURS(KIT_WAIT_SPIN),
    OURS(KIT_WAIT_CONDVAR),
    OURS_SINGLE(KIT_WAIT_ADAPTIVE),
    OURS_SINGLE(KIT_WAIT_SPIN),
#if MICRO_CK
    {"ck_ring SPSC, sched_yield", true, false, 1, ck_make, free,
     ck_spsc_produce, ck_spsc_consume, false, 0},
    {"ck_ring MPMC, sched_yield", true, false, 0, ck_make, free,
     ck_mpmc_produce, ck_mpmc_consume, false, 0},
#endif
#if MICRO_LOCKFREE
    {"Boost spsc_queue, sched_yield", true, false, 1, micro_boost_queue_make,
     micro_boost_queue_unmake, micro_boost_queue_produce,
     micro_boost_queue_consume, false, 0},
#endif
};

struct shape {
    enum micro_placement placement;
    unsigned pairs;
    size_t capacity;
    bool has_hog; /* one on each CPU */
};

static struct micro_entry entry_of(const struct micro_table *t,
                                   const struct shape *shape, const char *what)
{
    struct micro_entry e = {
        .placement = shape->placement,
        .unit = "ns",
        .number = {shape->pairs, shape->capacity, shape->has_hog}};
    snprintf(e.figure, sizeof e.figure, "%s, %uP%uC, capacity %zu%s", what,
             shape->pairs, shape->pairs, shape->capacity,
             shape->has_hog ? ", beside a hog" : "");
    if (shape->pairs > 1) {
        e.second_figure = ": least / most served";
        e.second_unit = "ratio";
    }
    if (shape->pairs > 1 || shape->has_hog)
        e.samples_max = t->plan->quick ? SLICES_QUICK : SLICES_MANY;
    return e;
}

static void add_go(struct micro_table *t, const struct shape *shape,
                   const char *what)
{
    struct micro_entry like = entry_of(t, shape, what);
    micro_add_go(t, &like, "Go, channel", "channel", shape->pairs,
                 shape->capacity);
}

static void add_tasks(struct micro_table *t, const struct shape *shape)
{
    struct micro_entry e = entry_of(t, shape, "tasks");
    e.measure = measure_coop;
    snprintf(e.name, sizeof e.name, "coop_chan");
    micro_add(t, e);
    add_go(t, shape, "tasks");
}

static void add_threads(struct micro_table *t, const struct shape *shape,
                        const struct kind *kind)
{
    struct micro_entry e = entry_of(t, shape, "threads");
    const char *strategy =
        kind->waits ? kit_wait_strategy_name(kind->strategy) : "";
    e.is_peer = kind->is_peer;
    e.measure = measure;
    e.how = kind;
    snprintf(e.name, sizeof e.name, "%s%s%s", kind->name,
             kind->waits ? ", " : "", strategy);
    micro_add(t, e);
}

/* Beside a hog those that only spin are left out: every wait of theirs is a
   time slice of the kernel. */
static bool suits(const struct kind *kind, const struct shape *shape)
{
    if (shape->capacity == 0 && !kind->has_any_capacity)
        return false;
    if (kind->pairs && kind->pairs != shape->pairs)
        return false;
    return !shape->has_hog || !kind->waits || kind->strategy != KIT_WAIT_SPIN;
}

static void add_block(struct micro_table *t, const struct shape *shape)
{
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (suits(&kinds[k], shape))
            add_threads(t, shape, &kinds[k]);
    if (suits(&posix_queue, shape) &&
        micro_posix_queue_is_there(shape->capacity))
        add_threads(t, shape, &posix_queue);
    if (!shape->has_hog)
        add_go(t, shape, "threads");
}

static void note_peers(struct micro_table *t)
{
#if MICRO_CK
    micro_note(t, "a ck_ring of size n holds n - 1 items: sizes 2, 128 and "
                  "1024 stand for the capacities; it cannot block");
#else
    micro_note(t, "Concurrency Kit was not there when this was built");
#endif
#if !MICRO_LOCKFREE
    micro_note(t, "Boost.Lockfree was not there when this was built");
#endif
    if (!micro_posix_queue_is_there(CAPACITY_MAX))
        micro_note(t,
                   "this process may have no POSIX message queue of %d: see "
                   "mq_overview(7)",
                   CAPACITY_MAX);
}

static void fill(struct micro_table *t)
{
    static const size_t capacities[] = {0, 1, 128, CAPACITY_MAX};
    static const unsigned pairs[] = {1, 4, 2};
    unsigned placements = micro_placements(t), shapes = t->plan->quick ? 2 : 3;
    for (unsigned i = 0; i < shapes; i++)
        for (size_t c = 0; c < 4; c++)
            add_tasks(t, &(struct shape){.pairs = pairs[i],
                                         .capacity = capacities[c]});
    for (unsigned i = 0; i < shapes; i++)
        for (unsigned p = 0; p < placements; p++)
            for (size_t c = 0; c < 4; c++)
                add_block(t, &(struct shape){(enum micro_placement)p, pairs[i],
                                             capacities[c], false});
    note_peers(t);
}

static void fill_hog(struct micro_table *t)
{
    static const size_t capacities[] = {128, 1};
    static const unsigned pairs[] = {1, 4};
    unsigned placements = micro_placements(t);
    for (int i = 0; i < 2; i++)
        for (unsigned p = 0; p < placements; p++)
            for (int c = 0; c < (t->plan->quick ? 1 : 2); c++)
                add_block(t, &(struct shape){(enum micro_placement)p, pairs[i],
                                             capacities[c], true});
    micro_note(t, "a hog is a thread that computes, on each CPU that is used");
    note_peers(t);
}

const struct micro_group micro_hog_group = {
    .name = "hog",
    .summary = "items through a channel on CPUs that others use, too",
    .fill = fill_hog,
    .full = {SLICES_MANY, 100000000},
    .quick = {SLICES_QUICK, 5000000},
};

const struct micro_group micro_channel_group = {
    .name = "channel",
    .summary = "items of 8 bytes through a channel, per item",
    .fill = fill,
    .full = {9, 15000000},
    .quick = {3, 5000000},
};
