/* SPDX-License-Identifier: MIT */
/* The bodies of delegation.c without a stack. */
#include "stackless.h"

/* ---- 10 ---- */

COOP_FRAME_FUNCTION(guarded_frame)
{
    struct spy *spy = arg_of(f).p;
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_DELEGATE(f, &spy->iter.iterable);
    if (how.how == KIT_NEXT)
        out("normal %s", show(how.value));
    if (how.how == KIT_THROW) {
        out("catch %s", show(how.value));
        how = kit_next(kit_none());
    }
    out("finally");
    COOP_FRAME_END(f);
    return ending(how);
}

/* ---- 11 ---- */

COOP_FRAME_FUNCTION(catch_and_yield_frame)
{
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_YIELD(f, kit_int(1));
    if (how.how == KIT_RETURN)
        return ending(how);
    if (how.how == KIT_THROW) {
        out("cy caught %s", show(how.value));
        COOP_FRAME_TRY_YIELD(f, text("recovered"));
        out("s=%s", show(how.value));
    }
    COOP_FRAME_END(f);
    return kit_done(text("cy end"));
}

COOP_FRAME_FUNCTION(catch_and_return_frame)
{
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_YIELD(f, kit_int(1));
    if (how.how != KIT_THROW)
        return ending(how);
    COOP_FRAME_END(f);
    return kit_done(text(joined("cr:", how.value)));
}

COOP_FRAME_FUNCTION(not_catch_frame)
{
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_YIELD(f, kit_int(1));
    out("nc fin");
    COOP_FRAME_END(f);
    return ending(how);
}

COOP_FRAME_FUNCTION(catching_outer_frame)
{
    kit_iter *inner = arg_of(f).p;
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_DELEGATE(f, &inner->iterable);
    if (how.how == KIT_RETURN)
        return ending(how);
    out("%s%s", how.how == KIT_THROW ? "o caught " : "r=", show(how.value));
    COOP_FRAME_YIELD(f, text("tail"));
    COOP_FRAME_END(f);
    return ending(how);
}

COOP_FRAME_FUNCTION(plain_outer_frame)
{
    kit_iter *inner = arg_of(f).p;
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_DELEGATE(f, &inner->iterable);
    COOP_FRAME_END(f);
    return ending(how);
}

/* ---- 13 ---- */

COOP_FRAME_FUNCTION(return_delegated_frame)
{
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_TRY_DELEGATE(f, arg_of(f).p);
    COOP_FRAME_END(f);
    return kit_done(how.value);
}

COOP_FRAME_FUNCTION(return_error_frame)
{
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_DELEGATE(f, arg_of(f).p);
    COOP_FRAME_END(f);
    return how.how == KIT_THROW ? kit_done(how.value) : ending(how);
}

COOP_FRAME_FUNCTION(three_frame)
{
    struct frame *self = frame_of(f);
    COOP_FRAME_BEGIN(f);
    for (self->i = 1; self->i <= 3; self->i++)
        COOP_FRAME_TRY_YIELD(f, kit_int(self->i));
    COOP_FRAME_END(f);
    return kit_done(text("g3r"));
}

COOP_FRAME_FUNCTION(lazily_frame)
{
    struct spy *spy = arg_of(f).p;
    COOP_FRAME_BEGIN(f);
    out("before");
    COOP_FRAME_DELEGATE(f, &spy->iter.iterable);
    COOP_FRAME_END(f);
    return ending(how);
}

COOP_FRAME_FUNCTION(yield_yield_frame)
{
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_TRY_YIELD(f, kit_int(1));
    COOP_FRAME_YIELD(f, how.value);
    COOP_FRAME_END(f);
    return ending(how);
}

/* ---- 17 ---- */

static int64_t low_of(coop_frame *f)
{
    return arg_of(f).i >> 32;
}

static int64_t high_of(coop_frame *f)
{
    return arg_of(f).i & INT32_MAX;
}

static int64_t middle_of(coop_frame *f)
{
    return (low_of(f) + high_of(f)) >> 1;
}

static void say_closed(coop_frame *f)
{
    if (high_of(f) - low_of(f) > 4)
        out("close %d..%d", (int)low_of(f), (int)high_of(f));
}

static kit_iterable *lower(coop_frame *f)
{
    return &gen(walk, packed(low_of(f), middle_of(f) - 1))->iterable;
}

static kit_iterable *upper(coop_frame *f)
{
    return &gen(walk, packed(middle_of(f) + 1, high_of(f)))->iterable;
}

COOP_FRAME_FUNCTION(walk_frame)
{
    struct frame *self = frame_of(f);
    COOP_FRAME_BEGIN(f);
    if (low_of(f) > high_of(f))
        return kit_done(kit_int(0));
    coop_frame_defer(f, say_closed);
    COOP_FRAME_TRY_DELEGATE(f, lower(f));
    self->i = how.value.i;
    COOP_FRAME_TRY_YIELD(f, kit_int(middle_of(f)));
    COOP_FRAME_TRY_DELEGATE(f, upper(f));
    COOP_FRAME_END(f);
    return kit_done(kit_int(self->i + how.value.i + 1));
}

COOP_FRAME_FUNCTION(leaf_frame)
{
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_TRY_YIELD(f, text("deep"));
    COOP_FRAME_END(f);
    return kit_done(text(joined("echo ", how.value)));
}

static kit_iterable *below(int64_t depth)
{
    kit_iter *it =
        depth > 0 ? gen(chain, kit_int(depth - 1)) : gen(leaf, kit_none());
    return &it->iterable;
}

COOP_FRAME_FUNCTION(chain_frame)
{
    COOP_FRAME_BEGIN(f);
    COOP_FRAME_TRY_DELEGATE(f, below(arg_of(f).i));
    COOP_FRAME_END(f);
    return kit_done(how.value);
}

const struct twin delegation_twins[] = {
    {guarded, &guarded_frame},
    {catch_and_yield, &catch_and_yield_frame},
    {catch_and_return, &catch_and_return_frame},
    {not_catch, &not_catch_frame},
    {catching_outer, &catching_outer_frame},
    {plain_outer, &plain_outer_frame},
    {return_delegated, &return_delegated_frame},
    {return_error, &return_error_frame},
    {three, &three_frame},
    {lazily, &lazily_frame},
    {yield_yield, &yield_yield_frame},
    {walk, &walk_frame},
    {leaf, &leaf_frame},
    {chain, &chain_frame},
    {NULL, NULL},
};
