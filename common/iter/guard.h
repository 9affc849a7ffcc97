/* SPDX-License-Identifier: MIT */
/* What every helper has around its own work; for the iterator files. */
#ifndef KIT_GUARD_H
#define KIT_GUARD_H

#include <kit/gen.h>

/*
 * One step of a helper. A request from inside it, from a callback or from what
 * the source does, is told so. A step that gives no item was the last one.
 */
static inline __attribute__((always_inline)) kit_step
kit_guard(kit_iter *it, enum kit_gen_state *state, kit_step (*step)(kit_iter *))
{
    if (KIT_UNLIKELY(*state > KIT_GEN_SUSPENDED))
        return kit_gen_answer(*state, kit_next(kit_none()));
    *state = KIT_GEN_RUNNING;
    kit_step s = step(it);
    *state = s.state == KIT_YIELDED ? KIT_GEN_SUSPENDED : KIT_GEN_DONE;
    return s;
}

/*
 * The request return. Before the start none of the helper's work is under way,
 * so its source, while it is closed, finds it done and not running.
 */
static inline kit_step kit_guard_return(kit_iter *it, enum kit_gen_state *state,
                                        kit_step (*close)(kit_iter *))
{
    if (*state != KIT_GEN_CREATED)
        return kit_guard(it, state, close);
    *state = KIT_GEN_DONE;
    return close(it);
}

/* A predicate's answer, as a truth. */
static inline bool kit_is_yes(kit_value answer)
{
    return answer.i != 0 && !kit_is_none(answer);
}

#endif
