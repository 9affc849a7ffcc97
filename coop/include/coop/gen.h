/* SPDX-License-Identifier: MIT */
/*
 * Generators on coroutines: a body that yields values, seen as an iterator.
 * The semantics are those of ECMAScript generators.
 *
 *     static kit_completion count(coop_gen *g, kit_value arg)
 *     {
 *         for (int64_t i = 0; i < arg.i; i++) {
 *             kit_completion c = coop_gen_yield(g, kit_int(i));
 *             if (kit_is_abrupt(c))
 *                 return c;                 // "finally" goes before this
 *         }
 *         return kit_return(kit_none());
 *     }
 *
 * kit/body.h makes the loop's body one line, KIT_TRY(coop_gen_yield(...)), and
 * has clean-up by scope.
 *
 * Every request runs the body on the caller's thread until it yields or ends.
 * Only create allocates (a stack of the thread's pool).
 *
 * Threads. A generator that is not running may be stepped, closed, destroyed
 * and asked for its state by any thread, whoever created it or stepped it last,
 * and outlives the thread that created it. The callers see to it that requests
 * come one after the other, and that each thread sees what the one before did
 * (a lock, a barrier, a join, a channel). Two at once are a data race:
 * undefined, and not reported; -EBUSY is for requests from inside. Generators
 * that delegate to one another count as one.
 *
 * A body goes on, on the thread that steps it. It finds that thread's
 * thread-local variables (errno too; a compiler may remember the address of one
 * over a yield), and what is locked before a yield may not be unlocked after
 * it. Destroyed on the thread that created it, a generator leaves its stack
 * there for the next one; on another thread the stack's pages go back to the
 * kernel, which takes a system call (kit/stack.h).
 *
 * A body that overflows its stack ends the program. What has happened is said
 * only on a thread that has called kit_stack_watch (kit/stack.h), and coop_run
 * does: where there is no scheduler, the program calls it itself.
 */
#ifndef COOP_GEN_H
#define COOP_GEN_H

#include <coop/coro.h>

#include <kit/chain.h>
#include <kit/gen.h>

KIT_BEGIN

typedef struct coop_gen coop_gen;

/*
 * The body. Its result ends the stream: return (or next) with the final value,
 * throw with an error.
 */
typedef kit_completion (*coop_gen_fn)(coop_gen *self, kit_value arg);

struct coop_gen_options {
    size_t stack_size;                     /* bytes; 0: KIT_STACK_DEFAULT */
    const struct kit_mechanism *mechanism; /* NULL: kit_mechanism_default() */
    enum kit_gen_first first; /* what next(v) does with a first v */
};

/* 0, -EINVAL, -ENOMEM, -EAGAIN. Runs none of the body. `options` may be NULL.
 */
KIT_EXPORT int coop_gen_create(coop_gen **out, coop_gen_fn body, kit_value arg,
                               const struct coop_gen_options *options);

/*
 * Destroys the generator. A suspended body is first resumed with return, and
 * its clean-up runs to its end; what that yields is dropped. -EBUSY, and
 * nothing is destroyed, when the generator is running or still yields after
 * KIT_GEN_PATIENCE steps. NULL is allowed.
 */
KIT_EXPORT int coop_gen_destroy(coop_gen *g);

/* The generator as an iterator; valid until destroy. */
KIT_EXPORT kit_iter *coop_gen_iter(coop_gen *g);

/* kit_iter_next(coop_gen_iter(g), sent), and faster where it is inlined. */
KIT_EXPORT kit_step coop_gen_next(coop_gen *g, kit_value sent);

KIT_EXPORT enum kit_gen_state coop_gen_state(const coop_gen *g);

/*
 * From inside the body: gives `value` out and suspends. Returns how the body
 * was resumed; an abrupt completion should be returned after clean-up.
 */
KIT_EXPORT kit_completion coop_gen_yield(coop_gen *self, kit_value value);

/*
 * From inside the body: `yield*`. Hands the stream to `inner` until that is
 * done: sends, throws and returns go to it; the completion is next(its final
 * value), or abrupt, and should be returned after clean-up. A step costs the
 * same at any depth of delegation between coop generators.
 *
 * A coop generator that another one delegates to may be stepped from the side
 * (each that is costs one more step of that level from then on), but not
 * destroyed (-EBUSY). Of a delegation by another kind it does not know: do not
 * destroy it meanwhile.
 */
KIT_EXPORT kit_completion coop_gen_delegate(coop_gen *self,
                                            kit_iterable *inner);

/* ---- how switches are inlined; nothing below is for users ---- */

/* How a generator begins. It is the local memory of its coroutine. */
struct coop_gen_face {
    kit_iter iter;
    struct kit_chain chain;
};

static inline coop_coro *coop_gen_coro(const void *generator)
{
    uintptr_t address = (uintptr_t)generator - COOP_CORO_LOCAL;
    return (coop_coro *)address; /* computed, where a pointer would be loaded */
}

/* The operations of a generator whose body has begun. */
KIT_EXPORT extern const struct kit_iter_ops coop_gen_begun_ops;

/* The beginning of a delegation: the coroutine to transfer to. NULL: `inner`
   is to be stepped through the protocol. */
KIT_EXPORT coop_coro *coop_gen_link(coop_gen *self, kit_iterable *inner);

/* `inner` was stepped from the side: goes on through the protocol, beginning
   with `request`. */
KIT_EXPORT kit_completion coop_gen_go_on(coop_gen *self, kit_iterable *inner,
                                         kit_completion request);

#if KIT_INLINE_SWITCH

static inline __attribute__((always_inline)) kit_completion
coop_gen_yield_inline(coop_gen *self, kit_value value)
{
    return coop_coro_yield(coop_gen_coro(self), value);
}

static inline __attribute__((always_inline)) kit_step
coop_gen_next_inline(coop_gen *g, kit_value sent)
{
    struct coop_gen_face *face = (struct coop_gen_face *)(void *)g;
    struct coop_gen_face *leaf =
        KIT_CONTAINER(face->chain.leaf, struct coop_gen_face, chain);
    coop_coro *co = coop_gen_coro(leaf);
    if (KIT_UNLIKELY(face->chain.returning ||
                     ((struct coop_coro_face *)(void *)co)->state !=
                         COOP_CORO_SUSPENDED))
        return coop_gen_next(g, sent);
    return coop_coro_resume(co, kit_next(sent));
}

/* kit_iter_next of any iterator; a body that has begun needs no call. */
static inline __attribute__((always_inline)) kit_step
coop_gen_iter_next_inline(kit_iter *it, kit_value sent)
{
    if (it->ops != &coop_gen_begun_ops)
        return (kit_iter_next)(it, sent);
    /* The compiler may know what `it` is part of, but not that it is no
       generator then: it would warn of what lies beyond. */
    __asm__("" : "+r"(it));
    return coop_gen_next_inline((coop_gen *)(void *)it, sent);
}

static inline __attribute__((always_inline)) kit_completion
coop_gen_delegate_inline(coop_gen *self, kit_iterable *inner)
{
    struct coop_gen_face *face = (struct coop_gen_face *)(void *)self;
    coop_coro *leaf = coop_gen_link(self, inner);
    if (KIT_UNLIKELY(!leaf))
        return coop_gen_delegate(self, inner);
    kit_completion c =
        coop_coro_transfer(coop_gen_coro(self), leaf, kit_next(kit_none()));
    return KIT_UNLIKELY(face->chain.cut) ? coop_gen_go_on(self, inner, c) : c;
}

static inline kit_iter *coop_gen_iter_inline(coop_gen *g)
{
    return (kit_iter *)(void *)g;
}

#define kit_iter_next(...)     coop_gen_iter_next_inline(__VA_ARGS__)
#define coop_gen_iter(...)     coop_gen_iter_inline(__VA_ARGS__)
#define coop_gen_yield(...)    coop_gen_yield_inline(__VA_ARGS__)
#define coop_gen_next(...)     coop_gen_next_inline(__VA_ARGS__)
#define coop_gen_delegate(...) coop_gen_delegate_inline(__VA_ARGS__)

#endif

KIT_END

#endif
