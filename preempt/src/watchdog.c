/* SPDX-License-Identifier: MIT */
/*
 * Does every task wait for another one? Nobody knows who outside the scheduler
 * would wake one of them, so two looks decide: at both all tasks wait, without
 * a deadline and without a wake-up under way, and none has run in between.
 */
#include "task_impl.h"

#include <kit/line.h>

/* Awake; or to be so by itself, or by a wake-up that has been made already. */
static bool goes_on(struct sleeper *s, bool asleep)
{
    if (!asleep ||
        atomic_load_explicit(&s->ends_by_itself, memory_order_relaxed))
        return true;
    uint32_t awaits = atomic_load_explicit(&s->awaits, memory_order_relaxed);
    return atomic_load_explicit(&s->word, memory_order_relaxed) &
           (awaits | WORD_POKED);
}

/* Adds a task to the look. One that idles does not count: it has nothing to do,
   whatever the others wait for. */
static void look_at(struct watch_look *look, preempt_task *t)
{
    struct sleeper *s = &t->sleeper;
    bool asleep = sleeper_read(s);
    look->sleeps += atomic_load_explicit(&s->sleeps, memory_order_relaxed);
    if (goes_on(s, asleep))
        look->somebody_goes_on = true;
    else if (!atomic_load_explicit(&s->idles, memory_order_relaxed))
        look->stuck++;
    sleeper_unread(s);
}

static struct watch_look look_at_all(preempt_sched *s)
{
    struct watch_look look = {.stuck = 0};
    preempt_sched_lock(s);
    look.spawned = s->spawned;
    for (preempt_task *t = s->oldest; t; t = t->newer)
        if (atomic_load_explicit(&t->state, memory_order_relaxed) !=
            PREEMPT_TASK_ENDED)
            look_at(&look, t);
    preempt_sched_unlock(s);
    return look;
}

static bool all_wait(const struct watch_look *look)
{
    return look->stuck > 0 && !look->somebody_goes_on;
}

bool preempt_is_stuck(preempt_sched *s, struct watch_look *last)
{
    struct watch_look former = *last;
    *last = look_at_all(s);
    return all_wait(last) && all_wait(&former) && last->stuck == former.stuck &&
           last->sleeps == former.sleeps && last->spawned == former.spawned;
}

/* ---- the report ---- */

static void add_wait(struct kit_line *line, const struct sleeper *s)
{
    const char *name = atomic_load_explicit(&s->name, memory_order_relaxed);
    kit_line_add(line, " waits to ");
    kit_line_add(line, atomic_load_explicit(&s->what, memory_order_relaxed));
    if (name) {
        kit_line_add(line, " ");
        kit_line_add(line, name);
    }
}

void preempt_report_deadlock(preempt_sched *s)
{
    struct kit_line line = {.length = 0};
    kit_line_add(&line, "schedkit: deadlock: every task waits");
    kit_line_write(&line, STDERR_FILENO);
    preempt_sched_lock(s);
    for (preempt_task *t = s->oldest; t; t = t->newer) {
        if (sleeper_read(&t->sleeper)) {
            kit_line_add(&line, "  ");
            kit_line_add(&line, preempt_task_name(t));
            add_wait(&line, &t->sleeper);
            kit_line_write(&line, STDERR_FILENO);
        }
        sleeper_unread(&t->sleeper);
    }
    preempt_sched_unlock(s);
}
