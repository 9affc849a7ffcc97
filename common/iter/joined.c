/* SPDX-License-Identifier: MIT */
/* Lazy helpers over several sources: concat and zip. */
#include <kit/helpers.h>

#include "close.h"
#include "guard.h"

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

/* Finds the next item, opening what comes next. */
static kit_step concat_step(kit_iter *it)
{
    kit_concat *c = concat_of(it);
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
    (void)sent;
    return kit_guard(it, &concat_of(it)->state, concat_step);
}

/* Closes the one that is open; the others were never touched. */
static kit_step concat_close(kit_iter *it)
{
    kit_concat *c = concat_of(it);
    kit_completion end = kit_return(kit_none());
    if (c->inner) {
        end = kit_close(c->inner, end);
        release_current(c);
    }
    return kit_step_of_end(end);
}

static kit_step concat_return(kit_iter *it, kit_value value)
{
    (void)value;
    return kit_guard_return(it, &concat_of(it)->state, concat_close);
}

int kit_concat_init(kit_concat *c, kit_iterable *const *sources, size_t count)
{
    static const struct kit_iter_ops ops = {concat_next, NULL, concat_return};
    for (size_t i = 0; i < count; i++)
        if (!kit_is_pointer(sources[i]))
            return -EINVAL;
    kit_iter_init(&c->iter, &ops);
    c->sources = sources;
    c->count = count;
    c->at = 0;
    c->inner = NULL;
    c->state = KIT_GEN_CREATED;
    return 0;
}

/* ---- zip ---- */

static kit_zip *zip_of(kit_iter *it)
{
    return KIT_CONTAINER(it, kit_zip, iter);
}

static bool is_over(const kit_zip *z, size_t i)
{
    return z->over && z->over[i];
}

/*
 * The last step, after closing what may be open of the sources from `low` on,
 * except `but` (`count`: none), the last first. An error of a close is the
 * result, unless there was one already.
 */
static kit_step close_from(kit_zip *z, size_t low, size_t but,
                           kit_completion end)
{
    for (size_t i = z->count; i-- > low;)
        if (i != but && !is_over(z, i))
            end = kit_close(z->sources[i], end);
    return kit_step_of_end(end);
}

/* Source `i` is done. Those before it gave an item for nothing. */
static kit_step shortest_ended(kit_zip *z, size_t i)
{
    return close_from(z, 0, i, kit_return(kit_none()));
}

static kit_step filler(const kit_zip *z, size_t i)
{
    return kit_yielded(z->padding ? z->padding[i] : kit_none());
}

static kit_step longest_ended(kit_zip *z, size_t i)
{
    z->over[i] = true;
    return --z->open > 0 ? filler(z, i) : kit_done(kit_none());
}

/* All have to end in one round: the first to end has the others looked at. */
static kit_step strict_ended(kit_zip *z, size_t i)
{
    kit_completion uneven = kit_throw(kit_int(-EINVAL));
    if (i > 0)
        return close_from(z, 0, i, uneven);
    for (i = 1; i < z->count; i++) {
        kit_step s = kit_iter_next(z->sources[i], kit_none());
        if (s.state == KIT_YIELDED)
            return close_from(z, i, z->count, uneven);
        if (s.state != KIT_DONE)
            return close_from(z, i, i, kit_throw(kit_failure_of(s)));
    }
    return kit_done(kit_none());
}

/* What source `i` has for the round; a step that is no item is the last. */
static kit_step zip_item(kit_zip *z, size_t i)
{
    if (is_over(z, i))
        return filler(z, i);
    kit_step s = kit_iter_next(z->sources[i], kit_none());
    if (KIT_LIKELY(s.state == KIT_YIELDED))
        return s;
    if (s.state == KIT_DONE)
        return z->ended(z, i);
    return close_from(z, 0, i, kit_throw(kit_failure_of(s)));
}

static kit_step zip_step(kit_iter *it)
{
    kit_zip *z = zip_of(it);
    for (size_t i = 0; i < z->count; i++) {
        kit_step s = zip_item(z, i);
        if (s.state != KIT_YIELDED)
            return s;
        z->row[i] = s.value;
    }
    return z->count > 0 ? kit_yielded(kit_ptr(z->row)) : kit_done(kit_none());
}

static kit_step zip_next(kit_iter *it, kit_value sent)
{
    (void)sent;
    return kit_guard(it, &zip_of(it)->state, zip_step);
}

static kit_step zip_close(kit_iter *it)
{
    kit_zip *z = zip_of(it);
    return close_from(z, 0, z->count, kit_return(kit_none()));
}

static kit_step zip_return(kit_iter *it, kit_value value)
{
    (void)value;
    return kit_guard_return(it, &zip_of(it)->state, zip_close);
}

static int zip_init(kit_zip *z, kit_iter *const *sources, size_t count,
                    kit_value *row, kit_step (*ended)(kit_zip *, size_t))
{
    static const struct kit_iter_ops ops = {zip_next, NULL, zip_return};
    kit_iter_init(&z->iter, &ops);
    z->sources = sources;
    z->count = z->open = count;
    z->row = row;
    z->state = KIT_GEN_CREATED;
    z->ended = ended;
    z->padding = NULL;
    z->over = NULL;
    for (size_t i = 0; i < count; i++) {
        if (kit_is_pointer(sources[i]))
            continue;
        z->count = i; /* nobody is going to use those before it */
        close_from(z, 0, i, kit_throw(kit_int(-EINVAL)));
        return -EINVAL;
    }
    return 0;
}

int kit_zip_init(kit_zip *z, kit_iter *const *sources, size_t count,
                 kit_value *row)
{
    return zip_init(z, sources, count, row, shortest_ended);
}

int kit_zip_strict_init(kit_zip *z, kit_iter *const *sources, size_t count,
                        kit_value *row)
{
    return zip_init(z, sources, count, row, strict_ended);
}

int kit_zip_longest_init(kit_zip *z, kit_iter *const *sources, size_t count,
                         kit_value *row, bool *over, const kit_value *padding)
{
    int result = zip_init(z, sources, count, row, longest_ended);
    for (size_t i = 0; i < count; i++)
        over[i] = false;
    z->over = over;
    z->padding = padding;
    return result;
}
