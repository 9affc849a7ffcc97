/* SPDX-License-Identifier: MIT */
/* What the calling thread is, and what it does with itself. */
#include "task_impl.h"

#include <errno.h>
#include <sched.h>

static _Thread_local preempt_task *current;

/* Of a thread that runs no task. */
static _Thread_local struct sleeper foreign;

_Thread_local preempt_sched *preempt_running;

void preempt_self_begin(preempt_task *t)
{
    current = t;
    t->sleeper.is_task = true;
    atomic_store_explicit(&t->state, PREEMPT_TASK_RUNNING,
                          memory_order_relaxed);
}

struct sleeper *sleeper_self(void)
{
    return KIT_LIKELY(current) ? &current->sleeper : &foreign;
}

preempt_task *preempt_current(void)
{
    return current;
}

preempt_sched *preempt_sched_of(const preempt_task *task)
{
    return task->sched;
}

const char *preempt_task_name(const preempt_task *task)
{
    return task->name[0] ? task->name : "task";
}

/* ---- cancellation ---- */

void preempt_cancel(preempt_task *task)
{
    sleeper_cancel(&task->sleeper);
}

bool preempt_shield(bool on)
{
    if (!current)
        return false;
    bool former = current->sleeper.shielded;
    current->sleeper.shielded = on;
    return former;
}

int preempt_checkpoint(void)
{
    return current && KIT_UNLIKELY(sleeper_is_canceled(&current->sleeper))
               ? -ECANCELED
               : 0;
}

int preempt_yield(void)
{
    int result = preempt_checkpoint();
    if (result == 0)
        sched_yield();
    return result;
}

/* ---- sleep, park, unpark ---- */

int preempt_sleep_until(int64_t deadline)
{
    struct wait why = {"sleep", NULL, deadline};
    struct sleeper *s = sleeper_self();
    if (deadline <= kit_now())
        return 0;
    int result = sleeper_sleep(s, 0, &why);
    sleeper_finish(s, 0);
    return result == -ETIMEDOUT ? 0 : result;
}

int preempt_park_until(const char *what, const char *name, int64_t deadline)
{
    struct wait why = {what, name, deadline};
    if (!current)
        return -EDEADLK;
    struct sleeper *s = &current->sleeper;
    /* acquire: pairs with the release in unpark */
    int result = (int)(atomic_load_explicit(&s->word, memory_order_acquire) &
                       WORD_PERMIT);
    if (!result)
        result = sleeper_may_wait(s, deadline);
    if (!result)
        result = sleeper_sleep(s, WORD_PERMIT, &why);
    sleeper_finish(s, result > 0 ? WORD_PERMIT : 0);
    return result > 0 ? 0 : result;
}

int preempt_park(const char *what, const char *name)
{
    return preempt_park_until(what, name, KIT_FOREVER);
}

void preempt_unpark(preempt_task *task)
{
    sleeper_wake(&task->sleeper, WORD_PERMIT);
}
