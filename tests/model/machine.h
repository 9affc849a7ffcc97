/* SPDX-License-Identifier: MIT */
/*
 * The machine that preempt's sources run on while they are checked: its
 * threads are coroutines, and each access to its atomics is a point where the
 * explorer (explore.h) may let another one run. atomics.h maps the sources to
 * what is here.
 *
 * What interleaving shows, it shows for certain, up to the bound: lost
 * wake-ups, lost, doubled or reordered elements, two owners of a mutex, calls
 * that never end. Stores may also be held back, in order, as the store buffer
 * of an x86-64 does (model_options.late_stores): that shows a missing fence
 * between a store and a later load.
 *
 * What it cannot show: any other reordering, which weaker machines do to
 * relaxed operations (an acquire or release left out), a compare-and-exchange
 * that fails for no reason, and races on plain data, for what lies between two
 * atomic accesses is one step here. ThreadSanitizer covers the data races and
 * what is missing of acquire and release (the suites preempt-*, under the tsan
 * preset); the stress tests of the libraries as they are (preempt-stress) cover
 * what the compiler and this machine make of them.
 */
#ifndef MODEL_MACHINE_H
#define MODEL_MACHINE_H

#include <kit/wait.h>

#include <pthread.h>

enum { MODEL_THREADS_MAX = 6 };

/* An access in the source. */
struct model_site {
    const char *file, *function, *text;
    int line;
    bool is_shared;           /* two threads meet at what it accesses */
    struct model_site *known; /* the next of those that are */
};

struct model_options {
    bool late_stores;   /* stores may be held back */
    bool no_membarrier; /* as in a kernel without */
    bool one_cpu;       /* all threads think that they are on one */
    bool crowded;       /* a yield takes a third thread's time slice */
};

/* ---- for scenarios ---- */

/* Adds a thread, before the run or from inside. Its number, or -1. */
int model_thread_add(const char *name, void *(*body)(void *), void *arg);

/* The number of the calling thread. */
int model_self(void);

/* A task by its thread's number, to cancel it. */
struct preempt_task;
struct preempt_task *model_task(int thread);

/* Waits until a thread has ended. */
void model_join(int thread);

/* Time passes, all at once. */
void model_clock_reach(int64_t time);

/* All that sleep wake up for no reason. */
void model_interrupt(void);

/* Ends this execution as a failure unless `holds`. */
void model_expect(bool holds, const char *what, const char *file, int line);
#define model_check(condition)                                                 \
    model_expect(condition, #condition, __FILE__, __LINE__)

/* ---- for the explorer ---- */

/* What is wrong; the rest is in words. */
enum model_fault {
    MODEL_FINE = 0,
    MODEL_WRONG,    /* a check failed */
    MODEL_DEADLOCK, /* all who have not ended wait */
    MODEL_LIVELOCK, /* no end in sight */
    MODEL_GONE,     /* freed memory, or a thread that has ended, is touched */
    MODEL_MISFIT,   /* the schedule to replay is another scenario's */
};

const char *model_fault_name(enum model_fault fault);

struct model_report {
    enum model_fault fault;
    char text[256];
};

/* A run, from its beginning to its end or first fault. The threads are those
   that `begin` adds; `end` is called when all of them have ended. */
void model_run(void (*begin)(const void *), void (*end)(const void *),
               const void *arg, const struct model_options *options, bool trace,
               struct model_report *report);

/* Forgets which sites are shared; has one been found in the last run? */
void model_forget(void);
bool model_has_learned(void);

/* ---- for atomics.h ---- */

void model_load(struct model_site *site, const volatile void *from, void *value,
                size_t size);
void model_store(struct model_site *site, volatile void *to, const void *value,
                 size_t size, memory_order order);
/* The old value; then the new one, if there is one. */
void model_modify(struct model_site *site, const volatile void *at, void *value,
                  size_t size);
void model_modified(volatile void *at, const void *value, size_t size);
void model_fence(struct model_site *site);

int model_wait(struct model_site *site, kit_word *word, uint32_t expected,
               int64_t deadline);
int model_wake(struct model_site *site, kit_word *word, int count);
int64_t model_now(struct model_site *site);
int model_cpu(void);
void model_pause(struct model_site *site);
int model_sched_yield(struct model_site *site);
long model_syscall(long number, long command);
int model_pthread_join(pthread_t thread);

/* Any number below n, which is 8 at most. */
size_t model_choose(size_t n);

void *model_allocate(size_t alignment, size_t size);
void model_free(void *memory);

#endif
