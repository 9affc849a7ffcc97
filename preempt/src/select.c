/* SPDX-License-Identifier: MIT */
/*
 * Select. Those cases that can be done are counted as they are found, and the
 * n-th replaces the one chosen so far with a chance of 1/n: one pass, and each
 * is as likely as the others (reservoir sampling). When none can, the thread
 * queues a record of each case in its channel, looks once more, and sleeps
 * until somebody claims it for one of them (claim.h).
 *
 * At capacity 0 queueing and looking are one step, under the lock of the
 * channel, and whoever finds a partner there claims both at once. So of two
 * selects with cases for each other the later finds the earlier queued, and
 * neither has to step back for the other.
 *
 * Where there is a buffer, whoever claims a select only says that there is a
 * change. The select then tries that case before all others, and before it
 * gives up: the wake-up was meant for somebody who does (see chan_ring.c).
 */
#include "chan_impl.h"

#include <kit/random.h>
#include <preempt/select.h>

#include <errno.h>

/* Where a case waits: in the room that it has for us. */
_Static_assert(sizeof(struct preempt_waiter) <=
                   sizeof((struct preempt_select_case){0}.waits),
               "a case must have room for a waiter");

/* A select that waits; on its thread's stack. */
struct selection {
    struct preempt_select select;
    struct preempt_select_case *cases;
    size_t count;                 /* of cases that may be queued */
    struct preempt_waiter itself; /* what it is claimed for when it gives up */
};

static struct preempt_waiter *waiter_of(struct preempt_select_case *c)
{
    return (struct preempt_waiter *)(void *)c->waits;
}

static bool is_send(const struct preempt_select_case *c)
{
    return c->op == PREEMPT_SELECT_SEND;
}

/* ---- choosing ---- */

static _Thread_local uint64_t random_state;

/* Each thread has its own sequence. */
static size_t random_below(size_t n)
{
    if (KIT_UNLIKELY(random_state == 0))
        random_state = (uintptr_t)&random_state * KIT_RANDOM_SEED;
    return kit_random_below(&random_state, n);
}

static bool can_be_done(const struct preempt_select_case *c)
{
    return c->chan && c->chan->ops->can(c->chan, is_send(c));
}

/* False: it cannot be done now. */
static bool try_case(struct preempt_select_case *c)
{
    int result = is_send(c) ? preempt_chan_try_send(c->chan, c->element)
                            : preempt_chan_try_recv(c->chan, c->element);
    if (result == -EAGAIN)
        return false;
    c->result = result;
    return true;
}

int preempt_try_select(struct preempt_select_case *cases, size_t count)
{
    size_t found, chosen = 0;
    if (count > PREEMPT_SELECT_MAX)
        return -EINVAL;
    do { /* again when somebody else was faster */
        found = 0;
        for (size_t i = 0; i < count; i++)
            if (can_be_done(&cases[i]) && random_below(++found) == 0)
                chosen = i;
        if (found == 0)
            return -EAGAIN;
    } while (!try_case(&cases[chosen]));
    return (int)chosen;
}

/* ---- waiting ---- */

/* Stops at the first case that is not queued. */
static enum chan_entered enter_queues(struct selection *s)
{
    enum chan_entered entered = CHAN_QUEUED;
    size_t count = s->count;
    for (s->count = 0; s->count < count && entered == CHAN_QUEUED; s->count++) {
        struct preempt_select_case *c = &s->cases[s->count];
        struct preempt_waiter *w = waiter_of(c);
        if (!c->chan)
            continue;
        *w = preempt_waiter_make(s->itself.sleeper, c->element);
        w->select = &s->select;
        entered = c->chan->ops->enter(c->chan, w, is_send(c));
    }
    return entered;
}

/* The last look, at those that were queued without one. */
static bool sees_a_change(const struct selection *s)
{
    bool blindly = false, asymmetric = false, result = false;
    for (size_t i = 0; i < s->count; i++) {
        const preempt_chan *ch = s->cases[i].chan;
        blindly |= ch && ch->enters_blindly;
        asymmetric |= ch && ch->asymmetric;
    }
    if (!blindly)
        return false;
    chan_fence(asymmetric);
    for (size_t i = 0; i < s->count && !result; i++) {
        const preempt_chan *ch = s->cases[i].chan;
        result = ch && ch->enters_blindly && can_be_done(&s->cases[i]);
    }
    return result;
}

/* `result`, or how it has been woken, if it was claimed before. */
static int give_up(struct selection *s, int result)
{
    if (!preempt_select_claim(&s->select, &s->itself))
        return preempt_waiter_await_wake(&s->itself);
    sleeper_finish(s->itself.sleeper, 0);
    return result;
}

/* Until it is claimed: how it was woken. -EAGAIN when it shall look again;
   -ECANCELED, -ETIMEDOUT. */
static int await_claim(struct selection *s, int64_t deadline)
{
    struct wait why = {"select", NULL, deadline};
    enum chan_entered entered = enter_queues(s);
    if (entered == CHAN_DONE)
        return WORD_SERVED;
    if (entered == CHAN_CHANGED || sees_a_change(s))
        return give_up(s, -EAGAIN);
    int how = sleeper_sleep(s->itself.sleeper, WORD_WOKEN, &why);
    if (how < 0)
        return give_up(s, how);
    sleeper_finish(s->itself.sleeper, WORD_WOKEN);
    return how;
}

/* All but the one that it was claimed for, which is out already: that one's
   index, if there is one. */
static size_t leave_queues(struct selection *s)
{
    size_t index = 0;
    for (size_t i = 0; i < s->count; i++) {
        struct preempt_select_case *c = &s->cases[i];
        if (!c->chan)
            continue;
        if (waiter_of(c) == s->select.claimed_for)
            index = i;
        else
            c->chan->ops->leave(c->chan, waiter_of(c), is_send(c));
    }
    return index;
}

/* -EAGAIN: look again. */
static int wait_for_one(struct preempt_select_case *cases, size_t count,
                        int64_t deadline)
{
    struct selection s = {.cases = cases, .count = count};
    s.itself = preempt_waiter_make(sleeper_self(), NULL);
    int how = sleeper_may_wait(s.itself.sleeper, deadline);
    if (how < 0)
        return how;
    how = await_claim(&s, deadline);
    size_t index = leave_queues(&s);
    if (how < 0)
        return how;
    if (how == WORD_CHANGED)
        return try_case(&cases[index]) ? (int)index : -EAGAIN;
    if (is_send(&cases[index]))
        cases[index].result = how == WORD_SERVED ? 0 : -EPIPE;
    else
        cases[index].result = how == WORD_SERVED ? 1 : 0;
    return (int)index;
}

int preempt_select_until(struct preempt_select_case *cases, size_t count,
                         int64_t deadline)
{
    int done = preempt_try_select(cases, count);
    while (done == -EAGAIN) {
        done = wait_for_one(cases, count, deadline);
        if (done == -EAGAIN)
            done = preempt_try_select(cases, count);
    }
    return done;
}

int preempt_select(struct preempt_select_case *cases, size_t count)
{
    return preempt_select_until(cases, count, KIT_FOREVER);
}
