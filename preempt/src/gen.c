/* SPDX-License-Identifier: MIT */
/*
 * Generators on threads. What is common to both forms is here: the states, the
 * thread. A form is how a request reaches the body and an answer comes back:
 * by a hand-off (lock-step), or through a channel (run-ahead).
 */
#include <preempt/gen.h>

#include <preempt/task.h>

#include "bias.h"
#include "chan_impl.h"
#include "signal_stack.h"
#include "thread.h"

#include <kit/backoff.h>
#include <kit/chain.h>
#include <kit/serial.h>
#include <kit/stack.h>

#include <errno.h>
#include <stdlib.h>

struct preempt_gen {
    kit_iter iter;
    preempt_gen_fn body;
    kit_value arg;
    enum kit_gen_first first;
    /* enum kit_gen_state. Whoever makes it RUNNING has claimed the generator;
       an inner that is linked stays claimed by its chain. */
    _Atomic uint32_t state;
    /* Run-ahead: while its holder is inside, it has claimed the generator, and
       the state stays SUSPENDED. */
    struct bias bias;
    /* Run-ahead: answers that callers have got. Here because they write it, and
       the state, at each step; what the body reads at each is further down. */
    uint64_t taken;
    pthread_t thread;
    bool has_thread;
    size_t stack_size;
    bool is_watched; /* as its creator: overflows are reported */
    int cpu;
    struct kit_chain chain;

    /* lock-step: what the body waits for, and what a root's caller does */
    kit_completion request;
    kit_signal requested;
    kit_step answer;
    kit_signal answered;

    /* Whose body asks; NULL: none of ours. Lock-step: of a root, while its
       chain runs. Run-ahead: of a request that waits for the body. */
    preempt_gen *asker;

    /* run-ahead */
    preempt_chan *ahead; /* of the values; closed at the end; NULL: lock-step */
    _Atomic bool requested_abruptly; /* the body has not seen it yet */
    _Atomic uint64_t awaited; /* the number of the answer that `asker` needs */
    uint64_t sent;            /* answers of the body, when it last asked */
    kit_completion end;       /* of the body */
    uint64_t dropped;
};

static preempt_gen *gen_of(kit_iter *it)
{
    return KIT_CONTAINER(it, preempt_gen, iter);
}

static preempt_gen *gen_of_chain(struct kit_chain *chain)
{
    return KIT_CONTAINER(chain, preempt_gen, chain);
}

static void set_state(preempt_gen *g, enum kit_gen_state state)
{
    /* release: whoever claims it next sees all that happened before */
    atomic_store_explicit(&g->state, state, memory_order_release);
}

static enum kit_gen_state load_state(const preempt_gen *g)
{
    return (enum kit_gen_state)atomic_load_explicit(&g->state,
                                                    memory_order_acquire);
}

/* The state found; `from`, if the claim succeeded. */
static enum kit_gen_state claim(preempt_gen *g, enum kit_gen_state from)
{
    uint32_t state = from;
    atomic_compare_exchange_strong_explicit(&g->state, &state, KIT_GEN_RUNNING,
                                            memory_order_acquire,
                                            memory_order_acquire);
    return (enum kit_gen_state)state;
}

/* ---- who waits for whom ---- */

/* Whose body this thread runs, and how many answers that has sent ahead: here,
   since what it writes for each is on no caller's cache line. */
static _Thread_local preempt_gen *of_thread;
static _Thread_local uint64_t sent_ahead;

/* Who this thread is as a holder of a bias. */
static _Thread_local uintptr_t biased_self;

/* An abrupt request awaits an answer that the body does not know of yet. */
#define NOT_SENT_YET UINT64_MAX

/* This thread is going to wait for an answer of `g`, which it has claimed. */
static void ask(preempt_gen *g, uint64_t number)
{
    g->asker = of_thread;
    if (of_thread)
        of_thread->sent = sent_ahead;
    /* release: pairs with the acquire in asker_of */
    atomic_store_explicit(&g->awaited, number, memory_order_release);
}

/*
 * Whose body waits for that of `g`, which runs, or waits for ours. Then all
 * that is read here stays: in lock-step because a body that runs was asked, and
 * running ahead because an answer that is not sent yet won't be before ours. An
 * answer that is sent ends the wait of its caller, who must not be looked at.
 */
static preempt_gen *asker_of(const preempt_gen *g)
{
    if (!g->ahead)
        return gen_of_chain(g->chain.root)->asker;
    uint64_t sent = g == of_thread ? sent_ahead : g->sent;
    uint64_t awaited = atomic_load_explicit(&g->awaited, memory_order_acquire);
    return awaited > sent ? g->asker : NULL;
}

static __attribute__((noinline)) bool is_waited_for_by(const preempt_gen *g)
{
    const preempt_gen *body = of_thread;
    while (body && body != g)
        body = asker_of(body);
    return body;
}

/* Is this thread `g`'s body, or one that it waits for? If it runs ahead its
   state does not tell. */
static inline bool called_by_body(const preempt_gen *g)
{
    return g->ahead && of_thread && is_waited_for_by(g);
}

/* ---- lock-step ---- */

/* Lets a body run; another thread's, or the caller of its root, waits. */
static void resume(preempt_gen *g, kit_completion how)
{
    g->request = how;
    kit_signal_give(&g->requested);
}

static kit_completion await_resume(preempt_gen *self)
{
    kit_signal_await(&self->requested);
    return self->request;
}

static kit_step lockstep_request(preempt_gen *g, kit_completion request)
{
    ask(g, NOT_SENT_YET);
    resume(gen_of_chain(kit_chain_enter(&g->chain, request.how)), request);
    kit_signal_await(&g->answered);
    return g->answer;
}

/* To the caller of the root, whoever that is now. */
static void lockstep_answer(preempt_gen *self, kit_step answer)
{
    preempt_gen *root = gen_of_chain(self->chain.root);
    root->answer = answer;
    kit_signal_give(&root->answered);
}

static kit_completion lockstep_yield(preempt_gen *self, kit_value value)
{
    lockstep_answer(self, kit_yielded(value));
    return await_resume(self);
}

static void lockstep_end(preempt_gen *self, kit_completion end)
{
    kit_completion result;
    struct kit_chain *delegator = kit_chain_end(&self->chain, end, &result);
    if (!delegator) {
        lockstep_answer(self, kit_step_of_end(end));
        return;
    }
    set_state(self, KIT_GEN_DONE);
    resume(gen_of_chain(delegator), result);
}

/* ---- run-ahead ---- */

/* A step cannot be canceled: it ends when the body yields. */
static __attribute__((noinline)) int ahead_wait(preempt_gen *g,
                                                kit_value *value)
{
    /* relaxed: by callers; or by the body, of the request that is under way */
    if (atomic_load_explicit(&g->awaited, memory_order_relaxed) <= g->taken)
        ask(g, g->taken + 1);
    bool former = preempt_shield(true);
    int got = preempt_chan_recv(g->ahead, value);
    preempt_shield(former);
    return got;
}

/* 1: a value; 0: the body has ended, or its channel is of no use any more. */
static inline int ahead_take(preempt_gen *g, kit_value *value)
{
    int got = g->ahead->ops->try_recv(g->ahead, value);
    if (KIT_UNLIKELY(got == -EAGAIN))
        got = ahead_wait(g, value);
    g->taken++;
    return got;
}

static kit_step ahead_next(preempt_gen *g)
{
    kit_value value;
    if (KIT_UNLIKELY(ahead_take(g, &value) != 1))
        return kit_step_of_end(g->end);
    return kit_yielded(value);
}

/* throw and return: the answer is the first that the body sends knowing of it.
   If it ended before, how it did is lost. */
static __attribute__((noinline)) kit_step ahead_overtake(preempt_gen *g,
                                                         kit_completion request)
{
    kit_value value;
    uint64_t awaited;
    int got;
    ask(g, NOT_SENT_YET);
    g->request = request;
    /* release: pairs with the body's acquire in ahead_yield */
    atomic_store_explicit(&g->requested_abruptly, true, memory_order_release);
    for (;;) {
        got = ahead_take(g, &value);
        /* relaxed: the body's, before what we have taken */
        awaited = atomic_load_explicit(&g->awaited, memory_order_relaxed);
        if (got != 1 || awaited <= g->taken)
            break;
        g->dropped++;
    }
    if (got == 1)
        return kit_yielded(value);
    if (awaited == NOT_SENT_YET)
        return kit_gen_answer(KIT_GEN_DONE, request);
    return kit_step_of_end(g->end);
}

static kit_step ahead_request(preempt_gen *g, kit_completion request)
{
    if (KIT_LIKELY(request.how == KIT_NEXT))
        return ahead_next(g);
    return ahead_overtake(g, request);
}

static kit_completion ahead_yield(preempt_gen *g, kit_value value)
{
    sent_ahead++;
    g->ahead->ops->send(g->ahead, &value);
    /* acquire: pairs with the caller's release in ahead_overtake */
    if (KIT_LIKELY(!atomic_load_explicit(&g->requested_abruptly,
                                         memory_order_acquire)))
        return kit_next(kit_none());
    atomic_store_explicit(&g->requested_abruptly, false, memory_order_relaxed);
    /* relaxed: for those whom this body asks from now on, and for the caller,
       who looks when it has taken an answer */
    atomic_store_explicit(&g->awaited, sent_ahead + 1, memory_order_relaxed);
    return g->request;
}

static void ahead_end(preempt_gen *g, kit_completion end)
{
    sent_ahead++;
    g->end = end;
    preempt_chan_close(g->ahead);
}

/* ---- the thread ---- */

static void *run(void *arg)
{
    static const struct kit_stack_use use = {"generator",
                                             "preempt_gen_options.stack_size"};
    preempt_gen *g = arg;
    struct kit_thread_stack stack = {
        .use = &use,
        .size = preempt_thread_stack(g->stack_size),
    };
    if (g->is_watched)
        stack.signal_stack = preempt_signal_stack_map();
    if (stack.signal_stack)
        kit_stack_watch_thread(&stack);
    of_thread = g;
    if (!g->ahead)
        await_resume(g);
    kit_completion end = g->body(g, g->arg);
    if (g->ahead)
        ahead_end(g, end);
    else
        lockstep_end(g, end);
    if (stack.signal_stack) {
        kit_stack_watch_thread_ends();
        preempt_signal_stack_unmap(stack.signal_stack);
    }
    return NULL;
}

static int start(preempt_gen *g)
{
    struct thread_options o = {.stack_size = g->stack_size, .cpu = g->cpu};
    g->is_watched = kit_stack_watched();
    int result = preempt_thread_start(&g->thread, &o, run, g);
    g->has_thread = result == 0;
    return result;
}

/* ---- requests ---- */

/* The caller has claimed `g`. */
static kit_step request_body(preempt_gen *g, kit_completion request)
{
    kit_step s =
        g->ahead ? ahead_request(g, request) : lockstep_request(g, request);
    set_state(g, s.state == KIT_YIELDED ? KIT_GEN_SUSPENDED : KIT_GEN_DONE);
    return s;
}

/* To this thread, as long as no other one comes. */
static void be_biased(preempt_gen *g)
{
    if (biased_self == 0)
        biased_self = (uintptr_t)kit_serials_take(1) * BIAS_THREAD;
    bias_give(&g->bias, biased_self);
}

/* The first request: next starts the body, the others complete it at once. */
static kit_step begin(preempt_gen *g, kit_completion request)
{
    if (request.how != KIT_NEXT) {
        set_state(g, KIT_GEN_DONE);
        return kit_gen_answer(KIT_GEN_CREATED, request);
    }
    kit_value arg = g->arg;
    int result = -EINVAL;
    if (g->ahead)
        ask(g, 1); /* the body may ask its caller before that waits */
    if (kit_gen_takes_first(g->first, request.value, &g->arg))
        result = start(g);
    if (result == 0 && g->ahead && g->ahead->asymmetric)
        be_biased(g);
    if (result == 0)
        return request_body(g, request);
    g->arg = arg;
    set_state(g, KIT_GEN_CREATED);
    return kit_failed_errno(result);
}

/* Claims the whole chain, then takes `g` out of its middle. */
static kit_step enter_from_side(preempt_gen *g, kit_completion request)
{
    preempt_gen *root = gen_of_chain(kit_chain_root(&g->chain));
    if (claim(root, KIT_GEN_SUSPENDED) != KIT_GEN_SUSPENDED)
        return kit_gen_answer(KIT_GEN_RUNNING, request);
    kit_chain_cut(&g->chain);
    set_state(root, KIT_GEN_SUSPENDED);
    return request_body(g, request);
}

static kit_step step(preempt_gen *g, kit_completion request);

/* In any state but suspended. */
static __attribute__((noinline)) kit_step
step_otherwise(preempt_gen *g, enum kit_gen_state state, kit_completion request)
{
    if (state == KIT_GEN_CREATED) {
        state = claim(g, KIT_GEN_CREATED);
        if (state == KIT_GEN_CREATED)
            return begin(g, request);
        if (state == KIT_GEN_SUSPENDED) /* another thread began it just now */
            return step(g, request);
    }
    if (state == KIT_GEN_RUNNING && kit_chain_delegator(&g->chain))
        return enter_from_side(g, request);
    return kit_gen_answer(state, request);
}

/* The state found, as in claim. */
static enum kit_gen_state claim_suspended(preempt_gen *g)
{
    if (g->ahead) {
        enum kit_gen_state state = load_state(g);
        if (state != KIT_GEN_SUSPENDED)
            return state;
        if (!bias_end(&g->bias, biased_self))
            return KIT_GEN_RUNNING;
    }
    return claim(g, KIT_GEN_SUSPENDED);
}

/* Claims the generator, so that of two callers at once one gets -EBUSY. */
static inline kit_step step(preempt_gen *g, kit_completion request)
{
    if (KIT_UNLIKELY(called_by_body(g)))
        return kit_failed_errno(-EBUSY);
    enum kit_gen_state state = claim_suspended(g);
    if (KIT_UNLIKELY(state != KIT_GEN_SUSPENDED))
        return step_otherwise(g, state, request);
    return request_body(g, request);
}

static kit_step gen_next(kit_iter *it, kit_value sent)
{
    return step(gen_of(it), kit_next(sent));
}

/* Run-ahead: the thread that began the generator, while no other one has
   stepped it, and nobody has done so abruptly. */
static kit_step gen_next_ahead(kit_iter *it, kit_value sent)
{
    preempt_gen *g = gen_of(it);
    if (KIT_UNLIKELY(called_by_body(g) || !bias_enter(&g->bias, biased_self)))
        return gen_next(it, sent);
    kit_step s = ahead_next(g);
    if (KIT_UNLIKELY(s.state != KIT_YIELDED)) {
        set_state(g, KIT_GEN_DONE);
        bias_end(&g->bias, biased_self);
    }
    bias_leave(&g->bias);
    return s;
}

static kit_step gen_throw(kit_iter *it, kit_value error)
{
    return step(gen_of(it), kit_throw(error));
}

static kit_step gen_return(kit_iter *it, kit_value value)
{
    return step(gen_of(it), kit_return(value));
}

static const struct kit_iter_ops lockstep_ops = {gen_next, gen_throw,
                                                 gen_return};
static const struct kit_iter_ops ahead_ops = {gen_next_ahead, gen_throw,
                                              gen_return};

/* ---- life ---- */

int preempt_gen_create(preempt_gen **out, preempt_gen_fn body, kit_value arg,
                       const struct preempt_gen_options *options)
{
    static const struct preempt_gen_options defaults;
    const struct preempt_gen_options *o = options ? options : &defaults;
    if (!body || !kit_gen_knows_first(o->first) ||
        (unsigned)o->wait > KIT_WAIT_CONDVAR)
        return -EINVAL;
    int saved = errno;
    preempt_gen *g = calloc(1, sizeof *g);
    errno = saved;
    if (!g)
        return -ENOMEM;
    if (o->capacity > 0) {
        struct preempt_chan_options c = {
            .name = "generator", .wait = o->wait, .single = true};
        int result =
            preempt_chan_create(&g->ahead, sizeof(kit_value), o->capacity, &c);
        if (result < 0) {
            free(g);
            return result;
        }
    }
    kit_iter_init(&g->iter, g->ahead ? &ahead_ops : &lockstep_ops);
    bias_init(&g->bias);
    kit_chain_init(&g->chain);
    kit_signal_init(&g->requested, o->wait);
    kit_signal_init(&g->answered, o->wait);
    g->first = o->first;
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
    if (state == KIT_GEN_RUNNING || called_by_body(g) ||
        kit_chain_is_held(&g->chain))
        return -EBUSY;
    if (state == KIT_GEN_SUSPENDED && !kit_gen_exhaust(&g->iter))
        return -EBUSY;
    if (g->has_thread)
        pthread_join(g->thread, NULL);
    preempt_chan_destroy(g->ahead);
    kit_signal_destroy(&g->requested);
    kit_signal_destroy(&g->answered);
    free(g);
    return 0;
}

kit_iter *preempt_gen_iter(preempt_gen *g)
{
    return &g->iter;
}

kit_step preempt_gen_next(preempt_gen *g, kit_value sent)
{
    return kit_iter_next(&g->iter, sent);
}

enum kit_gen_state preempt_gen_state(const preempt_gen *g)
{
    enum kit_gen_state state = load_state(g);
    preempt_gen *self = (preempt_gen *)(uintptr_t)g;
    if (state == KIT_GEN_SUSPENDED && bias_is_inside(&g->bias))
        return KIT_GEN_RUNNING;
    if (state != KIT_GEN_RUNNING)
        return state;
    return load_state(gen_of_chain(kit_chain_root(&self->chain)));
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

/*
 * An inner of our kind that nobody else is linked to and that can be resumed,
 * claimed for good, with its thread; NULL: it must be stepped through the
 * protocol, which also reports what is wrong with it.
 */
static preempt_gen *claim_inner(const preempt_gen *self, kit_iter *it)
{
    if (it->ops != &lockstep_ops || self->ahead)
        return NULL;
    preempt_gen *inner = gen_of(it);
    enum kit_gen_state state = claim(inner, KIT_GEN_SUSPENDED);
    if (state == KIT_GEN_SUSPENDED)
        return inner;
    if (state != KIT_GEN_CREATED || claim(inner, state) != state)
        return NULL;
    if (start(inner) == 0)
        return inner;
    set_state(inner, KIT_GEN_CREATED);
    return NULL;
}

static kit_completion delegate_by_link(preempt_gen *self, preempt_gen *inner)
{
    resume(gen_of_chain(kit_chain_link(&self->chain, &inner->chain)),
           kit_next(kit_none()));
    kit_completion c = await_resume(self);
    if (!self->chain.cut)
        return c;
    /* The inner was stepped from the side: `c` is a request for it. */
    self->chain.cut = false;
    c = kit_delegate_request(&inner->iter, c, yield_of, self);
    kit_chain_release(&inner->chain);
    return c;
}

static kit_completion delegate_by_protocol(preempt_gen *self, kit_iter *it)
{
    bool is_ours = it->ops == &lockstep_ops || it->ops == &ahead_ops;
    struct kit_chain *held = is_ours ? &gen_of(it)->chain : NULL;
    if (held)
        kit_chain_hold(held);
    kit_completion c =
        kit_delegate_request(it, kit_next(kit_none()), yield_of, self);
    if (held)
        kit_chain_release(held);
    return c;
}

kit_completion preempt_gen_delegate(preempt_gen *self, kit_iterable *iterable)
{
    kit_step opened = kit_iterable_open(iterable);
    if (opened.state != KIT_YIELDED)
        return kit_throw(kit_failure_of(opened));
    kit_iter *it = opened.value.p;
    preempt_gen *inner = claim_inner(self, it);
    kit_completion end =
        inner ? delegate_by_link(self, inner) : delegate_by_protocol(self, it);
    kit_iterable_release(iterable, it);
    return end;
}
