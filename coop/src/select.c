/* SPDX-License-Identifier: MIT */
/*
 * Select. Those cases that can be done are counted as they are found, and the
 * n-th replaces the one chosen so far with a chance of 1/n: one pass, and each
 * is as likely as the others (reservoir sampling). When none can, the task
 * waits in the queues of all.
 */
#include "chan.h"

#include <coop/select.h>
#include <kit/random.h>

/* Where a case waits: in the room that it has for us. */
_Static_assert(sizeof(struct coop_waiter) <=
                   sizeof((struct coop_select_case){0}.waits),
               "a case must have room for a waiter");

/* A select that waits; on its task's stack. */
struct coop_select {
    coop_task *task;
    struct coop_select_case *cases;
    size_t count;
};

static struct coop_waiter *waiter_of(struct coop_select_case *c)
{
    return (struct coop_waiter *)(void *)c->waits;
}

static struct coop_waiters *queue_of(const struct coop_select_case *c)
{
    return c->op == COOP_SELECT_SEND ? &c->chan->senders : &c->chan->receivers;
}

/* ---- choosing ---- */

static _Thread_local uint64_t random_state = KIT_RANDOM_SEED;

/* Not inlined: no thread-local address may be kept across a switch. */
__attribute__((noinline)) static size_t random_below(size_t n)
{
    return kit_random_below(&random_state, n);
}

static bool can_be_done(const struct coop_select_case *c)
{
    if (!c->chan)
        return false;
    return c->op == COOP_SELECT_SEND ? coop_chan_can_send(c->chan)
                                     : coop_chan_can_recv(c->chan);
}

int coop_try_select(struct coop_select_case *cases, size_t count)
{
    size_t found = 0, chosen = 0;
    if (count > COOP_SELECT_MAX)
        return -EINVAL;
    for (size_t i = 0; i < count; i++)
        if (can_be_done(&cases[i]) && random_below(++found) == 0)
            chosen = i;
    if (found == 0)
        return -EAGAIN;
    struct coop_select_case *c = &cases[chosen];
    c->result = c->op == COOP_SELECT_SEND
                    ? coop_chan_try_send(c->chan, c->element)
                    : coop_chan_try_recv(c->chan, c->element);
    return (int)chosen;
}

/* ---- waiting ---- */

static void enter_queues(struct coop_select *select)
{
    select->task->waiter.select = select;
    for (size_t i = 0; i < select->count; i++) {
        struct coop_select_case *c = &select->cases[i];
        if (!c->chan)
            continue;
        struct coop_waiter *w = waiter_of(c);
        *w = (struct coop_waiter){.element = c->element, .select = select};
        coop_waiters_add(queue_of(c), w);
        coop_chan_shut(c->chan, queue_of(c));
    }
}

/* All but `taken`, which is out already, leave their queues. Its index. */
static size_t leave_queues(struct coop_select *select,
                           const struct coop_waiter *taken)
{
    size_t index = 0;
    for (size_t i = 0; i < select->count; i++) {
        struct coop_waiter *w = waiter_of(&select->cases[i]);
        if (w == taken)
            index = i;
        else if (select->cases[i].chan)
            coop_waiters_remove(w);
    }
    return index;
}

void coop_select_serve(struct coop_waiter *w, int result)
{
    struct coop_select *select = w->select;
    size_t index = leave_queues(select, w);
    select->cases[index].result = result;
    select->task->waiter.select = NULL;
    if (result > 0)
        coop_wake_soon(select->task, (int)index);
    else
        coop_wake(select->task, (int)index);
}

void coop_select_abandon(coop_task *task)
{
    leave_queues(task->waiter.select, NULL);
    task->waiter.select = NULL;
}

int coop_select_until(struct coop_select_case *cases, size_t count,
                      int64_t deadline)
{
    int done = coop_try_select(cases, count);
    if (done != -EAGAIN)
        return done;
    coop_sched *s = coop_running_sched();
    if (!s)
        return -EDEADLK;
    struct coop_select select = {s->current, cases, count};
    int refused = coop_may_wait(s, deadline);
    if (refused < 0)
        return refused;
    enter_queues(&select);
    return coop_wait(s, "select", NULL, deadline);
}

int coop_select(struct coop_select_case *cases, size_t count)
{
    return coop_select_until(cases, count, KIT_FOREVER);
}
