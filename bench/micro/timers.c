/* SPDX-License-Identifier: MIT */
/*
 * Sleepers, each with a deadline of its own, drawn at random. Two figures of
 * each: to fall asleep and to wake at the deadline; and to fall asleep and to
 * be canceled, long before it.
 *
 * Of many tasks each is out of the cache when its turn comes, and its page is
 * to be walked to: that is so however they wait. So beside those that sleep
 * there are some that park instead, and are unparked in the order of the
 * deadlines, as many at a time as the scheduler fires timers: what they take
 * less is what the timers cost.
 *
 * On coop all fall asleep before the first deadline, and the main task waits
 * without sleeping until the last one has passed: so nothing but work is
 * timed, and all have to wake in the order of their deadlines. The kernel
 * wakes threads one by one, and goroutines are woken by a thread of their own:
 * of these the CPU time is taken.
 */
#include "core.h"
#include "go.h"
#include "mains.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define MANY          1000000
#define MANY_BYTES    ((int64_t)8 << 30) /* with so much memory to be had */
#define THREADS_MANY  10000
#define LEAST_LEAD_NS INT64_C(100000)
#define LEAD_NS_EACH  1000
#define LEAD_GROWTH   1024
#define LEAD_NS_MOST  INT64_C(16000000000)
#define SLOWER        20 /* threads are slower to fall asleep */
#define SAMPLES       3
#define LONG          10000
#define FAR_NS        INT64_C(3600000000000)
#define AT_A_TIME     64

struct sleeper;

struct night {
    size_t count;
    int64_t lead; /* from now to the first deadline; to the last: twice */
    uint64_t seed;
    struct sleeper *sleepers;
    bool is_wrong;  /* an order or a result */
    double sums[2]; /* ns, over all rounds */
    uint64_t operations;
    /* of coop */
    bool parks; /* until somebody unparks it, in place of the deadline */
    size_t awake;
    int64_t last; /* deadline of who woke */
    /* of threads */
    kit_word arrived, phase;
};

struct sleeper {
    struct night *night;
    int64_t deadline;
    coop_task *coop;
    preempt_task *preempt;
};

static int64_t cpu_time(clockid_t whose)
{
    struct timespec t;
    clock_gettime(whose, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* xorshift64 */
static uint64_t draw(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void draw_deadlines(struct night *n, int64_t begin, int64_t window)
{
    for (size_t i = 0; i < n->count; i++)
        n->sleepers[i].deadline =
            begin + (int64_t)(draw(&n->seed) % (uint64_t)window);
}

static int night_create(struct night *n, size_t count)
{
    *n = (struct night){.count = count, .seed = 0x9e3779b97f4a7c15};
    n->sleepers = calloc(count, sizeof *n->sleepers);
    n->lead = (int64_t)count * LEAD_NS_EACH;
    n->lead = n->lead < LEAST_LEAD_NS ? LEAST_LEAD_NS : n->lead;
    for (size_t i = 0; n->sleepers && i < count; i++)
        n->sleepers[i].night = n;
    return n->sleepers ? 0 : -1;
}

/* ---- coop ---- */

/* What many sleepers take is longer than a time slice of the kernel, and the
   CPU time costs more to read than what few of them take. */
static int64_t work_now(const struct night *n)
{
    return n->count < LONG ? kit_now() : cpu_time(CLOCK_THREAD_CPUTIME_ID);
}

static void coop_arrive(struct night *n, bool is_right)
{
    n->is_wrong |= !is_right;
    n->awake++;
}

static kit_value coop_sleeper(kit_value arg)
{
    struct sleeper *me = arg.p;
    struct night *n = me->night;
    coop_park("wait for", "the night");
    int64_t deadline = me->deadline; /* on a page that is visited anyway */
    int result = n->parks ? coop_park("wait for", "the morning")
                          : coop_sleep_until(deadline);
    bool is_in_order = deadline >= n->last;
    n->last = deadline;
    coop_arrive(n, result == 0 && is_in_order);
    coop_park("wait for", "the second night");
    coop_arrive(n, coop_sleep_until(me->deadline) == -ECANCELED);
    return kit_none();
}

/* They run until they wait for the night. */
static int coop_spawn_all(struct night *n, coop_sched *s)
{
    for (size_t i = 0; i < n->count; i++) {
        struct sleeper *one = &n->sleepers[i];
        int result =
            coop_spawn(s, &one->coop, coop_sleeper, kit_ptr(one), NULL);
        if (result < 0)
            return result;
    }
    return coop_yield();
}

/* All fall asleep: how long that took. */
static int64_t coop_fall_asleep(struct night *n)
{
    n->awake = 0;
    for (size_t i = 0; i < n->count; i++)
        coop_unpark(n->sleepers[i].coop);
    int64_t begin = work_now(n);
    coop_yield();
    return work_now(n) - begin;
}

/* When a task is ready, the scheduler looks at its timers every few switches:
   at most that many of these yields are for nothing. */
static void coop_await_all(const struct night *n)
{
    while (n->awake < n->count)
        coop_yield();
}

static int by_deadline(const void *a, const void *b)
{
    const struct sleeper *const *x = a, *const *y = b;
    return ((*x)->deadline > (*y)->deadline) -
           ((*x)->deadline < (*y)->deadline);
}

/* Those that park, in the order in which they are to be unparked. */
static void unpark_in_order(struct sleeper **order, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        coop_unpark(order[i]->coop);
        if ((i + 1) % AT_A_TIME == 0)
            coop_yield();
    }
    coop_yield();
}

/* False: there is no memory for their order. */
static bool coop_wake_parked(struct night *n)
{
    struct sleeper **order = calloc(n->count, sizeof(struct sleeper *));
    if (!order)
        return false;
    draw_deadlines(n, 0, n->lead);
    for (size_t i = 0; i < n->count; i++)
        order[i] = &n->sleepers[i];
    qsort(order, n->count, sizeof(struct sleeper *), by_deadline);
    n->last = 0;
    int64_t took = coop_fall_asleep(n), begin = work_now(n);
    unpark_in_order(order, n->count);
    n->sums[0] += (double)(took + work_now(n) - begin);
    n->is_wrong |= n->awake != n->count;
    free(order);
    return true;
}

/* False: they were too slow to fall asleep before the first deadline. */
static bool coop_wake_in_time(struct night *n)
{
    int64_t first = kit_now() + n->lead, end = first + n->lead;
    draw_deadlines(n, first, n->lead);
    n->last = 0;
    int64_t took = coop_fall_asleep(n);
    bool in_time = kit_now() < first;
    while (kit_now() < end)
        continue;
    int64_t begin = work_now(n);
    coop_await_all(n);
    n->sums[0] += in_time ? (double)(took + work_now(n) - begin) : 0;
    return in_time;
}

static int64_t coop_cancel_all(struct night *n)
{
    draw_deadlines(n, kit_now() + FAR_NS, FAR_NS);
    int64_t took = coop_fall_asleep(n), begin = work_now(n);
    for (size_t i = 0; i < n->count; i++)
        coop_cancel(n->sleepers[i].coop);
    coop_await_all(n);
    return took + work_now(n) - begin;
}

/* Counts when all was in time; otherwise the next one has more time. */
static int coop_round(struct night *n, coop_sched *s)
{
    int result = coop_spawn_all(n, s);
    if (result < 0)
        return result;
    bool in_time = n->parks ? coop_wake_parked(n) : coop_wake_in_time(n);
    bool was_wrong = n->is_wrong && in_time;
    int64_t canceling = coop_cancel_all(n);
    for (size_t i = 0; i < n->count; i++)
        coop_join(n->sleepers[i].coop, NULL);
    if (!in_time) {
        n->lead *= 2;
        n->is_wrong = false;
        return 0;
    }
    n->sums[1] += (double)canceling;
    n->operations += n->count;
    n->is_wrong |= was_wrong;
    return 0;
}

static enum micro_verdict coop_main(struct micro_cell *cell, coop_sched *s)
{
    struct night *n = cell->state;
    int64_t end = kit_now() + cell->plan->slice_ns;
    int64_t most = n->lead * LEAD_GROWTH;
    most = most > LEAD_NS_MOST ? LEAD_NS_MOST : most;
    while (n->operations == 0 || kit_now() < end) {
        int result = coop_round(n, s);
        if (result < 0)
            return micro_because(cell, MICRO_FAILED, "%s",
                                 kit_error_text(result));
        if (n->operations == 0 && n->lead > most)
            return micro_because(cell, MICRO_SKIPPED, "too slow to sleep");
    }
    return MICRO_OK;
}

/* ---- threads ---- */

static void preempt_arrive(struct night *n)
{
    if (atomic_fetch_add(&n->arrived, 1) + 1 == n->count)
        kit_wake(&n->arrived, 1);
}

static void preempt_await_all(struct night *n)
{
    uint32_t arrived;
    while ((arrived = atomic_load(&n->arrived)) < n->count)
        kit_wait(&n->arrived, arrived, KIT_FOREVER);
}

static void await_phase(struct night *n, uint32_t phase)
{
    uint32_t now;
    while ((now = atomic_load(&n->phase)) != phase)
        kit_wait(&n->phase, now, KIT_FOREVER);
}

static kit_value preempt_sleeper(kit_value arg)
{
    static const int wanted[] = {0, -ECANCELED};
    struct sleeper *me = arg.p;
    struct night *n = me->night;
    preempt_arrive(n);
    int64_t wrong = 0;
    for (uint32_t phase = 1; phase <= 2; phase++) {
        await_phase(n, phase);
        wrong += preempt_sleep_until(me->deadline) != wanted[phase - 1];
        preempt_arrive(n);
    }
    return kit_int(wrong);
}

static int preempt_spawn_all(struct night *n, preempt_sched *s, size_t *spawned)
{
    for (*spawned = 0; *spawned < n->count; ++*spawned) {
        struct sleeper *one = &n->sleepers[*spawned];
        int result = preempt_spawn(s, &one->preempt, preempt_sleeper,
                                   kit_ptr(one), NULL);
        if (result < 0)
            return result;
    }
    preempt_await_all(n);
    return 0;
}

static void begin_phase(struct night *n, uint32_t phase)
{
    atomic_store(&n->arrived, 0);
    atomic_store(&n->phase, phase);
    kit_wake(&n->phase, INT32_MAX);
}

/* The CPU time of all: to wake in time, and to be canceled. */
static void preempt_time(struct night *n)
{
    draw_deadlines(n, kit_now() + n->lead * SLOWER, n->lead * SLOWER);
    int64_t begin = cpu_time(CLOCK_PROCESS_CPUTIME_ID);
    begin_phase(n, 1);
    preempt_await_all(n);
    n->sums[0] = (double)(cpu_time(CLOCK_PROCESS_CPUTIME_ID) - begin);
    draw_deadlines(n, kit_now() + FAR_NS, FAR_NS);
    begin = cpu_time(CLOCK_PROCESS_CPUTIME_ID);
    begin_phase(n, 2);
    usleep((useconds_t)(n->lead * SLOWER / 1000));
    for (size_t i = 0; i < n->count; i++)
        preempt_cancel(n->sleepers[i].preempt);
    preempt_await_all(n);
    n->sums[1] = (double)(cpu_time(CLOCK_PROCESS_CPUTIME_ID) - begin);
    n->operations = n->count;
}

/* When there cannot be so many, those there are have nothing to wait for. */
static enum micro_verdict preempt_main(struct micro_cell *cell,
                                       preempt_sched *s)
{
    struct night *n = cell->state;
    size_t spawned;
    int result = preempt_spawn_all(n, s, &spawned);
    if (result == 0)
        preempt_time(n);
    for (size_t i = 0; result && i < spawned; i++)
        preempt_cancel(n->sleepers[i].preempt);
    for (uint32_t phase = 1; result && phase <= 2; phase++)
        begin_phase(n, phase);
    for (size_t i = 0; i < spawned; i++) {
        kit_value wrong;
        preempt_join(n->sleepers[i].preempt, &wrong);
        n->is_wrong |= wrong.i != 0;
    }
    if (result == 0)
        return MICRO_OK;
    n->is_wrong = false;
    return micro_because(cell, MICRO_SKIPPED, "%s", kit_error_text(result));
}

/* ---- a slice ---- */

struct kind {
    const char *name;
    bool is_coop, parks;
};

static enum micro_verdict measure(struct micro_cell *cell)
{
    const struct kind *kind = cell->entry.how;
    struct night n;
    if (night_create(&n, cell->entry.number[0]) < 0)
        return micro_because(cell, MICRO_SKIPPED, "no memory");
    n.parks = kind->parks;
    cell->state = &n;
    enum micro_verdict verdict = kind->is_coop
                                     ? micro_in_coop(cell, coop_main, NULL)
                                     : micro_in_preempt(cell, preempt_main);
    free(n.sleepers);
    kit_stack_pool_trim(kit_stack_pool_of_thread(), 16);
    if (verdict != MICRO_OK)
        return verdict;
    if (n.is_wrong)
        return micro_because(cell, MICRO_FAILED,
                             "some woke out of order, or for a wrong reason");
    for (int i = 0; i < 2; i++)
        cell->value[i] = n.sums[i] / (double)n.operations;
    return MICRO_OK;
}

/* ---- the table ---- */

static struct micro_entry entry_of(const struct kind *kind, size_t count)
{
    struct micro_entry e = {.unit = "ns",
                            .measure = measure,
                            .how = kind,
                            .number = {count},
                            .second_figure = ", canceled instead",
                            .second_unit = "ns"};
    if (kind->parks)
        e.second_figure = NULL;
    snprintf(e.figure, sizeof e.figure, "each of %zu sleepers", count);
    snprintf(e.name, sizeof e.name, "%s", kind->name);
    return e;
}

static void add_coop(struct micro_table *t, const struct kind *kind,
                     size_t count)
{
    struct micro_entry e = entry_of(kind, count);
    e.samples_max = count >= MANY ? 1 : count >= LONG ? SAMPLES : 0;
    micro_add(t, e);
}

static void add(struct micro_table *t, size_t count)
{
    static const struct kind coop = {"coop tasks", true, false},
                             parked = {"coop tasks, parked instead", true,
                                       true},
                             preempt = {"preempt tasks", false, false};
    struct micro_entry threads = entry_of(&preempt, count),
                       go = entry_of(&parked, count);
    add_coop(t, &coop, count);
    add_coop(t, &parked, count);
    threads.samples_max = t->plan->quick || count >= THREADS_MANY ? 1 : SAMPLES;
    if (count <= THREADS_MANY)
        micro_add(t, threads);
    if (count < MANY)
        micro_add_go(t, &go, "Go, goroutines", "sleepers", count, 0);
}

static bool is_room_for_many(void)
{
    int64_t pages = sysconf(_SC_AVPHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages * size >= MANY_BYTES;
}

static void fill(struct micro_table *t)
{
    static const size_t counts[] = {10, 1000, 10000, 100000, MANY};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (t->plan->quick && counts[i] >= LONG)
            break;
        if (counts[i] == MANY && !is_room_for_many())
            micro_note(t,
                       "%d sleepers skipped: they take about 5 GB, and less "
                       "than 8 GB is free",
                       MANY);
        else
            add(t, counts[i]);
    }
    micro_note(t, "of threads and goroutines it is the CPU time; coop tasks "
                  "do nothing but what is timed");
    micro_note(t, "what those that park take less is what the timers cost");
}

const struct micro_group micro_timers_group = {
    .name = "timers",
    .summary = "falling asleep, and waking at the deadline or canceled",
    .fill = fill,
    .full = {15, 10000000},
    .quick = {3, 3000000},
};
