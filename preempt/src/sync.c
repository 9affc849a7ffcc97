/* SPDX-License-Identifier: MIT */
/*
 * Semaphore, wait group, event, barrier: a state under a short lock, and those
 * who wait for it in a queue. Whoever changes the state hands over what they
 * wait for, so that nobody who comes later can overtake them. The object is not
 * touched after its lock has been given back: whoever has been served may
 * destroy it. (Not so by one whose time is up while it is being served: it has
 * to look whether it still is in the queue.)
 */
#include "sync_impl.h"

#include <kit/line.h>

#include <errno.h>

/* ---- what they share ---- */

int preempt_queue_and_get(kit_lock *lock, struct preempt_waiters *q,
                          void *element, const struct wait *why)
{
    struct preempt_waiter w = preempt_waiter_make(sleeper_self(), element);
    int result = sleeper_may_wait(w.sleeper, why->deadline);
    if (result == 0)
        preempt_waiters_push(q, &w);
    kit_lock_release(lock);
    if (result < 0)
        return result;
    result = preempt_waiter_wait(&w, lock, q, why);
    return result < 0 ? result : 0;
}

int preempt_queue_and_wait(kit_lock *lock, struct preempt_waiters *q,
                           const struct wait *why)
{
    return preempt_queue_and_get(lock, q, NULL, why);
}

void preempt_serve_all(kit_lock *lock, struct preempt_waiters *q)
{
    struct preempt_waiter *all = preempt_waiters_pop_all(q);
    kit_lock_release(lock);
    preempt_waiters_wake_list(all, WORD_SERVED);
}

void preempt_report(const char *function, const char *name, const char *what)
{
    struct kit_line line = {.length = 0};
    kit_line_add(&line, function);
    kit_line_add(&line, ": ");
    kit_line_add(&line, name);
    kit_line_add(&line, ": ");
    kit_line_add(&line, what);
    kit_line_write(&line, STDERR_FILENO);
}

int preempt_refuse_if_waited_for(kit_lock *lock,
                                 const struct preempt_waiters *q,
                                 const char *function, const char *name)
{
    kit_lock_acquire(lock);
    bool is_waited_for = preempt_waiters_count(q) > 0;
    kit_lock_release(lock);
    if (!is_waited_for)
        return 0;
    preempt_report(function, name, "tasks wait for it");
    return -EBUSY;
}

/* ---- semaphore ---- */

int preempt_semaphore_init(preempt_semaphore *sem, size_t value,
                           const char *name)
{
    if (value > PREEMPT_SEMAPHORE_MAX)
        return -EINVAL;
    *sem = (preempt_semaphore){.value = value};
    sem->name = name ? name : "semaphore";
    return 0;
}

int preempt_semaphore_destroy(preempt_semaphore *sem)
{
    return preempt_refuse_if_waited_for(&sem->lock, &sem->waiters, __func__,
                                        sem->name);
}

int preempt_semaphore_acquire_until(preempt_semaphore *sem, int64_t deadline)
{
    kit_lock_acquire(&sem->lock);
    if (sem->value == 0) {
        struct wait why = {"acquire", sem->name, deadline};
        return preempt_queue_and_wait(&sem->lock, &sem->waiters, &why);
    }
    sem->value--;
    kit_lock_release(&sem->lock);
    return 0;
}

int preempt_semaphore_acquire(preempt_semaphore *sem)
{
    return preempt_semaphore_acquire_until(sem, KIT_FOREVER);
}

int preempt_semaphore_try_acquire(preempt_semaphore *sem)
{
    kit_lock_acquire(&sem->lock);
    bool taken = sem->value > 0;
    if (taken)
        sem->value--;
    kit_lock_release(&sem->lock);
    return taken ? 0 : -EAGAIN;
}

int preempt_semaphore_release(preempt_semaphore *sem)
{
    int result = 0;
    kit_lock_acquire(&sem->lock);
    struct preempt_waiter *w = preempt_waiters_pop(&sem->waiters);
    if (!w && sem->value == PREEMPT_SEMAPHORE_MAX)
        result = -EOVERFLOW;
    else if (!w)
        sem->value++;
    kit_lock_release(&sem->lock);
    if (w)
        preempt_waiter_wake(w, WORD_SERVED);
    return result;
}

size_t preempt_semaphore_value(const preempt_semaphore *semaphore)
{
    preempt_semaphore *sem = (preempt_semaphore *)(uintptr_t)semaphore;
    kit_lock_acquire(&sem->lock);
    size_t value = sem->value;
    kit_lock_release(&sem->lock);
    return value;
}

/* ---- wait group ---- */

int preempt_waitgroup_init(preempt_waitgroup *wg, const char *name)
{
    *wg = (preempt_waitgroup){.name = name ? name : "wait group"};
    return 0;
}

int preempt_waitgroup_destroy(preempt_waitgroup *wg)
{
    return preempt_refuse_if_waited_for(&wg->lock, &wg->waiters, __func__,
                                        wg->name);
}

int preempt_waitgroup_add(preempt_waitgroup *wg, size_t n)
{
    kit_lock_acquire(&wg->lock);
    int result = n > SIZE_MAX - wg->count ? -EOVERFLOW : 0;
    if (result == 0)
        wg->count += n;
    kit_lock_release(&wg->lock);
    return result;
}

int preempt_waitgroup_done(preempt_waitgroup *wg)
{
    kit_lock_acquire(&wg->lock);
    int result = wg->count == 0 ? -EINVAL : 0;
    if (result == 0 && --wg->count == 0)
        preempt_serve_all(&wg->lock, &wg->waiters);
    else
        kit_lock_release(&wg->lock);
    return result;
}

int preempt_waitgroup_wait_until(preempt_waitgroup *wg, int64_t deadline)
{
    kit_lock_acquire(&wg->lock);
    if (wg->count > 0) {
        struct wait why = {"wait for", wg->name, deadline};
        return preempt_queue_and_wait(&wg->lock, &wg->waiters, &why);
    }
    kit_lock_release(&wg->lock);
    return 0;
}

int preempt_waitgroup_wait(preempt_waitgroup *wg)
{
    return preempt_waitgroup_wait_until(wg, KIT_FOREVER);
}

/* ---- event ---- */

int preempt_event_init(preempt_event *e, const char *name)
{
    *e = (preempt_event){.name = name ? name : "event"};
    return 0;
}

int preempt_event_destroy(preempt_event *e)
{
    return preempt_refuse_if_waited_for(&e->lock, &e->waiters, __func__,
                                        e->name);
}

void preempt_event_set(preempt_event *e)
{
    kit_lock_acquire(&e->lock);
    e->set = true;
    preempt_serve_all(&e->lock, &e->waiters);
}

void preempt_event_reset(preempt_event *e)
{
    kit_lock_acquire(&e->lock);
    e->set = false;
    kit_lock_release(&e->lock);
}

bool preempt_event_is_set(const preempt_event *event)
{
    preempt_event *e = (preempt_event *)(uintptr_t)event;
    kit_lock_acquire(&e->lock);
    bool set = e->set;
    kit_lock_release(&e->lock);
    return set;
}

int preempt_event_wait_until(preempt_event *e, int64_t deadline)
{
    kit_lock_acquire(&e->lock);
    if (!e->set) {
        struct wait why = {"wait for", e->name, deadline};
        return preempt_queue_and_wait(&e->lock, &e->waiters, &why);
    }
    kit_lock_release(&e->lock);
    return 0;
}

int preempt_event_wait(preempt_event *e)
{
    return preempt_event_wait_until(e, KIT_FOREVER);
}

/* ---- barrier: those who have arrived are those who wait ---- */

int preempt_barrier_init(preempt_barrier *b, size_t parties, const char *name)
{
    if (parties == 0)
        return -EINVAL;
    *b = (preempt_barrier){.parties = parties};
    b->name = name ? name : "barrier";
    return 0;
}

int preempt_barrier_destroy(preempt_barrier *b)
{
    return preempt_refuse_if_waited_for(&b->lock, &b->waiters, __func__,
                                        b->name);
}

int preempt_barrier_wait_until(preempt_barrier *b, int64_t deadline)
{
    kit_lock_acquire(&b->lock);
    if (preempt_waiters_count(&b->waiters) + (size_t)1 < b->parties) {
        struct wait why = {"wait at", b->name, deadline};
        return preempt_queue_and_wait(&b->lock, &b->waiters, &why);
    }
    preempt_serve_all(&b->lock, &b->waiters);
    return 1;
}

int preempt_barrier_wait(preempt_barrier *b)
{
    return preempt_barrier_wait_until(b, KIT_FOREVER);
}
