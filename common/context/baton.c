/* SPDX-License-Identifier: MIT */
/*
 * The mechanism "kernel threads": the body of each context has a thread. Only
 * the holder of the baton runs, and an exchange hands it over.
 *
 * The thread's own stack is small. The body runs on the stack that the context
 * was given, which the thread enters by the default mechanism. So stacks have
 * the sizes and guards that they have elsewhere, smaller ones too than threads
 * may have; and a body that is abandoned is left where it stands: its thread
 * goes back to its own stack and ends, and nothing is unwound.
 */
#include "exchange.h"
#include "overflow.h"

#include <kit/backoff.h>
#include <kit/flow.h>

#include <errno.h>
#include <stdlib.h>

/* Virtual, and mostly never touched. It has room for thread-local variables
   (ThreadSanitizer's are large), and is the signal stack of the body. 128 KiB
   are the least that a thread may have on aarch64. */
#define SIGNAL_STACK ((size_t)32 * 1024)
#define OWN_STACK                                                              \
    (SIGNAL_STACK + (size_t)(KIT_SANITIZER_FACTOR > 1 ? 1024 : 128) * 1024)

/* A flow that waits for the baton: on its own stack, or new. */
struct side {
    struct baton *thread; /* NULL: one that we did not start */
    kit_signal *turn;
    struct kit_flow flow; /* handed over by the other side, as is the rest */
    kit_value value;
    unsigned word;
};

/* At the top of the context's stack, below what the creator keeps there. */
struct baton {
    struct side side; /* before the first and after the last exchange */
    kit_signal turn;
    pthread_t thread;
    kit_context inner; /* the thread's own stack and the body's */
    kit_context *context;
    kit_context_entry entry;
    kit_stack *stack;
    bool is_over; /* not to go on, wherever it waits, but to end the thread */
} __attribute__((aligned(16)));

static _Thread_local struct baton *of_thread; /* NULL: it is no body's */
static _Thread_local kit_signal other_turn = {.strategy = KIT_WAIT_PARK};

/* ---- what is the thread's: never inlined, as bodies may move ---- */

__attribute__((noinline)) static struct baton *baton_here(void)
{
    return of_thread;
}

__attribute__((noinline)) static kit_signal *turn_here(void)
{
    return of_thread ? &of_thread->turn : &other_turn;
}

/* The pool is made where it will be destroyed: in the flow's own thread. */
__attribute__((noinline)) static struct kit_flow flow_leaves(void)
{
    struct kit_flow flow;
    if (!kit_flow_here.pool)
        kit_stack_pool_of_thread();
    flow = kit_flow_here;
    kit_flow_here.pool = NULL;
    kit_flow_here.sched = NULL;
    return flow;
}

__attribute__((noinline)) static void flow_arrives(const struct kit_flow *flow)
{
    kit_flow_here.pool = flow->pool;
    kit_flow_here.sched = flow->sched;
    /* acquire: with the release of who sets it */
    kit_flow_arrival tell =
        __atomic_load_n(&kit_flow_on_arrival, __ATOMIC_ACQUIRE);
    if (tell && flow->sched)
        tell(flow->sched);
}

/* Of the task that is running, if there is one. */
__attribute__((noinline)) static kit_context *task_here(void)
{
    /* acquire: with the release of who sets it */
    kit_flow_task task_of =
        __atomic_load_n(&kit_flow_task_of, __ATOMIC_ACQUIRE);
    void *sched = kit_flow_here.sched;
    return task_of && sched ? task_of(sched) : NULL;
}

/* ---- exchanges ---- */

static void give_to(struct side *other, kit_value value, unsigned word)
{
    other->value = value;
    other->word = word;
    other->flow = flow_leaves();
    kit_signal_give(other->turn);
}

__attribute__((noreturn)) static void end_thread(struct baton *b)
{
    kit_context_exit(&b->inner, kit_done(kit_none()));
}

static struct side side_here(void)
{
    return (struct side){.thread = baton_here(), .turn = turn_here()};
}

/* Gives the baton away, and waits for it. */
static void hand_over(struct side *mine, struct side *other, kit_value value,
                      unsigned word)
{
    give_to(other, value, word);
    kit_signal_await(mine->turn);
    if (mine->thread && mine->thread->is_over)
        end_thread(mine->thread);
    flow_arrives(&mine->flow);
}

static void exchange_from(struct side *mine, kit_context *context,
                          kit_value value, unsigned word)
{
    struct side *other = context->suspended;
    context->suspended = mine;
    hand_over(mine, other, value, word);
}

static struct side exchange(kit_context *context, kit_value value,
                            unsigned word)
{
    struct side mine = side_here();
    exchange_from(&mine, context, value, word);
    return mine;
}

/* ---- tasks on user stacks, in our bodies ---- */

/*
 * Such a task shares a thread with others. Where it waits inside a body, they
 * shall go on on their thread, not on the body's: so the body gives the baton
 * back to where the task has resumed it, which switches to the next task; and
 * when the task's turn comes, back to the body. For that time the task's
 * context has the mechanism `lent`.
 */
struct lending {
    struct side *home;                     /* on the tasks' thread */
    kit_context *task;                     /* NULL: none is lent here */
    const struct kit_mechanism *mechanism; /* its own */
    struct side *body;     /* that asks for a switch; NULL: none does */
    const kit_context *to; /* to this task; NULL: ours has ended */
    kit_value value;       /* to be given to that, as is the word */
    unsigned word;
};

/* Suspends the body, but not until it is resumed. */
static kit_value ask_for_switch(kit_context *task, const kit_context *to,
                                kit_value value, unsigned word)
{
    struct lending *l = task->body;
    struct side mine = side_here();
    l->body = &mine;
    l->to = to;
    l->value = value;
    l->word = word;
    hand_over(&mine, l->home, kit_none(), 0);
    return mine.value;
}

static int lent_pass(kit_context *task, int value, const kit_context *to)
{
    return (int)ask_for_switch(task, to, kit_int(value), 0).i;
}

/* Of a task that has left a coroutine of its own from inside the body. */
__attribute__((noreturn)) static void lent_exit(kit_context *task,
                                                kit_step last)
{
    ask_for_switch(task, NULL, last.value, last.state);
    abort(); /* it is not resumed */
}

static void lent_dispose(kit_context *task);

static const struct kit_mechanism lent = {
    "lent", NULL, NULL, NULL, lent_pass, lent_exit, lent_dispose, false};

/* A task that is lent already has its home elsewhere. */
static void lend(struct lending *l)
{
    kit_context *task = task_here();
    if (!task || task->mechanism == &lent ||
        task->mechanism == &kit_baton_mechanism)
        return;
    l->task = task;
    l->mechanism = task->mechanism;
    task->mechanism = &lent;
    task->body = l;
}

static void take_back(const struct lending *l)
{
    if (!l->task)
        return;
    l->task->mechanism = l->mechanism;
    l->task->body = NULL;
}

/* At home. The task may come back on another thread. */
static void switch_for_body(struct lending *l)
{
    if (!l->to)
        l->mechanism->exit(l->task,
                           kit_step_make((enum kit_state)l->word, l->value));
    int got = l->mechanism->pass(l->task, (int)l->value.i, l->to);
    struct side *body = l->body;
    l->body = NULL;
    l->home->thread = baton_here();
    l->home->turn = turn_here();
    hand_over(l->home, body, kit_int(got), 0);
}

static kit_step baton_resume(kit_context *context, kit_completion how)
{
    struct side mine = side_here();
    struct lending l = {.home = &mine};
    lend(&l);
    exchange_from(&mine, context, how.value, how.how);
    while (l.body)
        switch_for_body(&l);
    take_back(&l);
    return kit_step_make((enum kit_state)mine.word, mine.value);
}

static kit_completion baton_yield(kit_context *context, kit_step step)
{
    struct side got = exchange(context, step.value, step.state);
    return kit_completion_make((enum kit_how)got.word, got.value);
}

static int baton_pass(kit_context *from, int value, const kit_context *to)
{
    kit_context_aim(from, to);
    int got = (int)exchange(from, kit_int(value), 0).value.i;
    from->suspended = NULL; /* it runs, and has no resumer: see dispose */
    return got;
}

__attribute__((noreturn)) static void baton_exit(kit_context *context,
                                                 kit_step last)
{
    struct baton *b = baton_here();
    struct side *other = context->suspended;
    context->suspended = &b->side;
    give_to(other, last.value, last.state);
    end_thread(b);
}

/* ---- the thread ---- */

static void enter(kit_context *inner, kit_completion first)
{
    struct baton *b = KIT_CONTAINER(inner, struct baton, inner);
    b->entry(b->context, first);
    abort(); /* an entry does not return */
}

static void run_body(struct baton *b)
{
    enum kit_how how = (enum kit_how)b->side.word;
    flow_arrives(&b->side.flow);
    kit_context_start(&b->inner, kit_mechanism_default(), b->stack, (char *)b,
                      enter);
    kit_context_resume(&b->inner, kit_completion_make(how, b->side.value));
    kit_context_dispose(&b->inner);
}

static void *run_thread(void *arg)
{
    struct baton *b = arg;
    char signal_stack[SIGNAL_STACK];
    kit_signal_stack_set(signal_stack, sizeof signal_stack);
    of_thread = b;
    kit_flow_here.is_guest = true;
    kit_signal_await(&b->turn);
    if (!b->is_over)
        run_body(b);
    return NULL;
}

static int create_thread(struct baton *b)
{
    pthread_attr_t attr;
    int saved = errno, error = pthread_attr_init(&attr);
    if (error)
        return -error;
    error = pthread_attr_setstacksize(&attr, OWN_STACK);
    if (!error)
        error = pthread_create(&b->thread, &attr, run_thread, b);
    pthread_attr_destroy(&attr);
    errno = saved;
    return -error;
}

static int baton_start(kit_context *context, kit_stack *stack, char *top,
                       kit_context_entry entry)
{
    struct baton *b = (struct baton *)(void *)top - 1;
    b = (void *)((uintptr_t)b & ~(uintptr_t)15);
    kit_signal_init(&b->turn, KIT_WAIT_PARK);
    b->side = (struct side){.thread = b, .turn = &b->turn};
    b->context = context;
    b->entry = entry;
    b->stack = stack;
    b->is_over = false;
    context->suspended = &b->side;
    context->body = b;
    return create_thread(b);
}

/* Its body has ended, or waits and will not go on. */
static void join_thread(struct baton *b)
{
    b->is_over = true;
    kit_signal_give(&b->turn);
    pthread_join(b->thread, NULL);
    kit_signal_destroy(&b->turn);
}

/* Those that have resumed one another, from the innermost side on to `last`. */
static void join_threads(const struct side *side, const struct side *last,
                         const struct baton *b)
{
    while (side && side != last && side->thread && side->thread != b &&
           !side->thread->is_over) {
        struct baton *inner = side->thread;
        side = inner->context->suspended;
        join_thread(inner);
    }
}

/*
 * The body may have resumed another one, which suspended both, and which nobody
 * can resume any more: its thread ends, too, and so on from the innermost to
 * the body itself. The contexts of those are disposed of later, or never.
 */
static void baton_dispose(kit_context *context)
{
    struct baton *b = context->body;
    join_threads(context->suspended, NULL, b);
    if (!b->is_over)
        join_thread(b);
}

/* So do the bodies that such a task is in the middle of. */
static void lent_dispose(kit_context *task)
{
    struct lending *l = task->body;
    join_threads(l->body, l->home, NULL);
    take_back(l);
    kit_context_dispose(task);
}

const struct kit_mechanism kit_baton_mechanism = {
    "baton",    baton_start, baton_resume,  baton_yield,
    baton_pass, baton_exit,  baton_dispose, false};
