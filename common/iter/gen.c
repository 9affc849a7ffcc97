/* SPDX-License-Identifier: MIT */
/* The parts of the generator protocol that need no body. */
#include <kit/gen.h>

#include <errno.h>

const char *kit_gen_state_name(enum kit_gen_state state)
{
    static const char *const names[] = {"created", "suspended", "running",
                                        "done"};
    return (unsigned)state <= KIT_GEN_DONE ? names[state] : "malformed";
}

kit_step kit_gen_answer(enum kit_gen_state state, kit_completion request)
{
    if (state == KIT_GEN_RUNNING)
        return kit_failed_errno(-EBUSY);
    if (request.how == KIT_NEXT)
        return kit_done(kit_none());
    return kit_step_of_end(request);
}

static kit_step done_next(kit_iter *it, kit_value sent)
{
    (void)it;
    return kit_gen_answer(KIT_GEN_DONE, kit_next(sent));
}

static kit_step done_throw(kit_iter *it, kit_value error)
{
    (void)it;
    return kit_gen_answer(KIT_GEN_DONE, kit_throw(error));
}

static kit_step done_return(kit_iter *it, kit_value value)
{
    (void)it;
    return kit_gen_answer(KIT_GEN_DONE, kit_return(value));
}

const struct kit_iter_ops kit_gen_done_ops = {done_next, done_throw,
                                              done_return};

bool kit_gen_exhaust(kit_iter *it)
{
    kit_step s = kit_iter_return(it, kit_none());
    for (int i = 0; s.state == KIT_YIELDED && i < KIT_GEN_PATIENCE; i++)
        s = kit_iter_next(it, kit_none());
    return s.state != KIT_YIELDED;
}
