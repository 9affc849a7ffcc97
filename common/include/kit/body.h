/* SPDX-License-Identifier: MIT */
/*
 * What keeps an ordinary generator body short, on either scheduler: handing an
 * abrupt completion on, and clean-up that is written where its cause is.
 *
 *     static kit_completion lines(coop_gen *self, kit_value path)
 *     {
 *         FILE *file = fopen(path.p, "r");
 *         if (!file)
 *             return kit_throw(kit_int(-errno));
 *         KIT_DEFER(close_file, file);       // runs on every way out
 *         char line[100];                    // lives as long as the body
 *         while (fgets(line, sizeof line, file))
 *             KIT_TRY(coop_gen_yield(self, kit_ptr(line)));
 *         return kit_return(kit_none());
 *     }
 *
 * Without them it is `c = coop_gen_yield(...); if (kit_is_abrupt(c)) { clean
 * up; return c; }` after each yield, and that is all that they stand for: use
 * that where a body wants to see how it was resumed.
 *
 * These are for bodies with a stack of their own (coop/gen.h, preempt/gen.h),
 * and for functions that such a body calls. A stackless function returns at
 * each yield: coop/frame.h has what serves there. Statement expressions and
 * the attribute `cleanup` are needed: gcc or clang, C11 or C++.
 */
#ifndef KIT_BODY_H
#define KIT_BODY_H

#include <kit/iter.h>

/* A name that no other use of the macro has, so that uses may nest. */
#define KIT_BODY_PASTE(name, n)  name##n
#define KIT_BODY_UNIQUE(name, n) KIT_BODY_PASTE(name, n)

/*
 * The value that was sent, or the value of a delegation:
 *
 *     kit_value v = KIT_TRY(coop_gen_yield(self, x));
 *
 * Evaluates `completion`, a call like coop_gen_yield or coop_gen_delegate,
 * once. If it is abrupt the enclosing function RETURNS it, from here; that
 * function's result must be a kit_completion.
 */
#define KIT_TRY(completion)                                                    \
    KIT_BODY_TRY(completion, KIT_BODY_UNIQUE(kit_try_, __COUNTER__))
#define KIT_BODY_TRY(completion, name) KIT_BODY_LEAVE(completion, name, name)

/*
 * The same inside a loop (kit_loop, kit/iter.h): if it is abrupt, the function
 * returns kit_loop_close(loop, it). For a body that stands in one loop; out of
 * two: return kit_loop_close(&outer, kit_loop_close(&inner, c)).
 */
#define KIT_LOOP_TRY(loop, completion)                                         \
    KIT_BODY_LOOP_TRY(loop, completion, KIT_BODY_UNIQUE(kit_try_, __COUNTER__))
#define KIT_BODY_LOOP_TRY(loop, completion, name)                              \
    KIT_BODY_LEAVE(completion, name, kit_loop_close((loop), name))

#define KIT_BODY_LEAVE(completion, name, result)                               \
    __extension__({                                                            \
        kit_completion name = (completion);                                    \
        if (KIT_UNLIKELY(kit_is_abrupt(name)))                                 \
            return (result);                                                   \
        name.value;                                                            \
    })

struct kit_deferred {
    void (*function)(void *argument);
    void *argument;
};

static inline void kit_deferred_run(const struct kit_deferred *deferred)
{
    deferred->function(deferred->argument);
}

/*
 * From here on, function(argument) is due when the enclosing scope ends: once,
 * on every way out (its end, break, return, KIT_TRY; in C++ an exception too),
 * the last registered first, after the value of a `return` was computed.
 *
 *     void function(void *argument);
 *
 * It is for plain clean-up: freeing, closing, unlocking. Clean-up that itself
 * yields, replaces the completion or throws one of its own is written out,
 * after an abrupt completion; this function has no say in how the body ends.
 *
 * It runs when the scope is left, not when the generator is told to: a body
 * that does not return on an abrupt completion runs it when it does leave.
 * Destroying a suspended generator resumes its body with return, so clean-up
 * is not lost. A body that never began registered nothing. What ends a thread
 * or a process without leaving the scope (longjmp over it, exit) skips it.
 *
 * It is a declaration: not right after a label, and not to be jumped over.
 */
#define KIT_DEFER(function, argument)                                          \
    __attribute__((cleanup(kit_deferred_run), unused))                         \
    const struct kit_deferred                                                  \
    KIT_BODY_UNIQUE(kit_deferred_, __COUNTER__) = {(function), (argument)}

#endif
