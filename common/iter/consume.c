/* SPDX-License-Identifier: MIT */
/* What uses an iterator up: for_each, reduce, to_array, some, every, find. */
#include <kit/helpers.h>

#include "close.h"
#include "guard.h"

#include <errno.h>
#include <stdlib.h>

/* True with an item. False: *end says how the source ended. */
static bool pull(kit_iter *source, kit_value *item, kit_completion *end)
{
    kit_step s = kit_iter_next(source, kit_none());
    *item = s.value;
    if (KIT_LIKELY(s.state == KIT_YIELDED))
        return true;
    *end = s.state == KIT_DONE ? kit_next(kit_none())
                               : kit_throw(kit_failure_of(s));
    return false;
}

/* Without a callback: nobody is going to use the source. */
static kit_completion refuse(kit_iter *source)
{
    return kit_close(source, kit_throw(kit_int(-EINVAL)));
}

kit_completion kit_iter_for_each(kit_iter *source, kit_map_fn call,
                                 void *context)
{
    kit_value item;
    kit_completion end;
    if (!call)
        return refuse(source);
    for (uint64_t i = 0; pull(source, &item, &end); i++) {
        kit_completion c = call(context, item, i);
        if (kit_is_abrupt(c))
            return kit_close(source, kit_throw(c.value));
    }
    return end;
}

kit_completion kit_iter_reduce(kit_iter *source, kit_reduce_fn call,
                               void *context, const kit_value *initial)
{
    kit_value item, total = kit_none();
    kit_completion end;
    uint64_t i = 0;
    if (!call)
        return refuse(source);
    if (initial) {
        total = *initial;
    } else {
        if (!pull(source, &total, &end))
            return kit_is_abrupt(end) ? end : kit_throw(kit_int(-EINVAL));
        i = 1;
    }
    for (; pull(source, &item, &end); i++) {
        kit_completion c = call(context, total, item, i);
        if (kit_is_abrupt(c))
            return kit_close(source, kit_throw(c.value));
        total = c.value;
    }
    return kit_is_abrupt(end) ? end : kit_next(total);
}

static bool grow(kit_value **items, size_t *room)
{
    size_t more = *room ? *room * 2 : 16;
    int saved = errno;
    kit_value *bigger = reallocarray(*items, more, sizeof **items);
    errno = saved;
    if (!bigger)
        return false;
    *items = bigger;
    *room = more;
    return true;
}

kit_completion kit_iter_to_array(kit_iter *source, kit_value **items,
                                 size_t *length)
{
    kit_value item;
    kit_completion end;
    size_t room = 0;
    *items = NULL;
    *length = 0;
    while (pull(source, &item, &end)) {
        if (*length == room && !grow(items, &room))
            return kit_close(source, kit_throw(kit_int(-ENOMEM)));
        (*items)[(*length)++] = item;
    }
    return kit_is_abrupt(end) ? end : kit_next(kit_int((int64_t)*length));
}

/*
 * The first item whose answer is `wanted` (as a truth): next(it) in *found and
 * the source closed. Otherwise the end of the source.
 */
static kit_completion search(kit_iter *source, kit_map_fn call, void *context,
                             bool wanted, bool *found)
{
    kit_value item;
    kit_completion end;
    *found = false;
    if (!call)
        return refuse(source);
    for (uint64_t i = 0; pull(source, &item, &end); i++) {
        kit_completion c = call(context, item, i);
        if (kit_is_abrupt(c))
            return kit_close(source, kit_throw(c.value));
        if (kit_is_yes(c.value) != wanted)
            continue;
        *found = true;
        kit_completion closed = kit_close(source, kit_return(item));
        return closed.how == KIT_THROW ? closed : kit_next(item);
    }
    return end;
}

kit_completion kit_iter_some(kit_iter *source, kit_map_fn call, void *context)
{
    bool found;
    kit_completion end = search(source, call, context, true, &found);
    return kit_is_abrupt(end) ? end : kit_next(kit_int(found));
}

kit_completion kit_iter_every(kit_iter *source, kit_map_fn call, void *context)
{
    bool found;
    kit_completion end = search(source, call, context, false, &found);
    return kit_is_abrupt(end) ? end : kit_next(kit_int(!found));
}

kit_completion kit_iter_find(kit_iter *source, kit_map_fn call, void *context)
{
    bool found;
    return search(source, call, context, true, &found);
}
