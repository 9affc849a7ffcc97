/* SPDX-License-Identifier: MIT */
/* Lazy helpers over one source: map, filter, take, drop, flat_map. */
#include <kit/helpers.h>

#include "close.h"

#include <errno.h>

static kit_helper *helper_of(kit_iter *it)
{
    return KIT_CONTAINER(it, kit_helper, iter);
}

/* A helper that will give nothing more answers its last step. */
static kit_step finish(kit_helper *h, kit_step last)
{
    h->is_done = true;
    return last;
}

/* The source's next item. A step that is none finishes the helper. */
static kit_step pull(kit_helper *h)
{
    kit_step s = kit_iter_next(h->source, kit_none());
    if (KIT_LIKELY(s.state == KIT_YIELDED))
        return s;
    if (s.state == KIT_DONE)
        return finish(h, kit_done(kit_none()));
    return finish(h, kit_failed(kit_failure_of(s)));
}

/* The helper's own error: the source is closed, what that says is dropped. */
static kit_step fail(kit_helper *h, kit_value error)
{
    kit_close(h->source, kit_throw(error));
    return finish(h, kit_failed(error));
}

/* The callback's answer as a step. */
static kit_step call(kit_helper *h, kit_value item)
{
    kit_completion c = h->call(h->context, item, h->index++);
    return kit_is_abrupt(c) ? fail(h, c.value) : kit_yielded(c.value);
}

/* Around a step: who steps a helper from its own callback is told so. */
static kit_step guarded(kit_helper *h, kit_step (*step)(kit_helper *))
{
    if (KIT_UNLIKELY(h->is_running))
        return kit_failed_errno(-EBUSY);
    if (h->is_done)
        return kit_done(kit_none());
    h->is_running = true;
    kit_step s = step(h);
    h->is_running = false;
    return s;
}

static kit_step close_source(kit_helper *h)
{
    h->is_done = true;
    kit_completion c = kit_close(h->source, kit_return(kit_none()));
    return c.how == KIT_THROW ? kit_failed(c.value) : kit_done(kit_none());
}

static kit_step helper_return(kit_iter *it, kit_value value)
{
    (void)value;
    return guarded(helper_of(it), close_source);
}

static void init(kit_helper *h, const struct kit_iter_ops *ops,
                 kit_iter *source, kit_map_fn callback, void *context)
{
    kit_iter_init(&h->iter, ops);
    h->source = source;
    h->call = callback;
    h->context = context;
    h->index = h->left = 0;
    h->is_running = h->is_done = false;
}

/* ---- map ---- */

static kit_step map_step(kit_helper *h)
{
    kit_step s = pull(h);
    return s.state == KIT_YIELDED ? call(h, s.value) : s;
}

static kit_step map_next(kit_iter *it, kit_value sent)
{
    (void)sent;
    return guarded(helper_of(it), map_step);
}

void kit_map_init(kit_helper *h, kit_iter *source, kit_map_fn callback,
                  void *context)
{
    static const struct kit_iter_ops ops = {map_next, NULL, helper_return};
    init(h, &ops, source, callback, context);
}

/* ---- filter ---- */

static kit_step filter_step(kit_helper *h)
{
    for (;;) {
        kit_step s = pull(h);
        if (s.state != KIT_YIELDED)
            return s;
        kit_step wanted = call(h, s.value);
        if (wanted.state != KIT_YIELDED)
            return wanted;
        if (wanted.value.i != 0)
            return s;
    }
}

static kit_step filter_next(kit_iter *it, kit_value sent)
{
    (void)sent;
    return guarded(helper_of(it), filter_step);
}

void kit_filter_init(kit_helper *h, kit_iter *source, kit_map_fn callback,
                     void *context)
{
    static const struct kit_iter_ops ops = {filter_next, NULL, helper_return};
    init(h, &ops, source, callback, context);
}

/* ---- take ---- */

static kit_step take_step(kit_helper *h)
{
    if (h->left == 0)
        return close_source(h);
    h->left--;
    return pull(h);
}

static kit_step take_next(kit_iter *it, kit_value sent)
{
    (void)sent;
    return guarded(helper_of(it), take_step);
}

int kit_take_init(kit_helper *h, kit_iter *source, int64_t count)
{
    static const struct kit_iter_ops ops = {take_next, NULL, helper_return};
    if (count < 0)
        return -ERANGE;
    init(h, &ops, source, NULL, NULL);
    h->left = (uint64_t)count;
    return 0;
}

/* ---- drop ---- */

static kit_step drop_step(kit_helper *h)
{
    for (; h->left > 0; h->left--) {
        kit_step s = pull(h);
        if (s.state != KIT_YIELDED)
            return s;
    }
    return pull(h);
}

static kit_step drop_next(kit_iter *it, kit_value sent)
{
    (void)sent;
    return guarded(helper_of(it), drop_step);
}

int kit_drop_init(kit_helper *h, kit_iter *source, int64_t count)
{
    static const struct kit_iter_ops ops = {drop_next, NULL, helper_return};
    if (count < 0)
        return -ERANGE;
    init(h, &ops, source, NULL, NULL);
    h->left = (uint64_t)count;
    return 0;
}

/* ---- flat_map ---- */

static void release_inner(kit_flat_map *f)
{
    kit_iterable_release(f->iterable, f->inner);
    f->inner = NULL;
}

/* The next item of the source becomes the inner iterator. */
static kit_step open_inner(kit_flat_map *f)
{
    kit_helper *h = &f->helper;
    kit_step s = pull(h);
    if (s.state != KIT_YIELDED)
        return s;
    s = call(h, s.value);
    if (s.state != KIT_YIELDED)
        return s;
    f->iterable = s.value.p;
    if (!f->iterable)
        return fail(h, kit_int(-EINVAL));
    kit_step opened = kit_iterable_open(f->iterable);
    if (opened.state != KIT_YIELDED)
        return fail(h, kit_failure_of(opened));
    f->inner = opened.value.p;
    return opened;
}

static kit_step flat_map_step(kit_helper *h)
{
    kit_flat_map *f = KIT_CONTAINER(h, kit_flat_map, helper);
    for (;;) {
        if (!f->inner) {
            kit_step opened = open_inner(f);
            if (opened.state != KIT_YIELDED)
                return opened;
        }
        kit_step s = kit_iter_next(f->inner, kit_none());
        if (s.state == KIT_YIELDED)
            return s;
        release_inner(f);
        if (s.state != KIT_DONE)
            return fail(h, kit_failure_of(s));
    }
}

static kit_step flat_map_next(kit_iter *it, kit_value sent)
{
    (void)sent;
    return guarded(helper_of(it), flat_map_step);
}

static kit_step flat_map_close(kit_helper *h)
{
    kit_flat_map *f = KIT_CONTAINER(h, kit_flat_map, helper);
    kit_completion c = kit_return(kit_none());
    if (f->inner) {
        c = kit_close(f->inner, c);
        release_inner(f);
    }
    h->is_done = true;
    c = kit_close(h->source, c);
    return c.how == KIT_THROW ? kit_failed(c.value) : kit_done(kit_none());
}

static kit_step flat_map_return(kit_iter *it, kit_value value)
{
    (void)value;
    return guarded(helper_of(it), flat_map_close);
}

void kit_flat_map_init(kit_flat_map *f, kit_iter *source, kit_map_fn callback,
                       void *context)
{
    static const struct kit_iter_ops ops = {flat_map_next, NULL,
                                            flat_map_return};
    init(&f->helper, &ops, source, callback, context);
    f->iterable = NULL;
    f->inner = NULL;
}
