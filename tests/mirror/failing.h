/* SPDX-License-Identifier: MIT */
/*
 * Walking through failures: a scenario is run again and again, and each time
 * the next of its calls of one kind fails, until a run has met no failure.
 * After each the error has been reported, errno is what it was, nothing is
 * held any more, and the scheduler still works.
 */
#ifndef TESTS_MIRROR_FAILING_H
#define TESTS_MIRROR_FAILING_H

#include "mirror.h"
#include "seam.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define UNTOUCHED  4711 /* errno, if nobody has set it */
#define CALLS_MOST 5000

/* Uses a scheduler that has no tasks, outside a task. The first error, or 0. It
   gives everything back in either case, and asserts nothing: Check allocates
   where it does. */
typedef int (*scenario)(any_sched *s);

struct walk {
    const char *name; /* of the scenario */
    scenario scenario;
    enum seam seam;
    int error; /* of the call that fails: positive; 0: success */
    /* what the scenario is to report; 0: -error */
    int reported;
    /* how many calls may fail without it, because the library can do without
       what they do */
    long spared;
    bool for_good; /* all later ones fail, too */
    bool sparse;   /* of the later calls only some fail: there are many, or
                      an emulator takes long for each */
    bool may_not_happen; /* there may be no such call */
    struct K(sched_options) options;
};

/* One run of a walk, on a thread of its own: what the library keeps for a
   thread is given back when it ends. */
struct attempt {
    const struct walk *walk;
    long n; /* the call that fails */
    int result;
    bool was_hit, errno_was_kept, still_works;
    struct seam_holdings before, after;
};

/* ---- does a scheduler work? ---- */

static kit_value send_three(kit_value arg)
{
    for (int64_t i = 1; i <= 3; i++)
        if (K(chan_send)(arg.p, &i) < 0)
            return kit_int(-1);
    return kit_int(K(chan_close)(arg.p));
}

static kit_value add_up(kit_value arg)
{
    int64_t item, sum = 0;
    while (K(chan_recv)(arg.p, &item) == 1)
        sum += item;
    return kit_int(sum);
}

static inline bool works(any_sched *s)
{
    any_task *sender, *receiver;
    any_chan *ch;
    kit_value sent, sum;
    if (K(chan_create)(&ch, sizeof(int64_t), 0, NULL) < 0 ||
        K(spawn)(s, &sender, send_three, kit_ptr(ch), NULL) < 0 ||
        K(spawn)(s, &receiver, add_up, kit_ptr(ch), NULL) < 0)
        return false;
    return K(run)(s) == 0 && K(join)(sender, &sent) == 0 &&
           K(join)(receiver, &sum) == 0 && sent.i == 0 && sum.i == 6 &&
           K(chan_destroy)(ch) == 0;
}

/* ---- running tasks in a scenario ---- */

/* Runs `body` as a task, and all that it spawns: its result, or the error. */
static inline int as_task(any_sched *s, K(task_fn) body, kit_value arg)
{
    any_task *task;
    kit_value result;
    int error = K(spawn)(s, &task, body, arg, NULL);
    if (error < 0)
        return error;
    error = K(run)(s);
    int joined = K(join)(task, &result);
    return error < 0 ? error : joined < 0 ? joined : (int)result.i;
}

static inline any_sched *here(void)
{
    return K(sched_of)(K(current)());
}

/* The first of two results that is an error, or 0. */
static inline int first_error(int a, int b)
{
    return a < 0 ? a : b < 0 ? b : 0;
}

/* Of a step: 0, or the error that it failed with. */
static inline int error_of(kit_step s)
{
    return s.state == KIT_FAILED ? (int)s.value.i : 0;
}

/* ---- the walk ---- */

static inline void *run_attempt(void *arg)
{
    struct attempt *a = arg;
    const struct walk *w = a->walk;
    any_sched *s = NULL;
    errno = UNTOUCHED;
    seam_arm(w->seam, w->error, a->n, w->for_good);
    a->result = K(sched_create)(&s, &w->options);
    if (a->result == 0)
        a->result = w->scenario(s);
    a->errno_was_kept = errno == UNTOUCHED;
    a->was_hit = seam_disarm();
    a->still_works = (s || K(sched_create)(&s, &w->options) == 0) && works(s) &&
                     K(sched_destroy)(s) == 0;
    return NULL;
}

/* Without a word to Check, which allocates, between the two looks. */
static inline int run_apart(struct attempt *a)
{
    pthread_t thread;
    a->before = seam_holdings();
    int error = pthread_create(&thread, NULL, run_attempt, a);
    if (error == 0)
        error = pthread_join(thread, NULL);
    a->after = seam_holdings();
    return error;
}

static inline void ck_nothing_is_held(const struct attempt *a)
{
    ck_assert_int_eq(a->after.allocations, a->before.allocations);
    ck_assert_int_eq(a->after.mapped_bytes, a->before.mapped_bytes);
    ck_assert_int_eq(a->after.threads, a->before.threads);
    ck_assert_int_eq(a->after.descriptors, a->before.descriptors);
}

/* True when no call has failed. */
static inline bool ck_attempt(const struct walk *w, long n, long *spared)
{
    struct attempt a = {.walk = w, .n = n};
    int expected = w->reported ? w->reported : -w->error;
    ck_assert_int_eq(run_apart(&a), 0);
    ck_assert_msg(a.result == 0 || (a.was_hit && a.result == expected),
                  "%s, call %ld: %s", w->name, n, strerror(-a.result));
    ck_assert_msg(a.errno_was_kept, "%s, call %ld: errno", w->name, n);
    ck_assert_msg(a.still_works, "%s, call %ld: no use now", w->name, n);
    if (w->seam != SEAM_UNMAP)
        ck_nothing_is_held(&a);
    *spared += a.was_hit && a.result == 0;
    return !a.was_hit;
}

static inline void ck_walk(struct walk w)
{
    bool is_sparse = w.sparse || under_emulator();
    long n = 1, spared = 0;
    while (!ck_attempt(&w, n, &spared)) {
        n += is_sparse ? 1 + n / 4 : 1;
        ck_assert_int_lt(n, CALLS_MOST);
    }
    ck_assert_msg(w.may_not_happen || n > 1, "%s: no such call", w.name);
    ck_assert_msg(spared <= w.spared, "%s: %ld were not reported", w.name,
                  spared);
}

/* One call fails, and then that and all that follow. */
static inline void ck_both_walks(struct walk w)
{
    w.for_good = false;
    ck_walk(w);
    w.for_good = true;
    ck_walk(w);
}

#endif
