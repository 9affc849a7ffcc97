/* SPDX-License-Identifier: MIT */
/* Giving way: yield, checkpoint, wait, sleep, park; and cancellation. */
#include "waiters.h"

/* ---- waiting ---- */

void coop_end_wait(coop_task *task, int result)
{
    if (task->state != COOP_TASK_WAITING)
        return;
    if (task->waiter.select)
        coop_select_abandon(task);
    else if (task->waiter.queue)
        coop_waiters_remove(&task->waiter);
    coop_wake(task, result);
}

bool coop_is_past(const coop_sched *s, int64_t deadline)
{
    return deadline <= s->now || deadline <= kit_now();
}

__attribute__((noinline)) static int give_way(coop_sched *s)
{
    return coop_give_way(s, s->current);
}

int coop_give_way_until(coop_sched *s, int64_t deadline)
{
    struct coop_timer *timer = &s->current->timer;
    coop_timer_start(&s->timers, timer, deadline);
    if (s->until_poll > s->switches_per_poll)
        s->until_poll = s->switches_per_poll;
    int result = give_way(s);
    coop_timer_stop(&s->timers, timer);
    return result;
}

int coop_wait_in_until(coop_sched *s, struct coop_waiters *q, const char *what,
                       const char *const *name, int64_t deadline)
{
    int refused = coop_may_wait(s, deadline);
    if (refused < 0)
        return refused;
    coop_waiters_add(q, &s->current->waiter);
    return coop_wait(s, what, name, deadline);
}

/* In no queue: nobody wakes it before the time. */
static int sleep_until(coop_sched *s, int64_t deadline)
{
    s->current->waiter.queue = NULL;
    return coop_wait(s, "wake", NULL, deadline);
}

int coop_sleep_until(int64_t deadline)
{
    coop_sched *s = coop_running_sched();
    if (deadline <= kit_now())
        return 0;
    if (!s)
        return -EDEADLK;
    int result = coop_may_wait(s, KIT_FOREVER);
    if (result == 0)
        result = sleep_until(s, deadline);
    return result == -ETIMEDOUT ? 0 : result;
}

/* ---- park ---- */

int coop_park_until(const char *what, const char *name, int64_t deadline)
{
    coop_sched *s = coop_running_sched();
    if (!s)
        return -EDEADLK;
    coop_task *t = s->current;
    if (!t->permit)
        return coop_wait_in(s, &t->parking, what, &name, deadline);
    t->permit = false;
    return 0;
}

int coop_park(const char *what, const char *name)
{
    return coop_park_until(what, name, KIT_FOREVER);
}

void coop_unpark(coop_task *task)
{
    if (coop_waiters_take(&task->parking))
        coop_wake(task, 0);
    else
        task->permit = true;
}

/* ---- yield ---- */

/* Of a task that may be canceled: it does not wait. */
static inline int yield(coop_sched *s)
{
    coop_task *t = s->current;
    if (!s->head && --s->until_poll > 0)
        return 0;
    t->wake = 0;
    coop_make_ready_in(s, t);
    return coop_give_way(s, t);
}

int coop_yield(void)
{
    coop_sched *s = coop_running_sched();
    if (KIT_UNLIKELY(!s))
        return 0;
    if (KIT_UNLIKELY(s->current->refuses))
        return -ECANCELED;
    return yield(s);
}

void coop_end_turn(coop_sched *s)
{
    yield(s);
}

/*
 * How many checkpoints until the next that reads the clock: those of a 64th of
 * a slice, 64 at the most, so that a task which becomes slow is not much late.
 */
static int checks_to_come(const coop_sched *s, int64_t now)
{
    int64_t took = now - s->checked;
    if (took <= 0)
        return 64;
    int64_t n = s->checks_in_a_row * (s->slice / 64) / took;
    return n < 1 ? 1 : n > 64 ? 64 : (int)n;
}

/*
 * At the first checkpoint after a switch it is not known when that was, but
 * when the clock was last read before. Counted from there a slice may be
 * short, but a task that seldom comes to a checkpoint gives way at each.
 */
int coop_check_clock(coop_sched *s)
{
    int64_t now = kit_now();
    bool begins = s->checks < 0;
    if (begins)
        s->slice_begun = s->now > s->checked ? s->now : s->checked;
    s->checks = s->checks_in_a_row = begins ? 1 : checks_to_come(s, now);
    s->checked = now;
    if (now - s->slice_begun < s->slice)
        return 0;
    s->until_poll = 1; /* those who sleep may have waited long */
    return yield(s);
}

__attribute__((noinline)) static int check(coop_sched *s)
{
    return s->current->refuses ? -ECANCELED : coop_check_clock(s);
}

int(coop_checkpoint)(void)
{
    coop_sched *s = coop_running_sched();
    if (KIT_UNLIKELY(!s) || KIT_LIKELY(--s->checks > 0))
        return 0;
    return check(s);
}

/* ---- cancellation ---- */

void coop_cancel(coop_task *task)
{
    task->canceled = true;
    task->refuses = !task->shielded;
    if (task->refuses)
        coop_end_wait(task, -ECANCELED);
}

bool coop_shield(bool on)
{
    coop_task *t = coop_current();
    if (!t)
        return false;
    bool former = t->shielded;
    t->shielded = on;
    t->refuses = t->canceled && !on;
    return former;
}
