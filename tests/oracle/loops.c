/* SPDX-License-Identifier: MIT */
/* Scenarios 14 and 16: loops that close, loops that yield. */
#include "stackless.h"

#include <stdio.h>

/* ---- 14: a loop closes what it leaves early ---- */

/* try { yield n1; yield n2; return "ignored" } finally { .. } */
kit_completion numbered(struct gen *self, kit_value name)
{
    char items[2][8];
    kit_completion c = kit_next(kit_none());
    for (int i = 0; i < 2 && !kit_is_abrupt(c); i++) {
        sprintf(items[i], "%s%d", (const char *)name.p, i + 1);
        c = yield(self, text(items[i]));
    }
    out("%s closed", (const char *)name.p);
    return kit_is_abrupt(c) ? c : kit_return(text("ignored"));
}

static kit_iterable *named(const char *name)
{
    return &gen(numbered, kit_ptr(name))->iterable;
}

static kit_completion gather(void *list, kit_value item)
{
    list_add(list, item);
    return kit_next(kit_none());
}

/* Writes the item down and leaves with a break. */
static kit_completion show_and_break(void *context, kit_value item)
{
    (void)context;
    out("%s", characters_of(item));
    return kit_return(kit_none());
}

static kit_completion break_at_once(void *context, kit_value item)
{
    (void)context, (void)item;
    return kit_return(kit_none());
}

static kit_completion return_item(void *context, kit_value item)
{
    (void)context;
    return kit_return(item);
}

static kit_completion throw_body(void *context, kit_value item)
{
    (void)context, (void)item;
    return kit_throw(error("body"));
}

static void leave_alone(void)
{
    struct list list = {.length = 0};
    kit_for_each(named("a"), gather, &list);
    out_value("normal end", kit_next(list_value(&list)));
    kit_for_each(named("b"), show_and_break, NULL);
    out_value("break", kit_next(text("after")));
    out_value("return", kit_for_each(named("c"), return_item, NULL));
    out_value("throw", kit_for_each(named("d"), throw_body, NULL));
}

static kit_completion count_and_break(void *count, kit_value item)
{
    (void)item;
    ++*(int64_t *)count;
    return kit_return(kit_none());
}

static kit_completion break_both(void *context, kit_value item)
{
    (void)item;
    return kit_for_each(named(context), break_at_once, NULL);
}

static void leave_nested(void)
{
    int64_t count = 0;
    for (int i = 0; i < 2; i++)
        kit_for_each(named("e"), count_and_break, &count);
    out_value("outer continue", kit_next(kit_int(count)));
    kit_for_each(named("f"), break_both, (void *)(uintptr_t) "g");
    out_value("nested break out", kit_next(text("out")));
}

static void bare_spy(struct spy *s, const char *name, size_t count)
{
    const kit_value items[] = {kit_int(1), kit_int(2)};
    spy_init(s, name, count, items);
    s->bare = true;
}

static kit_completion do_nothing(void *context, kit_value item)
{
    (void)context, (void)item;
    return kit_next(kit_none());
}

static kit_completion show_number_and_break(void *context, kit_value item)
{
    (void)context;
    out("body %s", show(item));
    return kit_return(kit_none());
}

static void leave_spies(void)
{
    struct spy s;
    bare_spy(&s, "s", 2);
    kit_for_each(&s.iter.iterable, break_at_once, NULL);
    out_value("spy break", kit_next(text("ok")));
    bare_spy(&s, "t", 1);
    kit_for_each(&s.iter.iterable, do_nothing, NULL);
    out_value("spy end", kit_next(text("ok")));
    bare_spy(&s, "u", 1);
    kit_for_each(&s.iter.iterable, show_number_and_break, NULL);
    out_value("break on last item still closes", kit_next(text("ok")));
}

kit_completion yield_late(struct gen *self, kit_value arg)
{
    (void)arg;
    kit_completion end = yield(self, kit_int(1));
    TRY(yield(self, text("late")));
    out("resumed");
    return ends(end);
}

static kit_value truth(bool it_is)
{
    return word(it_is ? "true" : "false");
}

static void close_ignores_yield(void)
{
    struct list list = {.length = 0};
    kit_iter *it = gen(yield_late, kit_none());
    kit_for_each(&it->iterable, break_at_once, NULL);
    for (int i = 0; i < 2; i++) {
        kit_step s = kit_iter_next(it, kit_none());
        list_add(&list, truth(s.state == KIT_DONE));
    }
    out_value("finally yields: close ignores it", kit_next(list_value(&list)));
}

void scenario_14_forof_close(void)
{
    leave_alone();
    leave_nested();
    leave_spies();
    kit_iterable *h = named("h");
    kit_for_each(h, show_and_break, NULL);
    out_value("loop 1", kit_next(kit_int(1)));
    kit_for_each(h, show_and_break, NULL);
    out_value("loop 2 on the closed generator", kit_next(kit_int(2)));
    kit_iter *i = gen(numbered, kit_ptr("i"));
    bool same = kit_iterable_open(&i->iterable).value.p == i;
    out_value("generator is its own iterator", kit_next(truth(same)));
    close_ignores_yield();
}

/* ---- 16: a generator that loops over another ---- */

kit_completion loop_and_yield(struct gen *self, kit_value iterable)
{
    kit_loop loop;
    kit_value item;
    for (kit_loop_open(&loop, iterable.p); kit_loop_next(&loop, &item);) {
        kit_completion c = yield(self, item);
        if (kit_is_abrupt(c))
            return kit_loop_close(&loop, c);
        if (!kit_is_none(c.value))
            out("got %s", show(c.value));
    }
    TRY(kit_loop_close(&loop, kit_next(kit_none())));
    return kit_return(text("end"));
}

static kit_step give_ignored(struct spy *s, kit_value v)
{
    (void)s, (void)v;
    return kit_yielded(text("ignored"));
}

static kit_step fail_to_close(struct spy *s, kit_value v)
{
    (void)s, (void)v;
    return kit_failed(error("close"));
}

kit_completion hold_on(struct gen *self, kit_value arg)
{
    (void)arg;
    kit_completion end = yield(self, kit_int(1));
    TRY(yield(self, text("held")));
    return ends(end);
}

static kit_iter *looping_over(struct spy *s, const char *name,
                              kit_step (*on_return)(struct spy *, kit_value))
{
    bare_spy(s, name, 2);
    s->on_return = on_return;
    return gen(loop_and_yield, kit_ptr(&s->iter.iterable));
}

void scenario_16_yield_in_loops(void)
{
    struct spy s[5];
    kit_iter *it = looping_over(&s[0], "a", NULL);
    next("next", it);
    send("next(\"s\")", it, text("s"));
    return_("return(\"R\")", it, text("R"));
    it = looping_over(&s[1], "b", NULL);
    skip(it);
    throw("throw(x)", it, error("x"));
    it = looping_over(&s[2], "c", give_ignored);
    skip(it);
    return_("return with done:false result", it, text("R"));
    next("next", it);
    it = looping_over(&s[3], "d", fail_to_close);
    skip(it);
    return_("return, close throws", it, text("R"));
    it = looping_over(&s[4], "e", fail_to_close);
    skip(it);
    throw("throw, close throws", it, error("x"));
    kit_iter *inner = gen(hold_on, kit_none());
    it = gen(loop_and_yield, kit_ptr(&inner->iterable));
    skip(it);
    return_("return: inner yields in finally, loop does not wait", it,
            text("R"));
}
