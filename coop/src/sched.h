/* SPDX-License-Identifier: MIT */
/*
 * The inside of the cooperative scheduler, for its own files: what a task and
 * a scheduler are, the queue of ready tasks, and the switch.
 *
 * A task that gives up the CPU switches straight to the next ready one. The
 * flow that called coop_run gets its turn when no task is ready, and every
 * COOP_SWITCHES_PER_POLL switches: it fires timers and looks at descriptors.
 */
#ifndef COOP_SCHED_H
#define COOP_SCHED_H

#include "timer.h"

#include <coop/group.h>
#include <coop/sync.h>

#include <kit/flow.h>

#include <errno.h>
#include <limits.h>

#define CACHE_LINE             64
#define COOP_NAME_MAX          31
#define COOP_SWITCHES_PER_POLL 64 /* at the most */
/* One task's turn: that of the caller of coop_run is counted, too. */
#define COOP_SWITCHES_PER_POLL_LEAST 2
#define COOP_NS_PER_POLL             INT64_C(100000) /* about, at the most */
#define COOP_NS_PER_LOOK             10000 /* at descriptors, while tasks run */
#define COOP_NS_PER_TRIM             1000000000 /* of the pool of stacks */
#define COOP_STACKS_KEPT             64
#define COOP_SERIALS                 (UINT64_C(1) << 20) /* taken at once */
#define COOP_ROW_MOST                16   /* receivers that overtake in a row */
#define COOP_ROW_FIRST_MOST          4096 /* the same with `first` tasks */

struct coop_select;
struct coop_poller;
struct coop_helpers;

/* Of who waits to join a task, on its stack, until it has the result. Of the
   two tasks, either may be freed with its scheduler meanwhile. */
struct coop_joining {
    coop_task *task; /* NULL: it was, and what it left follows */
    bool had_ended;
    kit_value result;
};

/* A task's place among those that wait for one thing: its own, or one of the
   places of a select. */
struct coop_waiter {
    struct coop_waiter *next;
    void *element;              /* of a channel: where to copy from, or to */
    struct coop_select *select; /* NULL: it waits for nothing else */
    struct coop_waiter *previous;
    struct coop_waiters *queue;
};

/* At the top of its own stack, below the stack's record. Of many tasks the
   cache holds few: what others need, to wake it, is in its first line, and what
   it needs to wait is in the second. */
struct coop_task {
    coop_task *next; /* in the ready queue */
    coop_sched *sched;
    enum coop_task_state state : 16; /* READY while it runs, too */
    unsigned row : 16; /* so many in a row overtook the others, with this one */
    int wake;          /* what its wait is to return */
    struct coop_waiter waiter;
    kit_context context; /* here begins the second */
    bool refuses;        /* to wait: canceled, and not shielded */
    bool canceled;
    bool shielded;
    bool permit;    /* unparked since the last park */
    bool is_first;  /* spawned to be ready before the others */
    bool unclaimed; /* nobody may join it: it frees itself */
    bool joins;     /* waiter.element is its struct coop_joining */
    union {
        coop_task_fn body;    /* until it begins */
        const char *waits_to; /* while it waits: "receive from" */
    };
    const char *const *waits_on; /* and where the name of what is, or NULL */
    int64_t since;               /* and when it began to */
    struct coop_timer timer;     /* all of it in the third line */
    kit_value value;             /* the argument, then the result */
    struct coop_waiters parking; /* itself, while it is parked */
    struct coop_waiters joiner;
    kit_stack *stack;
    coop_task *newer, *older; /* all tasks of the scheduler */
    uint64_t serial;          /* no other task has it, or had it */
    size_t mutexes;           /* that it has locked */
    struct {
        coop_group *group;
        union {
            coop_group_fn body;
            struct coop_joining *joining; /* of one that may be joined */
        };
        coop_task *newer, *older;
    } member; /* of a group */
    char name[COOP_NAME_MAX + 1];
} __attribute__((aligned(CACHE_LINE)));

_Static_assert(offsetof(coop_task, context) == CACHE_LINE,
               "the first line is for who wakes, the second for who waits");
_Static_assert(offsetof(coop_task, timer) == 2 * CACHE_LINE,
               "and the third for who waits for a time");

/* NULL: nobody joins it. */
static inline struct coop_joining *coop_joining_of(const coop_task *t)
{
    return t->unclaimed ? NULL : t->member.joining;
}

/* Whose own waiter it is, not one of a select. */
static inline coop_task *coop_task_of(struct coop_waiter *w)
{
    return KIT_CONTAINER(w, coop_task, waiter);
}

/* `current` and `head` are apart, since what is written by one store of two
   words is slow to be read by a load of one. */
struct coop_sched {
    coop_task *current;
    int until_poll;         /* switches until the caller of coop_run's turn */
    int checks;             /* checkpoints until one reads the clock */
    int has_overtaker;      /* in this turn; cleared by one store with checks */
    coop_task *head, *tail; /* the ready ones */
    kit_context main;       /* the caller of coop_run, while a task runs */
    int switches_per_poll;
    int checks_in_a_row; /* how many that were to be */
    bool is_running;
    int64_t now;   /* at the last poll */
    int64_t slice; /* ns that a task may run between checkpoints */
    int64_t slice_begun;
    int64_t checked;  /* when the clock was last read for one */
    coop_task *ended; /* unclaimed; its stack was still in use */
    coop_task *newest;
    size_t alive;    /* tasks that have not ended */
    uint64_t serial; /* of the newest task; the last of those taken: */
    uint64_t last_serial;
    coop_sched *outer; /* the scheduler whose task called coop_run */
    bool is_unwatched; /* no report of stack overflows */
    int dump_signal;
    uint32_t dumps; /* signals that asked for one, and have got it */
    struct coop_timers timers;
    size_t outside;   /* tasks that wait for descriptors, or offloaded calls */
    int64_t to_look;  /* when to see about those next */
    bool has_looked;  /* since the last poll */
    bool has_surplus; /* of warm stacks, perhaps, at the last trim */
    size_t spawned;   /* since the last trim */
    int64_t to_trim;  /* when to do that next */
    struct coop_poller *poller;   /* NULL: not needed yet */
    struct coop_helpers *helpers; /* as `poller` */
    int offload_threads;
};

#if KIT_FLOW_INLINE
_Static_assert(offsetof(struct coop_sched, checks) ==
                   offsetof(struct coop_sched_face, checks),
               "a scheduler begins as its face does");
#endif

/*
 * The scheduler whose task the caller is; NULL: none. No thread-local address
 * may be kept over a switch; on x86-64 a load of such a variable has none in
 * it, elsewhere it must be out of line.
 */
#if defined(__x86_64__)
static inline coop_sched *coop_running_sched(void)
{
    return kit_flow_here.sched;
}
#else
coop_sched *coop_running_sched(void);
#endif

/* ---- the queue of ready tasks ---- */

/* A task of `s`. */
static inline void coop_make_ready_in(coop_sched *s, coop_task *t)
{
    t->state = COOP_TASK_READY;
    t->row = 0;
    t->next = NULL;
    if (s->head)
        s->tail->next = t;
    else
        s->head = t;
    s->tail = t;
}

static inline void coop_make_ready(coop_task *t)
{
    coop_make_ready_in(t->sched, t);
}

/* Before the others, of whom `row` in a row will have overtaken them. */
static inline void coop_make_ready_before(coop_task *t, unsigned row)
{
    coop_sched *s = t->sched;
    t->state = COOP_TASK_READY;
    t->row = row;
    t->next = s->head;
    if (!s->head)
        s->tail = t;
    s->head = t;
}

/* How many there would be if the current task made one overtake the others. */
static inline unsigned coop_next_row(const coop_sched *s)
{
    return s->current ? s->current->row + 1u : 0;
}

/* For what was spawned `first`, and for who waits for it. */
static inline void coop_make_ready_first(coop_task *t)
{
    unsigned row = coop_next_row(t->sched);
    if (row > COOP_ROW_FIRST_MOST)
        coop_make_ready(t);
    else
        coop_make_ready_before(t, row);
}

/*
 * As coop_make_ready, for one that the current task has just given something:
 * it overtakes the others, while both are in the cache. (A chain of 2000 tasks
 * runs three times as fast.) A second one in the same turn does not, nor does
 * one after COOP_ROW_MOST in a row; so nobody is overtaken for long.
 */
static inline void coop_make_ready_soon(coop_task *t)
{
    coop_sched *s = t->sched;
    unsigned row = coop_next_row(s);
    if (row > COOP_ROW_MOST || s->has_overtaker || !s->current) {
        coop_make_ready(t);
        return;
    }
    coop_make_ready_before(t, row);
    s->has_overtaker = true;
}

/* A function that only prefetches does nothing to the compiler (gcc 12), which
   leaves out calls of it unless they are in line before it looks. */
#define FETCHES inline __attribute__((always_inline))

/* To wake a task, and to let it run. NULL does no harm. */
static FETCHES void coop_fetch_task(const coop_task *t)
{
    __builtin_prefetch(t);
    __builtin_prefetch((const char *)t + CACHE_LINE);
}

/* As far as a wait reaches into it. */
static FETCHES void coop_fetch_stack(const coop_task *t)
{
    const char *stack = (const char *)t->context.suspended;
    __builtin_prefetch(stack);
    __builtin_prefetch(stack + CACHE_LINE);
    __builtin_prefetch(stack + 2 * CACHE_LINE);
}

/*
 * Where tasks are many, each is out of the cache when its turn comes. So when
 * one is taken, the stack of the next is fetched, and what the one after that
 * is found by.
 */
static FETCHES void coop_fetch_ahead(const coop_task *next)
{
    coop_fetch_stack(next);
    coop_fetch_task(next->next);
}

static inline coop_task *coop_take_ready(coop_sched *s)
{
    coop_task *t = s->head;
    if (!t)
        return NULL;
    s->head = t->next;
    if (s->head)
        coop_fetch_ahead(s->head);
    return t;
}

/* ---- switching ---- */

/* The next task to run: NULL for the caller of coop_run. */
static inline coop_task *coop_next(coop_sched *s)
{
    s->checks = 0;
    s->has_overtaker = false;
    s->current = KIT_UNLIKELY(--s->until_poll <= 0) ? NULL : coop_take_ready(s);
    return s->current;
}

/*
 * `from`, whose turn it is, gives way to the next. It must be in a queue, or
 * somebody must know that it waits. The result is what its `wake` is when it
 * runs again. To be called last, so that the switch is a jump: see coro.c.
 */
static inline int coop_give_way(coop_sched *s, coop_task *from)
{
    coop_task *to = coop_next(s);
    if (KIT_UNLIKELY(!to))
        return kit_context_pass(&from->context, &s->main, 0);
    return kit_context_pass(&from->context, &to->context, to->wake);
}

#endif
