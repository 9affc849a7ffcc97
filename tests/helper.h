/* SPDX-License-Identifier: MIT */
/* What the suites of iterator helpers share: spies as sources, callbacks, and
   requests that a helper gets from inside. */
#ifndef TESTS_HELPER_H
#define TESTS_HELPER_H

#include "harness.h"
#include "transcript.h"

#include <kit/helpers.h>

#include <errno.h>

static const kit_value numbers[] = {{.i = 1}, {.i = 2}, {.i = 3}, {.i = 4}};

static inline void spy(struct spy *s, size_t count)
{
    transcript_begin();
    spy_init(s, "s", count, numbers);
    s->bare = true;
}

/* ---- callbacks ---- */

static inline kit_completion add_index(void *context, kit_value item,
                                       uint64_t index)
{
    (void)context;
    return kit_next(kit_int(item.i * 10 + (int64_t)index));
}

static inline kit_completion is_even(void *context, kit_value item,
                                     uint64_t index)
{
    (void)context, (void)index;
    return kit_next(kit_int(item.i % 2 == 0));
}

static inline kit_completion says_nothing(void *context, kit_value item,
                                          uint64_t index)
{
    (void)context, (void)item, (void)index;
    return kit_next(kit_none());
}

static inline kit_completion fails(void *context, kit_value item,
                                   uint64_t index)
{
    (void)context, (void)item, (void)index;
    return kit_throw(kit_int(77));
}

static inline kit_step next(kit_iter *it)
{
    return kit_iter_next(it, kit_none());
}

/* ---- what spies answer instead ---- */

static inline kit_step refuses(struct spy *s, kit_value v)
{
    (void)s, (void)v;
    return kit_failed(kit_int(66));
}

static inline kit_step malformed(struct spy *s, kit_value v)
{
    (void)s, (void)v;
    return kit_step_make((enum kit_state)9, kit_int(1));
}

static inline kit_step refuses_with_55(struct spy *s, kit_value v)
{
    (void)s, (void)v;
    return kit_failed(kit_int(55));
}

/* ---- requests of a helper from inside ---- */

/* The helper that a spy or a callback steps, and what it was answered. */
static kit_iter *around;
static kit_step inside[2];

static inline void ask_both(void)
{
    inside[0] = next(around);
    inside[1] = kit_iter_return(around, kit_int(5));
}

static inline kit_step ask_and_be_done(struct spy *s, kit_value v)
{
    (void)s;
    ask_both();
    return kit_done(v);
}

static inline kit_step ask_and_yield_1(struct spy *s, kit_value v)
{
    (void)s, (void)v;
    ask_both();
    return kit_yielded(kit_int(1));
}

static inline void ck_inside_is_busy(void)
{
    ck_failed(inside[0], -EBUSY);
    ck_failed(inside[1], -EBUSY);
}

static inline void ck_inside_is_done(void)
{
    ck_done_none(inside[0]);
    ck_done_none(inside[1]);
}

/* Returns the helper around a spy whose return asks it from inside. */
static inline void return_around(struct spy *s, kit_iter *helper, bool begun)
{
    around = helper;
    s->on_return = NULL;
    if (begun)
        ck_assert_int_eq(next(around).state, KIT_YIELDED);
    s->on_return = ask_and_be_done;
    ck_done_none(kit_iter_return(around, kit_int(7)));
}

#endif
