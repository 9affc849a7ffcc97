/* SPDX-License-Identifier: MIT */
/*
 * Stackless generators: a resumable function over a frame in the caller's
 * memory. What a compiler makes of a generator when it has no stacks to give
 * away, and what a polyfill does: the function is called afresh for every
 * step, and a switch on the frame's position goes on where it left. No
 * assembly, no allocation, any C11 compiler; the fastest step of the three
 * kinds of generator, at the price that only the function itself can yield.
 *
 * What lives from one step to the next is a field of the frame, never a local
 * variable:
 *
 *     struct count {
 *         coop_frame frame; // must come first
 *         int64_t i, n;
 *     };
 *
 *     COOP_FRAME_FUNCTION(count)
 *     {
 *         struct count *self = (struct count *)f;
 *         COOP_FRAME_BEGIN(f);
 *         for (self->i = 0; self->i < self->n; self->i++)
 *             COOP_FRAME_TRY_YIELD(f, kit_int(self->i));
 *         COOP_FRAME_END(f);
 *         return kit_done(kit_none());
 *     }
 *
 *     struct count c = {.n = 3};
 *     coop_frame_init(&c.frame, &count);
 *     ... kit_iter_next(&c.frame.iter, kit_none()) ...
 *
 * Where the function is in sight, count_next(&c.frame.iter, value) is that same
 * step, without the table of operations between: it can be inlined.
 *
 * The function has two parameters, `f` and `how`: its frame, and after each
 * YIELD or DELEGATE how the generator was resumed. A function that cleans up
 * looks:
 *
 *             COOP_FRAME_YIELD(f, kit_int(self->i));
 *             if (kit_is_abrupt(how))
 *                 return kit_step_of_end(how); // "finally" goes before this
 *
 * and TRY_YIELD and TRY_DELEGATE are just that, without a "finally". One of
 * the four a line; none inside a switch of the function's own. What is to be
 * cleaned up at any end can be registered instead: coop_frame_defer. A loop
 * over an iterable is a field, too (kit_loop, kit/iter.h); what goes before
 * returning is then its close:
 *
 *                 return kit_step_of_end(kit_loop_close(&self->loop, how));
 *
 * Semantics and states are those of coop/gen.h. Requests run the function on
 * the caller's thread and never block by themselves. Threads: as there. A frame
 * that no request of is under way, and its chain, may be stepped and closed on
 * any thread; keeping requests apart, and one after the other visible (a lock,
 * a join), is the callers' affair: two at once are a data race, and not
 * reported. The frame's memory is the caller's, wherever it came from.
 */
#ifndef COOP_FRAME_H
#define COOP_FRAME_H

#include <kit/chain.h>
#include <kit/gen.h>

KIT_BEGIN

typedef struct coop_frame coop_frame;

/* Answers with kit_yielded (by the macro), kit_done or kit_failed. */
typedef kit_step (*coop_frame_fn)(coop_frame *f, kit_completion how);

/* A resumable function; made by COOP_FRAME_FUNCTION. */
typedef struct coop_frame_function {
    struct kit_iter_ops ops;
    coop_frame_fn body;
} coop_frame_function;

/* Who answers a request of a frame that is not done. */
enum coop_frame_mode {
    COOP_FRAME_PLAIN = 0, /* its body, which need only be called */
    COOP_FRAME_LINKED,    /* the body of its leaf, to which it is linked */
    COOP_FRAME_RUNNING,   /* nobody: it is the root of what is being stepped */
    COOP_FRAME_APART,     /* what a closer look finds */
    COOP_FRAME_STRICT,    /* its body, once the first value was looked at */
};

/* Embed it as the first field; only `iter` is for users, and `function`, by
   which a function can make frames of itself. */
struct coop_frame {
    kit_iter iter;
    const coop_frame_function *function;
    int position;
    enum coop_frame_mode mode;
    struct kit_chain chain;
    kit_iterable *source; /* what it delegates to, opened as `inner` */
    kit_iter *inner;      /* stepped through the protocol; NULL: none */
    void (*cleanup)(coop_frame *); /* see coop_frame_defer */
};

/* Runs none of the function. The other fields of the frame are the caller's. */
KIT_EXPORT void coop_frame_init(coop_frame *f,
                                const coop_frame_function *function);

/*
 * What the first next(v) does with v (kit/gen.h); called between init and the
 * first request. A function has no parameter but `how`, which before the first
 * YIELD or DELEGATE is next(v). JS (without this call, too): the function does
 * not look at it there. PYTHON: next(v) is -EINVAL unless v is none; nothing
 * has run. LUA: the function takes how.value as its argument, unless that is
 * none. 0; -EINVAL for no policy; -EBUSY when it has begun.
 */
KIT_EXPORT int coop_frame_set_first(coop_frame *f, enum kit_gen_first first);

/*
 * For a frame that goes out of use: a suspended function is resumed with
 * return, and its clean-up runs to its end; what that yields is dropped. 0;
 * -EBUSY when it is running, is delegated to by another frame, or still yields
 * after KIT_GEN_PATIENCE steps. There is no memory to free. Of a delegation by
 * another kind of generator it does not know: do not close it meanwhile.
 */
KIT_EXPORT int coop_frame_close(coop_frame *f);

KIT_EXPORT enum kit_gen_state coop_frame_state(const coop_frame *f);

/*
 * cleanup(f) is due when the function ends: done, failed, returned into or
 * thrown into, it runs once, before the last step is answered or a delegator
 * goes on. One at a time: another one takes its place, NULL takes it back. It
 * finds the frame running, so that requests of it are -EBUSY, and it must not
 * free or initialise the frame. Like KIT_DEFER (kit/body.h) it is for plain
 * clean-up and has no say in how the function ends. Of a frame that never
 * begins nothing runs, so it is registered by the function itself, after
 * COOP_FRAME_BEGIN. A step that yields costs nothing more for it.
 */
static inline void coop_frame_defer(coop_frame *f,
                                    void (*cleanup)(coop_frame *))
{
    f->cleanup = cleanup;
}

/* The operations of a frame, for the macro below. */
KIT_EXPORT kit_step coop_frame_next(kit_iter *it, kit_value sent);
KIT_EXPORT kit_step coop_frame_throw(kit_iter *it, kit_value error);
KIT_EXPORT kit_step coop_frame_return(kit_iter *it, kit_value value);

/* The body of a leaf answered with what is not a value: goes on. */
KIT_EXPORT kit_step coop_frame_go_on(coop_frame *leaf, kit_step answer);

/* A step of a frame whose leaf is another one: a call of the leaf's body. Not
   inlined, so that the step of a plain frame saves no register for it. */
__attribute__((noinline, unused)) static kit_step
coop_frame_step_leaf(coop_frame *f, kit_value sent)
{
    coop_frame *leaf = KIT_CONTAINER(f->chain.leaf, coop_frame, chain);
    f->mode = COOP_FRAME_RUNNING;
    kit_step s = leaf->function->body(leaf, kit_next(sent));
    if (KIT_UNLIKELY(s.state != KIT_YIELDED))
        return coop_frame_go_on(leaf, s);
    f->mode = COOP_FRAME_LINKED;
    return kit_yielded(s.value);
}

/* One next(): as the compiler sees the body, it need not call it. A macro,
   since calls at the end of an inlined function are not jumps. */
#define COOP_FRAME_STEP(it, sent, body)                                        \
    coop_frame *f = (coop_frame *)(void *)(it);                                \
    if (KIT_UNLIKELY(f->mode != COOP_FRAME_PLAIN))                             \
        return f->mode == COOP_FRAME_LINKED ? coop_frame_step_leaf(f, sent)    \
                                            : coop_frame_next(it, sent);       \
    f->mode = COOP_FRAME_RUNNING;                                              \
    kit_step s = body(f, kit_next(sent));                                      \
    if (KIT_UNLIKELY(s.state != KIT_YIELDED))                                  \
        return coop_frame_go_on(f, s);                                         \
    f->mode = COOP_FRAME_PLAIN;                                                \
    return kit_yielded(s.value)

/*
 * Begins the definition of a resumable function (static, at file scope). To
 * name it before it is defined: static const coop_frame_function name;
 */
#define COOP_FRAME_FUNCTION(name)                                              \
    static inline kit_step name##_body(coop_frame *f, kit_completion how);     \
    static kit_step name##_next(kit_iter *it, kit_value sent)                  \
    {                                                                          \
        COOP_FRAME_STEP(it, sent, name##_body);                                \
    }                                                                          \
    static const coop_frame_function name = {                                  \
        {name##_next, coop_frame_throw, coop_frame_return}, name##_body};      \
    static inline kit_step name##_body(coop_frame *f, kit_completion how)

/* Beyond enum kit_state: between a function and coop_frame alone. */
#define COOP_FRAME_DELEGATES ((enum kit_state)3)

#define COOP_FRAME_BEGIN(f)                                                    \
    switch ((f)->position) {                                                   \
    case 0:

#define COOP_FRAME_YIELD(f, value)                                             \
    do {                                                                       \
        (f)->position = __LINE__;                                              \
        return kit_yielded(value);                                             \
    case __LINE__:;                                                            \
    } while (0)

/* `yield*` over a kit_iterable *; `how` is then its value, or abrupt. */
#define COOP_FRAME_DELEGATE(f, iterable)                                       \
    do {                                                                       \
        (f)->position = __LINE__;                                              \
        return kit_step_make(COOP_FRAME_DELEGATES, kit_ptr(iterable));         \
    case __LINE__:;                                                            \
    } while (0)

/* The same, and an abrupt `how` ends the function with it at once. */
#define COOP_FRAME_TRY_YIELD(f, value)                                         \
    do {                                                                       \
        COOP_FRAME_YIELD(f, value);                                            \
        if (kit_is_abrupt(how))                                                \
            return kit_step_of_end(how);                                       \
    } while (0)

#define COOP_FRAME_TRY_DELEGATE(f, iterable)                                   \
    do {                                                                       \
        COOP_FRAME_DELEGATE(f, iterable);                                      \
        if (kit_is_abrupt(how))                                                \
            return kit_step_of_end(how);                                       \
    } while (0)

#define COOP_FRAME_END(f)                                                      \
    default:;                                                                  \
        }                                                                      \
        (void)0

KIT_END

#endif
