/* SPDX-License-Identifier: MIT */
/* Sources in memory: ranges and arrays. */
#include <kit/source.h>

#include <errno.h>
#include <stdlib.h>

static kit_step range_next(kit_iter *it, kit_value sent)
{
    (void)sent;
    kit_range *r = KIT_CONTAINER(it, kit_range, iter);
    if (r->step > 0 ? r->at >= r->end : r->at <= r->end)
        return kit_done(kit_none());
    int64_t item = r->at;
    /* A step past the last int64 ends the range instead of wrapping. */
    if (__builtin_add_overflow(r->at, r->step, &r->at))
        r->at = r->end;
    return kit_yielded(kit_int(item));
}

static kit_step range_return(kit_iter *it, kit_value value)
{
    kit_range *r = KIT_CONTAINER(it, kit_range, iter);
    r->at = r->end;
    return kit_done(value);
}

int kit_range_init(kit_range *r, int64_t start, int64_t end, int64_t step)
{
    static const struct kit_iter_ops ops = {range_next, NULL, range_return};
    if (step == 0)
        return -EINVAL;
    kit_iter_init(&r->iter, &ops);
    r->at = start;
    r->end = end;
    r->step = step;
    return 0;
}

struct array_iter {
    kit_iter iter;
    const kit_array *array; /* NULL once seen to be done */
    size_t at;
};

static kit_step array_next(kit_iter *it, kit_value sent)
{
    (void)sent;
    struct array_iter *a = KIT_CONTAINER(it, struct array_iter, iter);
    if (!a->array || a->at >= a->array->length) {
        a->array = NULL;
        return kit_done(kit_none());
    }
    return kit_yielded(a->array->items[a->at++]);
}

static kit_step array_open(kit_iterable *self)
{
    /* As in ECMAScript, an array's iterator has neither throw nor return. */
    static const struct kit_iter_ops ops = {array_next, NULL, NULL};
    int saved = errno;
    struct array_iter *a = malloc(sizeof *a);
    errno = saved;
    if (!a)
        return kit_failed_errno(-ENOMEM);
    kit_iter_init(&a->iter, &ops);
    a->array = KIT_CONTAINER(self, kit_array, iterable);
    a->at = 0;
    return kit_yielded(kit_ptr(&a->iter));
}

static void array_release(kit_iterable *self, kit_iter *it)
{
    (void)self;
    free(KIT_CONTAINER(it, struct array_iter, iter));
}

void kit_array_init(kit_array *a, const kit_value *items, size_t length)
{
    static const struct kit_iterable_ops ops = {array_open, array_release};
    a->iterable.ops = &ops;
    a->items = items;
    a->length = length;
}
