/* SPDX-License-Identifier: MIT */
/*
 * Mutex, semaphore, wait group, event, barrier: each is a queue of tasks and
 * what they wait for. Who makes it true hands it to the first in the queue, so
 * nobody who comes later can take it first.
 */
#include "dump.h"
#include "waiters.h"

static int refuse_while_waited_for(const struct coop_waiters *q,
                                   const char *what, const char *name)
{
    if (!q->first)
        return 0;
    coop_complain(what, name, "destroyed while tasks wait for it");
    return -EBUSY;
}

/* ---- mutex ---- */

int coop_mutex_init(coop_mutex *m, const struct coop_mutex_options *options)
{
    *m = (coop_mutex){.name =
                          options && options->name ? options->name : "mutex"};
    return 0;
}

int coop_mutex_destroy(coop_mutex *m)
{
    if (!m->owner)
        return 0;
    coop_complain("mutex", m->name, "destroyed while it is locked");
    return -EBUSY;
}

/* By its number: another task may come to lie where an owner has ended. */
static void give_to(coop_mutex *m, coop_task *t)
{
    m->owner = t->serial;
    t->mutexes++;
}

int coop_mutex_try_lock(coop_mutex *m)
{
    coop_task *self = coop_current();
    if (KIT_UNLIKELY(!self))
        return -EDEADLK;
    if (m->owner)
        return -EAGAIN;
    give_to(m, self);
    return 0;
}

int coop_mutex_lock_until(coop_mutex *m, int64_t deadline)
{
    int result = coop_mutex_try_lock(m);
    if (KIT_LIKELY(result != -EAGAIN))
        return result;
    if (m->owner == coop_current()->serial)
        return -EDEADLK;
    return coop_wait_here(&m->waiters, "lock", m->name, deadline);
}

int coop_mutex_lock(coop_mutex *m)
{
    return coop_mutex_lock_until(m, KIT_FOREVER);
}

int coop_mutex_unlock(coop_mutex *m)
{
    coop_task *self = coop_current();
    if (KIT_UNLIKELY(!self || m->owner != self->serial)) {
        coop_complain("mutex", m->name, "unlocked by a task without it");
        return -EPERM;
    }
    struct coop_waiter *next = coop_waiters_take(&m->waiters);
    self->mutexes--;
    m->owner = 0;
    if (next) {
        give_to(m, coop_task_of(next));
        coop_serve(next, 0);
    }
    return 0;
}

/* ---- semaphore ---- */

int coop_semaphore_init(coop_semaphore *sem, size_t value, const char *name)
{
    *sem = (coop_semaphore){.value = value, .name = name ? name : "semaphore"};
    return 0;
}

int coop_semaphore_destroy(coop_semaphore *sem)
{
    return refuse_while_waited_for(&sem->waiters, "semaphore", sem->name);
}

int coop_semaphore_try_acquire(coop_semaphore *sem)
{
    if (sem->value == 0)
        return -EAGAIN;
    sem->value--;
    return 0;
}

int coop_semaphore_acquire_until(coop_semaphore *sem, int64_t deadline)
{
    int result = coop_semaphore_try_acquire(sem);
    if (KIT_LIKELY(result != -EAGAIN))
        return result;
    return coop_wait_here(&sem->waiters, "acquire", sem->name, deadline);
}

int coop_semaphore_acquire(coop_semaphore *sem)
{
    return coop_semaphore_acquire_until(sem, KIT_FOREVER);
}

int coop_semaphore_release(coop_semaphore *sem)
{
    struct coop_waiter *next = coop_waiters_take(&sem->waiters);
    if (next) {
        coop_serve(next, 0);
        return 0;
    }
    if (sem->value == SIZE_MAX)
        return -EOVERFLOW;
    sem->value++;
    return 0;
}

size_t coop_semaphore_value(const coop_semaphore *sem)
{
    return sem->value;
}

/* ---- wait group ---- */

int coop_waitgroup_init(coop_waitgroup *wg, const char *name)
{
    *wg = (coop_waitgroup){.name = name ? name : "wait group"};
    return 0;
}

int coop_waitgroup_destroy(coop_waitgroup *wg)
{
    return refuse_while_waited_for(&wg->waiters, "wait group", wg->name);
}

int coop_waitgroup_add(coop_waitgroup *wg, size_t n)
{
    if (n > SIZE_MAX - wg->count)
        return -EOVERFLOW;
    wg->count += n;
    return 0;
}

int coop_waitgroup_done(coop_waitgroup *wg)
{
    if (wg->count == 0)
        return -EINVAL;
    if (--wg->count == 0)
        coop_serve_all(&wg->waiters, 0);
    return 0;
}

int coop_waitgroup_wait_until(coop_waitgroup *wg, int64_t deadline)
{
    if (wg->count == 0)
        return 0;
    return coop_wait_here(&wg->waiters, "await", wg->name, deadline);
}

int coop_waitgroup_wait(coop_waitgroup *wg)
{
    return coop_waitgroup_wait_until(wg, KIT_FOREVER);
}

/* ---- event ---- */

int coop_event_init(coop_event *e, const char *name)
{
    *e = (coop_event){.name = name ? name : "event"};
    return 0;
}

int coop_event_destroy(coop_event *e)
{
    return refuse_while_waited_for(&e->waiters, "event", e->name);
}

void coop_event_set(coop_event *e)
{
    e->set = true;
    coop_serve_all(&e->waiters, 0);
}

void coop_event_reset(coop_event *e)
{
    e->set = false;
}

bool coop_event_is_set(const coop_event *e)
{
    return e->set;
}

int coop_event_wait_until(coop_event *e, int64_t deadline)
{
    if (e->set)
        return 0;
    return coop_wait_here(&e->waiters, "await", e->name, deadline);
}

int coop_event_wait(coop_event *e)
{
    return coop_event_wait_until(e, KIT_FOREVER);
}

/* ---- barrier ---- */

int coop_barrier_init(coop_barrier *b, size_t parties, const char *name)
{
    if (parties == 0)
        return -EINVAL;
    *b = (coop_barrier){.parties = parties, .name = name ? name : "barrier"};
    return 0;
}

int coop_barrier_destroy(coop_barrier *b)
{
    return refuse_while_waited_for(&b->waiters, "barrier", b->name);
}

/* `arrived` counts those, too, who have given up since: if it seems that all
   are here, who is? The caller is not in the queue. */
static bool is_last(coop_barrier *b)
{
    if (++b->arrived < b->parties)
        return false;
    b->arrived = 1;
    for (const struct coop_waiter *w = b->waiters.first; w; w = w->next)
        b->arrived++;
    return b->arrived == b->parties;
}

int coop_barrier_wait_until(coop_barrier *b, int64_t deadline)
{
    if (!is_last(b))
        return coop_wait_here(&b->waiters, "meet at", b->name, deadline);
    b->arrived = 0;
    coop_serve_all(&b->waiters, 0);
    return 1;
}

int coop_barrier_wait(coop_barrier *b)
{
    return coop_barrier_wait_until(b, KIT_FOREVER);
}
