/* SPDX-License-Identifier: MIT */
/* The bodies of stepping.c without a stack. */
#include "stackless.h"

/* ---- 01 ---- */

COOP_FRAME_FUNCTION(foo_frame)
{
    COOP_FRAME_BEGIN(f);
    out("foo starts");
    COOP_FRAME_TRY_YIELD(f, text("B"));
    out("inside foo, B got %s", show(how.value));
    COOP_FRAME_TRY_YIELD(f, text("C"));
    out("inside foo, C got %s", show(how.value));
    COOP_FRAME_END(f);
    return kit_done(text("D"));
}

COOP_FRAME_FUNCTION(bar_frame)
{
    COOP_FRAME_BEGIN(f);
    out("bar starts");
    COOP_FRAME_TRY_YIELD(f, text("A"));
    out("inside bar, A got %s", show(how.value));
    COOP_FRAME_TRY_DELEGATE(f, &gen(foo, kit_none())->iterable);
    out("inside bar, yield* gave %s", show(how.value));
    COOP_FRAME_TRY_YIELD(f, text("E"));
    out("inside bar, E got %s", show(how.value));
    COOP_FRAME_END(f);
    return kit_done(text("F"));
}

/* ---- 02 ---- */

COOP_FRAME_FUNCTION(with_parameter_frame)
{
    COOP_FRAME_BEGIN(f);
    out("param %s", show(arg_of(f)));
    COOP_FRAME_TRY_YIELD(f, kit_int(1));
    out("a=%s", show(how.value));
    COOP_FRAME_END(f);
    return kit_done(kit_none());
}

COOP_FRAME_FUNCTION(yield_then_delegate_frame)
{
    struct spy *spy = arg_of(f).p;
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_TRY_YIELD(f, text("o1"));
    out("x=%s", show(how.value));
    COOP_FRAME_TRY_DELEGATE(f, &spy->iter.iterable);
    out("r=%s", show(how.value));
    COOP_FRAME_END(f);
    return kit_done(kit_none());
}

COOP_FRAME_FUNCTION(just_delegate_frame)
{
    struct spy *spy = arg_of(f).p;
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_DELEGATE(f, &spy->iter.iterable);
    COOP_FRAME_END(f);
    return ending(how);
}

COOP_FRAME_FUNCTION(yield_nothing_frame)
{
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_TRY_YIELD(f, kit_none());
    out("v=%s", show(how.value));
    COOP_FRAME_END(f);
    return kit_done(kit_none());
}

/* ---- 03 ---- */

COOP_FRAME_FUNCTION(one_two_frame)
{
    COOP_FRAME_BEGIN(f);
    out("body");
    COOP_FRAME_TRY_YIELD(f, kit_int(1));
    COOP_FRAME_YIELD(f, kit_int(2));
    COOP_FRAME_END(f);
    return ending(how);
}

COOP_FRAME_FUNCTION(boom_frame)
{
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_TRY_YIELD(f, text("a"));
    COOP_FRAME_END(f);
    return kit_failed(error("boom"));
}

COOP_FRAME_FUNCTION(just_23_frame)
{
    (void)f, (void)how;
    return kit_done(kit_int(23));
}

/* ---- 04 ---- */

COOP_FRAME_FUNCTION(yield_in_finally_frame)
{
    struct frame *self = frame_of(f);
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_YIELD(f, kit_int(1));
    self->end = how;
    out("fin");
    COOP_FRAME_TRY_YIELD(f, text("cleanup"));
    out("s=%s", show(how.value));
    if (!kit_is_abrupt(self->end))
        out("unreached");
    COOP_FRAME_END(f);
    return ending(self->end);
}

COOP_FRAME_FUNCTION(return_in_finally_frame)
{
    (void)how;
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_YIELD(f, kit_int(1));
    COOP_FRAME_END(f);
    return kit_done(text("override"));
}

COOP_FRAME_FUNCTION(throw_in_finally_frame)
{
    (void)how;
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_YIELD(f, kit_int(1));
    COOP_FRAME_END(f);
    return kit_failed(error("fin"));
}

COOP_FRAME_FUNCTION(nested_finally_frame)
{
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_YIELD(f, kit_int(1));
    out("inner");
    if (how.how == KIT_THROW) {
        out("never");
        how = kit_next(kit_none());
    }
    out("outer");
    COOP_FRAME_END(f);
    return ending(how);
}

COOP_FRAME_FUNCTION(not_yet_in_try_frame)
{
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_TRY_YIELD(f, kit_int(0));
    COOP_FRAME_YIELD(f, kit_int(1));
    out("no");
    COOP_FRAME_END(f);
    return ending(how);
}

COOP_FRAME_FUNCTION(refuse_to_leave_frame)
{
    (void)how;
    COOP_FRAME_BEGIN(f);
    while (!oracle_is_over()) {
        COOP_FRAME_YIELD(f, kit_int(1));
        out("cont");
    }
    COOP_FRAME_END(f);
    return kit_done(kit_none());
}

/* ---- 05 ---- */

COOP_FRAME_FUNCTION(ask_for_ever_frame)
{
    COOP_FRAME_BEGIN(f);
    for (;;) {
        COOP_FRAME_YIELD(f, text("ask"));
        if (how.how == KIT_RETURN)
            break;
        out("%s %s", how.how == KIT_THROW ? "caught" : "got", show(how.value));
    }
    COOP_FRAME_END(f);
    return ending(how);
}

COOP_FRAME_FUNCTION(finally_cleanup_frame)
{
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_YIELD(f, kit_int(1));
    frame_of(f)->end = how;
    COOP_FRAME_TRY_YIELD(f, text("cleanup"));
    COOP_FRAME_END(f);
    return ending(frame_of(f)->end);
}

COOP_FRAME_FUNCTION(swallow_frame)
{
    (void)how;
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_YIELD(f, kit_int(1));
    COOP_FRAME_END(f);
    return kit_done(text("swallowed"));
}

COOP_FRAME_FUNCTION(yield_in_catch_frame)
{
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_YIELD(f, kit_int(1));
    if (how.how == KIT_RETURN)
        return ending(how);
    if (how.how == KIT_THROW)
        COOP_FRAME_TRY_YIELD(f, text(joined("in catch ", how.value)));
    COOP_FRAME_YIELD(f, text("after"));
    COOP_FRAME_END(f);
    return ending(how);
}

COOP_FRAME_FUNCTION(wrap_error_frame)
{
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_YIELD(f, kit_int(1));
    if (how.how != KIT_THROW)
        return ending(how);
    COOP_FRAME_END(f);
    return kit_failed(error(joined("wrapped:", how.value)));
}

COOP_FRAME_FUNCTION(finally_2_frame)
{
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_YIELD(f, kit_int(1));
    frame_of(f)->end = how;
    COOP_FRAME_TRY_YIELD(f, kit_int(2));
    COOP_FRAME_END(f);
    return ending(frame_of(f)->end);
}

const struct twin stepping_twins[] = {
    {foo, &foo_frame},
    {bar, &bar_frame},
    {with_parameter, &with_parameter_frame},
    {yield_then_delegate, &yield_then_delegate_frame},
    {just_delegate, &just_delegate_frame},
    {yield_nothing, &yield_nothing_frame},
    {one_two, &one_two_frame},
    {boom, &boom_frame},
    {just_23, &just_23_frame},
    {yield_in_finally, &yield_in_finally_frame},
    {return_in_finally, &return_in_finally_frame},
    {throw_in_finally, &throw_in_finally_frame},
    {nested_finally, &nested_finally_frame},
    {not_yet_in_try, &not_yet_in_try_frame},
    {refuse_to_leave, &refuse_to_leave_frame},
    {ask_for_ever, &ask_for_ever_frame},
    {finally_cleanup, &finally_cleanup_frame},
    {swallow, &swallow_frame},
    {yield_in_catch, &yield_in_catch_frame},
    {wrap_error, &wrap_error_frame},
    {finally_2, &finally_2_frame},
    {NULL, NULL},
};
