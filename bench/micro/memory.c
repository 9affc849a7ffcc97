/* SPDX-License-Identifier: MIT */
/*
 * Resident memory and page tables of what is alive and suspended. Each count
 * runs in a child process, on a thread of its own, whose pool of stacks is
 * new: nothing that was used before is counted as already there.
 */
#include "boost.h"
#include "child.h"
#include "core.h"

#include <coop/coro.h>
#include <kit/wait.h>
#include <preempt/task.h>

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIME_LIMIT_NS         INT64_C(60000000000)
#define MANY                  1000000
#define AVAILABLE_FOR_MANY_KB INT64_C(8) * 1024 * 1024

/* What the child tells. */
struct report {
    int result;    /* 0 or -errno */
    int64_t bytes; /* resident and page tables, of all together */
    int64_t kernel_stack_bytes;
    enum kit_guard guard;
};

struct subject {
    const char *name;
    bool is_peer, is_thread;
    int (*fill)(size_t count, struct report *report);
};

/* ---- what the kernel says ---- */

/* A line "Key:  123 kB" of a file in /proc; -1 when there is none. */
static int64_t proc_kb(const char *path, const char *key)
{
    char line[256];
    int64_t kb = -1;
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, key, strlen(key)) == 0 &&
            sscanf(line + strlen(key), " %" SCNd64, &kb) == 1)
            break;
    if (file)
        fclose(file);
    return kb;
}

/* VmRSS is summed up lazily, and may be off by some hundred kilobytes: the
   roll-up of the mappings is exact. */
static int64_t resident_kb(void)
{
    int64_t kb = proc_kb("/proc/self/smaps_rollup", "Rss:");
    if (kb < 0)
        kb = proc_kb("/proc/self/status", "VmRSS:");
    return kb + proc_kb("/proc/self/status", "VmPTE:");
}

static int64_t kernel_stack_kb(void)
{
    return proc_kb("/proc/meminfo", "KernelStack:");
}

/* ---- subjects: they fill the process and leave it so ---- */

static kit_step rest(coop_coro *self, kit_value arg, kit_completion c)
{
    (void)c;
    coop_coro_yield(self, arg);
    return kit_done(arg);
}

static int fill_coros(size_t count, struct report *report)
{
    coop_coro *co;
    for (size_t i = 0; i < count; i++) {
        int result = coop_coro_create(&co, rest, kit_none(), NULL);
        if (result < 0)
            return result;
        coop_coro_resume(co, kit_next(kit_none()));
    }
    report->guard = kit_stack_pool_guard(kit_stack_pool_of_thread());
    return 0;
}

#if MICRO_BOOST
static void boost_rest(transfer_t t)
{
    for (;;)
        t = jump_fcontext(t.from, t.data);
}

static int fill_boosts(size_t count, struct report *report)
{
    (void)report;
    for (size_t i = 0; i < count; i++) {
        char *stack = malloc(BOOST_STACK);
        if (!stack)
            return -ENOMEM;
        jump_fcontext(
            make_fcontext(stack + BOOST_STACK, BOOST_STACK, boost_rest), NULL);
    }
    return 0;
}
#endif

static kit_word resting;

static void now_resting(void)
{
    atomic_fetch_add_explicit(&resting, 1, memory_order_relaxed);
    kit_wake(&resting, 1);
}

/* Until all rest; then a moment more, for the last one to fall asleep. */
static void await_resting(size_t count)
{
    uint32_t seen;
    while ((seen = atomic_load_explicit(&resting, memory_order_relaxed)) <
           count)
        kit_wait(&resting, seen, KIT_FOREVER);
    usleep(20000);
}

static kit_value park_task(kit_value arg)
{
    now_resting();
    for (;;)
        preempt_park("rest in", "the measurement");
    return arg;
}

static int fill_tasks(size_t count, struct report *report)
{
    preempt_sched *s;
    (void)report;
    int result = preempt_sched_create(&s, NULL);
    for (size_t i = 0; !result && i < count; i++)
        result = preempt_spawn(s, NULL, park_task, kit_none(), NULL);
    if (!result)
        await_resting(count);
    return result;
}

static void *park_thread(void *arg)
{
    static kit_word never;
    now_resting();
    for (;;)
        kit_wait(&never, 0, KIT_FOREVER);
    return arg;
}

static int fill_threads(size_t count, struct report *report)
{
    pthread_attr_t attr;
    pthread_t thread;
    int error = pthread_attr_init(&attr);
    (void)report;
    if (!error)
        error = pthread_attr_setstacksize(&attr, PREEMPT_STACK_DEFAULT);
    for (size_t i = 0; !error && i < count; i++)
        error = pthread_create(&thread, &attr, park_thread, NULL);
    if (!error)
        await_resting(count);
    return -error;
}

/* ---- the child ---- */

struct order {
    const struct subject *subject;
    size_t count;
    int fd;
};

static void *carry_out(void *arg)
{
    const struct order *o = arg;
    struct report r = {.guard = KIT_GUARD_AUTO};
    resident_kb(); /* so that what reading needs is there already */
    int64_t resident = resident_kb(), kernel = kernel_stack_kb();
    r.result = o->subject->fill(o->count, &r);
    r.bytes = (resident_kb() - resident) * 1024;
    r.kernel_stack_bytes = (kernel_stack_kb() - kernel) * 1024;
    bool told = write(o->fd, &r, sizeof r) == (ssize_t)sizeof r;
    _exit(told ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void be_child(struct order *order)
{
    pthread_t thread;
    setpgid(0, 0);
    if (pthread_create(&thread, NULL, carry_out, order) == 0)
        pthread_join(thread, NULL);
    _exit(EXIT_FAILURE);
}

static int measure_in_child(const struct subject *subject, size_t count,
                            struct report *report)
{
    int ends[2];
    if (pipe(ends) != 0)
        return -errno;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        be_child(&(struct order){subject, count, ends[1]});
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return -EAGAIN;
    }
    setpgid(pid, pid); /* whoever of the two comes first */
    int result = micro_child_finish(pid, ends[0], report, sizeof *report,
                                    kit_now() + TIME_LIMIT_NS);
    if (result < 0)
        return result;
    return result == (int)sizeof *report ? report->result : -ECHILD;
}

/* ---- the table ---- */

static enum micro_verdict measure(struct micro_cell *cell)
{
    const struct subject *subject = cell->entry.how;
    size_t count = cell->entry.number[0];
    struct report r;
    int result = measure_in_child(subject, count, &r);
    if (result < 0)
        return micro_because(cell, MICRO_SKIPPED, "%s", kit_error_text(result));
    cell->value[0] = (double)r.bytes / (double)count;
    cell->value[1] = (double)r.kernel_stack_bytes / (double)count;
    if (r.guard == KIT_GUARD_AUTO)
        return MICRO_OK;
    return micro_because(cell, MICRO_OK, "guard pages: %s",
                         kit_guard_name(r.guard));
}

static const struct subject coros = {"coop_coro", false, false, fill_coros};
#if MICRO_BOOST
static const struct subject boosts = {"Boost fcontext, malloc 64 KiB", true,
                                      false, fill_boosts};
#endif
static const struct subject tasks = {"preempt task, parked", false, true,
                                     fill_tasks};
static const struct subject threads = {"pthread in a futex, 256 KiB", true,
                                       true, fill_threads};

static void add(struct micro_table *t, const struct subject *subject,
                size_t count)
{
    struct micro_entry e = {.is_peer = subject->is_peer,
                            .unit = "bytes",
                            .measure = measure,
                            .how = subject,
                            .number = {count},
                            .samples_max = count > 1000 ? 1 : 3};
    snprintf(e.figure, sizeof e.figure, "each of %zu live %s", count,
             subject->is_thread ? "threads" : "coroutines");
    snprintf(e.name, sizeof e.name, "%s", subject->name);
    if (subject->is_thread) {
        e.second_figure = ": kernel stack";
        e.second_unit = "bytes";
    }
    micro_add(t, e);
}

static void add_many(struct micro_table *t)
{
    if (t->plan->quick)
        return;
    if (proc_kb("/proc/meminfo", "MemAvailable:") < AVAILABLE_FOR_MANY_KB)
        micro_note(t,
                   "%d coroutines skipped: they take about 5 GB, and less "
                   "than 8 GB is available",
                   MANY);
    else
        add(t, &coros, MANY);
}

static void fill(struct micro_table *t)
{
    static const size_t counts[] = {1000, 100000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        add(t, &coros, counts[i]);
#if MICRO_BOOST
        add(t, &boosts, counts[i]);
#endif
    }
    add_many(t);
    add(t, &tasks, 1000);
    add(t, &threads, 1000);
}

const struct micro_group micro_memory_group = {
    .name = "memory",
    .summary = "resident memory and page tables of what is suspended",
    .fill = fill,
    .full = {3, 0},
    .quick = {1, 0},
};
