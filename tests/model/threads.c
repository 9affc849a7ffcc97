/* SPDX-License-Identifier: MIT */
/*
 * Threads as coroutines, of which one runs at a time; the futex, the clock,
 * and everything else that a thread may wait for.
 *
 * A thread that pauses is fair to the others: each that could run then takes
 * a step (or waits) before it goes on. So a loop that polls is no livelock as
 * long as somebody can change what it polls (Musuvathi and Qadeer, "Fair
 * Stateless Model Checking", 2008).
 */
#include "machine_impl.h"

#include "../../preempt/src/thread.h"
#include "explore.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define YIELD_NS INT64_C(20000) /* time that passes in a sched_yield */
#define SLICE_NS INT64_C(4000000)
#define STACK    ((size_t)256 * 1024)

struct machine machine;

/* The thread-local variables of the sources, see atomics.h. */
extern char __start_model_tls[], __stop_model_tls[];

static size_t locals_size(void)
{
    return (size_t)(__stop_model_tls - __start_model_tls);
}

/* ---- the end of a run ---- */

const char *model_fault_name(enum model_fault fault)
{
    static const char *const names[] = {"fine",     "wrong", "deadlock",
                                        "livelock", "gone",  "misfit"};
    return names[fault];
}

/* The calling thread stops here; the machine goes on. */
static void stop(int next)
{
    machine.next = next;
    coop_coro_yield(self()->coro, kit_none());
}

void machine_fail(enum model_fault fault, const char *format, ...)
{
    struct model_report *r = machine.report;
    va_list arguments;
    if (r->fault == MODEL_FINE) {
        r->fault = fault;
        va_start(arguments, format);
        vsnprintf(r->text, sizeof r->text, format, arguments);
        va_end(arguments);
    }
    while (self())
        stop(-1);
}

void model_expect(bool holds, const char *what, const char *file, int line)
{
    const struct thread *t = self();
    const char *slash = strrchr(file, '/');
    if (!holds)
        machine_fail(MODEL_WRONG, "%s:%d: %s: not so: %s",
                     slash ? slash + 1 : file, line, t ? t->name : "at the end",
                     what);
}

/* ---- who can run ---- */

static bool has_ended(int thread)
{
    return machine.threads[thread].state == ENDED;
}

static bool can_run(const struct thread *t)
{
    switch (t->state) {
    case READY:
        return true;
    case ASLEEP:
        return t->deadline <= machine.now;
    case JOINING:
        return has_ended(t->joins);
    case ENDED:
        break;
    }
    return false;
}

static unsigned all_who_can(void)
{
    unsigned who = 0;
    for (int i = 0; i < machine.count; i++)
        if (can_run(&machine.threads[i]))
            who |= bit(i);
    return who;
}

/* Among them, those who do not owe the others a step. */
static unsigned all_who_may(void)
{
    unsigned can = all_who_can(), may = 0;
    for (int i = 0; i < machine.count; i++)
        if ((can & bit(i)) && !(machine.threads[i].owed & can))
            may |= bit(i);
    return may;
}

/* A step of `t`, or it has stopped to wait. */
static void settle(const struct thread *t)
{
    for (int i = 0; i < machine.count; i++)
        machine.threads[i].owed &= ~bit((int)(t - machine.threads));
}

/* ---- points ---- */

void machine_step(void)
{
    if (++machine.step == STEPS_MAX)
        machine_fail(MODEL_LIVELOCK, "no end after %d steps", STEPS_MAX);
}

static int choose(unsigned options, int first, unsigned costly)
{
    int chosen = explore_choose(machine.step, options, first, costly);
    if (chosen < 0)
        machine_fail(MODEL_MISFIT, "step %u: the schedule does not fit",
                     machine.step);
    return chosen;
}

/* The calling thread goes on when it is chosen again. */
static void let_run(int thread)
{
    if (thread != machine.current)
        stop(thread);
}

void machine_point(struct model_site *site, const volatile void *at,
                   enum access access)
{
    struct thread *t = self();
    if (!t)
        return;
    bool fresh = t->fresh;
    int me = machine.current;
    machine_step();
    t->site = site;
    t->last_at = NULL;
    t->repeats = 0;
    t->fresh = false;
    sharing_note(site, at, access != READS, me);
    if (!fresh && (site->is_shared || explore_is_replay())) {
        unsigned options = all_who_may();
        let_run(choose(options, me, options & ~bit(me)));
    }
    settle(t);
    if (access != WAKES && arena_is_freed(at))
        machine_fail(MODEL_GONE, "%s:%d: %s: freed memory: %s", site->file,
                     site->line, t->name, site->text);
}

/* ---- waiting ---- */

static void wait_in_state(enum thread_state state)
{
    struct thread *t = self();
    t->state = state;
    settle(t);
    stop(-1);
    t->state = READY;
    t->fresh = true;
}

int model_wait(struct model_site *site, kit_word *word, uint32_t expected,
               int64_t deadline)
{
    struct thread *t = self();
    uint32_t value;
    machine_point(site, word, READS);
    if (t)
        machine_flush(t);
    memcpy(&value, (const void *)word, sizeof value);
    machine_trace(site, ", if %#x is %#x", value, expected);
    if (value != expected)
        return -EAGAIN;
    if (!t) {
        machine_fail(MODEL_DEADLOCK, "%s:%d: nobody is there to wake this",
                     site->file, site->line);
        return 0;
    }
    t->word = word;
    t->deadline = deadline;
    t->ticket = machine.tickets++;
    t->woken = false;
    wait_in_state(ASLEEP);
    machine_trace(site, t->woken ? ": woken" : ": out of time");
    return t->woken ? 0 : -ETIMEDOUT;
}

/* As the kernel does, first in, first out. */
static struct thread *longest_asleep(const kit_word *word)
{
    struct thread *first = NULL;
    for (int i = 0; i < machine.count; i++) {
        struct thread *t = &machine.threads[i];
        if (t->state == ASLEEP && !t->woken && (!word || t->word == word) &&
            (!first || t->ticket < first->ticket))
            first = t;
    }
    return first;
}

static void rouse(struct thread *t)
{
    t->woken = true;
    t->state = READY;
}

int model_wake(struct model_site *site, kit_word *word, int count)
{
    struct thread *t;
    int woken = 0;
    machine_point(site, word, WAKES);
    if (self())
        machine_flush(self());
    for (; woken < count && (t = longest_asleep(word)); woken++)
        rouse(t);
    machine_trace(site, ": %d", woken);
    return woken;
}

void model_interrupt(void)
{
    struct thread *t;
    while ((t = longest_asleep(NULL)))
        rouse(t);
}

void model_join(int thread)
{
    if (has_ended(thread))
        return;
    self()->joins = thread;
    wait_in_state(JOINING);
}

void model_pause(struct model_site *site)
{
    struct thread *t = self();
    int me = machine.current;
    if (!t)
        return;
    machine_step();
    machine_flush(t);
    machine_trace(site, "%s", "");
    t->last_at = NULL;
    settle(t);
    t->owed = all_who_can() & ~bit(me);
    unsigned options = all_who_may();
    let_run(
        choose(options, options & bit(me) ? me : __builtin_ctz(options), 0));
    t->owed = 0;
    t->fresh = true;
}

int model_sched_yield(struct model_site *site)
{
    machine.now += machine.options.crowded ? SLICE_NS : YIELD_NS;
    model_pause(site);
    return 0;
}

/* ---- the clock and the CPU ---- */

int64_t model_now(struct model_site *site)
{
    machine_point(site, &machine.now, READS);
    return machine.now;
}

void model_clock_reach(int64_t time)
{
    static struct model_site site = {__FILE__, __func__, "time passes",
                                     __LINE__, false,    NULL};
    machine_point(&site, &machine.now, WRITES);
    if (machine.now < time)
        machine.now = time;
    machine_trace(&site, "%s", "");
}

/* Nobody can run: time passes until somebody can. */
static bool pass_time(void)
{
    int64_t next = KIT_FOREVER;
    for (int i = 0; i < machine.count; i++) {
        const struct thread *t = &machine.threads[i];
        if (t->state == ASLEEP && t->deadline < next)
            next = t->deadline;
    }
    if (next == KIT_FOREVER)
        return false;
    machine.now = next;
    return true;
}

int model_cpu(void)
{
    return machine.options.one_cpu || machine.current < 0 ? 0 : machine.current;
}

/* ---- chance ---- */

/* Before the first thread, and after the last, there is no schedule. */
size_t model_choose(size_t n)
{
    if (!self())
        return 0;
    machine_step();
    return (size_t)choose((1u << n) - 1, 0, 0);
}

/* ---- membarrier: nothing else is called ---- */

long model_syscall(long number, long command)
{
    (void)number, (void)command;
    if (machine.options.no_membarrier)
        return -1;
    for (int i = 0; i < machine.count; i++)
        machine_flush(&machine.threads[i]);
    return 0;
}

/* ---- life ---- */

int model_self(void)
{
    return machine.current;
}

preempt_task *model_task(int thread)
{
    return &machine.threads[thread].task;
}

static kit_step run_thread(coop_coro *coro, kit_value arg, kit_completion first)
{
    struct thread *t = arg.p;
    (void)coro, (void)first;
    preempt_self_begin(&t->task);
    t->fresh = true;
    t->body(t->arg);
    machine_flush(t);
    t->state = ENDED;
    settle(t);
    machine.next = -1;
    return kit_done(kit_none());
}

int model_thread_add(const char *name, void *(*body)(void *), void *arg)
{
    static const struct coop_coro_options options = {.stack_size = STACK};
    if (machine.count == MODEL_THREADS_MAX)
        return -1;
    struct thread *t = &machine.threads[machine.count];
    memset(t, 0, sizeof *t);
    t->name = name;
    t->body = body;
    t->arg = arg;
    if (coop_coro_create(&t->coro, run_thread, kit_ptr(t), &options) < 0)
        return -1;
    return machine.count++;
}

int preempt_thread_start(pthread_t *out, const struct thread_options *options,
                         void *(*main)(void *), void *arg)
{
    (void)options;
    int thread = model_thread_add("body", main, arg);
    *out = (pthread_t)thread;
    return thread < 0 ? -EAGAIN : 0;
}

size_t preempt_thread_stack(size_t size)
{
    return size;
}

int model_pthread_join(pthread_t thread)
{
    if (self())
        model_join((int)thread);
    else if (!has_ended((int)thread))
        machine_fail(MODEL_DEADLOCK, "joins a thread that has not ended");
    return 0;
}

/* ---- the run ---- */

static void resume(int thread)
{
    struct thread *t = &machine.threads[thread];
    memcpy(__start_model_tls, t->locals, locals_size());
    machine.current = thread;
    coop_coro_resume(t->coro, kit_next(kit_none()));
    machine.current = -1;
    memcpy(t->locals, __start_model_tls, locals_size());
    memset(__start_model_tls, 0, locals_size());
}

static void report_deadlock(void)
{
    char text[200] = "";
    size_t length = 0;
    for (int i = 0; i < machine.count; i++) {
        const struct thread *t = &machine.threads[i];
        if (t->state != ENDED && length < sizeof text)
            length += (size_t)snprintf(
                text + length, sizeof text - length, "%s%s in %s",
                length ? ", " : "", t->name,
                t->state == JOINING ? "join" : t->site->function);
    }
    machine_fail(MODEL_DEADLOCK, "%s", text);
}

/* The one that runs now; -1: none will any more. */
static int next(void)
{
    unsigned options;
    if (machine.next >= 0)
        return machine.next;
    while (!(options = all_who_may()))
        if (!pass_time())
            break;
    machine_step();
    if (options && machine.report->fault == MODEL_FINE)
        return choose(options, __builtin_ctz(options), 0);
    for (int i = 0; i < machine.count; i++)
        if (!has_ended(i)) {
            report_deadlock();
            break;
        }
    return -1;
}

static void destroy_threads(void)
{
    for (int i = machine.count; i > 0; i--)
        coop_coro_destroy(machine.threads[i - 1].coro);
    machine.count = 0;
}

void model_run(void (*begin)(const void *), void (*end)(const void *),
               const void *arg, const struct model_options *options, bool trace,
               struct model_report *report)
{
    int thread;
    machine.count = 0;
    machine.current = machine.next = -1;
    machine.now = 0;
    machine.step = machine.tickets = 0;
    machine.options = *options;
    machine.trace = trace;
    machine.report = report;
    report->fault = MODEL_FINE;
    arena_reset();
    sharing_begin_run();
    begin(arg);
    while (report->fault == MODEL_FINE && (thread = next()) >= 0) {
        machine.next = -1;
        resume(thread);
    }
    if (report->fault == MODEL_FINE)
        end(arg);
    destroy_threads();
}
