/* SPDX-License-Identifier: MIT */
/*
 * A pool of workers: many empty jobs at a time, submitted and then waited for,
 * and one job at a time. Placement two has the submitter and the first worker
 * on two CPUs. The peer is the textbook's: a list under a mutex, a condition
 * variable for the workers and one for whoever waits.
 */
#include "core.h"
#include "together.h"

#include <preempt/pool.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#define BATCH       1024
#define WORKERS_MAX 2

struct textbook_job {
    struct textbook_job *next;
    preempt_job_fn body;
    kit_value value;
    bool is_done;
};

struct textbook {
    pthread_mutex_t mutex;
    pthread_cond_t submitted, done;
    struct textbook_job *first, *last;
    bool is_closed;
    pthread_t workers[WORKERS_MAX];
    unsigned count;
};

struct match {
    struct micro_cell *cell;
    int (*one_batch)(struct match *);
    union {
        preempt_pool *ours;
        struct textbook *textbook;
    } pool;
    union {
        preempt_job ours;
        struct textbook_job textbook;
    } * jobs;
    unsigned batch;
    struct micro_pace pace;
    int result;
};

struct kind {
    const char *name;
    bool is_peer;
    int (*begin)(struct match *, unsigned workers,
                 const struct kit_placement *cpus);
    void (*end)(struct match *);
    int (*one_batch)(struct match *);
};

static kit_value count_on(kit_value arg)
{
    return kit_int(arg.i + 1);
}

/* ---- ours ---- */

static int ours_begin(struct match *m, unsigned workers,
                      const struct kit_placement *cpus)
{
    struct preempt_sched_options so = {.placement = cpus};
    struct preempt_pool_options po = {.workers = workers};
    int result = preempt_sched_create(&po.sched, &so);
    if (result == 0)
        result = preempt_pool_create(&m->pool.ours, &po);
    if (result < 0)
        preempt_sched_destroy(po.sched);
    return result;
}

static void ours_end(struct match *m)
{
    preempt_sched *sched = preempt_pool_sched(m->pool.ours);
    preempt_pool_destroy(m->pool.ours);
    preempt_sched_destroy(sched);
}

static int ours_batch(struct match *m)
{
    int64_t sum = 0;
    int result = 0;
    for (unsigned i = 0; i < m->batch; i++) {
        preempt_job *j = &m->jobs[i].ours;
        preempt_job_init(j, count_on, kit_int(i), NULL);
        result |= preempt_pool_submit(m->pool.ours, j);
    }
    for (unsigned i = 0; i < m->batch; i++) {
        kit_value got = kit_int(0);
        result |= preempt_job_wait(&m->jobs[i].ours, &got);
        sum += got.i - i - 1;
    }
    return result | (sum != 0);
}

/* ---- peer: the textbook's ---- */

static void *textbook_work(void *arg)
{
    struct textbook *p = arg;
    pthread_mutex_lock(&p->mutex);
    for (;;) {
        while (!p->first && !p->is_closed)
            pthread_cond_wait(&p->submitted, &p->mutex);
        struct textbook_job *j = p->first;
        if (!j)
            break;
        p->first = j->next;
        pthread_mutex_unlock(&p->mutex);
        j->value = j->body(j->value);
        pthread_mutex_lock(&p->mutex);
        j->is_done = true;
        pthread_cond_signal(&p->done);
    }
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

static void textbook_submit(struct textbook *p, struct textbook_job *j)
{
    j->next = NULL;
    j->is_done = false;
    pthread_mutex_lock(&p->mutex);
    if (p->first)
        p->last->next = j;
    else
        p->first = j;
    p->last = j;
    pthread_cond_signal(&p->submitted);
    pthread_mutex_unlock(&p->mutex);
}

static int64_t textbook_wait(struct textbook *p, struct textbook_job *j)
{
    pthread_mutex_lock(&p->mutex);
    while (!j->is_done)
        pthread_cond_wait(&p->done, &p->mutex);
    pthread_mutex_unlock(&p->mutex);
    return j->value.i;
}

static void textbook_end(struct match *m)
{
    struct textbook *p = m->pool.textbook;
    pthread_mutex_lock(&p->mutex);
    p->is_closed = true;
    pthread_cond_broadcast(&p->submitted);
    pthread_mutex_unlock(&p->mutex);
    for (unsigned i = 0; i < p->count; i++)
        pthread_join(p->workers[i], NULL);
    pthread_cond_destroy(&p->submitted);
    pthread_cond_destroy(&p->done);
    pthread_mutex_destroy(&p->mutex);
    free(p);
}

static int textbook_begin(struct match *m, unsigned workers,
                          const struct kit_placement *cpus)
{
    struct textbook *p = calloc(1, sizeof *p);
    if (!p)
        return -ENOMEM;
    m->pool.textbook = p;
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->submitted, NULL);
    pthread_cond_init(&p->done, NULL);
    for (; p->count < workers; p->count++) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(cpus->cpus[p->count % cpus->count], &set);
        pthread_t *worker = &p->workers[p->count];
        int error = pthread_create(worker, NULL, textbook_work, p);
        if (error) {
            textbook_end(m);
            return -error;
        }
        pthread_setaffinity_np(*worker, sizeof set, &set);
    }
    return 0;
}

static int textbook_batch(struct match *m)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < m->batch; i++) {
        struct textbook_job *j = &m->jobs[i].textbook;
        j->body = count_on;
        j->value = kit_int(i);
        textbook_submit(m->pool.textbook, j);
    }
    for (unsigned i = 0; i < m->batch; i++)
        sum += textbook_wait(m->pool.textbook, &m->jobs[i].textbook) - i - 1;
    return sum != 0;
}

/* ---- measuring ---- */

/* On a thread of its own, which is pinned. */
static void submit(void *arg)
{
    struct match *m = arg;
    micro_pace_begin(&m->pace, m->cell->plan->slice_ns);
    while (micro_pace_next(&m->pace))
        for (uint64_t n = m->pace.chunk; n > 0; n--)
            m->result |= m->one_batch(m);
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
   one, worker 2 on the next. The pool lasts: it learns how to wait. */
static enum micro_verdict prepare(struct micro_cell *cell)
{
    const struct kind *kind = cell->entry.how;
    struct kit_placement cpus = {
        .cpus = {micro_cpu(cell, 1), micro_cpu(cell, 2)}, .count = 2};
    struct match *m = calloc(1, sizeof *m);
    if (!m)
        return micro_because(cell, MICRO_FAILED, "no memory");
    m->cell = cell;
    m->one_batch = kind->one_batch;
    m->batch = (unsigned)cell->entry.number[1];
    m->jobs = malloc(m->batch * sizeof *m->jobs);
    cell->state = m;
    if (m->jobs && kind->begin(m, (unsigned)cell->entry.number[0], &cpus) == 0)
        return MICRO_OK;
    free(m->jobs);
    free(m);
    return micro_because(cell, MICRO_FAILED, "no pool");
}

static enum micro_verdict measure(struct micro_cell *cell)
{
    return run_match(cell->state);
}

static void release(struct micro_cell *cell)
{
    const struct kind *kind = cell->entry.how;
    struct match *m = cell->state;
    kind->end(m);
    free(m->jobs);
    free(m);
}

/* ---- the table ---- */

static const struct kind kinds[] = {
    {"preempt_pool", false, ours_begin, ours_end, ours_batch},
    {"mutex + condition variables", true, textbook_begin, textbook_end,
     textbook_batch},
};

/* One figure at one placement. */
static void add_all(struct micro_table *t, enum micro_placement placement,
                    unsigned workers, unsigned batch)
{
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct micro_entry e = {.placement = placement,
                                .is_peer = kinds[k].is_peer,
                                .unit = "ns",
                                .prepare = prepare,
                                .measure = measure,
                                .release = release,
                                .how = &kinds[k],
                                .number = {workers, batch}};
        snprintf(e.figure, sizeof e.figure, "%s, %u worker%s",
                 batch > 1 ? "a batch of 1024 jobs, per job"
                           : "submit and wait for one job",
                 workers, workers > 1 ? "s" : "");
        snprintf(e.name, sizeof e.name, "%s", kinds[k].name);
        micro_add(t, e);
    }
}

static void fill(struct micro_table *t)
{
    unsigned placements = micro_placements(t);
    for (unsigned batch = BATCH; batch > 0; batch = batch > 1 ? 1 : 0)
        for (unsigned p = 0; p < placements; p++)
            for (unsigned workers = 1; workers <= WORKERS_MAX; workers++)
                add_all(t, (enum micro_placement)p, workers, batch);
}

const struct micro_group micro_pool_group = {
    .name = "pool",
    .summary = "jobs for a pool of workers",
    .fill = fill,
    .full = {15, 20000000},
    .quick = {5, 8000000},
};
