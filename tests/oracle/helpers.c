/* SPDX-License-Identifier: MIT */
/* Scenarios 18 and 21: the iterator helpers. */
#include "stackless.h"

#include <kit/helpers.h>
#include <kit/source.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* An array and one pass over it. */
struct values {
    kit_array array;
    kit_value items[4];
    kit_iter *it;
};

static kit_iter *values_open(struct values *v, size_t count,
                             const kit_value *items)
{
    for (size_t i = 0; i < count; i++)
        v->items[i] = items[i];
    kit_array_init(&v->array, v->items, count);
    v->it = kit_iterable_open(&v->array.iterable).value.p;
    return v->it;
}

static kit_iter *up_to(struct values *v, size_t count)
{
    const kit_value items[] = {kit_int(1), kit_int(2), kit_int(3), kit_int(4)};
    return values_open(v, count, items);
}

static void values_close(struct values *v)
{
    kit_iterable_release(&v->array.iterable, v->it);
}

/* `label -> [items]` or `label -> ! E` */
static void all(const char *label, kit_iter *it)
{
    struct list list = {.length = 0};
    kit_value *items;
    size_t length;
    kit_completion end = kit_iter_to_array(it, &items, &length);
    for (size_t i = 0; i < length; i++)
        list_add(&list, items[i]);
    free(items);
    out_value(label, end.how == KIT_THROW ? end : kit_next(list_value(&list)));
}

/* ---- 18: laziness ---- */

kit_completion naturals(struct gen *self, kit_value arg)
{
    (void)arg;
    for (int64_t i = 0;; i++) {
        out("make %d", (int)i);
        TRY(yield(self, kit_int(i)));
    }
}

static kit_completion is_odd(void *context, kit_value item, uint64_t index)
{
    (void)context, (void)index;
    out("filter %d", (int)item.i);
    return kit_next(kit_int(item.i % 2));
}

static kit_completion times_10(void *context, kit_value item, uint64_t index)
{
    (void)context, (void)index;
    out("map %d", (int)item.i);
    return kit_next(kit_int(item.i * 10));
}

static void chain_of_four(void)
{
    kit_helper filter, map, drop, take;
    kit_filter_init(&filter, gen(naturals, kit_none()), is_odd, NULL);
    kit_map_init(&map, &filter.iter, times_10, NULL);
    kit_drop_init(&drop, &map.iter, 1);
    kit_take_init(&take, &drop.iter, 2);
    all("chain", &take.iter);
}

static kit_completion with_index(void *context, kit_value item, uint64_t index)
{
    char both[16];
    (void)context;
    snprintf(both, sizeof both, "%s%d", characters_of(item), (int)index);
    return kit_next(text(both));
}

static void built_lazily(void)
{
    const kit_value letters[] = {text("a"), text("b"), text("c")};
    struct spy s;
    kit_helper map, drop;
    spy_init(&s, "s", 3, letters);
    s.bare = true;
    kit_map_init(&map, &s.iter, with_index, NULL);
    out("built, nothing called yet");
    send("next(\"ignored\")", &map.iter, text("ignored"));
    next("next", &map.iter);
    kit_drop_init(&drop, gen(naturals, kit_none()), 3);
    next("drop skips inside the first next", &drop.iter);
}

static kit_array pairs[3];
static kit_value pair_items[3][2];

static kit_completion item_and_index(void *context, kit_value item,
                                     uint64_t index)
{
    (void)context;
    pair_items[index][0] = item;
    pair_items[index][1] = kit_int((int64_t)index);
    kit_array_init(&pairs[index], pair_items[index], 2);
    return kit_next(kit_ptr(&pairs[index].iterable));
}

kit_completion once_and_twice(struct gen *self, kit_value v)
{
    TRY(yield(self, v));
    return ends(yield(self, kit_int(v.i * 2)));
}

static kit_completion doubled(void *context, kit_value item, uint64_t index)
{
    (void)context, (void)index;
    return kit_next(kit_ptr(&gen(once_and_twice, item)->iterable));
}

/* What is no iterable: a string counts as none here, like a number. */
static kit_completion no_iterable(void *context, kit_value item, uint64_t index)
{
    (void)context, (void)item, (void)index;
    return kit_next(kit_ptr(NULL));
}

static kit_completion one_level(void *context, kit_value item, uint64_t index)
{
    static kit_array array;
    static kit_value items[2];
    (void)context, (void)index;
    items[0] = item;
    items[1] = word("[2]");
    kit_array_init(&array, items, 2);
    return kit_next(kit_ptr(&array.iterable));
}

static void flattened(const char *label, size_t count, kit_map_fn call)
{
    struct values v;
    kit_flat_map flat;
    kit_flat_map_init(&flat, up_to(&v, count), call, NULL);
    all(label, &flat.helper.iter);
    values_close(&v);
}

static kit_completion add(void *context, kit_value total, kit_value item,
                          uint64_t index)
{
    (void)context;
    out("red %s %d %d", show(total), (int)item.i, (int)index);
    return kit_next(kit_int(total.i + item.i));
}

static kit_completion append(void *context, kit_value total, kit_value item,
                             uint64_t index)
{
    char longer[16];
    (void)context;
    out("red %s %d %d", characters_of(total), (int)item.i, (int)index);
    snprintf(longer, sizeof longer, "%s%d", characters_of(total), (int)item.i);
    return kit_next(text(longer));
}

static void folded(const char *label, size_t count, kit_reduce_fn call,
                   const kit_value *initial)
{
    struct values v;
    out_value(label, kit_iter_reduce(up_to(&v, count), call, NULL, initial));
    values_close(&v);
}

static kit_completion is_2(void *context, kit_value item, uint64_t index)
{
    (void)context, (void)index;
    out("p %d", (int)item.i);
    return kit_next(kit_int(item.i == 2));
}

static kit_completion is_below_2(void *context, kit_value item, uint64_t index)
{
    (void)context, (void)index;
    return kit_next(kit_int(item.i < 2));
}

static kit_completion is_above_1(void *context, kit_value item, uint64_t index)
{
    (void)context, (void)index;
    return kit_next(kit_int(item.i > 1));
}

static kit_completion show_with_index(void *context, kit_value item,
                                      uint64_t index)
{
    (void)context;
    out("%s%d", characters_of(item), (int)index);
    return kit_next(kit_none());
}

static void used_up(const char *label, size_t count, bool is_truth,
                    kit_completion (*use)(kit_iter *, kit_map_fn, void *),
                    kit_map_fn call)
{
    struct values v;
    kit_completion end = use(up_to(&v, count), call, NULL);
    if (is_truth)
        end.value = word(end.value.i ? "true" : "false");
    out_value(label, end);
    values_close(&v);
}

static void taken_from(void)
{
    struct values v;
    kit_helper take;
    kit_iter *it = up_to(&v, 4);
    kit_take_init(&take, it, 2);
    next("outside next", it);
    for (int i = 0; i < 3; i++)
        next("take.next", &take.iter);
    next("outside still has", it);
    values_close(&v);
}

void scenario_18_helpers_lazy(void)
{
    const kit_value letters[] = {text("x"), text("y")};
    const kit_value z = text("z"), i = text("i");
    struct values v;
    chain_of_four();
    built_lazily();
    flattened("flatMap", 3, item_and_index);
    flattened("flatMap inner iterator", 2, doubled);
    flattened("flatMap string", 1, no_iterable);
    flattened("flatMap number", 1, no_iterable);
    flattened("flatMap only one level", 1, one_level);
    folded("reduce", 3, add, NULL);
    folded("reduce init", 2, append, &z);
    folded("reduce empty", 0, add, NULL);
    folded("reduce empty init", 0, add, &i);
    used_up("some", 3, true, kit_iter_some, is_2);
    used_up("every", 3, true, kit_iter_every, is_below_2);
    used_up("find", 3, false, kit_iter_find, is_above_1);
    used_up("find none", 1, false, kit_iter_find, is_above_1);
    values_open(&v, 2, letters);
    out_value("forEach", kit_iter_for_each(v.it, show_with_index, NULL));
    values_close(&v);
    taken_from();
}

/* ---- 21: concat ---- */

static kit_iterable *lazy(struct spy *s, const char *name, size_t count,
                          int64_t first)
{
    const kit_value items[] = {kit_int(first), kit_int(first + 1)};
    spy_init(s, name, count, items);
    s->bare = true;
    return &s->iter.iterable;
}

static kit_step fail_to_close(struct spy *s, kit_value v)
{
    (void)s, (void)v;
    return kit_failed(error("close"));
}

static void three_in_turn(void)
{
    struct spy s[3];
    kit_iterable *const sources[] = {
        lazy(&s[0], "a", 1, 1), lazy(&s[1], "b", 0, 0), lazy(&s[2], "c", 2, 2)};
    kit_concat c;
    kit_concat_init(&c, sources, 3);
    out("built");
    for (int i = 0; i < 5; i++)
        send("next(\"x\")", &c.iter, text("x"));
}

static void returned_early(void)
{
    struct spy s[2];
    kit_iterable *const untouched[] = {lazy(&s[0], "d", 1, 1),
                                       lazy(&s[1], "e", 1, 2)};
    kit_concat c;
    kit_concat_init(&c, untouched, 2);
    return_("return before start", &c.iter, text("v"));
    next("next", &c.iter);
    kit_iterable *const current[] = {lazy(&s[0], "f", 2, 1),
                                     lazy(&s[1], "g", 1, 3)};
    kit_concat_init(&c, current, 2);
    next("next", &c.iter);
    return_("return closes only f", &c.iter, text("v"));
    next("next", &c.iter);
    kit_iterable *const failing[] = {lazy(&s[0], "h", 0, 0),
                                     lazy(&s[1], "i", 1, 1)};
    s[1].on_return = fail_to_close;
    kit_concat_init(&c, failing, 2);
    next("next", &c.iter);
    return_("return, close throws", &c.iter, kit_none());
    next("next", &c.iter);
}

static kit_step open_as_7(kit_iterable *self)
{
    (void)self;
    return kit_done(kit_int(7));
}

void scenario_21_concat(void)
{
    static const struct kit_iterable_ops seven = {open_as_7, NULL};
    kit_iterable opens_late = {&seven};
    struct spy s;
    kit_concat c;
    three_in_turn();
    returned_early();
    kit_iterable *const bad[] = {lazy(&s, "j", 1, 1), NULL};
    kit_value refusal = kit_int(kit_concat_init(&c, bad, 2));
    out_value("bad argument is found at once", kit_throw(refusal));
    kit_iterable *const late[] = {&opens_late};
    kit_concat_init(&c, late, 1);
    next("bad iterator found late", &c.iter);
    kit_concat_init(&c, NULL, 0);
    next("none", &c.iter);
}
