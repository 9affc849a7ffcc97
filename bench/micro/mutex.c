/* SPDX-License-Identifier: MIT */
/*
 * A mutex that nobody else wants, and one that two want: each of them lets the
 * other run while it has it, so that who gives it up finds the other waiting.
 */
#include "core.h"
#include "go.h"
#include "mains.h"
#include "together.h"

#include <coop/sync.h>
#include <preempt/sync.h>

#include <pthread.h>
#include <sched.h>
#include <stdio.h>

union mutex {
    coop_mutex coop;
    preempt_mutex preempt;
    pthread_mutex_t pthread;
};

typedef int lock_fn(union mutex *m); /* or unlock: 0, or an error */
typedef int yield_fn(void);

/* What two want. */
struct prize {
    union mutex mutex;
    struct micro_pace pace;
    uint64_t left;  /* until the next look at the clock */
    uint64_t locks; /* written only by who has the mutex */
    bool is_over;
};

struct party {
    struct prize *prize;
    uint64_t locks;
    int result;
};

struct kind {
    const char *name;
    bool is_peer;
    bool inherits_priority;
    int (*init)(union mutex *m, const struct kind *kind);
    int (*destroy)(union mutex *m);
    enum micro_verdict (*use_alone)(struct micro_cell *cell, union mutex *m);
    void (*compete)(void *party);
};

/* ---- what is done with any mutex; inlined, so that calls are direct ---- */

static inline __attribute__((always_inline)) enum micro_verdict
use_alone(struct micro_cell *cell, union mutex *m, lock_fn *lock,
          lock_fn *unlock)
{
    struct micro_pace pace;
    int result = 0;
    micro_pace_begin(&pace, cell->plan->slice_ns);
    while (micro_pace_next(&pace)) {
        for (uint64_t n = pace.chunk; n > 0; n--) {
            result |= lock(m);
            result |= unlock(m);
        }
    }
    if (result)
        return micro_because(cell, MICRO_FAILED, "the mutex failed");
    return micro_timed(cell, pace.now - pace.begin, pace.done);
}

/* By who has the mutex: two at once would spoil the count. */
static inline void count(struct prize *p)
{
    p->locks++;
    if (--p->left > 0)
        return;
    p->is_over = !micro_pace_next(&p->pace);
    p->left = p->pace.chunk;
}

static inline __attribute__((always_inline)) void
compete(struct party *me, lock_fn *lock, yield_fn *yield, lock_fn *unlock)
{
    struct prize *p = me->prize;
    bool is_over = false;
    while (!is_over && me->result == 0) {
        me->result |= lock(&p->mutex);
        is_over = p->is_over;
        if (!is_over) {
            count(p);
            me->locks++;
            yield();
        }
        me->result |= unlock(&p->mutex);
    }
}

/* ---- the kinds ---- */

static int coop_init(union mutex *m, const struct kind *kind)
{
    (void)kind;
    return coop_mutex_init(&m->coop, NULL);
}

static int coop_destroy(union mutex *m)
{
    return coop_mutex_destroy(&m->coop);
}

static inline int coop_lock(union mutex *m)
{
    return coop_mutex_lock(&m->coop);
}

static inline int coop_unlock(union mutex *m)
{
    return coop_mutex_unlock(&m->coop);
}

static int preempt_init(union mutex *m, const struct kind *kind)
{
    struct preempt_mutex_options options = {.inherits_priority =
                                                kind->inherits_priority};
    return preempt_mutex_init(&m->preempt, &options);
}

static int preempt_destroy(union mutex *m)
{
    return preempt_mutex_destroy(&m->preempt);
}

static inline int preempt_lock(union mutex *m)
{
    return preempt_mutex_lock(&m->preempt);
}

static inline int preempt_unlock(union mutex *m)
{
    return preempt_mutex_unlock(&m->preempt);
}

static int pthread_init(union mutex *m, const struct kind *kind)
{
    (void)kind;
    return -pthread_mutex_init(&m->pthread, NULL);
}

static int pthread_destroy(union mutex *m)
{
    return -pthread_mutex_destroy(&m->pthread);
}

static inline int pthread_lock(union mutex *m)
{
    return -pthread_mutex_lock(&m->pthread);
}

static inline int pthread_unlock(union mutex *m)
{
    return -pthread_mutex_unlock(&m->pthread);
}

#define USES(kind, yield)                                                      \
    static enum micro_verdict kind##_alone(struct micro_cell *cell,            \
                                           union mutex *m)                     \
    {                                                                          \
        return use_alone(cell, m, kind##_lock, kind##_unlock);                 \
    }                                                                          \
    static void kind##_compete(void *party)                                    \
    {                                                                          \
        compete(party, kind##_lock, yield, kind##_unlock);                     \
    }

USES(coop, coop_yield)
USES(preempt, preempt_yield)
USES(pthread, sched_yield)

#define KIND(prefix)                                                           \
    prefix##_init, prefix##_destroy, prefix##_alone, prefix##_compete

static const struct kind coop_kind = {"coop_mutex", false, false, KIND(coop)};
static const struct kind kinds[] = {
    {"preempt_mutex", false, false, KIND(preempt)},
    {"preempt_mutex, inherits priority", false, true, KIND(preempt)},
    {"pthread_mutex", true, false, KIND(pthread)},
};

/* ---- alone ---- */

static enum micro_verdict measure_alone(struct micro_cell *cell)
{
    const struct kind *kind = cell->entry.how;
    union mutex m;
    int result = kind->init(&m, kind);
    if (result)
        return micro_because(cell, MICRO_SKIPPED, "%s", kit_error_text(result));
    enum micro_verdict verdict = kind->use_alone(cell, &m);
    kind->destroy(&m);
    return verdict;
}

static enum micro_verdict coop_alone_main(struct micro_cell *cell,
                                          coop_sched *s)
{
    (void)s;
    return measure_alone(cell);
}

static enum micro_verdict measure_coop_alone(struct micro_cell *cell)
{
    return micro_in_coop(cell, coop_alone_main, NULL);
}

/* ---- two ---- */

static kit_value compete_task(kit_value arg)
{
    coop_compete(arg.p);
    return kit_none();
}

static int run_tasks(struct party *parties)
{
    coop_sched *s;
    int result = coop_sched_create(&s, NULL);
    for (int i = 0; !result && i < 2; i++)
        result = coop_spawn(s, NULL, compete_task, kit_ptr(&parties[i]), NULL);
    if (!result)
        result = coop_run(s);
    coop_sched_destroy(s);
    return result;
}

static int run_threads(const struct micro_cell *cell, const struct kind *kind,
                       struct party *parties)
{
    struct micro_job jobs[2];
    for (unsigned i = 0; i < 2; i++)
        jobs[i] =
            (struct micro_job){micro_cpu(cell, i), kind->compete, &parties[i]};
    return micro_together(jobs, 2);
}

static enum micro_verdict measure_two(struct micro_cell *cell)
{
    const struct kind *kind = cell->entry.how;
    struct prize prize = {.locks = 0};
    struct party parties[2] = {{.prize = &prize}, {.prize = &prize}};
    int result = kind->init(&prize.mutex, kind);
    if (result)
        return micro_because(cell, MICRO_SKIPPED, "%s", kit_error_text(result));
    micro_pace_begin(&prize.pace, cell->plan->slice_ns);
    prize.is_over = !micro_pace_next(&prize.pace);
    prize.left = prize.pace.chunk;
    result = kind == &coop_kind ? run_tasks(parties)
                                : run_threads(cell, kind, parties);
    kind->destroy(&prize.mutex);
    if (!result)
        result = parties[0].result | parties[1].result;
    if (result || parties[0].locks + parties[1].locks != prize.locks)
        return micro_because(cell, MICRO_FAILED, "two had the mutex at once");
    return micro_timed(cell, prize.pace.now - prize.pace.begin, prize.locks);
}

/* ---- the table ---- */

static void add(struct micro_table *t, const char *figure,
                const struct kind *kind, enum micro_placement placement,
                enum micro_verdict (*measure)(struct micro_cell *))
{
    struct micro_entry e = {.placement = placement,
                            .is_peer = kind->is_peer,
                            .unit = "ns",
                            .measure = measure,
                            .how = kind};
    snprintf(e.figure, sizeof e.figure, "%s", figure);
    snprintf(e.name, sizeof e.name, "%s", kind->name);
    micro_add(t, e);
}

static void add_go(struct micro_table *t, const char *measurement)
{
    struct micro_entry like = t->cells[t->count - 1].entry;
    micro_add_go(t, &like, "Go, sync.Mutex", measurement, 0, 0);
}

static void add_threads(struct micro_table *t, const char *figure,
                        enum micro_placement placement,
                        enum micro_verdict (*measure)(struct micro_cell *))
{
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        add(t, figure, &kinds[k], placement, measure);
}

static void fill(struct micro_table *t)
{
    static const char alone[] = "lock and unlock, nobody else wants it";
    unsigned placements = micro_placements(t);
    add(t, alone, &coop_kind, MICRO_ONE, measure_coop_alone);
    add_threads(t, alone, MICRO_ONE, measure_alone);
    add_go(t, "mutex");
    add(t, "held across a yield, two tasks", &coop_kind, MICRO_ONE,
        measure_two);
    add_go(t, "handover");
    for (unsigned p = 0; p < placements; p++) {
        add_threads(t, "held across a yield, two threads",
                    (enum micro_placement)p, measure_two);
        add_go(t, "handover");
    }
}

const struct micro_group micro_mutex_group = {
    .name = "mutex",
    .summary = "one lock and unlock",
    .fill = fill,
    .full = {15, 20000000},
    .quick = {5, 5000000},
};
