/* SPDX-License-Identifier: MIT */
/*
 * The parts of workloads that are made of tasks: *_task.h. Each is written
 * once and compiled for each library, as the generators are (generators.h):
 * K(spawn) is coop_spawn where K says coop, and preempt_spawn where it says
 * preempt. Who includes them defines K first, and includes the library's
 * headers.
 *
 * A workload begins as one task, its main body, which makes the others and
 * joins them.
 */
#ifndef KIT_TASKS_H
#define KIT_TASKS_H

#include "workload.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef K(sched) sched;
typedef K(task) task;
typedef K(chan) chan;
typedef struct K(sched_options) sched_options;
typedef struct K(task_options) task_options;
typedef struct K(chan_options) chan_options;

/* All that belongs to one run of a workload. */
struct crew {
    sched *sched;
    const struct workload_params *params;
    struct workload_result *result;
    chan_options joint;         /* of each channel */
    task_options many;          /* of a task that is one of a great many */
    int (*main)(struct crew *); /* 0 or -errno */
    int error;
    _Atomic int failed; /* an error of a task that nobody joins */
};

static inline kit_value crew_begin(kit_value arg)
{
    struct crew *c = arg.p;
    c->error = c->main(c);
    return kit_none();
}

/* Runs the main body and all that it spawns. 0 or -errno. */
static inline int crew_run(struct crew *c, const sched_options *options)
{
    int error = K(sched_create)(&c->sched, options);
    if (!error)
        error = K(spawn)(c->sched, NULL, crew_begin, kit_ptr(c), NULL);
    if (!error)
        error = K(run)(c->sched);
    int ended = K(sched_destroy)(c->sched);
    if (!error)
        error = c->error ? c->error : atomic_load(&c->failed);
    return error ? error : ended;
}

static inline int crew_channel(struct crew *c, chan **out, size_t size)
{
    return K(chan_create)(out, size, c->params->capacity, &c->joint);
}

/* ---- some tasks with the same body ---- */

/* Apart from each other in memory: threads write into them. */
struct member {
    _Alignas(128) struct crew *crew;
    void *shared; /* by the members of a team */
    uint64_t index;
    int (*body)(struct member *); /* 0 or -errno */
    task *task;
    int error;
    uint64_t sum;           /* the body's, for the checksum */
    _Atomic uint64_t turns; /* how often it was served */
    _Atomic uint64_t work;  /* nominal ns of what it has done */
};

static inline kit_value member_begin(kit_value arg)
{
    struct member *m = arg.p;
    m->error = m->body(m);
    return kit_none();
}

/* The memory of so many members; NULL: none left. */
static inline struct member *team_create(size_t count)
{
    size_t size = (count ? count : 1) * sizeof(struct member);
    struct member *team = aligned_alloc(_Alignof(struct member), size);
    if (team)
        memset(team, 0, size);
    return team;
}

/* Begins the tasks of `count` members. After an error some of them run. */
static inline int team_start(struct crew *c, struct member *team, size_t count,
                             int (*body)(struct member *), void *shared)
{
    int error = 0;
    for (size_t i = 0; !error && i < count; i++) {
        struct member *m = &team[i];
        m->crew = c, m->shared = shared, m->body = body, m->index = i;
        error = K(spawn)(c->sched, &m->task, member_begin, kit_ptr(m), NULL);
        if (error)
            m->task = NULL;
    }
    return error;
}

/* Joins those that were begun. 0, or what the first failure gave. */
static inline int team_join(struct member *team, size_t count)
{
    int error = 0;
    for (size_t i = 0; i < count; i++) {
        int joined = team[i].task ? K(join)(team[i].task, NULL) : 0;
        joined = joined ? joined : team[i].error;
        error = error ? error : joined;
    }
    return error;
}

/* Counts a turn, and the work that it took, where others may read it. */
static inline void member_served(struct member *m, uint64_t work)
{
    uint64_t turns = atomic_load_explicit(&m->turns, memory_order_relaxed);
    uint64_t done = atomic_load_explicit(&m->work, memory_order_relaxed);
    atomic_store_explicit(&m->turns, turns + 1, memory_order_relaxed);
    atomic_store_explicit(&m->work, done + work, memory_order_relaxed);
}

#endif
