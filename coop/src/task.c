/* SPDX-License-Identifier: MIT */
/* The life of a task: spawn, run, join. */
#include "task.h"
#include "dump.h"
#include "waiters.h"

#include <kit/serial.h>

#include <string.h>

/* ---- the list of all tasks: see dump.c for the order of these steps ---- */

static void link_task(coop_task *t, coop_sched *s)
{
    t->sched = s;
    t->newer = NULL;
    t->older = s->newest;
    __atomic_signal_fence(__ATOMIC_RELEASE);
    if (s->newest)
        s->newest->newer = t;
    s->newest = t;
}

static void unlink_task(coop_task *t)
{
    if (t->newer)
        t->newer->older = t->older;
    else
        t->sched->newest = t->older;
    if (t->older)
        t->older->newer = t->newer;
    __atomic_signal_fence(__ATOMIC_RELEASE);
}

static void free_task(coop_task *t)
{
    unlink_task(t);
    kit_context_dispose(&t->context);
    kit_stack_give(t->stack);
}

void coop_free_ended(coop_sched *s)
{
    if (s->ended)
        free_task(s->ended);
    s->ended = NULL;
}

/* Who joins it, in another scheduler, gets the result, or learns that there
   will be none. */
static void leave_joiner(coop_task *t)
{
    struct coop_joining *j = coop_joining_of(t);
    if (!j)
        return;
    j->task = NULL;
    j->had_ended = t->state == COOP_TASK_ENDED;
    j->result = t->value;
    struct coop_waiter *w = coop_waiters_take(&t->joiner);
    if (w)
        coop_wake(coop_task_of(w), -ESRCH);
}

/* It does not join any more: others may. */
static void leave_joined(const coop_task *t)
{
    const struct coop_joining *j = t->joins ? t->waiter.element : NULL;
    if (j && j->task)
        j->task->member.joining = NULL;
}

/* First they leave the queues, of which some are in others' stacks, and their
   groups, which may outlive them. */
void coop_free_tasks(coop_sched *s)
{
    for (coop_task *t = s->newest; t; t = t->older) {
        coop_end_wait(t, -ECANCELED);
        coop_group_lose(t);
        leave_joined(t);
        leave_joiner(t);
    }
    while (s->newest)
        free_task(s->newest);
}

/* ---- run ---- */

/* Of a task that ran before the others, who waits for it does, too: a tree of
   tasks is then done with one branch before it begins the next. */
static void wake_joiner(coop_task *t)
{
    struct coop_waiter *w = coop_waiters_take(&t->joiner);
    if (!w)
        return;
    coop_task *joiner = coop_task_of(w);
    joiner->wake = 0;
    if (t->is_first)
        coop_make_ready_first(joiner);
    else
        coop_make_ready(joiner);
}

/* An unclaimed task cannot free the stack it ends on: the next one does. */
static void run(kit_context *context, kit_completion first)
{
    (void)first;
    coop_task *t = KIT_CONTAINER(context, coop_task, context);
    coop_sched *s = t->sched;
    t->value = t->body(t->value);
    t->state = COOP_TASK_ENDED;
    s->alive--;
    if (KIT_UNLIKELY(t->mutexes > 0))
        coop_complain("task", t->name, "ended with a mutex locked");
    wake_joiner(t);
    coop_free_ended(s);
    if (t->unclaimed)
        s->ended = t;
    coop_task *to = coop_next(s);
    kit_context_aim(&t->context, to ? &to->context : &s->main);
    kit_context_exit(&t->context, kit_yielded(kit_int(to ? to->wake : 0)));
}

/* ---- spawn ---- */

static coop_task *place(kit_stack *stack)
{
    uintptr_t top = (uintptr_t)stack - sizeof(coop_task);
    return (coop_task *)(top & ~(uintptr_t)(CACHE_LINE - 1));
}

static void name_task(coop_task *t, const char *name)
{
    size_t length = strnlen(name, COOP_NAME_MAX);
    memcpy(t->name, name, length);
    t->name[length] = '\0';
}

/* Schedulers take many at once: they run on several threads. */
static uint64_t next_serial(coop_sched *s)
{
    if (KIT_UNLIKELY(s->serial == s->last_serial)) {
        s->serial = kit_serials_take(COOP_SERIALS) - 1;
        s->last_serial = s->serial + COOP_SERIALS;
    }
    return ++s->serial;
}

/* What a task begins as, but for its stack, its name and its links. */
static const coop_task fresh;

int coop_spawn(coop_sched *s, coop_task **out, coop_task_fn body, kit_value arg,
               const struct coop_task_options *options)
{
    static const struct kit_stack_use use = {"task",
                                             "coop_task_options.stack_size"};
    kit_stack *stack;
    coop_free_ended(s);
    int result = kit_stack_take(options ? options->stack_size : 0, &stack);
    if (result < 0)
        return result;
    coop_task *t = place(stack);
    memcpy(t, &fresh, offsetof(coop_task, name));
    t->body = body;
    t->value = arg;
    t->stack = stack;
    stack->use = &use;
    stack->name = t->name;
    t->unclaimed = !out;
    name_task(t, options && options->name ? options->name : "task");
    result = kit_context_start(&t->context, s->main.mechanism, stack, (char *)t,
                               run);
    if (KIT_UNLIKELY(result < 0)) {
        kit_stack_give(stack);
        return result;
    }
    t->serial = next_serial(s);
    link_task(t, s);
    s->spawned++;
    s->alive++;
    t->is_first = options && options->first;
    if (t->is_first)
        coop_make_ready_first(t);
    else
        coop_make_ready(t);
    if (out)
        *out = t;
    return 0;
}

/* ---- join ---- */

/* 0 when the task has ended; it may be gone, which `j` says. */
static int await_end(coop_task *self, struct coop_joining *j, int64_t deadline)
{
    coop_task *task = j->task;
    const char *name = task->name;
    task->member.joining = j;
    self->waiter.element = j;
    self->joins = true;
    int result =
        coop_wait_in(self->sched, &task->joiner, "join", &name, deadline);
    self->joins = false;
    if (!j->task)
        return j->had_ended ? 0 : -ESRCH;
    task->member.joining = NULL;
    return result;
}

int coop_join_until(coop_task *task, kit_value *result, int64_t deadline)
{
    coop_task *self = coop_current();
    struct coop_joining j = {.task = task};
    if (task == self)
        return -EDEADLK;
    if (task->unclaimed)
        return -EINVAL;
    if (task->member.joining)
        return -EBUSY;
    if (task->state != COOP_TASK_ENDED) {
        int waited = self ? await_end(self, &j, deadline) : -EDEADLK;
        if (waited < 0)
            return waited;
    }
    if (result)
        *result = j.task ? task->value : j.result;
    if (j.task)
        free_task(task);
    return 0;
}

int coop_join(coop_task *task, kit_value *result)
{
    return coop_join_until(task, result, KIT_FOREVER);
}

/* ---- who ---- */

coop_task *coop_current(void)
{
    coop_sched *s = coop_running_sched();
    return s ? s->current : NULL;
}

coop_sched *coop_sched_of(const coop_task *task)
{
    return task->sched;
}

const char *coop_task_name(const coop_task *task)
{
    return task->name;
}
