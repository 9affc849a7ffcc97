/* SPDX-License-Identifier: MIT */
/* What the parts of the machine share. */
#ifndef MODEL_MACHINE_IMPL_H
#define MODEL_MACHINE_IMPL_H

#include "machine.h"

#include <coop/coro.h>

#include "../../preempt/src/task_impl.h"

enum {
    STEPS_MAX = 20000, /* of a run: no scenario needs a tenth of it */
    LATE_MAX = 8,
    LOCALS_MAX = 512
};

enum thread_state { READY, ASLEEP, JOINING, ENDED };

/* A store that has been held back. */
struct late {
    volatile void *to;
    size_t size;
    uint64_t value;
};

struct thread {
    const char *name;
    void *(*body)(void *);
    void *arg;
    coop_coro *coro;
    struct preempt_task task;
    enum thread_state state;
    const struct model_site *site; /* its last access: what it waits in */

    kit_word *word; /* asleep: on what, until when, since when */
    int64_t deadline;
    uint32_t ticket;
    bool woken;
    int joins; /* joining: whom */

    unsigned owed; /* after a pause: who has to step before it goes on */
    bool fresh;    /* it has just been chosen: no need to choose again */

    const volatile void *last_at; /* its last load, to see it repeated */
    uint64_t last_value;
    unsigned repeats;

    struct late late[LATE_MAX];
    size_t late_count;
    char locals[LOCALS_MAX]; /* its thread-local variables */
};

struct machine {
    struct thread threads[MODEL_THREADS_MAX];
    int count, current; /* -1: none */
    int next;           /* whom the one that stops has chosen; -1: nobody */
    int64_t now;
    uint32_t step, tickets;
    struct model_options options;
    bool trace;
    struct model_report *report;
};
extern struct machine machine;

static inline unsigned bit(int i)
{
    return 1u << i;
}

/* The calling thread; NULL: before the first and after the last. */
static inline struct thread *self(void)
{
    return machine.current < 0 ? NULL : &machine.threads[machine.current];
}

/* ---- threads.c ---- */

/* A wake-up names an address and touches nothing: that may be gone. */
enum access { READS, WRITES, WAKES };

/* Before each access to what is `at`: another thread may run first. */
void machine_point(struct model_site *site, const volatile void *at,
                   enum access access);

/* A step that nobody else can tell from the one before. */
void machine_step(void);

/* Ends the run. Does not return in a thread. */
void machine_fail(enum model_fault fault, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- access.c ---- */

/* The stores that a thread has held back become visible. */
void machine_flush(struct thread *t);

void machine_trace(const struct model_site *site, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- sharing.c ---- */

/* An access in this run. Afterwards site->is_shared says what it is. */
void sharing_note(struct model_site *site, const volatile void *at, bool writes,
                  int thread);
void sharing_begin_run(void);

/* ---- arena.c ---- */

void arena_reset(void);
bool arena_is_freed(const volatile void *at);

#endif
