/* SPDX-License-Identifier: MIT */
/* Lazy helpers over one source: map, filter, take, drop, flat_map. */
#include <kit/helpers.h>

#include "close.h"
#include "guard.h"

#include <errno.h>

static kit_helper *helper_of(kit_iter *it)
{
    return KIT_CONTAINER(it, kit_helper, iter);
}

/* The source's next item; a step that is none is the helper's last. */
static kit_step pull(const kit_helper *h)
{
    kit_step s = kit_iter_next(h->source, kit_none());
    if (KIT_LIKELY(s.state == KIT_YIELDED))
        return s;
    if (s.state == KIT_DONE)
        return kit_done(kit_none());
    return kit_failed(kit_failure_of(s));
}

/* The helper's own error: the source is closed, what that says is dropped. */
static kit_step fail(const kit_helper *h, kit_value error)
{
    return kit_step_of_end(kit_close(h->source, kit_throw(error)));
}

/* The callback's answer as a step. */
static kit_step call(kit_helper *h, kit_value item)
{
    kit_completion c = h->call(h->context, item, h->index++);
    return kit_is_abrupt(c) ? fail(h, c.value) : kit_yielded(c.value);
}

static kit_step close_source(kit_iter *it)
{
    kit_completion end = kit_return(kit_none());
    return kit_step_of_end(kit_close(helper_of(it)->source, end));
}

static kit_step helper_return(kit_iter *it, kit_value value)
{
    (void)value;
    return kit_guard_return(it, &helper_of(it)->state, close_source);
}

static void init(kit_helper *h, const struct kit_iter_ops *ops,
                 kit_iter *source, kit_map_fn callback, void *context)
{
    kit_iter_init(&h->iter, ops);
    h->source = source;
    h->call = callback;
    h->context = context;
    h->index = h->left = 0;
    h->state = KIT_GEN_CREATED;
}

/* For an argument that is no good: nobody is going to use the source. */
static int refuse(kit_iter *source, int error)
{
    kit_close(source, kit_throw(kit_int(error)));
    return error;
}

static int init_calling(kit_helper *h, const struct kit_iter_ops *ops,
                        kit_iter *source, kit_map_fn callback, void *context)
{
    if (!callback)
        return refuse(source, -EINVAL);
    init(h, ops, source, callback, context);
    return 0;
}

static int init_counting(kit_helper *h, const struct kit_iter_ops *ops,
                         kit_iter *source, int64_t count)
{
    if (count < 0)
        return refuse(source, -ERANGE);
    init(h, ops, source, NULL, NULL);
    h->left = (uint64_t)count;
    return 0;
}

/* ---- map ---- */

static kit_step map_step(kit_iter *it)
{
    kit_helper *h = helper_of(it);
    kit_step s = pull(h);
    return s.state == KIT_YIELDED ? call(h, s.value) : s;
}

static kit_step map_next(kit_iter *it, kit_value sent)
{
    (void)sent;
    return kit_guard(it, &helper_of(it)->state, map_step);
}

int kit_map_init(kit_helper *h, kit_iter *source, kit_map_fn callback,
                 void *context)
{
    static const struct kit_iter_ops ops = {map_next, NULL, helper_return};
    return init_calling(h, &ops, source, callback, context);
}

/* ---- filter ---- */

static kit_step filter_step(kit_iter *it)
{
    kit_helper *h = helper_of(it);
    for (;;) {
        kit_step s = pull(h);
        if (s.state != KIT_YIELDED)
            return s;
        kit_step wanted = call(h, s.value);
        if (wanted.state != KIT_YIELDED)
            return wanted;
        if (kit_is_yes(wanted.value))
            return s;
    }
}

static kit_step filter_next(kit_iter *it, kit_value sent)
{
    (void)sent;
    return kit_guard(it, &helper_of(it)->state, filter_step);
}

int kit_filter_init(kit_helper *h, kit_iter *source, kit_map_fn callback,
                    void *context)
{
    static const struct kit_iter_ops ops = {filter_next, NULL, helper_return};
    return init_calling(h, &ops, source, callback, context);
}

/* ---- take ---- */

static kit_step take_step(kit_iter *it)
{
    kit_helper *h = helper_of(it);
    if (h->left == 0)
        return close_source(it);
    h->left--;
    return pull(h);
}

static kit_step take_next(kit_iter *it, kit_value sent)
{
    (void)sent;
    return kit_guard(it, &helper_of(it)->state, take_step);
}

int kit_take_init(kit_helper *h, kit_iter *source, int64_t count)
{
    static const struct kit_iter_ops ops = {take_next, NULL, helper_return};
    return init_counting(h, &ops, source, count);
}

/* ---- drop ---- */

static kit_step drop_step(kit_iter *it)
{
    kit_helper *h = helper_of(it);
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
    return kit_guard(it, &helper_of(it)->state, drop_step);
}

int kit_drop_init(kit_helper *h, kit_iter *source, int64_t count)
{
    static const struct kit_iter_ops ops = {drop_next, NULL, helper_return};
    return init_counting(h, &ops, source, count);
}

/* ---- flat_map ---- */

static kit_flat_map *flat_map_of(kit_iter *it)
{
    return KIT_CONTAINER(it, kit_flat_map, helper.iter);
}

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
    kit_step opened = kit_iterable_open(f->iterable);
    if (opened.state != KIT_YIELDED)
        return fail(h, kit_failure_of(opened));
    f->inner = opened.value.p;
    return opened;
}

static kit_step flat_map_step(kit_iter *it)
{
    kit_flat_map *f = flat_map_of(it);
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
            return fail(&f->helper, kit_failure_of(s));
    }
}

static kit_step flat_map_next(kit_iter *it, kit_value sent)
{
    (void)sent;
    return kit_guard(it, &helper_of(it)->state, flat_map_step);
}

static kit_step flat_map_close(kit_iter *it)
{
    kit_flat_map *f = flat_map_of(it);
    kit_completion end = kit_return(kit_none());
    if (f->inner) {
        end = kit_close(f->inner, end);
        release_inner(f);
    }
    return kit_step_of_end(kit_close(f->helper.source, end));
}

static kit_step flat_map_return(kit_iter *it, kit_value value)
{
    (void)value;
    return kit_guard_return(it, &helper_of(it)->state, flat_map_close);
}

int kit_flat_map_init(kit_flat_map *f, kit_iter *source, kit_map_fn callback,
                      void *context)
{
    static const struct kit_iter_ops ops = {flat_map_next, NULL,
                                            flat_map_return};
    f->iterable = NULL;
    f->inner = NULL;
    return init_calling(&f->helper, &ops, source, callback, context);
}
