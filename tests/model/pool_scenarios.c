/* SPDX-License-Identifier: MIT */
/*
 * Pools: each job that is accepted is run once, or canceled, and whoever waits
 * for it learns which. Jobs are freed as soon as they are over, and the pool
 * when its users have left, so that a touch after that shows.
 */
#include "scenarios.h"

#include <preempt/pool.h>
#include <preempt/sync.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SOON INT64_C(1000000000) /* the deadline of the waits that have one */

enum { ANSWER = 42, JOBS_MAX = 3, USERS_MAX = 2 };

enum twist {
    NONE = 0,
    CLOSES,
    CANCELS_JOB,
    CANCELS_ALL,
    ALSO_WAITS,
    SUBMITS,
    CLOCK,
    MEETS
};

struct workshop {
    size_t workers;
    int jobs, users; /* jobs: of each user, at once */
    enum twist twist;
    enum kit_wait_strategy wait;
    bool nested; /* each job submits another, and waits for it */
};

static struct {
    const struct workshop *workshop;
    preempt_pool *pool;
    preempt_job *known; /* to the one who cancels it, or waits for it, too */
    preempt_event met;
    int runs, canceled;
} shared;

/* ---- jobs ---- */

static preempt_job *make_job(preempt_job_fn body)
{
    preempt_job *j = malloc(sizeof *j);
    preempt_job_init(j, body, kit_int(ANSWER - 1), NULL);
    return j;
}

static kit_value add_one(kit_value arg)
{
    shared.runs++;
    return kit_int(arg.i + 1);
}

static kit_value submit_another(kit_value arg)
{
    kit_value result = kit_none();
    preempt_job *j = make_job(add_one);
    (void)arg;
    model_check(preempt_pool_submit(shared.pool, j) == 0);
    model_check(preempt_job_wait(j, &result) == 0);
    free(j);
    return result;
}

/* It may be submitted at this moment, by another thread. */
static kit_value wait_for_known(kit_value arg)
{
    int result = preempt_job_wait(shared.known, NULL);
    model_check(result == 0 || result == -EINVAL);
    return kit_int(arg.i + 1);
}

/* The last job lets the one before it go on. */
static kit_value meet(kit_value arg)
{
    shared.runs++;
    model_check(preempt_event_wait(&shared.met) == 0);
    return kit_int(arg.i + 1);
}

static kit_value let_go(kit_value arg)
{
    preempt_event_set(&shared.met);
    return add_one(arg);
}

static preempt_job *job_of(int i)
{
    const struct workshop *w = shared.workshop;
    if (w->twist == MEETS && i > 0)
        return make_job(i == w->jobs - 1 ? let_go : meet);
    if (w->twist == SUBMITS)
        return make_job(wait_for_known);
    if (i == 0 && shared.known)
        return shared.known;
    return make_job(w->nested ? submit_another : add_one);
}

static bool may_be_canceled(void)
{
    return shared.workshop->twist == CANCELS_JOB ||
           shared.workshop->twist == CANCELS_ALL;
}

/* Until it is over, whatever happens: how many times it has run. */
static int await_job(preempt_job *j)
{
    kit_value value = kit_none();
    int result = -ETIMEDOUT;
    if (shared.workshop->twist == CLOCK)
        result = preempt_job_wait_until(j, &value, SOON);
    if (result == -ETIMEDOUT)
        result = preempt_job_wait(j, &value);
    model_check(result == 0 || (result == -ECANCELED && may_be_canceled()));
    model_check(result != 0 || value.i == ANSWER);
    model_check(preempt_job_state(j) ==
                (result ? PREEMPT_JOB_CANCELED : PREEMPT_JOB_ENDED));
    return result == 0;
}

/* ---- the threads ---- */

static bool submit(preempt_job *j)
{
    enum twist twist = shared.workshop->twist;
    int result = preempt_pool_submit(shared.pool, j);
    model_check(result == 0 || (result == -EPIPE &&
                                (twist == CLOSES || twist == CANCELS_ALL)));
    model_check(result == 0 || preempt_job_state(j) == PREEMPT_JOB_NEW);
    return result == 0;
}

static void *use(void *arg)
{
    const struct workshop *w = shared.workshop;
    preempt_job *jobs[JOBS_MAX];
    bool accepted[JOBS_MAX];
    (void)arg;
    for (int i = 0; i < w->jobs; i++) {
        jobs[i] = job_of(i);
        accepted[i] = submit(jobs[i]);
        if (w->twist == MEETS && i == 0)
            model_check(preempt_job_wait(jobs[i], NULL) == 0);
    }
    for (int i = 0; i < w->jobs; i++) {
        if (accepted[i])
            shared.canceled += !await_job(jobs[i]);
        else
            shared.canceled++;
        if (jobs[i] != shared.known)
            free(jobs[i]);
    }
    return NULL;
}

static void *do_twist(void *arg)
{
    int result;
    (void)arg;
    switch (shared.workshop->twist) {
    case CLOSES:
        model_check(preempt_pool_close(shared.pool) == 0);
        break;
    case CANCELS_JOB:
        result = preempt_job_cancel(shared.known);
        model_check(result == 0 || result == -EBUSY || result == -EINVAL);
        if (result == 0)
            model_check(preempt_job_wait(shared.known, NULL) == -ECANCELED);
        break;
    case CANCELS_ALL:
        preempt_pool_cancel(shared.pool);
        break;
    case ALSO_WAITS:
        result = preempt_job_wait(shared.known, NULL);
        model_check(result == 0 || result == -EINVAL); /* not yet submitted */
        break;
    case SUBMITS:
        model_check(preempt_pool_submit(shared.pool, shared.known) == 0);
        model_check(preempt_job_wait(shared.known, NULL) == 0);
        break;
    case CLOCK:
        model_clock_reach(SOON);
        break;
    case MEETS:
    case NONE:
        break;
    }
    return NULL;
}

/* The first user, too; then it waits for all others, and destroys the pool. */
static void *own(void *arg)
{
    const struct workshop *w = shared.workshop;
    struct preempt_pool_options o = {.workers = w->workers, .wait = w->wait};
    int others[USERS_MAX + 1], count = 0;
    preempt_event_init(&shared.met, NULL);
    model_check(preempt_pool_create(&shared.pool, &o) == 0);
    if (w->twist == CANCELS_JOB || w->twist == ALSO_WAITS ||
        w->twist == SUBMITS)
        shared.known = make_job(add_one);
    if (w->twist != NONE && w->twist != MEETS)
        others[count++] = model_thread_add("twist", do_twist, NULL);
    for (int i = 1; i < w->users; i++)
        others[count++] = model_thread_add("user", use, NULL);
    use(arg);
    while (count > 0)
        model_join(others[--count]);
    free(shared.known);
    model_check(preempt_pool_destroy(shared.pool) == 0);
    return NULL;
}

/* ---- before and after ---- */

static void begin(const void *arg)
{
    memset(&shared, 0, sizeof shared);
    shared.workshop = arg;
    model_thread_add("owner", own, NULL);
}

static void end(const void *arg)
{
    const struct workshop *w = arg;
    model_check(shared.runs + shared.canceled == w->users * w->jobs);
}

#define WORKSHOP(...)                                                          \
    begin, end, &(const struct workshop)                                       \
    {                                                                          \
        __VA_ARGS__                                                            \
    }
#define PARK  .wait = KIT_WAIT_PARK
#define ADAPT .wait = KIT_WAIT_ADAPTIVE

/* clang-format off */
const struct scenario pool_scenarios[] = {
    {"pool: one job", WORKSHOP(1, 1, 1, NONE, PARK), 3, {0}},
    {"pool: two jobs", WORKSHOP(1, 2, 1, NONE, PARK), 3, {0}},
    {"pool: two jobs, two workers", WORKSHOP(2, 2, 1, NONE, PARK), 1, {0}},
    {"pool: a job lets another go on", WORKSHOP(2, 3, 1, MEETS, PARK), 1, {0}},
    {"pool: two submit", WORKSHOP(1, 1, 2, NONE, PARK), 1, {0}},
    {"pool: two wait", WORKSHOP(1, 1, 1, ALSO_WAITS, PARK), 2, {0}},
    {"pool: deadline", WORKSHOP(1, 1, 1, CLOCK, PARK), 2, {0}},
    {"pool: close", WORKSHOP(1, 2, 1, CLOSES, PARK), 2, {0}},
    {"pool: close, two workers", WORKSHOP(2, 2, 1, CLOSES, PARK), 1, {0}},
    {"pool: cancel a job", WORKSHOP(1, 1, 1, CANCELS_JOB, PARK), 2, {0}},
    {"pool: cancel one of two", WORKSHOP(1, 2, 1, CANCELS_JOB, PARK), 2, {0}},
    {"pool: cancel all", WORKSHOP(1, 2, 1, CANCELS_ALL, PARK), 2, {0}},
    {"pool: a job waits for another",
     WORKSHOP(1, 1, 1, NONE, PARK, .nested = true), 3, {0}},
    {"pool: a job waits for one that is being submitted",
     WORKSHOP(1, 1, 1, SUBMITS, PARK), 2, {0}},
    {"pool: adaptive", WORKSHOP(1, 2, 1, NONE, ADAPT), 2, {0}},
    {"pool: late stores", WORKSHOP(1, 1, 1, NONE, PARK), 3,
     {.late_stores = true}},
    {NULL, NULL, NULL, NULL, 0, {0}},
};
