/* SPDX-License-Identifier: MIT */
/*
 * The pool: submission, the queue, the workers.
 *
 * A submission pushes the job on a stack by one exchange, and looks whether a
 * worker sleeps. Workers take jobs from a list under a lock; whoever finds the
 * list empty moves the whole stack into it, oldest first. So submitters and
 * workers meet once for many jobs when there are many, and a job can be taken
 * out of the middle of the list.
 *
 * No wake-up is lost: a worker says that it is idle and looks at the stack, and
 * a submitter pushes and looks for idlers, both in sequentially consistent
 * order, so that one of them sees the other. The worker does both under the
 * lock, so that nobody moves jobs from the stack to the list between the two.
 */
#include "pool_impl.h"

#include <kit/annotate.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A worker that was woken and found no job, because those who were awake had
 * taken them all, naps: for this long it is woken only where all sleep. So many
 * short jobs do not cost a wake-up each.
 */
#define NAP_NS 1000000

/* Of the CPU, from look to look: a submitter of many jobs gets ahead by some,
   and does not have to share each cache line that it writes. */
#define PAUSES 16

static _Thread_local struct worker *worker_self;

struct worker *preempt_worker_self(void)
{
    return worker_self;
}

/* ---- the queue ---- */

static bool is_closed(const preempt_pool *p)
{
    return atomic_load_explicit(&p->pushed, memory_order_relaxed) & POOL_CLOSED;
}

/* Under the lock: nobody else changes the state of a job that is queued. */
static void set_state(preempt_job *j, uint32_t state)
{
    uint32_t seen = atomic_load_explicit(&j->state, memory_order_relaxed);
    atomic_store_explicit(&j->state, (seen & JOB_WAITED) | state,
                          memory_order_relaxed);
}

/* Under the lock, which orders it; has_jobs looks without. */
static preempt_job *first_of(const preempt_pool *p)
{
    return atomic_load_explicit(&p->first, memory_order_relaxed);
}

static void set_first(preempt_pool *p, preempt_job *j)
{
    atomic_store_explicit(&p->first, j, memory_order_relaxed);
}

/* Is it worth while to take the lock? */
static bool has_jobs(const preempt_pool *p)
{
    return first_of(p) ||
           (atomic_load_explicit(&p->pushed, memory_order_relaxed) &
            ~POOL_CLOSED);
}

/* Under the lock: what was pushed goes behind the list, oldest first. */
static void gather(preempt_pool *p)
{
    /* seq_cst: after the store to `idle`, see above */
    if (!(atomic_load_explicit(&p->pushed, memory_order_seq_cst) &
          ~POOL_CLOSED))
        return;
    /* acquire: pairs with the release in push */
    uintptr_t all = atomic_fetch_and_explicit(&p->pushed, POOL_CLOSED,
                                              memory_order_acquire);
    KIT_TAKES(&p->pushed);
    preempt_job *newest = (preempt_job *)(all & ~POOL_CLOSED), *later = NULL;
    for (preempt_job *j = newest, *earlier; j; later = j, j = earlier) {
        earlier = j->next;
        j->next = later;
        if (later)
            later->previous = j;
        set_state(j, PREEMPT_JOB_QUEUED | JOB_LISTED);
    }
    later->previous = p->last;
    if (p->last)
        p->last->next = later;
    else
        set_first(p, later);
    p->last = newest;
}

/* Under the lock: out of the list. */
static void unlink_job(preempt_pool *p, preempt_job *j)
{
    if (j->previous)
        j->previous->next = j->next;
    else
        set_first(p, j->next);
    if (j->next)
        j->next->previous = j->previous;
    else
        p->last = j->previous;
    set_state(j, PREEMPT_JOB_RUNNING);
}

/* Under the lock: the oldest, or NULL. */
static preempt_job *take_locked(preempt_pool *p)
{
    if (!first_of(p))
        gather(p);
    preempt_job *j = first_of(p);
    if (j)
        unlink_job(p, j);
    return j;
}

static preempt_job *take(preempt_pool *p)
{
    kit_lock_acquire(&p->lock);
    preempt_job *j = take_locked(p);
    kit_lock_release(&p->lock);
    return j;
}

/* Under the lock: a certain one; false: it is not there, yet or any more. */
static bool take_out(preempt_pool *p, preempt_job *j)
{
    gather(p);
    if (!(atomic_load_explicit(&j->state, memory_order_relaxed) & JOB_LISTED))
        return false;
    unlink_job(p, j);
    return true;
}

bool preempt_pool_claim(preempt_pool *p, preempt_job *j)
{
    kit_lock_acquire(&p->lock);
    bool is_ours = take_out(p, j);
    kit_lock_release(&p->lock);
    return is_ours;
}

/* Its end is seen before the queue is seen empty, by a worker that then ends.
 */
bool preempt_pool_cancel_job(preempt_pool *p, preempt_job *j)
{
    struct preempt_waiter *all = NULL;
    kit_lock_acquire(&p->lock);
    bool is_ours = j ? take_out(p, j) : (j = take_locked(p)) != NULL;
    if (is_ours)
        all = preempt_job_settle_locked(j, PREEMPT_JOB_CANCELED);
    kit_lock_release(&p->lock);
    preempt_waiters_wake_list(all, WORD_SERVED);
    return is_ours;
}

/* ---- submission ---- */

/* False when the pool is closed. */
static bool push(preempt_pool *p, preempt_job *j)
{
    uintptr_t newest = atomic_load_explicit(&p->pushed, memory_order_relaxed);
    do {
        if (newest & POOL_CLOSED)
            return false;
        j->next = (preempt_job *)newest;
        KIT_GIVES(&p->pushed);
    } while (!atomic_compare_exchange_weak_explicit(
        &p->pushed, &newest, (uintptr_t)j, memory_order_seq_cst,
        memory_order_relaxed));
    return true;
}

/* Under the lock: after each change of who sleeps, but for a nap that is over:
   the number is too high then, if at all, and a submission finds nobody. */
static void count_idlers(preempt_pool *p)
{
    uint32_t idle = preempt_waiters_count(&p->idlers);
    if (idle + preempt_waiters_count(&p->nappers) == p->count)
        idle = (uint32_t)p->count;
    atomic_store_explicit(&p->idle, idle, memory_order_seq_cst);
}

static void wake_worker(preempt_pool *p)
{
    kit_lock_acquire(&p->lock);
    struct preempt_waiter *w = preempt_waiters_pop(&p->idlers);
    if (!w)
        w = preempt_waiters_pop(&p->nappers);
    count_idlers(p);
    kit_lock_release(&p->lock);
    if (w)
        preempt_waiter_wake(w, WORD_SERVED);
}

int preempt_pool_submit(preempt_pool *p, preempt_job *j)
{
    if (atomic_load_explicit(&j->state, memory_order_relaxed) !=
        PREEMPT_JOB_NEW)
        return -EBUSY;
    j->pool = p;
    preempt_cpu_publish(&p->submitter_cpu);
    KIT_GIVES(&j->state);
    /* release: whoever sees the state sees the pool */
    atomic_store_explicit(&j->state, PREEMPT_JOB_QUEUED, memory_order_release);
    if (!push(p, j)) {
        preempt_job_settle(p, j, PREEMPT_JOB_NEW);
        return -EPIPE;
    }
    if (atomic_load_explicit(&p->idle, memory_order_seq_cst) > 0)
        wake_worker(p);
    return 0;
}

/* ---- workers ---- */

/* What a worker finds when it looks for a job. Whether the pool is closed it
   asks first: what was submitted before is seen by the look that follows. */
struct look {
    bool is_closed;
    preempt_job *job;
};

static bool is_done(struct look l)
{
    return l.job || l.is_closed;
}

/* Never waits for the lock while the pool is open: whoever has it is about to
   take a job, and then there is time for the next one to come. */
static struct look look(preempt_pool *p)
{
    struct look l = {is_closed(p), NULL};
    if (l.is_closed)
        l.job = take(p);
    else if (has_jobs(p) && kit_lock_try_acquire(&p->lock)) {
        l.job = take_locked(p);
        kit_lock_release(&p->lock);
    }
    return l;
}

/* Under the lock: queued as one who sleeps, unless there is something to do. */
static struct look look_last(preempt_pool *p, struct preempt_waiters *sleepers,
                             struct preempt_waiter *w)
{
    struct look l;
    preempt_waiters_push(sleepers, w);
    count_idlers(p);
    l.is_closed = is_closed(p);
    l.job = take_locked(p);
    if (is_done(l)) {
        preempt_waiters_remove(sleepers, w);
        count_idlers(p);
    }
    return l;
}

/* `woken`: it was, and has not found a job since. */
static struct look look_or_sleep(preempt_pool *p, bool *woken)
{
    struct preempt_waiter w = preempt_waiter_make(sleeper_self(), NULL);
    struct preempt_waiters *sleepers = *woken ? &p->nappers : &p->idlers;
    struct wait why = {"take a job from", p->name,
                       *woken ? kit_now() + NAP_NS : KIT_FOREVER};
    kit_lock_acquire(&p->lock);
    struct look l = look_last(p, sleepers, &w);
    kit_lock_release(&p->lock);
    if (is_done(l))
        return l;
    atomic_store_explicit(&w.sleeper->idles, 1, memory_order_relaxed);
    *woken = preempt_waiter_wait(&w, &p->lock, sleepers, &why) >= 0;
    atomic_store_explicit(&w.sleeper->idles, 0, memory_order_relaxed);
    return look(p);
}

/* NULL: the pool is closed, and has no job. */
static preempt_job *await_job(preempt_pool *p)
{
    struct kit_backoff b;
    bool slept = false, woken = false;
    struct look l = look(p);
    if (is_done(l))
        return l.job;
    preempt_cpu_publish(&p->worker_cpu);
    kit_backoff_begin(&b, &p->idling, p->wait,
                      preempt_cpu_published(&p->submitter_cpu), PAUSES);
    while (!is_done(l)) {
        if (kit_backoff_poll(&b)) {
            l = look(p);
        } else {
            l = look_or_sleep(p, &woken);
            slept = true;
        }
    }
    kit_backoff_end(&b, slept);
    return l.job;
}

static kit_value work(kit_value arg)
{
    struct worker *me = arg.p;
    preempt_pool *p = me->pool;
    preempt_job *j;
    worker_self = me;
    preempt_shield(true);
    while ((j = await_job(p)))
        preempt_job_run(me, j);
    preempt_waitgroup_done(&p->working);
    return kit_none();
}

/* ---- shutting down ---- */

int preempt_pool_close(preempt_pool *p)
{
    /* seq_cst: as a push */
    if (atomic_fetch_or_explicit(&p->pushed, POOL_CLOSED,
                                 memory_order_seq_cst) &
        POOL_CLOSED)
        return -EPIPE;
    kit_lock_acquire(&p->lock);
    struct preempt_waiter *idlers = preempt_waiters_pop_all(&p->idlers);
    struct preempt_waiter *nappers = preempt_waiters_pop_all(&p->nappers);
    count_idlers(p);
    kit_lock_release(&p->lock);
    preempt_waiters_wake_list(idlers, WORD_SERVED);
    preempt_waiters_wake_list(nappers, WORD_SERVED);
    return 0;
}

static bool is_mine(const preempt_pool *p)
{
    return worker_self && worker_self->pool == p;
}

int preempt_pool_drain_until(preempt_pool *p, int64_t deadline)
{
    if (is_mine(p))
        return -EDEADLK;
    preempt_pool_close(p);
    return preempt_waitgroup_wait_until(&p->working, deadline);
}

int preempt_pool_drain(preempt_pool *p)
{
    return preempt_pool_drain_until(p, KIT_FOREVER);
}

size_t preempt_pool_cancel(preempt_pool *p)
{
    size_t count = 0;
    preempt_pool_close(p);
    while (preempt_pool_cancel_job(p, NULL))
        count++;
    return count;
}

/* ---- life ---- */

preempt_sched *preempt_pool_sched(const preempt_pool *p)
{
    return p->sched;
}

static size_t cpus_allowed(void)
{
    cpu_set_t set;
    int saved = errno;
    int count = sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
    errno = saved;
    return (size_t)count;
}

static void tell_helgrind(preempt_pool *p)
{
    KIT_ALL_ATOMIC(&p->pushed, sizeof p->pushed);
    KIT_ALL_ATOMIC(&p->first, sizeof p->first);
    KIT_ALL_ATOMIC(&p->idle,
                   offsetof(preempt_pool, wait) - offsetof(preempt_pool, idle));
    KIT_ALL_ATOMIC(&p->idling, sizeof p->idling);
    KIT_ALL_ATOMIC(&p->waiting, sizeof p->waiting);
}

static preempt_pool *allocate(const struct preempt_pool_options *o)
{
    size_t count = o->workers ? o->workers : cpus_allowed();
    size_t bytes = sizeof(preempt_pool) + count * sizeof(struct worker);
    bytes = (bytes + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
    int saved = errno;
    preempt_pool *p = aligned_alloc(CACHE_LINE, bytes);
    errno = saved;
    if (!p)
        return NULL;
    memset(p, 0, bytes);
    tell_helgrind(p);
    p->name = o->name ? o->name : "pool";
    p->wait = o->wait;
    p->count = count;
    p->sched = o->sched;
    p->owns_sched = !o->sched;
    preempt_waitgroup_init(&p->working, p->name);
    return p;
}

/* Closes, and waits for the workers that were started. */
static void finish(preempt_pool *p)
{
    bool former = preempt_shield(true);
    preempt_pool_close(p);
    for (size_t i = 0; i < p->count; i++)
        if (p->workers[i].task)
            preempt_join(p->workers[i].task, NULL);
    if (p->owns_sched)
        preempt_sched_destroy(p->sched);
    preempt_shield(former);
    free(p);
}

static int start_worker(preempt_pool *p, size_t index, size_t stack_size)
{
    char name[48]; /* more than a task keeps */
    struct preempt_task_options o = {.name = name, .stack_size = stack_size};
    struct worker *w = &p->workers[index];
    snprintf(name, sizeof name, "%.20s %zu", p->name, index + 1);
    w->pool = p;
    preempt_waitgroup_add(&p->working, 1);
    int result = preempt_spawn(p->sched, &w->task, work, kit_ptr(w), &o);
    if (result < 0)
        preempt_waitgroup_done(&p->working);
    return result;
}

int preempt_pool_create(preempt_pool **out,
                        const struct preempt_pool_options *options)
{
    static const struct preempt_pool_options defaults;
    const struct preempt_pool_options *o = options ? options : &defaults;
    if (o->workers > PREEMPT_POOL_WORKERS_MAX ||
        (unsigned)o->wait >= KIT_WAIT_CONDVAR)
        return -EINVAL;
    preempt_pool *p = allocate(o);
    int result = p ? 0 : -ENOMEM;
    if (p && p->owns_sched)
        result = preempt_sched_create(&p->sched, NULL);
    for (size_t i = 0; p && result == 0 && i < p->count; i++)
        result = start_worker(p, i, o->stack_size);
    if (result == -EAGAIN && o->limit_text) /* while the workers count */
        preempt_spawn_limit(o->stack_size, o->limit_text, PREEMPT_LIMIT_TEXT);
    if (result == 0)
        *out = p;
    else if (p)
        finish(p);
    return result;
}

int preempt_pool_destroy(preempt_pool *p)
{
    if (!p)
        return 0;
    if (is_mine(p))
        return -EDEADLK;
    finish(p);
    return 0;
}
