/* SPDX-License-Identifier: MIT */
/*
 * One-way hand-offs between two threads, of which one may run at a time: there
 * and back, divided by two.
 */
#include "core.h"
#include "together.h"

#include <kit/backoff.h>
#include <kit/value.h>

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the parties meet at: one kind has one of them. */
union meeting {
    kit_handoff handoff;
    kit_word turn;
    sem_t semaphores[2];
    struct {
        pthread_mutex_t mutex;
        pthread_cond_t changed;
        unsigned turn;
    } monitor;
};

struct duel {
    union meeting at;
    int64_t slice_ns;
    struct micro_pace pace;
    _Atomic bool is_over; /* ordered by the hand-off that follows */
};

struct kind {
    const char *name;
    bool is_peer;
    void (*init)(union meeting *, enum kit_wait_strategy);
    void (*destroy)(union meeting *);
    void (*first)(void *duel), (*second)(void *duel);
    enum kit_wait_strategy strategy;
};

typedef void give_fn(union meeting *, unsigned to);
typedef void await_fn(union meeting *, unsigned me);

/* Inlined into each kind, so that each calls what it is about directly. */
static inline __attribute__((always_inline)) void
be_first(struct duel *d, give_fn *give, await_fn *await)
{
    micro_pace_begin(&d->pace, d->slice_ns);
    while (micro_pace_next(&d->pace)) {
        for (uint64_t n = d->pace.chunk; n > 0; n--) {
            give(&d->at, 1);
            await(&d->at, 0);
        }
    }
    atomic_store_explicit(&d->is_over, true, memory_order_relaxed);
    give(&d->at, 1);
}

static inline __attribute__((always_inline)) void
be_second(struct duel *d, give_fn *give, await_fn *await)
{
    for (;;) {
        await(&d->at, 1);
        if (atomic_load_explicit(&d->is_over, memory_order_relaxed))
            return;
        give(&d->at, 0);
    }
}

#define PARTIES(kind)                                                          \
    static void kind##_first(void *duel)                                       \
    {                                                                          \
        be_first(duel, kind##_give, kind##_await);                             \
    }                                                                          \
    static void kind##_second(void *duel)                                      \
    {                                                                          \
        be_second(duel, kind##_give, kind##_await);                            \
    }

/* ---- ours ---- */

static void ours_init(union meeting *at, enum kit_wait_strategy strategy)
{
    kit_handoff_init(&at->handoff, strategy);
}

static void ours_destroy(union meeting *at)
{
    kit_handoff_destroy(&at->handoff);
}

static inline void ours_give(union meeting *at, unsigned to)
{
    kit_handoff_give(&at->handoff, to);
}

static inline void ours_await(union meeting *at, unsigned me)
{
    kit_handoff_await(&at->handoff, me);
}

PARTIES(ours)

/* ---- peer: a futex ---- */

static void word_init(union meeting *at, enum kit_wait_strategy strategy)
{
    (void)strategy;
    at->turn = 0;
}

static void word_destroy(union meeting *at)
{
    (void)at;
}

static inline void futex_give(union meeting *at, unsigned to)
{
    atomic_store_explicit(&at->turn, to, memory_order_release);
    syscall(SYS_futex, &at->turn, FUTEX_WAKE_PRIVATE, 1);
}

static inline void futex_await(union meeting *at, unsigned me)
{
    while (atomic_load_explicit(&at->turn, memory_order_acquire) != me)
        syscall(SYS_futex, &at->turn, FUTEX_WAIT_PRIVATE, 1 - me, NULL);
}

PARTIES(futex)

/* ---- peer: polling with sched_yield ---- */

static inline void yield_give(union meeting *at, unsigned to)
{
    atomic_store_explicit(&at->turn, to, memory_order_release);
}

static inline void yield_await(union meeting *at, unsigned me)
{
    while (atomic_load_explicit(&at->turn, memory_order_acquire) != me)
        sched_yield();
}

PARTIES(yield)

/* ---- peer: POSIX semaphores ---- */

static void semaphore_init(union meeting *at, enum kit_wait_strategy strategy)
{
    (void)strategy;
    sem_init(&at->semaphores[0], 0, 0);
    sem_init(&at->semaphores[1], 0, 0);
}

static void semaphore_destroy(union meeting *at)
{
    sem_destroy(&at->semaphores[0]);
    sem_destroy(&at->semaphores[1]);
}

static inline void semaphore_give(union meeting *at, unsigned to)
{
    sem_post(&at->semaphores[to]);
}

static inline void semaphore_await(union meeting *at, unsigned me)
{
    while (sem_wait(&at->semaphores[me]) != 0)
        continue; /* a signal handler ran */
}

PARTIES(semaphore)

/* ---- peer: mutex and condition variable ---- */

static void monitor_init(union meeting *at, enum kit_wait_strategy strategy)
{
    (void)strategy;
    pthread_mutex_init(&at->monitor.mutex, NULL);
    pthread_cond_init(&at->monitor.changed, NULL);
    at->monitor.turn = 0;
}

static void monitor_destroy(union meeting *at)
{
    pthread_cond_destroy(&at->monitor.changed);
    pthread_mutex_destroy(&at->monitor.mutex);
}

static inline void monitor_give(union meeting *at, unsigned to)
{
    pthread_mutex_lock(&at->monitor.mutex);
    at->monitor.turn = to;
    pthread_cond_signal(&at->monitor.changed);
    pthread_mutex_unlock(&at->monitor.mutex);
}

static inline void monitor_await(union meeting *at, unsigned me)
{
    pthread_mutex_lock(&at->monitor.mutex);
    while (at->monitor.turn != me)
        pthread_cond_wait(&at->monitor.changed, &at->monitor.mutex);
    pthread_mutex_unlock(&at->monitor.mutex);
}

PARTIES(monitor)

/* ---- the table ---- */

#define OURS(strategy)                                                         \
    {                                                                          \
        "kit_handoff", false, ours_init, ours_destroy, ours_first,             \
            ours_second, strategy                                              \
    }

static const struct kind kinds[] = {
    OURS(KIT_WAIT_ADAPTIVE),
    OURS(KIT_WAIT_PARK),
    OURS(KIT_WAIT_SPIN),
    OURS(KIT_WAIT_CONDVAR),
    {"futex", true, word_init, word_destroy, futex_first, futex_second, 0},
    {"POSIX semaphores", true, semaphore_init, semaphore_destroy,
     semaphore_first, semaphore_second, 0},
    {"mutex + condition variable", true, monitor_init, monitor_destroy,
     monitor_first, monitor_second, 0},
    {"polling with sched_yield", true, word_init, word_destroy, yield_first,
     yield_second, 0},
};

static enum micro_verdict measure(struct micro_cell *cell)
{
    const struct kind *kind = cell->entry.how;
    struct duel d = {.slice_ns = cell->plan->slice_ns};
    struct micro_job jobs[] = {{micro_cpu(cell, 0), kind->first, &d},
                               {micro_cpu(cell, 1), kind->second, &d}};
    kind->init(&d.at, kind->strategy);
    int result = micro_together(jobs, 2);
    kind->destroy(&d.at);
    if (result < 0)
        return micro_because(cell, MICRO_FAILED, "%s", kit_error_text(result));
    return micro_timed(cell, d.pace.now - d.pace.begin, 2 * d.pace.done);
}

static void fill(struct micro_table *t)
{
    unsigned placements = micro_placements(t);
    for (unsigned p = 0; p < placements; p++) {
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            struct micro_entry e = {.figure = "one-way hand-off",
                                    .placement = (enum micro_placement)p,
                                    .is_peer = kinds[k].is_peer,
                                    .unit = "ns",
                                    .measure = measure,
                                    .how = &kinds[k]};
            bool is_ours = !e.is_peer;
            snprintf(e.name, sizeof e.name, "%s%s%s", kinds[k].name,
                     is_ours ? ", " : "",
                     is_ours ? kit_wait_strategy_name(kinds[k].strategy) : "");
            micro_add(t, e);
        }
    }
}

const struct micro_group micro_handoff_group = {
    .name = "handoff",
    .summary = "one thread lets another run",
    .fill = fill,
    .full = {15, 20000000},
    .quick = {5, 8000000},
};
