/* SPDX-License-Identifier: MIT */
/*
 * The iterator interface that both schedulers share.
 *
 * An ITERATOR answers three requests with a step each:
 *     next(sent value)   throw(error)   return(value)
 * `throw` and `return` may be absent (NULL). An ITERABLE can open an iterator;
 * an iterator is its own iterable. The protocol is that of ECMAScript.
 *
 * Ownership. Whoever opens an iterable releases what it got, when it is done
 * with it (kit_iterable_release): for an iterator, which is its own iterable,
 * that does nothing, its maker destroys it; for a container it frees what
 * open allocated. Releasing is about memory; CLOSING, the request `return`,
 * is about clean-up, and only kit_for_each and its like decide it.
 *
 * Threads and blocking. A request runs on the caller's thread or waits for
 * the producer; the maker's header says which. One request at a time.
 */
#ifndef KIT_ITER_H
#define KIT_ITER_H

#include <kit/value.h>

KIT_BEGIN

typedef struct kit_iter kit_iter;
typedef struct kit_iterable kit_iterable;

struct kit_iterable_ops {
    /* {the iterator as value.p, yielded}, or {error, failed}; anything else,
       NULL and none too, is taken for a failure with -EPROTO */
    kit_step (*open)(kit_iterable *self);
    /* Gives back what open gave; NULL: nothing to give back. */
    void (*release)(kit_iterable *self, kit_iter *it);
};

struct kit_iterable {
    const struct kit_iterable_ops *ops;
};

struct kit_iter_ops {
    kit_step (*next)(kit_iter *self, kit_value sent);
    kit_step (*throw_)(kit_iter *self, kit_value error);  /* may be NULL */
    kit_step (*return_)(kit_iter *self, kit_value value); /* may be NULL */
};

/*
 * Embed this in the structure that implements an iterator. `ops` is looked at
 * for each request, so an iterator may exchange it from one to the next, as
 * generators do. (ECMAScript looks `next` up once, when it opens.)
 */
struct kit_iter {
    kit_iterable iterable;
    const struct kit_iter_ops *ops;
};

/* What makes an iterator its own iterable. */
KIT_EXPORT extern const struct kit_iterable_ops kit_iter_own_iterable;

/* Makes `it` an iterator with these operations, and its own iterable. */
static inline void kit_iter_init(kit_iter *it, const struct kit_iter_ops *ops)
{
    it->iterable.ops = &kit_iter_own_iterable;
    it->ops = ops;
}

/* Neither NULL nor the pointer of kit_none(): one comparison. */
static inline bool kit_is_pointer(const void *p)
{
    return (uintptr_t)p - 1 < KIT_NONE_BITS - 1;
}

/* The iterator that this iterable is, or NULL; for NULL and none, too. */
static inline kit_iter *kit_iterable_as_iter(kit_iterable *source)
{
    return kit_is_pointer(source) && source->ops == &kit_iter_own_iterable
               ? KIT_CONTAINER(source, kit_iter, iterable)
               : NULL;
}

static inline kit_step kit_iter_next(kit_iter *it, kit_value sent)
{
    return it->ops->next(it, sent);
}

/* {-EPROTO, failed} where the iterator has no throw. */
KIT_EXPORT kit_step kit_iter_throw(kit_iter *it, kit_value error);

/* {value, done} where the iterator has no return. */
KIT_EXPORT kit_step kit_iter_return(kit_iter *it, kit_value value);

/* Any request, as a completion: what delegation passes on. */
KIT_EXPORT kit_step kit_iter_request(kit_iter *it, kit_completion request);

/* {-EINVAL, failed} for NULL and none; {-EPROTO, failed} for what is no
   iterator. */
KIT_EXPORT kit_step kit_iterable_open(kit_iterable *source);

static inline void kit_iterable_release(kit_iterable *source, kit_iter *it)
{
    if (source->ops->release)
        source->ops->release(source, it);
}

/* False for a step whose state is none of enum kit_state: -EPROTO is due. */
static inline bool kit_step_is_valid(kit_step s)
{
    return (unsigned)s.state <= KIT_FAILED;
}

/* The error of a step that is neither yielded nor done: its own, or -EPROTO. */
KIT_EXPORT kit_value kit_failure_of(kit_step s);

/*
 * A loop over an iterable, for bodies that want to yield, break or return from
 * inside it (ECMAScript's for..of):
 *
 *     kit_loop loop;
 *     kit_value item;
 *     for (kit_loop_open(&loop, source); kit_loop_next(&loop, &item);) {
 *         kit_completion c = coop_gen_yield(self, item);
 *         if (kit_is_abrupt(c)) // in kit/body.h, both: KIT_LOOP_TRY
 *             return kit_loop_close(&loop, c);
 *     }
 *     kit_completion end = kit_loop_close(&loop, kit_next(kit_none()));
 *
 * kit_loop_close must be called once, with how the loop was left: next to go
 * on behind it, whether it ran to its end or by C's `break`; return or throw to
 * leave the body, too. It closes the source if that is due, and its result is
 * how the body goes on:
 *   - a normal end closes nothing, and is the result: next(none);
 *   - an error of the source closes nothing: throw(error);
 *   - a malformed step is throw(-EPROTO), and the source is not closed for it;
 *   - leaving before the end, in any way, closes once and is the result; an
 *     error of the close surfaces on next and return, but an error of the body
 *     wins over it.
 */
typedef struct kit_loop {
    kit_iterable *source;
    kit_iter *it; /* NULL: it could not be opened */
    kit_completion end;
    bool over; /* the source has ended or failed: nothing to close */
} kit_loop;

KIT_EXPORT void kit_loop_open(kit_loop *loop, kit_iterable *source);
KIT_EXPORT bool kit_loop_next(kit_loop *loop, kit_value *item);
KIT_EXPORT kit_completion kit_loop_close(kit_loop *loop, kit_completion left);

/*
 * One turn of a for-each: next = go on, return(v) = break with v,
 * throw(e) = fail with e.
 */
typedef kit_completion (*kit_each_fn)(void *context, kit_value item);

/*
 * The same loop with a function as its body. Result: next(none) at the end,
 * return(v) after a break, throw(e) on failure. Blocks where the source does.
 */
KIT_EXPORT kit_completion kit_for_each(kit_iterable *source, kit_each_fn each,
                                       void *context);

/*
 * Delegation (`yield*`): hands a generator's stream to `inner` until that is
 * done. `yield` suspends the generator with a value and tells how it was
 * resumed. The completion is next(final value), or abrupt: throw with the
 * inner's error, return when a return went through. The inner is opened and
 * released here. coop_gen_delegate and preempt_gen_delegate bind `yield`.
 */
typedef kit_completion (*kit_yield_fn)(void *generator, kit_value item);

KIT_EXPORT kit_completion kit_delegate(kit_iterable *inner, kit_yield_fn yield,
                                       void *generator);

/*
 * One request of a delegation, for generators without a stack of their own.
 * True: the inner yielded *item. False: the delegation is over, with *end.
 */
KIT_EXPORT bool kit_delegate_step(kit_iter *inner, kit_completion request,
                                  kit_value *item, kit_completion *end);

/* The same on an open iterator, beginning with any request. */
KIT_EXPORT kit_completion kit_delegate_request(kit_iter *inner,
                                               kit_completion request,
                                               kit_yield_fn yield,
                                               void *generator);

KIT_END

#endif
