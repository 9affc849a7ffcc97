/* SPDX-License-Identifier: MIT */
/* The bodies of loops.c and helpers.c without a stack. */
#include "stackless.h"

/* ---- 14 ---- */

COOP_FRAME_FUNCTION(numbered_frame)
{
    struct frame *self = frame_of(f);
    const char *name = arg_of(f).p;
    char item[8];
    COOP_FRAME_BEGIN(f);
    for (self->i = 1; self->i <= 2 && !kit_is_abrupt(how); self->i++) {
        snprintf(item, sizeof item, "%s%d", name, (int)self->i);
        COOP_FRAME_YIELD(f, text(item));
    }
    out("%s closed", name);
    COOP_FRAME_END(f);
    return kit_is_abrupt(how) ? ending(how) : kit_done(text("ignored"));
}

COOP_FRAME_FUNCTION(yield_late_frame)
{
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_YIELD(f, kit_int(1));
    frame_of(f)->end = how;
    COOP_FRAME_TRY_YIELD(f, text("late"));
    out("resumed");
    COOP_FRAME_END(f);
    return ending(frame_of(f)->end);
}

/* ---- 16 ---- */

COOP_FRAME_FUNCTION(loop_and_yield_frame)
{
    kit_loop *loop = &frame_of(f)->loop;
    kit_value item;
    COOP_FRAME_BEGIN(f);
    for (kit_loop_open(loop, arg_of(f).p); kit_loop_next(loop, &item);) {
        COOP_FRAME_YIELD(f, item);
        if (kit_is_abrupt(how))
            return ending(kit_loop_close(loop, how));
        if (!kit_is_none(how.value))
            out("got %s", show(how.value));
    }
    how = kit_loop_close(loop, kit_next(kit_none()));
    COOP_FRAME_END(f);
    return kit_is_abrupt(how) ? ending(how) : kit_done(text("end"));
}

COOP_FRAME_FUNCTION(hold_on_frame)
{
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_YIELD(f, kit_int(1));
    frame_of(f)->end = how;
    COOP_FRAME_TRY_YIELD(f, text("held"));
    COOP_FRAME_END(f);
    return ending(frame_of(f)->end);
}

/* ---- 18 ---- */

COOP_FRAME_FUNCTION(naturals_frame)
{
    struct frame *self = frame_of(f);
    COOP_FRAME_BEGIN(f);
    for (self->i = 0;; self->i++) {
        out("make %d", (int)self->i);
        COOP_FRAME_TRY_YIELD(f, kit_int(self->i));
    }
    COOP_FRAME_END(f);
    return kit_done(kit_none());
}

COOP_FRAME_FUNCTION(once_and_twice_frame)
{
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_TRY_YIELD(f, arg_of(f));
    COOP_FRAME_YIELD(f, kit_int(arg_of(f).i * 2));
    COOP_FRAME_END(f);
    return ending(how);
}

const struct twin loops_twins[] = {
    {numbered, &numbered_frame},
    {yield_late, &yield_late_frame},
    {loop_and_yield, &loop_and_yield_frame},
    {hold_on, &hold_on_frame},
    {naturals, &naturals_frame},
    {once_and_twice, &once_and_twice_frame},
    {NULL, NULL},
};
