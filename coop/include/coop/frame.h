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
 *     static kit_step count(coop_frame *f, kit_completion how)
 *     {
 *         struct count *self = (struct count *)f;
 *         COOP_FRAME_BEGIN(f);
 *         for (self->i = 0; self->i < self->n; self->i++) {
 *             COOP_FRAME_YIELD(f, kit_int(self->i));
 *             if (kit_is_abrupt(how))
 *                 return kit_step_of_end(how); // "finally" goes before this
 *         }
 *         COOP_FRAME_END(f);
 *         return kit_done(kit_none());
 *     }
 *
 *     struct count c = {.n = 3};
 *     coop_frame_init(&c.frame, count);
 *     ... kit_iter_next(&c.frame.iter, kit_none()) ...
 *
 * `how` says, after each YIELD or DELEGATE, how the generator was resumed. One
 * YIELD or DELEGATE a line; none inside a switch of the function's own.
 *
 * Semantics and states are those of coop/gen.h. Requests run the function on
 * the caller's thread and never block by themselves.
 */
#ifndef COOP_FRAME_H
#define COOP_FRAME_H

#include <kit/chain.h>
#include <kit/gen.h>

KIT_BEGIN

typedef struct coop_frame coop_frame;

/* Answers with kit_yielded (by the macro), kit_done or kit_failed. */
typedef kit_step (*coop_frame_fn)(coop_frame *self, kit_completion how);

/* Embed it as the first field; only `iter` is for users. */
struct coop_frame {
    kit_iter iter;
    coop_frame_fn body;
    int position;
    bool is_running; /* of a root: its chain is being stepped */
    struct kit_chain chain;
    kit_iterable *source; /* what it delegates to, opened as `inner` */
    kit_iter *inner;      /* stepped through the protocol; NULL: none */
};

/* Runs none of the function. The other fields of the frame are the caller's. */
KIT_EXPORT void coop_frame_init(coop_frame *f, coop_frame_fn body);

/*
 * For a frame that goes out of use: a suspended function is resumed with
 * return, and its clean-up runs to its end; what that yields is dropped. 0;
 * -EBUSY when it is running, is delegated to by another, or still yields after
 * KIT_GEN_PATIENCE steps. There is no memory to free.
 */
KIT_EXPORT int coop_frame_close(coop_frame *f);

KIT_EXPORT enum kit_gen_state coop_frame_state(const coop_frame *f);

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

#define COOP_FRAME_END(f)                                                      \
    default:;                                                                  \
        }                                                                      \
        (void)0

KIT_END

#endif
