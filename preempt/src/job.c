/* SPDX-License-Identifier: MIT */
/*
 * A job as a future. Its end is one exchange of its state, unless somebody
 * waits for it: who waits says so under the pool's lock, and then the end takes
 * that lock, too, so that nobody frees a job that its worker still looks at.
 */
#include "pool_impl.h"

#include <kit/annotate.h>

#include <errno.h>
#include <sched.h>

static uint32_t state_of(const preempt_job *j)
{
    /* acquire: pairs with the release of whoever submitted or ended it */
    uint32_t state = atomic_load_explicit(&j->state, memory_order_acquire);
    KIT_TAKES(&j->state);
    return state & JOB_STATE;
}

/* Is there an end to wait for? */
static bool is_pending(uint32_t state)
{
    state &= JOB_STATE;
    return state == PREEMPT_JOB_QUEUED || state == PREEMPT_JOB_RUNNING;
}

const char *preempt_job_state_name(enum preempt_job_state state)
{
    static const char *const names[] = {"new", "queued", "running", "ended",
                                        "canceled"};
    return (unsigned)state <= PREEMPT_JOB_CANCELED ? names[state] : "malformed";
}

enum preempt_job_state preempt_job_state(const preempt_job *j)
{
    return (enum preempt_job_state)state_of(j);
}

void preempt_job_init(preempt_job *j, preempt_job_fn body, kit_value arg,
                      const char *name)
{
    *j = (preempt_job){.body = body, .value = arg};
    j->name = name ? name : "job";
    KIT_ALL_ATOMIC(&j->state, sizeof j->state);
}

/* ---- the end ---- */

/* The state is the last of the job that is touched: it may be gone then. */
struct preempt_waiter *preempt_job_settle_locked(preempt_job *j, uint32_t state)
{
    struct preempt_waiter *all = preempt_waiters_pop_all(&j->waiters);
    KIT_GIVES(&j->state);
    /* release: the result is for whoever sees the state */
    atomic_store_explicit(&j->state, state, memory_order_release);
    return all;
}

void preempt_job_settle(preempt_pool *p, preempt_job *j, uint32_t state)
{
    kit_lock_acquire(&p->lock);
    struct preempt_waiter *all = preempt_job_settle_locked(j, state);
    kit_lock_release(&p->lock);
    preempt_waiters_wake_list(all, WORD_SERVED);
}

void preempt_job_run(struct worker *me, preempt_job *j)
{
    uint32_t running = PREEMPT_JOB_RUNNING;
    bool former = preempt_shield(true);
    j->next = me->running;
    me->running = j;
    j->value = j->body(j->value);
    me->running = j->next;
    preempt_shield(former);
    KIT_GIVES(&j->state);
    /* release: as in preempt_job_settle */
    if (!atomic_compare_exchange_strong_explicit(
            &j->state, &running, PREEMPT_JOB_ENDED, memory_order_release,
            memory_order_relaxed))
        preempt_job_settle(me->pool, j, PREEMPT_JOB_ENDED);
}

/* Takes out a job, one that is only about to be pushed, too. False: it is
   somebody else's. */
static bool have(preempt_job *j, bool (*out)(preempt_pool *, preempt_job *))
{
    while (state_of(j) == PREEMPT_JOB_QUEUED) {
        if (out(j->pool, j))
            return true;
        sched_yield();
    }
    return false;
}

int preempt_job_cancel(preempt_job *j)
{
    if (state_of(j) == PREEMPT_JOB_NEW)
        return -EINVAL;
    return have(j, preempt_pool_cancel_job) ? 0 : -EBUSY;
}

/* ---- waiting ---- */

int preempt_job_try_wait(preempt_job *j, kit_value *result)
{
    switch (state_of(j)) {
    case PREEMPT_JOB_NEW:
        return -EINVAL;
    case PREEMPT_JOB_ENDED:
        if (result)
            *result = j->value;
        return 0;
    case PREEMPT_JOB_CANCELED:
        return -ECANCELED;
    default:
        return -EAGAIN;
    }
}

/* Under the lock: the end will take it, too. False: the job is over. */
static bool say_that_we_wait(preempt_job *j)
{
    uint32_t seen = atomic_load_explicit(&j->state, memory_order_relaxed);
    while (is_pending(seen))
        if (atomic_compare_exchange_weak_explicit(
                &j->state, &seen, seen | JOB_WAITED, memory_order_relaxed,
                memory_order_relaxed))
            return true;
    return false;
}

static int sleep_until_over(preempt_job *j, int64_t deadline)
{
    preempt_pool *p = j->pool;
    struct preempt_waiter w = preempt_waiter_make(sleeper_self(), NULL);
    struct wait why = {"wait for", j->name, deadline};
    kit_lock_acquire(&p->lock);
    bool must_wait = say_that_we_wait(j);
    if (must_wait)
        preempt_waiters_push(&j->waiters, &w);
    kit_lock_release(&p->lock);
    if (!must_wait)
        return 0;
    int how = preempt_waiter_wait(&w, &p->lock, &j->waiters, &why);
    return how < 0 ? how : 0;
}

static int await_over(preempt_job *j, int64_t deadline)
{
    preempt_pool *p = j->pool;
    struct kit_backoff b;
    bool slept = false;
    int result = 0;
    kit_backoff_begin(&b, &p->waiting, p->wait,
                      preempt_cpu_published(&p->worker_cpu), 1);
    if (p->count > 1)
        kit_backoff_hurry(&b);
    while (result == 0 && !slept && is_pending(state_of(j))) {
        if (!kit_backoff_poll(&b)) {
            result = sleep_until_over(j, deadline);
            slept = true;
        } else if (p->wait == KIT_WAIT_SPIN) {
            result = sleeper_may_wait(sleeper_self(), deadline);
        }
    }
    kit_backoff_end(&b, slept);
    return result;
}

static bool is_running_it(const struct worker *me, const preempt_job *j)
{
    const preempt_job *r = me->running;
    while (r && r != j)
        r = r->next;
    return r != NULL;
}

/* A worker does not wait for what it can do. 0: the job has been run, or is
   for others to end. */
static int help(struct worker *me, preempt_job *j)
{
    if (is_running_it(me, j))
        return -EDEADLK;
    if (have(j, preempt_pool_claim))
        preempt_job_run(me, j);
    return 0;
}

int preempt_job_wait_until(preempt_job *j, kit_value *result, int64_t deadline)
{
    int found = preempt_job_try_wait(j, result);
    if (found != -EAGAIN)
        return found;
    struct worker *me = preempt_worker_self();
    int error = sleeper_may_wait(sleeper_self(), deadline);
    if (error == 0 && me && me->pool == j->pool)
        error = help(me, j);
    if (error == 0)
        error = await_over(j, deadline);
    return error < 0 ? error : preempt_job_try_wait(j, result);
}

int preempt_job_wait(preempt_job *j, kit_value *result)
{
    return preempt_job_wait_until(j, result, KIT_FOREVER);
}
