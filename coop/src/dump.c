/* SPDX-License-Identifier: MIT */
/*
 * Who there is, and what they wait for. The list of tasks is changed so that
 * it can be walked, newest first, at any instruction between: a signal handler
 * may dump it.
 */
#include "dump.h"

#include <kit/line.h>

#define REPORTED_AT_MOST 10

const char *coop_task_state_name(enum coop_task_state state)
{
    static const char *const names[] = {"ready", "running", "waiting", "ended"};
    return (unsigned)state <= COOP_TASK_ENDED ? names[state] : "malformed";
}

static enum coop_task_state state_of(const coop_task *t)
{
    if (t->state == COOP_TASK_READY && t->sched->current == t)
        return COOP_TASK_RUNNING;
    return t->state;
}

static const coop_task *oldest(const coop_sched *s)
{
    const coop_task *t = s->newest;
    while (t && t->older)
        t = t->older;
    return t;
}

static struct coop_task_info info_of(const coop_task *t)
{
    bool waits = t->state == COOP_TASK_WAITING;
    return (struct coop_task_info){
        .task = t,
        .name = t->name,
        .state = state_of(t),
        .waits_to = waits ? t->waits_to : NULL,
        .waits_on = waits && t->waits_on ? *t->waits_on : NULL,
        .since = waits ? t->since : 0,
        .stack_size = kit_stack_size(t->stack),
        .stack_used = kit_stack_used(t->stack),
    };
}

size_t coop_tasks(const coop_sched *s, struct coop_task_info *infos,
                  size_t room)
{
    size_t count = 0;
    for (const coop_task *t = oldest(s); t; t = t->newer, count++)
        if (count < room)
            infos[count] = info_of(t);
    return count;
}

/* ---- as text ---- */

static void add_wait(struct kit_line *line, const coop_task *t)
{
    kit_line_add(line, " waits to ");
    kit_line_add(line, t->waits_to);
    if (t->waits_on && *t->waits_on) {
        kit_line_add(line, " ");
        kit_line_add(line, *t->waits_on);
    }
}

static void add_age(struct kit_line *line, int64_t since)
{
    int64_t age = (kit_now() - since) / 1000000;
    kit_line_add(line, ", for ");
    kit_line_add_number(line, age > 0 ? (uint64_t)age : 0);
    kit_line_add(line, " ms");
}

static void dump_task(const coop_task *t, int fd)
{
    struct kit_line line = {0};
    kit_line_add(&line, "  ");
    kit_line_add(&line, t->name);
    if (t->state == COOP_TASK_WAITING) {
        add_wait(&line, t);
        add_age(&line, t->since);
    } else {
        kit_line_add(&line, " is ");
        kit_line_add(&line, coop_task_state_name(state_of(t)));
    }
    kit_line_add(&line, "; stack of ");
    kit_line_add_number(&line, kit_stack_size(t->stack) / 1024);
    kit_line_add(&line, " KiB");
    kit_line_write(&line, fd);
}

void coop_dump(const coop_sched *s, int fd)
{
    struct kit_line line = {0};
    kit_line_add(&line, "schedkit: tasks, newest first");
    kit_line_write(&line, fd);
    for (const coop_task *t = s->newest; t; t = t->older)
        dump_task(t, fd);
}

/* ---- complaints ---- */

void coop_report_deadlock(const coop_sched *s)
{
    struct kit_line line = {0};
    kit_line_add(&line, "schedkit: deadlock: every task waits");
    kit_line_write(&line, STDERR_FILENO);
    for (const coop_task *t = oldest(s); t; t = t->newer) {
        if (t->state != COOP_TASK_WAITING)
            continue;
        kit_line_add(&line, "  ");
        kit_line_add(&line, t->name);
        add_wait(&line, t);
        kit_line_write(&line, STDERR_FILENO);
    }
}

/* NULL: nothing. Who waits has been reported as a deadlock. */
static const char *forgotten(const coop_task *t)
{
    if (t->state == COOP_TASK_READY)
        return "was ready, and coop_run was not called";
    if (t->state == COOP_TASK_ENDED && !t->unclaimed && !coop_joining_of(t))
        return "ended, and was never joined";
    return NULL;
}

void coop_report_forgotten(const coop_sched *s)
{
    size_t count = 0;
    for (const coop_task *t = oldest(s); t; t = t->newer) {
        const char *how = forgotten(t);
        if (how && ++count <= REPORTED_AT_MOST)
            coop_complain("task", t->name, how);
    }
    if (count > REPORTED_AT_MOST)
        coop_complain("task", "...", "and more were forgotten");
}

void coop_complain(const char *what, const char *name, const char *complaint)
{
    struct kit_line line = {0};
    kit_line_add(&line, "schedkit: ");
    kit_line_add(&line, what);
    kit_line_add(&line, " ");
    kit_line_add(&line, name);
    kit_line_add(&line, ": ");
    kit_line_add(&line, complaint);
    kit_line_write(&line, STDERR_FILENO);
}
