/* SPDX-License-Identifier: MIT */
/*
 * Helper threads for calls that block. A task hands in a job, which lies on
 * its stack, and waits; a helper takes it, runs it, and puts it on the list of
 * those that are finished, of which an eventfd tells the scheduler.
 *
 * A semaphore counts the jobs and not a condition variable tells of them:
 * those of glibc before 2.41 can lose a wake-up.
 */
#include "offload.h"
#include "poller.h"
#include "waiters.h"

#include <coop/fd.h>

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct job {
    struct coop_waiter place; /* in the queue, or among the finished */
    kit_value (*call)(kit_value arg);
    kit_value value; /* the argument, then the result */
    bool is_done;    /* for the task */
    struct coop_waiters waiter;
};

struct coop_helpers {
    pthread_mutex_t lock; /* for the queue, the finished, is_ending */
    sem_t posted;         /* at least as often as jobs are in the queue */
    struct coop_waiters queue;
    struct coop_waiters finished;
    bool is_ending;
    int alarm; /* an eventfd */
    int jobs;  /* that tasks wait for */
    int count; /* of threads */
    int limit;
    pthread_t threads[];
};

static struct job *job_at(struct coop_waiter *place)
{
    return place ? KIT_CONTAINER(place, struct job, place) : NULL;
}

/* ---- on the helper's thread ---- */

/* False: there will be no more. A job that was posted may have been withdrawn
   since: then it is NULL. */
static bool take_job(struct coop_helpers *h, struct job **job)
{
    while (sem_wait(&h->posted) < 0) /* a signal */
        continue;
    pthread_mutex_lock(&h->lock);
    *job = job_at(coop_waiters_take(&h->queue));
    if (*job)
        (*job)->place.queue = NULL;
    bool is_ending = h->is_ending;
    pthread_mutex_unlock(&h->lock);
    return !is_ending;
}

/* The scheduler takes all finished ones at once: only the first is news. */
static void hand_back(struct coop_helpers *h, struct job *job)
{
    pthread_mutex_lock(&h->lock);
    bool is_news = !h->finished.first;
    coop_waiters_add(&h->finished, &job->place);
    pthread_mutex_unlock(&h->lock);
    if (is_news)
        eventfd_write(h->alarm, 1);
}

static void *help(void *arg)
{
    struct coop_helpers *h = arg;
    struct job *job;
    while (take_job(h, &job)) {
        if (!job)
            continue;
        job->value = job->call(job->value);
        hand_back(h, job);
    }
    return NULL;
}

/* ---- the threads ---- */

/* The program's signals are not for helpers; faults are whose they are. */
static void block_signals(sigset_t *former)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    sigset_t most;
    sigfillset(&most);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&most, faults[i]);
    pthread_sigmask(SIG_BLOCK, &most, former);
}

static int hire(struct coop_helpers *h)
{
    sigset_t former;
    block_signals(&former);
    int error = pthread_create(&h->threads[h->count], NULL, help, h);
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    if (error == 0)
        h->count++;
    return -error;
}

/* A further helper when all are busy, and there may be one; -EAGAIN when
   there is none at all. */
static int have_helper(struct coop_helpers *h)
{
    if (h->jobs < h->count || h->count == h->limit)
        return 0;
    int saved = errno, result = hire(h);
    errno = saved;
    return h->count > 0 ? 0 : result;
}

/* ---- their life ---- */

/* errno may be changed. */
static int open_alarm(coop_sched *s, int *alarm)
{
    *alarm = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (*alarm < 0)
        return -errno;
    int result = coop_poller_admit(s, *alarm);
    if (result == 0)
        result = coop_poller_register(s, *alarm);
    if (result < 0) {
        coop_poller_forget(s, *alarm); /* another file will have its number */
        close(*alarm);
    }
    return result;
}

static int create(coop_sched *s)
{
    size_t limit = (size_t)s->offload_threads;
    struct coop_helpers *h = calloc(1, sizeof *h + limit * sizeof(pthread_t));
    if (!h)
        return -ENOMEM;
    int result = open_alarm(s, &h->alarm);
    if (result < 0) {
        free(h);
        return result;
    }
    h->limit = s->offload_threads;
    pthread_mutex_init(&h->lock, NULL);
    sem_init(&h->posted, 0, 0);
    s->helpers = h;
    return 0;
}

static int have_helpers(coop_sched *s)
{
    if (KIT_LIKELY(s->helpers != NULL))
        return 0;
    int saved = errno, result = create(s);
    errno = saved;
    return result;
}

static void end_threads(struct coop_helpers *h)
{
    pthread_mutex_lock(&h->lock);
    h->is_ending = true;
    pthread_mutex_unlock(&h->lock);
    for (int i = 0; i < h->count; i++)
        sem_post(&h->posted);
    for (int i = 0; i < h->count; i++)
        pthread_join(h->threads[i], NULL);
}

void coop_offload_destroy(coop_sched *s)
{
    struct coop_helpers *h = s->helpers;
    int saved = errno;
    if (!h)
        return;
    end_threads(h);
    close(h->alarm);
    sem_destroy(&h->posted);
    pthread_mutex_destroy(&h->lock);
    free(h);
    errno = saved;
}

/* ---- for the poller ---- */

bool coop_offload_is_alarm(const coop_sched *s, int fd)
{
    return s->helpers && s->helpers->alarm == fd;
}

/* Nobody reads the alarm: each time it is written is an edge. */
void coop_offload_finish(coop_sched *s)
{
    struct coop_helpers *h = s->helpers;
    pthread_mutex_lock(&h->lock);
    struct coop_waiters finished = h->finished;
    h->finished = (struct coop_waiters){NULL};
    pthread_mutex_unlock(&h->lock);
    struct job *job;
    while ((job = job_at(coop_waiters_take(&finished)))) {
        job->is_done = true;
        coop_serve_all(&job->waiter, 0);
    }
}

/* ---- on the task ---- */

static void hand_in(struct coop_helpers *h, struct job *job)
{
    pthread_mutex_lock(&h->lock);
    coop_waiters_add(&h->queue, &job->place);
    pthread_mutex_unlock(&h->lock);
    sem_post(&h->posted);
}

/* False: it has been begun. */
static bool withdraw(struct coop_helpers *h, struct job *job)
{
    pthread_mutex_lock(&h->lock);
    bool is_queued = job->place.queue == &h->queue;
    if (is_queued)
        coop_waiters_remove(&job->place);
    pthread_mutex_unlock(&h->lock);
    return is_queued;
}

/* Even when the task is canceled: so without asking whether it may wait. */
static int wait_for(coop_sched *s, struct job *job, int64_t deadline)
{
    static const char *const name = "an offloaded call";
    coop_waiters_add(&job->waiter, &s->current->waiter);
    return coop_wait(s, "finish", &name, deadline);
}

static int wait_until_done(coop_sched *s, struct job *job, int64_t deadline)
{
    int result = wait_for(s, job, deadline);
    while (!job->is_done) {
        if (withdraw(s->helpers, job))
            return result;
        result = wait_for(s, job, KIT_FOREVER);
    }
    return 0;
}

static int run_elsewhere(coop_sched *s, struct job *job, int64_t deadline)
{
    hand_in(s->helpers, job);
    s->helpers->jobs++;
    s->outside++;
    int result = wait_until_done(s, job, deadline);
    s->outside--;
    s->helpers->jobs--;
    return result;
}

int coop_offload_until(kit_value (*call)(kit_value arg), kit_value arg,
                       kit_value *result, int64_t deadline)
{
    coop_sched *s = coop_running_sched();
    if (!s)
        return -EDEADLK;
    int failure = coop_may_wait(s, deadline);
    if (failure == 0)
        failure = have_helpers(s);
    if (failure == 0)
        failure = have_helper(s->helpers);
    if (failure < 0)
        return failure;
    struct job job = {.call = call, .value = arg};
    failure = run_elsewhere(s, &job, deadline);
    if (failure == 0 && result)
        *result = job.value;
    return failure;
}

int coop_offload(kit_value (*call)(kit_value arg), kit_value arg,
                 kit_value *result)
{
    return coop_offload_until(call, arg, result, KIT_FOREVER);
}
