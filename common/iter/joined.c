/* SPDX-License-Identifier: MIT */
/* Lazy helpers over several sources: concat and zip. */
#include <kit/helpers.h>

#include "close.h"

#include <errno.h>

/* ---- concat ---- */

static kit_concat *concat_of(kit_iter *it)
{
    return KIT_CONTAINER(it, kit_concat, iter);
}

static void release_current(kit_concat *c)
{
    kit_iterable_release(c->sources[c->at], c->inner);
    c->inner = NULL;
}

/* Finds the next item, opening what comes next; none finishes it. */
static kit_step concat_step(kit_concat *c)
{
    while (c->at < c->count) {
        kit_step s;
        if (!c->inner) {
            s = kit_iterable_open(c->sources[c->at]);
            if (s.state != KIT_YIELDED)
                return kit_failed(kit_failure_of(s));
            c->inner = s.value.p;
        }
        s = kit_iter_next(c->inner, kit_none());
        if (s.state == KIT_YIELDED)
            return s;
        release_current(c);
        if (s.state != KIT_DONE)
            return kit_failed(kit_failure_of(s));
        c->at++;
    }
    return kit_done(kit_none());
}

static kit_step concat_next(kit_iter *it, kit_value sent)
{
    kit_concat *c = concat_of(it);
    (void)sent;
    if (c->is_running)
        return kit_failed_errno(-EBUSY);
    if (c->is_done)
        return kit_done(kit_none());
    c->is_running = true;
    kit_step s = concat_step(c);
    c->is_running = false;
    c->is_done = s.state != KIT_YIELDED;
    return s;
}

/* Closes the one that is open; the others were never touched. */
static kit_step concat_return(kit_iter *it, kit_value value)
{
    kit_concat *c = concat_of(it);
    kit_completion end = kit_return(kit_none());
    (void)value;
    if (c->is_running)
        return kit_failed_errno(-EBUSY);
    c->is_done = true;
    if (c->inner) {
        c->is_running = true;
        end = kit_close(c->inner, end);
        c->is_running = false;
        release_current(c);
    }
    return end.how == KIT_THROW ? kit_failed(end.value) : kit_done(kit_none());
}

int kit_concat_init(kit_concat *c, kit_iterable *const *sources, size_t count)
{
    static const struct kit_iter_ops ops = {concat_next, NULL, concat_return};
    for (size_t i = 0; i < count; i++)
        if (!sources[i])
            return -EINVAL;
    kit_iter_init(&c->iter, &ops);
    c->sources = sources;
    c->count = count;
    c->at = 0;
    c->inner = NULL;
    c->is_running = c->is_done = false;
    return 0;
}

/* ---- zip ---- */

static kit_zip *zip_of(kit_iter *it)
{
    return KIT_CONTAINER(it, kit_zip, iter);
}

/* Closes all but one, the last first (`but` == count: all). An error of a
   close is the result, unless there was one already. */
static kit_completion close_others(kit_zip *z, size_t but, kit_completion end)
{
    for (size_t i = z->count; i-- > 0;)
        if (i != but)
            end = kit_close(z->sources[i], end);
    return end;
}

static kit_step end_of_zip(kit_completion end)
{
    return end.how == KIT_THROW ? kit_failed(end.value) : kit_done(kit_none());
}

static kit_step zip_step(kit_zip *z)
{
    for (size_t i = 0; i < z->count; i++) {
        kit_step s = kit_iter_next(z->sources[i], kit_none());
        z->row[i] = s.value;
        if (s.state == KIT_YIELDED)
            continue;
        /* Those before `i` gave an item for nothing; those after, none. */
        kit_completion end = s.state == KIT_DONE ? kit_return(kit_none())
                                                 : kit_throw(kit_failure_of(s));
        return end_of_zip(close_others(z, i, end));
    }
    return z->count > 0 ? kit_yielded(kit_ptr(z->row)) : kit_done(kit_none());
}

static kit_step zip_next(kit_iter *it, kit_value sent)
{
    kit_zip *z = zip_of(it);
    (void)sent;
    if (z->is_running)
        return kit_failed_errno(-EBUSY);
    if (z->is_done)
        return kit_done(kit_none());
    z->is_running = true;
    kit_step s = zip_step(z);
    z->is_running = false;
    z->is_done = s.state != KIT_YIELDED;
    return s;
}

static kit_step zip_return(kit_iter *it, kit_value value)
{
    kit_zip *z = zip_of(it);
    (void)value;
    if (z->is_running)
        return kit_failed_errno(-EBUSY);
    if (z->is_done)
        return kit_done(kit_none());
    z->is_done = z->is_running = true;
    kit_completion end = close_others(z, z->count, kit_return(kit_none()));
    z->is_running = false;
    return end_of_zip(end);
}

int kit_zip_init(kit_zip *z, kit_iter *const *sources, size_t count,
                 kit_value *row)
{
    static const struct kit_iter_ops ops = {zip_next, NULL, zip_return};
    for (size_t i = 0; i < count; i++)
        if (!sources[i])
            return -EINVAL;
    kit_iter_init(&z->iter, &ops);
    z->sources = sources;
    z->count = count;
    z->row = row;
    z->is_running = z->is_done = false;
    return 0;
}
