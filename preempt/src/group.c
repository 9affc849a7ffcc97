/* SPDX-License-Identifier: MIT */
/*
 * Groups: a list of members, who leave it as they end. A member is a task that
 * nobody joins; as long as it is in the list it has not ended, and may be
 * canceled.
 */
#include <preempt/group.h>

#include "sync_impl.h"

#include <errno.h>
#include <stdlib.h>

struct member {
    struct member *newer, *older;
    preempt_group *group;
    preempt_task *task; /* NULL until it runs */
    preempt_group_fn body;
    kit_value arg;
};

struct preempt_group {
    kit_lock lock; /* of what follows, up to the options */
    struct member *newest;
    size_t size;
    int failure; /* of the first that failed */
    bool canceled;
    bool is_ending; /* it is being destroyed: it stays canceled */
    struct preempt_waiters waiters;
    struct preempt_waiters destroyer; /* who waits for the last of these: */
    size_t awaiting; /* calls that wait, or have not gone on yet */
    bool cancel_on_failure;
    preempt_sched *sched;
    const char *name;
};

int preempt_group_create(preempt_group **out, preempt_sched *s,
                         const struct preempt_group_options *options)
{
    int saved = errno;
    preempt_group *g = calloc(1, sizeof *g);
    errno = saved;
    if (!g)
        return -ENOMEM;
    g->sched = s;
    g->name = options && options->name ? options->name : "group";
    g->cancel_on_failure = options && options->cancel_on_failure;
    *out = g;
    return 0;
}

/* ---- members, under the lock ---- */

static void enter(preempt_group *g, struct member *m)
{
    m->older = g->newest;
    if (g->newest)
        g->newest->newer = m;
    g->newest = m;
    g->size++;
}

static void leave(preempt_group *g, struct member *m)
{
    if (m->newer)
        m->newer->older = m->older;
    else
        g->newest = m->older;
    if (m->older)
        m->older->newer = m->newer;
    g->size--;
}

static void cancel_all(preempt_group *g)
{
    g->canceled = true;
    for (struct member *m = g->newest; m; m = m->older)
        if (m->task)
            preempt_cancel(m->task);
}

static void note_failure(preempt_group *g, int result)
{
    if (g->canceled && result == -ECANCELED)
        return;
    if (g->failure == 0)
        g->failure = result;
    if (g->cancel_on_failure)
        cancel_all(g);
}

/* Whoever takes the failure ends a round: the group begins anew. */
static int take_failure(preempt_group *g)
{
    int failure = g->failure;
    g->failure = 0;
    g->canceled = g->is_ending;
    return failure;
}

/* Gives the lock back. All who wait learn of the failure now: when they run,
   the group may have failed again. */
static void tell_all(preempt_group *g)
{
    int failure = g->waiters.first ? take_failure(g) : 0;
    for (struct preempt_waiter *w = g->waiters.first; w; w = w->next)
        *(int *)w->element = failure;
    preempt_serve_all(&g->lock, &g->waiters);
}

/* Gives the lock back. Whoever waits for the last may free the group. */
static void leave_and_tell(preempt_group *g, struct member *m)
{
    leave(g, m);
    if (g->size == 0)
        tell_all(g);
    else
        kit_lock_release(&g->lock);
    free(m);
}

/* ---- the life of a member ---- */

static kit_value run_member(kit_value arg)
{
    struct member *m = arg.p;
    preempt_group *g = m->group;
    kit_lock_acquire(&g->lock);
    m->task = preempt_current();
    if (g->canceled)
        preempt_cancel(m->task);
    kit_lock_release(&g->lock);
    int result = m->body(m->arg);
    kit_lock_acquire(&g->lock);
    if (result < 0)
        note_failure(g, result);
    leave_and_tell(g, m);
    return kit_none();
}

static int start_member(preempt_group *g, struct member *m,
                        const struct preempt_task_options *options)
{
    kit_lock_acquire(&g->lock);
    bool canceled = g->canceled;
    if (!canceled)
        enter(g, m);
    kit_lock_release(&g->lock);
    if (canceled) {
        free(m);
        return -ECANCELED;
    }
    int result = preempt_spawn(g->sched, NULL, run_member, kit_ptr(m), options);
    if (result < 0) {
        kit_lock_acquire(&g->lock);
        leave_and_tell(g, m);
    }
    return result;
}

int preempt_group_spawn(preempt_group *g, preempt_group_fn body, kit_value arg,
                        const struct preempt_task_options *options)
{
    int saved = errno;
    struct member *m = calloc(1, sizeof *m);
    errno = saved;
    if (!m)
        return -ENOMEM;
    m->group = g;
    m->body = body;
    m->arg = arg;
    return start_member(g, m, options);
}

/* ---- the whole ---- */

void preempt_group_cancel(preempt_group *g)
{
    kit_lock_acquire(&g->lock);
    cancel_all(g);
    kit_lock_release(&g->lock);
}

size_t preempt_group_size(const preempt_group *group)
{
    preempt_group *g = (preempt_group *)(uintptr_t)group;
    kit_lock_acquire(&g->lock);
    size_t size = g->size;
    kit_lock_release(&g->lock);
    return size;
}

/* Under the lock. */
static bool is_member(const preempt_group *g, const preempt_task *t)
{
    const struct member *m = t ? g->newest : NULL;
    while (m && m->task != t)
        m = m->older;
    return m != NULL;
}

/* Under the lock, which is given back meanwhile: as the wait of a group. */
static int wait_for_members(preempt_group *g, int64_t deadline)
{
    struct wait why = {"await", g->name, deadline};
    int failure = 0;
    if (is_member(g, preempt_current()))
        return -EDEADLK;
    if (g->size == 0)
        return take_failure(g);
    int result = preempt_queue_and_get(&g->lock, &g->waiters, &failure, &why);
    kit_lock_acquire(&g->lock);
    return result < 0 ? result : failure;
}

int preempt_group_wait_until(preempt_group *g, int64_t deadline)
{
    kit_lock_acquire(&g->lock);
    g->awaiting++;
    int result = wait_for_members(g, deadline);
    struct preempt_waiter *destroyer =
        --g->awaiting == 0 ? preempt_waiters_pop(&g->destroyer) : NULL;
    kit_lock_release(&g->lock);
    if (destroyer)
        preempt_waiter_wake(destroyer, WORD_SERVED);
    return result;
}

int preempt_group_wait(preempt_group *g)
{
    return preempt_group_wait_until(g, KIT_FOREVER);
}

/* Under the lock, which is given back: until those who wait have gone on. */
static void wait_for_waits(preempt_group *g)
{
    struct wait why = {"destroy", g->name, KIT_FOREVER};
    if (g->awaiting > 0)
        preempt_queue_and_wait(&g->lock, &g->destroyer, &why);
    else
        kit_lock_release(&g->lock);
}

int preempt_group_destroy(preempt_group *g)
{
    if (!g)
        return 0;
    kit_lock_acquire(&g->lock);
    if (is_member(g, preempt_current())) {
        kit_lock_release(&g->lock);
        return -EDEADLK;
    }
    g->is_ending = true;
    cancel_all(g);
    bool former = preempt_shield(true);
    wait_for_members(g, KIT_FOREVER);
    wait_for_waits(g);
    preempt_shield(former);
    free(g);
    return 0;
}
