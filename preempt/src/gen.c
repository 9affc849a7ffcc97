/* SPDX-License-Identifier: MIT */
/*
 * Generators on threads. What is common to both forms is here: the states, the
 * thread. A form is how a request reaches the body and an answer comes back:
 * by a hand-off (lock-step), or through a channel (run-ahead).
 */
#include <preempt/gen.h>

#include <preempt/chan.h>

#include "thread.h"

#include <kit/backoff.h>

#include <errno.h>
#include <stdlib.h>

enum party {
    CALLER = 0,
    BODY = 1,
};

/* What a run-ahead body sends. A request begins a new epoch; answers of the
   old one have been overtaken. */
struct answer {
    kit_step step;
    uint64_t epoch;
};

struct preempt_gen {
    kit_iter iter;
    preempt_gen_fn body;
    kit_value arg;
    _Atomic uint32_t state; /* enum kit_gen_state */
    pthread_t thread;
    bool has_thread;
    size_t stack_size;
    int cpu;

    /* lock-step: whoever has the turn owns request and answer */
    kit_handoff turn;
    kit_completion request;
    kit_step answer;

    /* run-ahead */
    preempt_chan *ahead;     /* of struct answer; NULL: lock-step */
    _Atomic uint64_t wanted; /* the epoch that the caller has begun */
    uint64_t epoch;          /* the body's */
    uint64_t dropped;
};

static preempt_gen *gen_of(kit_iter *it)
{
    return KIT_CONTAINER(it, preempt_gen, iter);
}

/* ---- lock-step ---- */

static kit_step lockstep_request(preempt_gen *g, kit_completion request)
{
    g->request = request;
    kit_handoff_give(&g->turn, BODY);
    kit_handoff_await(&g->turn, CALLER);
    return g->answer;
}

static void lockstep_answer(preempt_gen *g, kit_step answer)
{
    g->answer = answer;
    kit_handoff_give(&g->turn, CALLER);
}

static kit_completion lockstep_yield(preempt_gen *g, kit_value value)
{
    lockstep_answer(g, kit_yielded(value));
    kit_handoff_await(&g->turn, BODY);
    return g->request;
}

/* ---- run-ahead ---- */

/* The next answer of the caller's epoch; older ones are dropped. */
static kit_step ahead_receive(preempt_gen *g, kit_completion request)
{
    uint64_t epoch = atomic_load_explicit(&g->wanted, memory_order_relaxed);
    struct answer a;
    while (preempt_chan_recv(g->ahead, &a) == 1) {
        if (a.epoch == epoch)
            return a.step;
        if (a.step.state == KIT_YIELDED) {
            g->dropped++;
            continue;
        }
        /* The body ended before it saw the request: that is how it ended, and
           the request finds a completed generator. */
        return kit_gen_answer(KIT_GEN_DONE, request);
    }
    return kit_gen_answer(KIT_GEN_DONE, request);
}

static kit_step ahead_request(preempt_gen *g, kit_completion request)
{
    if (request.how != KIT_NEXT) {
        g->request = request;
        /* release: pairs with the body's acquire in ahead_yield */
        atomic_fetch_add_explicit(&g->wanted, 1, memory_order_release);
    }
    return ahead_receive(g, request);
}

static void ahead_answer(preempt_gen *g, kit_step step)
{
    struct answer a = {step, g->epoch};
    preempt_chan_send(g->ahead, &a);
}

static kit_completion ahead_yield(preempt_gen *g, kit_value value)
{
    ahead_answer(g, kit_yielded(value));
    uint64_t wanted = atomic_load_explicit(&g->wanted, memory_order_acquire);
    if (wanted == g->epoch)
        return kit_next(kit_none());
    g->epoch = wanted;
    return g->request;
}

/* ---- the thread ---- */

static void *run(void *arg)
{
    preempt_gen *g = arg;
    if (!g->ahead)
        kit_handoff_await(&g->turn, BODY);
    kit_step end = kit_step_of_end(g->body(g, g->arg));
    if (g->ahead)
        ahead_answer(g, end);
    else
        lockstep_answer(g, end);
    return NULL;
}

static int start(preempt_gen *g)
{
    int result =
        preempt_thread_start(&g->thread, g->stack_size, g->cpu, run, g);
    g->has_thread = result == 0;
    return result;
}

/* ---- requests ---- */

static kit_step request_body(preempt_gen *g, kit_completion request)
{
    kit_step s =
        g->ahead ? ahead_request(g, request) : lockstep_request(g, request);
    uint32_t after = s.state == KIT_YIELDED ? KIT_GEN_SUSPENDED : KIT_GEN_DONE;
    /* release: the next requester, of whatever thread, sees this step */
    atomic_store_explicit(&g->state, after, memory_order_release);
    return s;
}

/* The first request: next starts the body, the others complete it at once. */
static kit_step begin(preempt_gen *g, kit_completion request)
{
    if (request.how != KIT_NEXT) {
        atomic_store_explicit(&g->state, KIT_GEN_DONE, memory_order_release);
        return kit_gen_answer(KIT_GEN_CREATED, request);
    }
    int result = start(g);
    if (result == 0)
        return request_body(g, request);
    atomic_store_explicit(&g->state, KIT_GEN_CREATED, memory_order_release);
    return kit_failed_errno(result);
}

/* A body that runs ahead is not waited for, so its state does not tell. */
static bool called_by_body(preempt_gen *g)
{
    return g->ahead && g->has_thread &&
           pthread_equal(pthread_self(), g->thread);
}

/* Claims the generator, so that of two callers at once one gets -EBUSY. */
static kit_step step(preempt_gen *g, kit_completion request)
{
    uint32_t state = KIT_GEN_SUSPENDED;
    if (called_by_body(g))
        return kit_failed_errno(-EBUSY);
    if (atomic_compare_exchange_strong_explicit(
            &g->state, &state, KIT_GEN_RUNNING, memory_order_acquire,
            memory_order_acquire))
        return request_body(g, request);
    if (state == KIT_GEN_CREATED &&
        atomic_compare_exchange_strong_explicit(
            &g->state, &state, KIT_GEN_RUNNING, memory_order_acquire,
            memory_order_acquire))
        return begin(g, request);
    return kit_gen_answer((enum kit_gen_state)state, request);
}

static kit_step gen_next(kit_iter *it, kit_value sent)
{
    return step(gen_of(it), kit_next(sent));
}

static kit_step gen_throw(kit_iter *it, kit_value error)
{
    return step(gen_of(it), kit_throw(error));
}

static kit_step gen_return(kit_iter *it, kit_value value)
{
    return step(gen_of(it), kit_return(value));
}

/* ---- life ---- */

int preempt_gen_create(preempt_gen **out, preempt_gen_fn body, kit_value arg,
                       const struct preempt_gen_options *options)
{
    static const struct kit_iter_ops ops = {gen_next, gen_throw, gen_return};
    static const struct preempt_gen_options defaults;
    const struct preempt_gen_options *o = options ? options : &defaults;
    if ((unsigned)o->wait > KIT_WAIT_CONDVAR)
        return -EINVAL;
    int saved = errno;
    preempt_gen *g = calloc(1, sizeof *g);
    errno = saved;
    if (!g)
        return -ENOMEM;
    if (o->capacity > 0) {
        struct preempt_chan_options c = {.name = "generator", .wait = o->wait};
        int result = preempt_chan_create(&g->ahead, sizeof(struct answer),
                                         o->capacity, &c);
        if (result < 0) {
            free(g);
            return result;
        }
    }
    kit_iter_init(&g->iter, &ops);
    kit_handoff_init(&g->turn, o->wait);
    g->body = body;
    g->arg = arg;
    g->stack_size = o->stack_size;
    g->cpu = o->cpu_plus_one - 1;
    *out = g;
    return 0;
}

int preempt_gen_destroy(preempt_gen *g)
{
    if (!g)
        return 0;
    enum kit_gen_state state = preempt_gen_state(g);
    if (state == KIT_GEN_RUNNING)
        return -EBUSY;
    if (state == KIT_GEN_SUSPENDED && !kit_gen_exhaust(&g->iter))
        return -EBUSY;
    if (g->has_thread)
        pthread_join(g->thread, NULL);
    preempt_chan_destroy(g->ahead);
    kit_handoff_destroy(&g->turn);
    free(g);
    return 0;
}

kit_iter *preempt_gen_iter(preempt_gen *g)
{
    return &g->iter;
}

enum kit_gen_state preempt_gen_state(const preempt_gen *g)
{
    return (enum kit_gen_state)atomic_load_explicit(&g->state,
                                                    memory_order_acquire);
}

uint64_t preempt_gen_dropped(const preempt_gen *g)
{
    return g->dropped;
}

/* ---- inside the body ---- */

kit_completion preempt_gen_yield(preempt_gen *self, kit_value value)
{
    return self->ahead ? ahead_yield(self, value) : lockstep_yield(self, value);
}

static kit_completion yield_of(void *generator, kit_value value)
{
    return preempt_gen_yield(generator, value);
}

kit_completion preempt_gen_delegate(preempt_gen *self, kit_iterable *inner)
{
    return kit_delegate(inner, yield_of, self);
}
