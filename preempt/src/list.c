/* SPDX-License-Identifier: MIT */
/*
 * The list of a scheduler's tasks, and the dump of it.
 *
 * A dump may be asked for in a signal handler, which must not wait for the
 * list's lock: the thread that it interrupts may hold it. So whoever cannot
 * have the lock leaves a request, and whoever gives the lock back looks for
 * one. A task's report is kept as it is by sleeper_read, which never waits.
 */
#include "task_impl.h"

#include <kit/line.h>

#include <errno.h>

/* ---- what a task is about ---- */

const char *preempt_task_state_name(enum preempt_task_state state)
{
    static const char *const names[] = {"ready", "running", "waiting", "ended"};
    return (unsigned)state <= PREEMPT_TASK_ENDED ? names[state] : "malformed";
}

/* Between sleeper_read, which has said whether it is asleep, and unread. */
static struct preempt_task_info info_of(const preempt_task *t, bool asleep)
{
    struct preempt_task_info info = {
        .task = t,
        .name = preempt_task_name(t),
        .state = (enum preempt_task_state)atomic_load_explicit(
            &t->state, memory_order_relaxed),
        .stack_size = t->stack.size,
    };
    if (asleep) {
        const struct sleeper *s = &t->sleeper;
        info.state = PREEMPT_TASK_WAITING;
        info.waits_to = atomic_load_explicit(&s->what, memory_order_relaxed);
        info.waits_on = atomic_load_explicit(&s->name, memory_order_relaxed);
        info.since = atomic_load_explicit(&s->since, memory_order_relaxed);
    }
    return info;
}

static void describe(struct kit_line *l, const struct preempt_task_info *info)
{
    kit_line_add(l, info->name);
    kit_line_add(l, ": ");
    kit_line_add(l, preempt_task_state_name(info->state));
    if (info->waits_to) {
        kit_line_add(l, " to ");
        kit_line_add(l, info->waits_to);
        kit_line_add(l, info->waits_on ? " " : "");
        kit_line_add(l, info->waits_on ? info->waits_on : "");
        kit_line_add(l, " for ");
        kit_line_add_number(l, (uint64_t)(kit_now() - info->since) / 1000000);
        kit_line_add(l, " ms");
    }
    kit_line_add(l, "; stack of ");
    kit_line_add_number(l, info->stack_size / 1024);
    kit_line_add(l, " KiB");
}

static void write_task(preempt_task *t, int fd)
{
    struct kit_line l = {.length = 0};
    struct preempt_task_info info = info_of(t, sleeper_read(&t->sleeper));
    describe(&l, &info);
    sleeper_unread(&t->sleeper);
    kit_line_write(&l, fd);
}

/* The caller has the lock. */
static void write_all(preempt_sched *s, int fd)
{
    for (preempt_task *t = s->oldest; t; t = t->newer)
        write_task(t, fd);
}

/* ---- the lock, and dumps that could not have it ---- */

static void serve_dump(preempt_sched *s)
{
    /* seq_cst: of a request and the end of a locked section one sees the
       other, for each is followed by such a fence and a look */
    atomic_thread_fence(memory_order_seq_cst);
    while (atomic_load_explicit(&s->dump_wanted, memory_order_relaxed) &&
           kit_lock_try_acquire(&s->lock)) {
        uint32_t fd =
            atomic_exchange_explicit(&s->dump_wanted, 0, memory_order_relaxed);
        if (fd)
            write_all(s, (int)fd - 1);
        kit_lock_release(&s->lock);
        atomic_thread_fence(memory_order_seq_cst);
    }
}

void preempt_sched_lock(preempt_sched *s)
{
    kit_lock_acquire(&s->lock);
}

void preempt_sched_unlock(preempt_sched *s)
{
    kit_lock_release(&s->lock);
    serve_dump(s);
}

void preempt_dump(const preempt_sched *sched, int fd)
{
    preempt_sched *s = (preempt_sched *)(uintptr_t)sched;
    int saved = errno;
    if (kit_lock_try_acquire(&s->lock)) {
        write_all(s, fd);
        kit_lock_release(&s->lock);
    } else {
        atomic_store_explicit(&s->dump_wanted, (uint32_t)fd + 1,
                              memory_order_relaxed);
    }
    serve_dump(s);
    errno = saved;
}

/* ---- the list ---- */

void preempt_list_add(preempt_sched *s, preempt_task *t)
{
    preempt_sched_lock(s);
    t->older = s->newest;
    if (s->newest)
        s->newest->newer = t;
    else
        s->oldest = t;
    s->newest = t;
    preempt_sched_unlock(s);
}

void preempt_list_remove(preempt_sched *s, preempt_task *t)
{
    preempt_sched_lock(s);
    if (t->newer)
        t->newer->older = t->older;
    else
        s->newest = t->older;
    if (t->older)
        t->older->newer = t->newer;
    else
        s->oldest = t->newer;
    preempt_sched_unlock(s);
}

size_t preempt_tasks(const preempt_sched *sched,
                     struct preempt_task_info *infos, size_t room)
{
    preempt_sched *s = (preempt_sched *)(uintptr_t)sched;
    size_t count = 0;
    preempt_sched_lock(s);
    for (preempt_task *t = s->oldest; t; t = t->newer, count++) {
        if (count >= room)
            continue;
        infos[count] = info_of(t, sleeper_read(&t->sleeper));
        sleeper_unread(&t->sleeper);
    }
    preempt_sched_unlock(s);
    return count;
}
