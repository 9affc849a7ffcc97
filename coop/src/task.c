/* SPDX-License-Identifier: MIT */
/*
 * The cooperative scheduler: a queue of ready tasks, and the switch. A task
 * that gives up the CPU switches straight to the next one; the flow that
 * called coop_run is resumed only when no task is ready.
 */
#include <coop/task.h>

#include <kit/flow.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 31

enum task_state {
    TASK_READY = 0,
    TASK_RUNNING,
    TASK_PARKED,
    TASK_ENDED,
};

/* At the top of its own stack, below the stack's record. */
struct coop_task {
    kit_context context;
    coop_task *next; /* in the ready queue */
    coop_sched *sched;
    coop_task_fn body;
    kit_value value; /* the argument, then the result */
    coop_task *joiner;
    const char *waits_to; /* while parked: "receive from" */
    const char *waits_on; /* and the name of what */
    kit_stack *stack;
    coop_task *newer, *older; /* all tasks of the scheduler */
    enum task_state state;
    bool permit;    /* unparked since the last park */
    bool unclaimed; /* nobody may join it: it frees itself */
    char name[NAME_MAX_BYTES + 1];
} __attribute__((aligned(16)));

struct coop_sched {
    coop_task *current;
    coop_task *head, *tail;
    coop_task *ended; /* an unclaimed task whose stack was still in use */
    coop_task *newest;
    const struct kit_mechanism *mechanism;
    coop_sched *outer; /* the scheduler whose task called coop_run */
    bool is_running;
    bool is_unwatched; /* no report of stack overflows */
};

/* Not inlined: no thread-local address may be kept across a switch. */
__attribute__((noinline)) static coop_sched *running_sched(void)
{
    return kit_flow_here.sched;
}

__attribute__((noinline)) static void set_running_sched(coop_sched *s)
{
    kit_flow_here.sched = s;
}

/* ---- the ready queue ---- */

static void make_ready(coop_task *t)
{
    coop_sched *s = t->sched;
    t->state = TASK_READY;
    t->next = NULL;
    if (s->head)
        s->tail->next = t;
    else
        s->head = t;
    s->tail = t;
}

static coop_task *take_ready(coop_sched *s)
{
    coop_task *t = s->head;
    if (t)
        s->head = t->next;
    return t;
}

/* ---- switching ---- */

/* Runs the next ready task, or the caller of coop_run. The current task must
   be in a queue, or somebody must know that it is parked. */
static void switch_away(coop_sched *s)
{
    coop_task *from = s->current, *to = take_ready(s);
    if (to == from) {
        from->state = TASK_RUNNING;
        return;
    }
    s->current = to;
    if (to) {
        to->state = TASK_RUNNING;
        kit_context_swap(&from->context, &to->context);
    }
    kit_context_yield(&from->context, kit_yielded(kit_none()));
}

void coop_yield(void)
{
    coop_sched *s = running_sched();
    if (!s || !s->head)
        return;
    make_ready(s->current);
    switch_away(s);
}

int coop_park(const char *what, const char *name)
{
    coop_sched *s = running_sched();
    if (!s)
        return -EDEADLK;
    coop_task *t = s->current;
    if (!t->permit) {
        t->state = TASK_PARKED;
        t->waits_to = what;
        t->waits_on = name;
        switch_away(s);
    }
    t->permit = false;
    return 0;
}

void coop_unpark(coop_task *task)
{
    if (task->state == TASK_PARKED)
        make_ready(task);
    task->permit = true;
}

/* ---- life of a task ---- */

static void unlink_task(coop_task *t)
{
    if (t->newer)
        t->newer->older = t->older;
    else
        t->sched->newest = t->older;
    if (t->older)
        t->older->newer = t->newer;
}

static void free_task(coop_task *t)
{
    unlink_task(t);
    kit_context_dispose(&t->context);
    kit_stack_give(t->stack);
}

/* An unclaimed task cannot free the stack it ends on: the next one does. */
static void free_ended(coop_sched *s)
{
    if (s->ended)
        free_task(s->ended);
    s->ended = NULL;
}

static void run(kit_context *context, kit_completion first)
{
    (void)first;
    coop_task *t = KIT_CONTAINER(context, coop_task, context);
    coop_sched *s = t->sched;
    t->value = t->body(t->value);
    t->state = TASK_ENDED;
    if (t->joiner)
        coop_unpark(t->joiner);
    free_ended(s);
    if (t->unclaimed)
        s->ended = t;
    s->current = take_ready(s);
    if (s->current) {
        s->current->state = TASK_RUNNING;
        kit_context_swap(&t->context, &s->current->context);
    }
    kit_context_exit(&t->context, kit_yielded(kit_none()));
}

static coop_task *place(kit_stack *stack)
{
    uintptr_t top = (uintptr_t)stack - sizeof(coop_task);
    return (coop_task *)(top & ~(uintptr_t)15);
}

static void name_task(coop_task *t, const char *name)
{
    size_t length = strnlen(name, NAME_MAX_BYTES);
    memcpy(t->name, name, length);
    t->name[length] = '\0';
}

static void link_task(coop_task *t, coop_sched *s)
{
    t->sched = s;
    t->newer = NULL;
    t->older = s->newest;
    if (s->newest)
        s->newest->newer = t;
    s->newest = t;
}

int coop_spawn(coop_sched *s, coop_task **out, coop_task_fn body, kit_value arg,
               const struct coop_task_options *options)
{
    static const struct kit_stack_use use = {"task",
                                             "coop_task_options.stack_size"};
    kit_stack *stack;
    free_ended(s);
    int result = kit_stack_take(options ? options->stack_size : 0, &stack);
    if (result < 0)
        return result;
    coop_task *t = place(stack);
    t->body = body;
    t->value = arg;
    t->joiner = NULL;
    t->stack = stack;
    stack->use = &use;
    stack->name = t->name;
    t->permit = false;
    t->unclaimed = !out;
    name_task(t, options && options->name ? options->name : "task");
    result =
        kit_context_start(&t->context, s->mechanism, stack, (char *)t, run);
    if (result < 0) {
        kit_stack_give(stack);
        return result;
    }
    link_task(t, s);
    make_ready(t);
    if (out)
        *out = t;
    return 0;
}

int coop_join(coop_task *task, kit_value *result)
{
    coop_task *self = coop_current();
    if (task == self)
        return -EDEADLK;
    if (task->joiner)
        return -EBUSY;
    if (task->state != TASK_ENDED && !self)
        return -EDEADLK;
    task->joiner = self;
    while (task->state != TASK_ENDED)
        coop_park("join", task->name);
    if (result)
        *result = task->value;
    free_task(task);
    return 0;
}

coop_task *coop_current(void)
{
    coop_sched *s = running_sched();
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

/* ---- the scheduler ---- */

int coop_sched_create(coop_sched **out,
                      const struct coop_sched_options *options)
{
    int saved = errno;
    coop_sched *s = calloc(1, sizeof *s);
    errno = saved;
    if (!s)
        return -ENOMEM;
    s->mechanism = options && options->mechanism ? options->mechanism
                                                 : kit_mechanism_default();
    s->is_unwatched = options && options->no_overflow_report;
    *out = s;
    return 0;
}

int coop_sched_destroy(coop_sched *s)
{
    if (!s)
        return 0;
    if (s->is_running)
        return -EBUSY;
    while (s->newest)
        free_task(s->newest);
    free(s);
    return 0;
}

/* The oldest first: the order in which a reader thinks of them. */
static void print_waiting(const coop_sched *s)
{
    const coop_task *t = s->newest;
    while (t && t->older)
        t = t->older;
    fprintf(stderr, "schedkit: deadlock: every task waits\n");
    for (; t; t = t->newer)
        if (t->state == TASK_PARKED)
            fprintf(stderr, "  %s waits to %s %s\n", t->name, t->waits_to,
                    t->waits_on);
}

static bool has_unfinished(const coop_sched *s)
{
    for (const coop_task *t = s->newest; t; t = t->older)
        if (t->state != TASK_ENDED)
            return true;
    return false;
}

int coop_run(coop_sched *s)
{
    if (s->is_running)
        return -EBUSY;
    if (!s->is_unwatched)
        kit_stack_watch(); /* without memory for it: no report */
    s->is_running = true;
    s->outer = running_sched();
    set_running_sched(s);
    while ((s->current = take_ready(s))) {
        s->current->state = TASK_RUNNING;
        kit_context_resume(&s->current->context, kit_next(kit_none()));
    }
    set_running_sched(s->outer);
    s->is_running = false;
    free_ended(s);
    if (!has_unfinished(s))
        return 0;
    print_waiting(s);
    return -EDEADLK;
}
