/* SPDX-License-Identifier: MIT */
/*
 * Generators on threads: the mirror image of coop/gen.h. The body runs on a
 * thread of its own, which is started by the first next().
 *
 * kit/body.h has what keeps a body short: KIT_TRY, KIT_DEFER.
 *
 * Lock-step (capacity 0, the default): body and caller alternate by a hand-off,
 * and the semantics are those of ECMAScript generators, exactly.
 *
 * Run-ahead (capacity n > 0): the body runs on while up to n values wait in a
 * buffer. Then a yield does not see what next() sends (it is resumed with
 * none), and what it does happens earlier than in lock-step. throw and return
 * overtake the values in the buffer: those are dropped, and counted
 * (preempt_gen_dropped); the body gets the request at its next yield. A body
 * that has ended by then, or failed, is overtaken too: the request finds a
 * done generator, and how it ended is lost. A request by the body itself, or by
 * one that it waits for, through any number of generators, is -EBUSY, as in
 * lock-step, and so is destroy; but two bodies that run ahead and ask each
 * other at the same moment may wait for each other for ever.
 *
 * A request blocks until the body yields or ends. If the thread can't be
 * started, the first next() fails with that error (-EAGAIN), and may be tried
 * again.
 *
 * Threads. Any thread may step or close a generator, whoever created it or
 * stepped it last, and ask for its state at any time. The callers need not keep
 * requests apart: of two at once one is answered -EBUSY, which harms nothing,
 * and each sees all that was done before the last one's answer. Generators that
 * delegate to one another count as one, but for those in the middle of a chain:
 * requests of these, and of the chain, are kept apart by the callers; and who
 * asks for the state of one of them destroys none of the others meanwhile.
 *
 * Running ahead, a step is cheapest for the thread of the first one, and until
 * another thread makes one.
 *
 * The body stays on its own thread for life, with that thread's thread-local
 * variables, its locks and its errno. Destroy, on whatever thread, ends that
 * thread and joins it: it is for a generator that nobody else uses then or
 * later.
 *
 * A body that overflows its stack ends the program. What has happened is said
 * only if the thread of the first step is a task's or has called
 * kit_stack_watch (kit/stack.h): where there is no scheduler, the program calls
 * it itself, before that step.
 */
#ifndef PREEMPT_GEN_H
#define PREEMPT_GEN_H

#include <kit/gen.h>
#include <kit/placement.h>
#include <kit/wait.h>

KIT_BEGIN

typedef struct preempt_gen preempt_gen;

/*
 * The body. Its result ends the stream: return (or next) with the final value,
 * throw with an error.
 */
typedef kit_completion (*preempt_gen_fn)(preempt_gen *self, kit_value arg);

struct preempt_gen_options {
    size_t stack_size;           /* bytes; 0: PREEMPT_STACK_DEFAULT */
    size_t capacity;             /* 0: lock-step; n: run ahead by n values */
    enum kit_wait_strategy wait; /* 0: KIT_WAIT_ADAPTIVE */
    int cpu_plus_one;            /* the thread's CPU, plus one; 0: any */
    enum kit_gen_first first;    /* what next(v) does with a first v */
};

/* 0, -EINVAL, -ENOMEM. Runs none of the body. `options` may be NULL. */
KIT_EXPORT int preempt_gen_create(preempt_gen **out, preempt_gen_fn body,
                                  kit_value arg,
                                  const struct preempt_gen_options *options);

/*
 * Destroys the generator. A suspended body is first resumed with return, and
 * its clean-up runs to its end; what that yields is dropped. -EBUSY, and
 * nothing is destroyed, when the generator is running or still yields after
 * KIT_GEN_PATIENCE steps. NULL is allowed.
 */
KIT_EXPORT int preempt_gen_destroy(preempt_gen *g);

/* The generator as an iterator; valid until destroy. */
KIT_EXPORT kit_iter *preempt_gen_iter(preempt_gen *g);

/* kit_iter_next(preempt_gen_iter(g), sent). */
KIT_EXPORT kit_step preempt_gen_next(preempt_gen *g, kit_value sent);

KIT_EXPORT enum kit_gen_state preempt_gen_state(const preempt_gen *g);

/*
 * Values that throw and return have overtaken so far; 0 in lock-step. Not while
 * another thread steps the generator.
 */
KIT_EXPORT uint64_t preempt_gen_dropped(const preempt_gen *g);

/*
 * From inside the body: gives `value` out and suspends. Returns how the body
 * was resumed; an abrupt completion should be returned after clean-up.
 */
KIT_EXPORT kit_completion preempt_gen_yield(preempt_gen *self, kit_value value);

/*
 * From inside the body: `yield*`. Hands the stream to `inner` until that is
 * done: sends, throws and returns go to it; the completion is next(its final
 * value), or abrupt, and should be returned after clean-up. A step costs two
 * hand-offs at any depth of delegation between generators in lock-step.
 *
 * A thread generator that another one delegates to may be stepped from the side
 * (not while another thread steps the chain; each that is costs two more
 * hand-offs from then on), but not destroyed (-EBUSY). Of a delegation by
 * another kind it does not know: do not destroy it meanwhile.
 */
KIT_EXPORT kit_completion preempt_gen_delegate(preempt_gen *self,
                                               kit_iterable *inner);

KIT_END

#endif
