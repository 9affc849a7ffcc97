/* SPDX-License-Identifier: MIT */
/*
 * A pool of workers: many empty jobs at a time, submitted and then waited for,
 * and one job at a time. Placement two has the submitter and the first worker
 * on two CPUs.
 */
#include "core.h"
#include "together.h"

#include <preempt/pool.h>

#include <stdio.h>
#include <stdlib.h>

#define BATCH 1024

struct match {
    struct micro_cell *cell;
    preempt_pool *pool;
    preempt_job *jobs;
    unsigned batch;
    struct micro_pace pace;
    int result;
};

static kit_value count_on(kit_value arg)
{
    return kit_int(arg.i + 1);
}

static int one_batch(struct match *m)
{
    int result = 0;
    kit_value sum = kit_int(0), got = kit_int(0);
    for (unsigned i = 0; i < m->batch; i++) {
        preempt_job_init(&m->jobs[i], count_on, kit_int(i), NULL);
        result |= preempt_pool_submit(m->pool, &m->jobs[i]);
    }
    for (unsigned i = 0; i < m->batch; i++) {
        result |= preempt_job_wait(&m->jobs[i], &got);
        sum.i += got.i - i - 1;
    }
    return result | (sum.i != 0);
}

/* On a thread of its own, which is pinned. */
static void submit(void *arg)
{
    struct match *m = arg;
    micro_pace_begin(&m->pace, m->cell->plan->slice_ns);
    while (micro_pace_next(&m->pace))
        for (uint64_t n = m->pace.chunk; n > 0; n--)
            m->result |= one_batch(m);
}

static enum micro_verdict run_match(struct match *m)
{
    struct micro_job job = {micro_cpu(m->cell, 0), submit, m};
    int result = micro_together(&job, 1);
    if (result == 0)
        result = m->result;
    if (result)
        return micro_because(m->cell, MICRO_FAILED, "a job was not done");
    return micro_timed(m->cell, m->pace.now - m->pace.begin,
                       m->pace.done * m->batch);
}

/* Worker 1 beside the submitter where there is one CPU, and else on the other
   one, worker 2 on the next. */
static enum micro_verdict measure(struct micro_cell *cell)
{
    struct kit_placement cpus = {
        .cpus = {micro_cpu(cell, 1), micro_cpu(cell, 2)}, .count = 2};
    struct preempt_sched_options so = {.placement = &cpus};
    struct preempt_pool_options po = {.workers = cell->entry.number[0]};
    struct match m = {.cell = cell, .batch = (unsigned)cell->entry.number[1]};
    enum micro_verdict verdict = MICRO_FAILED;
    m.jobs = malloc(m.batch * sizeof *m.jobs);
    if (m.jobs && preempt_sched_create(&po.sched, &so) == 0 &&
        preempt_pool_create(&m.pool, &po) == 0)
        verdict = run_match(&m);
    else
        micro_because(cell, MICRO_FAILED, "no pool");
    preempt_pool_destroy(m.pool);
    preempt_sched_destroy(po.sched);
    free(m.jobs);
    return verdict;
}

static void fill(struct micro_table *t)
{
    static const struct {
        const char *figure;
        uint64_t batch;
    } figures[] = {{"batch of 1024 jobs, per job", BATCH},
                   {"submit and wait for one job", 1}};
    unsigned placements = micro_placements(t);
    for (size_t f = 0; f < 2; f++) {
        for (unsigned p = 0; p < placements; p++) {
            for (unsigned workers = 1; workers <= 2; workers++) {
                struct micro_entry e = {.placement = (enum micro_placement)p,
                                        .unit = "ns",
                                        .measure = measure,
                                        .number = {workers, figures[f].batch}};
                snprintf(e.figure, sizeof e.figure, "%s", figures[f].figure);
                snprintf(e.name, sizeof e.name, "preempt_pool, %u worker%s",
                         workers, workers > 1 ? "s" : "");
                micro_add(t, e);
            }
        }
    }
}

const struct micro_group micro_pool_group = {
    .name = "pool",
    .summary = "jobs for a pool of workers",
    .fill = fill,
    .full = {15, 20000000},
    .quick = {5, 8000000},
};
