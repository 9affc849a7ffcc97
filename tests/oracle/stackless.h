/* SPDX-License-Identifier: MIT */
/*
 * The bodies of the scenarios, and for each of them its twin: the same body as
 * a resumable function, for generators without a stack.
 */
#ifndef TESTS_ORACLE_STACKLESS_H
#define TESTS_ORACLE_STACKLESS_H

#include "oracle.h"

#include <coop/frame.h>

#include <stdio.h>

/* Any twin's frame: what lives from one step to the next. */
struct frame {
    coop_frame frame;
    struct gen *gen;
    int64_t i;
    kit_completion end; /* of what a clean-up follows */
    kit_loop loop;
};

static inline struct frame *frame_of(coop_frame *f)
{
    return KIT_CONTAINER(f, struct frame, frame);
}

static inline kit_value arg_of(coop_frame *f)
{
    return frame_of(f)->gen->arg;
}

/* How a function ends after its last statement. */
static inline kit_step ending(kit_completion how)
{
    return kit_step_of_end(ends(how));
}

/* Both, one after the other; until the next call. */
static inline const char *joined(const char *before, kit_value v)
{
    static char both[64];
    snprintf(both, sizeof both, "%s%s", before, characters_of(v));
    return both;
}

struct twin {
    gen_body body; /* NULL: there are no more */
    const coop_frame_function *frame;
};

extern const struct twin stepping_twins[], delegation_twins[], loops_twins[];

/* Of scenarios 01 to 05. */
kit_completion foo(struct gen *self, kit_value arg);
kit_completion bar(struct gen *self, kit_value arg);
kit_completion with_parameter(struct gen *self, kit_value p);
kit_completion yield_then_delegate(struct gen *self, kit_value spy);
kit_completion just_delegate(struct gen *self, kit_value spy);
kit_completion yield_nothing(struct gen *self, kit_value arg);
kit_completion one_two(struct gen *self, kit_value arg);
kit_completion boom(struct gen *self, kit_value arg);
kit_completion just_23(struct gen *self, kit_value arg);
kit_completion yield_in_finally(struct gen *self, kit_value arg);
kit_completion return_in_finally(struct gen *self, kit_value arg);
kit_completion throw_in_finally(struct gen *self, kit_value arg);
kit_completion nested_finally(struct gen *self, kit_value arg);
kit_completion not_yet_in_try(struct gen *self, kit_value arg);
kit_completion refuse_to_leave(struct gen *self, kit_value arg);
kit_completion ask_for_ever(struct gen *self, kit_value arg);
kit_completion finally_cleanup(struct gen *self, kit_value arg);
kit_completion swallow(struct gen *self, kit_value arg);
kit_completion yield_in_catch(struct gen *self, kit_value arg);
kit_completion wrap_error(struct gen *self, kit_value arg);
kit_completion finally_2(struct gen *self, kit_value arg);

/* Of 10, 11, 13, 17. */
kit_completion guarded(struct gen *self, kit_value spy);
kit_completion catch_and_yield(struct gen *self, kit_value arg);
kit_completion catch_and_return(struct gen *self, kit_value arg);
kit_completion not_catch(struct gen *self, kit_value arg);
kit_completion catching_outer(struct gen *self, kit_value inner);
kit_completion plain_outer(struct gen *self, kit_value inner);
kit_completion return_delegated(struct gen *self, kit_value iterable);
kit_completion return_error(struct gen *self, kit_value iterable);
kit_completion three(struct gen *self, kit_value arg);
kit_completion lazily(struct gen *self, kit_value spy);
kit_completion yield_yield(struct gen *self, kit_value arg);
kit_completion walk(struct gen *self, kit_value bounds);
kit_completion leaf(struct gen *self, kit_value arg);
kit_completion chain(struct gen *self, kit_value depth);

/* The bounds of a walk. */
static inline kit_value packed(int64_t low, int64_t high)
{
    return kit_int(low << 32 | high);
}

/* Of 14, 16 and 18. */
kit_completion numbered(struct gen *self, kit_value name);
kit_completion yield_late(struct gen *self, kit_value arg);
kit_completion loop_and_yield(struct gen *self, kit_value iterable);
kit_completion hold_on(struct gen *self, kit_value arg);
kit_completion naturals(struct gen *self, kit_value arg);
kit_completion once_and_twice(struct gen *self, kit_value v);

#endif
