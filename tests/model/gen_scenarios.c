/* SPDX-License-Identifier: MIT */
/*
 * Generators on threads: a request reaches the body, and its answer the caller,
 * once each; of two callers at once one is told so.
 */
#include "scenarios.h"

#include <preempt/gen.h>

#include <errno.h>

enum { FIRST = 1, SECOND = 2, CLEANED = 50, LAST = 7 };

/* What the threads do. */
struct play {
    void *(*caller)(void *);
    int callers;
    preempt_gen_fn body;
    size_t capacity;
    enum kit_wait_strategy wait;
};

static struct {
    preempt_gen *gen, *inner;
    int cleaned;                 /* clean-ups that have run */
    int got[LAST + 1];           /* how often each value has come */
    int done, busy;              /* steps that ended so */
    int last[MODEL_THREADS_MAX]; /* value of each caller */
} shared;

static bool is(kit_step s, enum kit_state state, int64_t value)
{
    return s.state == state && s.value.i == value;
}

static kit_step next(void)
{
    return preempt_gen_next(shared.gen, kit_none());
}

/* ---- bodies ---- */

/* Yields twice; if that ends early, its clean-up yields, too. */
static kit_completion yield_two(preempt_gen *self, kit_value arg)
{
    (void)arg;
    for (int64_t i = FIRST; i <= SECOND; i++) {
        kit_completion c = preempt_gen_yield(self, kit_int(i));
        if (c.how == KIT_NEXT)
            continue;
        shared.cleaned++;
        preempt_gen_yield(self, kit_int(CLEANED));
        return c;
    }
    return kit_return(kit_int(LAST));
}

static kit_completion delegate(preempt_gen *self, kit_value arg)
{
    (void)arg;
    kit_completion c =
        preempt_gen_delegate(self, &preempt_gen_iter(shared.inner)->iterable);
    return c.how == KIT_NEXT ? kit_return(c.value) : c;
}

/* What it delegates to asks it, whether somebody else does or not. */
static kit_completion yield_and_delegate(preempt_gen *self, kit_value arg)
{
    preempt_gen_yield(self, kit_int(FIRST));
    return delegate(self, arg);
}

static kit_completion ask_back(preempt_gen *self, kit_value arg)
{
    (void)arg;
    model_check(is(next(), KIT_FAILED, -EBUSY));
    preempt_gen_yield(self, kit_int(SECOND));
    return kit_return(kit_int(LAST));
}

/* ---- callers ---- */

static void *call_to_the_end(void *arg)
{
    (void)arg;
    model_check(is(next(), KIT_YIELDED, FIRST));
    model_check(is(next(), KIT_YIELDED, SECOND));
    model_check(is(next(), KIT_DONE, LAST));
    model_check(preempt_gen_state(shared.gen) == KIT_GEN_DONE);
    return NULL;
}

static void *call_throw(void *arg)
{
    kit_iter *it = preempt_gen_iter(shared.gen);
    (void)arg;
    model_check(is(next(), KIT_YIELDED, FIRST));
    model_check(is(kit_iter_throw(it, kit_int(9)), KIT_YIELDED, CLEANED));
    model_check(is(next(), KIT_FAILED, 9));
    model_check(shared.cleaned == 1);
    return NULL;
}

static void *call_return(void *arg)
{
    kit_iter *it = preempt_gen_iter(shared.gen);
    (void)arg;
    model_check(is(next(), KIT_YIELDED, FIRST));
    model_check(is(kit_iter_return(it, kit_int(9)), KIT_YIELDED, CLEANED));
    model_check(is(next(), KIT_DONE, 9));
    model_check(shared.cleaned == 1);
    return NULL;
}

/* What is left of the body is for destroy. */
static void *call_once(void *arg)
{
    (void)arg;
    model_check(is(next(), KIT_YIELDED, FIRST));
    return NULL;
}

static void note(kit_step s, int caller)
{
    if (s.state == KIT_DONE) {
        shared.done++;
    } else if (s.state == KIT_FAILED) {
        model_check(s.value.i == -EBUSY);
        shared.busy++;
    } else {
        model_check(s.value.i == FIRST || s.value.i == SECOND);
        model_check(s.value.i > shared.last[caller]);
        shared.last[caller] = (int)s.value.i;
        shared.got[s.value.i]++;
    }
}

static void *call_at_once(void *arg)
{
    (void)arg;
    note(next(), model_self());
    note(next(), model_self());
    return NULL;
}

/* ---- before and after ---- */

/* Gives everything back, when the callers have ended. */
static void *do_destroy(void *arg)
{
    const struct play *p = arg;
    for (int i = 0; i < p->callers; i++)
        model_join(i);
    bool is_left =
        preempt_gen_state(shared.gen) == KIT_GEN_SUSPENDED && !shared.cleaned;
    model_check(preempt_gen_destroy(shared.gen) == 0);
    model_check(preempt_gen_destroy(shared.inner) == 0);
    if (is_left && p->capacity == 0)
        model_check(shared.cleaned == 1);
    model_check(shared.cleaned <= 1);
    return NULL;
}

static void create(preempt_gen **gen, preempt_gen_fn body, size_t capacity,
                   enum kit_wait_strategy wait)
{
    struct preempt_gen_options o = {.capacity = capacity, .wait = wait};
    model_check(preempt_gen_create(gen, body, kit_none(), &o) == 0);
}

static void begin(const void *arg)
{
    const struct play *p = arg;
    shared.inner = NULL;
    shared.cleaned = shared.done = shared.busy = 0;
    for (int i = 0; i <= LAST; i++)
        shared.got[i] = 0;
    for (int i = 0; i < MODEL_THREADS_MAX; i++)
        shared.last[i] = 0;
    create(&shared.gen, p->body, p->capacity, p->wait);
    if (p->body == delegate)
        create(&shared.inner, yield_two, 0, p->wait);
    if (p->body == yield_and_delegate)
        create(&shared.inner, ask_back, p->capacity - 1, p->wait);
    for (int i = 0; i < p->callers; i++)
        model_thread_add("caller", p->caller, NULL);
    model_thread_add("destroyer", do_destroy, (void *)(uintptr_t)p);
}

/* Nobody gets what another one got. */
static void end(const void *arg)
{
    const struct play *p = arg;
    for (int i = 0; i <= LAST; i++)
        model_check(shared.got[i] <= 1);
    if (p->callers > 1)
        model_check(shared.got[FIRST] == 1);
    if (p->callers > 1 && shared.busy == 0)
        model_check(shared.got[SECOND] == 1 && shared.done == 2);
}

#define PLAY(...)                                                              \
    begin, end, &(const struct play)                                           \
    {                                                                          \
        __VA_ARGS__                                                            \
    }
#define PARK KIT_WAIT_PARK

/* clang-format off */
const struct scenario gen_scenarios[] = {
    {"lock-step: next", PLAY(call_to_the_end, 1, yield_two, 0, PARK), 3, {0}},
    {"lock-step: throw", PLAY(call_throw, 1, yield_two, 0, PARK), 3, {0}},
    {"lock-step: return", PLAY(call_return, 1, yield_two, 0, PARK), 3, {0}},
    {"lock-step: destroy", PLAY(call_once, 1, yield_two, 0, PARK), 3, {0}},
    {"lock-step: delegate", PLAY(call_to_the_end, 1, delegate, 0, PARK), 2,
     {0}},
    {"lock-step: delegate, throw", PLAY(call_throw, 1, delegate, 0, PARK), 2,
     {0}},
    {"lock-step: two callers", PLAY(call_at_once, 2, yield_two, 0, PARK), 1,
     {0}},
    {"lock-step: adaptive",
     PLAY(call_to_the_end, 1, yield_two, 0, KIT_WAIT_ADAPTIVE), 2, {0}},
    {"lock-step: late stores", PLAY(call_to_the_end, 1, yield_two, 0, PARK), 2,
     {.late_stores = true}},
    {"run-ahead: next", PLAY(call_to_the_end, 1, yield_two, 1, PARK), 2, {0}},
    {"run-ahead: destroy", PLAY(call_once, 1, yield_two, 1, PARK), 2, {0}},
    {"run-ahead: two callers", PLAY(call_at_once, 2, yield_two, 1, PARK), 1,
     {0}},
    {"run-ahead of 4: two callers", PLAY(call_at_once, 2, yield_two, 4, PARK),
     2, {0}},
    {"run-ahead of 4: two callers, late stores",
     PLAY(call_at_once, 2, yield_two, 4, PARK), 2, {.late_stores = true}},
    {"run-ahead: asked by a lock-step inner",
     PLAY(call_to_the_end, 1, yield_and_delegate, 1, PARK), 1, {0}},
    {"run-ahead: asked by a run-ahead inner",
     PLAY(call_to_the_end, 1, yield_and_delegate, 2, PARK), 1, {0}},
    {NULL, NULL, NULL, NULL, 0, {0}},
};
