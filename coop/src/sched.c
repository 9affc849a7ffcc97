/* SPDX-License-Identifier: MIT */
/* The scheduler: its life, and the loop that runs when no task is ready. */
#include "sched.h"
#include "dump.h"
#include "offload.h"
#include "poller.h"
#include "task.h"
#include "waiters.h"

#include <stdlib.h>
#include <time.h>

#if !defined(__x86_64__)
__attribute__((noinline)) coop_sched *coop_running_sched(void)
{
    return kit_flow_here.sched;
}
#endif

/* Not inlined: no thread-local address may be kept over a switch. */
__attribute__((noinline)) static void set_running_sched(coop_sched *s)
{
    kit_flow_here.sched = s;
}

/* As it was called for on the thread; returns the former one. */
__attribute__((noinline)) static void *set_own_sched(void *s)
{
    void *former = kit_flow_here.own_sched;
    kit_flow_here.own_sched = s;
    return former;
}

static kit_context *task_of(void *sched)
{
    coop_task *t = ((coop_sched *)sched)->current;
    return t ? &t->context : NULL;
}

int coop_sched_create(coop_sched **out,
                      const struct coop_sched_options *options)
{
    static const struct coop_sched_options defaults;
    const struct coop_sched_options *o = options ? options : &defaults;
    int saved = errno;
    if (!coop_can_dump_on(o->dump_signal))
        return -EINVAL;
    coop_sched *s = calloc(1, sizeof *s);
    errno = saved;
    if (!s)
        return -ENOMEM;
    __atomic_store_n(&kit_flow_task_of, task_of, __ATOMIC_RELEASE);
    s->main.mechanism = o->mechanism ? o->mechanism : kit_mechanism_default();
    s->switches_per_poll = COOP_SWITCHES_PER_POLL_LEAST;
    s->slice = o->slice > 0 ? o->slice : COOP_SLICE_DEFAULT;
    s->is_unwatched = o->no_overflow_report;
    s->dump_signal = o->dump_signal;
    s->offload_threads = o->offload_threads > 0 ? o->offload_threads
                                                : COOP_OFFLOAD_THREADS_DEFAULT;
    *out = s;
    return 0;
}

int coop_sched_destroy(coop_sched *s)
{
    if (!s)
        return 0;
    if (s->is_running)
        return -EBUSY;
    coop_report_forgotten(s);
    coop_free_tasks(s);
    coop_offload_destroy(s);
    coop_poller_destroy(s);
    free(s);
    return 0;
}

/* ---- time ---- */

static int64_t now_roughly(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/*
 * A few at a time: those run before the next ones, which are in nobody's cache
 * yet, are looked at. So they are fewer than the turns until then: if each poll
 * made ready one task more than have their turns, of a million that are due all
 * would be out of the cache again when theirs comes. And in two steps, so that
 * they are fetched together.
 */
static void fire_timers(coop_sched *s)
{
    coop_task *due[COOP_SWITCHES_PER_POLL];
    struct coop_timer *timer;
    int count = 0, most = s->until_poll - s->until_poll / 4;
    while (count < most && (timer = coop_timer_fire(&s->timers, s->now))) {
        due[count] = KIT_CONTAINER(timer, coop_task, timer);
        coop_fetch_task(due[count++]);
    }
    for (int i = 0; i < count; i++) {
        coop_fetch_stack(due[i]);
        coop_end_wait(due[i], -ETIMEDOUT);
    }
}

/* ---- polling ---- */

/* A look costs a system call. When no task is ready, sleep_for_event looks. */
static void look_now_and_then(coop_sched *s)
{
    if (!s->has_looked) {
        if (!s->head || s->now < s->to_look)
            return;
        coop_poller_look(s, 0);
    }
    s->has_looked = false;
    s->to_look = s->now + COOP_NS_PER_LOOK;
}

/* The next one comes sooner when tasks run long between their switches. */
static void pace_polls(coop_sched *s, int64_t now)
{
    int64_t took = now - s->now, n = s->switches_per_poll * (int64_t)2;
    if (s->head && took > COOP_NS_PER_POLL)
        n = s->switches_per_poll * COOP_NS_PER_POLL / took;
    s->switches_per_poll = n < COOP_SWITCHES_PER_POLL_LEAST
                               ? COOP_SWITCHES_PER_POLL_LEAST
                           : n > COOP_SWITCHES_PER_POLL ? COOP_SWITCHES_PER_POLL
                                                        : (int)n;
    s->until_poll = s->switches_per_poll;
}

/* What may have happened meanwhile. */
static void poll(coop_sched *s)
{
    s->until_poll = COOP_SWITCHES_PER_POLL;
    if (s->timers.count == 0 && s->outside == 0) {
        s->now = now_roughly();
        return;
    }
    int64_t now = kit_now();
    pace_polls(s, now);
    s->now = now;
    fire_timers(s);
    if (s->outside > 0)
        look_now_and_then(s);
}

/*
 * When a second is over, the pool keeps as many warm stacks as tasks were
 * spawned in it: more have not been needed. The time until when that need not
 * be looked at again.
 */
static int64_t trim_stacks(coop_sched *s)
{
    kit_stack_pool *pool = kit_stack_pool_of_thread();
    bool many = s->spawned > COOP_STACKS_KEPT;
    if (!pool) /* no memory for one: nothing is kept */
        return INT64_MAX;
    if (s->now >= s->to_trim) {
        kit_stack_pool_trim(pool, many ? s->spawned : COOP_STACKS_KEPT);
        s->has_surplus = many;
        s->spawned = 0;
        s->to_trim = s->now + COOP_NS_PER_TRIM;
        many = false;
    }
    return many || s->has_surplus ? s->to_trim : INT64_MAX;
}

static void sleep_until(int64_t until)
{
    if (until <= kit_now())
        return;
    struct timespec t = {until / 1000000000, until % 1000000000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

/* No task is ready: waits for something to happen. False: nothing can. */
static bool sleep_for_event(coop_sched *s)
{
    int64_t until = coop_timer_next(&s->timers);
    if (until == INT64_MAX && s->outside == 0)
        return false;
    int64_t idle_until = trim_stacks(s);
    if (idle_until < until)
        until = idle_until;
    if (s->outside > 0) {
        coop_poller_look(s, until);
        s->has_looked = true;
    } else {
        sleep_until(until);
    }
    return true;
}

/* ---- running ---- */

static void run_next(coop_sched *s)
{
    coop_task *t = coop_next(s);
    if (t)
        kit_context_pass(&s->main, &t->context, t->wake);
}

int coop_run(coop_sched *s)
{
    if (s->is_running)
        return -EBUSY;
    if (!s->is_unwatched)
        kit_stack_watch(); /* without memory for it: no report */
    s->is_running = true;
    s->outer = coop_running_sched();
    coop_dump_begin(s);
    set_running_sched(s);
    void *former = set_own_sched(s);
    coop_dump_on(s->dump_signal);
    do {
        poll(s);
        while (s->head && s->until_poll > 0)
            run_next(s);
    } while (s->head || sleep_for_event(s));
    coop_dump_on_no_more(s->dump_signal);
    set_own_sched(former);
    set_running_sched(s->outer);
    s->is_running = false;
    coop_free_ended(s);
    if (s->alive == 0)
        return 0;
    coop_report_deadlock(s);
    return -EDEADLK;
}
