/* SPDX-License-Identifier: MIT */
/* Groups: a list of members, who leave it as they end. */
#include "task.h"
#include "waiters.h"

#include <stdlib.h>

struct coop_group {
    coop_sched *sched;
    const char *name;
    coop_task *newest; /* of the members that have not ended */
    size_t size;
    int failure; /* of the first that failed */
    bool cancel_on_failure;
    bool canceled;
    bool is_ending; /* it is being destroyed: it stays canceled */
    struct coop_waiters waiters;
};

int coop_group_create(coop_group **out, coop_sched *s,
                      const struct coop_group_options *options)
{
    int saved = errno;
    coop_group *g = calloc(1, sizeof *g);
    errno = saved;
    if (!g)
        return -ENOMEM;
    g->sched = s;
    g->name = options && options->name ? options->name : "group";
    g->cancel_on_failure = options && options->cancel_on_failure;
    *out = g;
    return 0;
}

/* ---- members ---- */

/* Whoever takes the failure ends a round: the group begins anew. */
static int take_failure(coop_group *g)
{
    int failure = g->failure;
    g->failure = 0;
    g->canceled = g->is_ending;
    return failure;
}

/* All who wait learn of it, by what wakes them: when they run, the group may
   have failed again, or be gone. */
static void tell_all(coop_group *g)
{
    if (g->waiters.first)
        coop_serve_all(&g->waiters, take_failure(g));
}

static void enter(coop_group *g, coop_task *t)
{
    t->member.group = g;
    t->member.older = g->newest;
    if (g->newest)
        g->newest->member.newer = t;
    g->newest = t;
    g->size++;
}

static void leave(coop_group *g, coop_task *t)
{
    if (t->member.newer)
        t->member.newer->member.older = t->member.older;
    else
        g->newest = t->member.older;
    if (t->member.older)
        t->member.older->member.newer = t->member.newer;
    t->member.group = NULL;
    if (--g->size == 0)
        tell_all(g);
}

void coop_group_lose(coop_task *t)
{
    if (t->member.group)
        leave(t->member.group, t);
}

static void note_failure(coop_group *g, int result)
{
    if (g->canceled && result == -ECANCELED)
        return;
    if (g->failure == 0)
        g->failure = result;
    if (g->cancel_on_failure)
        coop_group_cancel(g);
}

static kit_value run_member(kit_value arg)
{
    coop_task *t = coop_current();
    coop_group *g = t->member.group;
    int result = t->member.body(arg);
    if (result < 0)
        note_failure(g, result);
    leave(g, t);
    return kit_none();
}

int coop_group_spawn(coop_group *g, coop_group_fn body, kit_value arg,
                     const struct coop_task_options *options)
{
    coop_task *t;
    if (g->canceled)
        return -ECANCELED;
    int result = coop_spawn(g->sched, &t, run_member, arg, options);
    if (result < 0)
        return result;
    t->unclaimed = true;
    t->member.body = body;
    enter(g, t);
    return 0;
}

/* ---- the whole ---- */

void coop_group_cancel(coop_group *g)
{
    g->canceled = true;
    for (coop_task *t = g->newest; t; t = t->member.older)
        coop_cancel(t);
}

size_t coop_group_size(const coop_group *g)
{
    return g->size;
}

static bool is_member(const coop_group *g, const coop_task *t)
{
    return t && t->member.group == g;
}

/* The group is not touched after the wait: see tell_all. */
int coop_group_wait_until(coop_group *g, int64_t deadline)
{
    if (is_member(g, coop_current()))
        return -EDEADLK;
    if (g->size == 0)
        return take_failure(g);
    return coop_wait_here(&g->waiters, "await", g->name, deadline);
}

int coop_group_wait(coop_group *g)
{
    return coop_group_wait_until(g, KIT_FOREVER);
}

int coop_group_destroy(coop_group *g)
{
    if (!g)
        return 0;
    coop_task *self = coop_current();
    if (is_member(g, self) || (g->size > 0 && !self))
        return -EDEADLK;
    g->is_ending = true;
    coop_group_cancel(g);
    bool former = coop_shield(true);
    coop_group_wait_until(g, KIT_FOREVER);
    coop_shield(former);
    free(g);
    return 0;
}
