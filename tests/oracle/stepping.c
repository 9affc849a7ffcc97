/* SPDX-License-Identifier: MIT */
/* Scenarios 01 to 05: steps of a generator, and what its body makes of them. */
#include "stackless.h"

#include <stdio.h>
#include <string.h>

/* ---- 01: the worked example of the notes ---- */

kit_completion foo(struct gen *self, kit_value arg)
{
    (void)arg;
    out("foo starts");
    kit_value x = TRY(yield(self, text("B")));
    out("inside foo, B got %s", show(x));
    kit_value y = TRY(yield(self, text("C")));
    out("inside foo, C got %s", show(y));
    return kit_return(text("D"));
}

kit_completion bar(struct gen *self, kit_value arg)
{
    (void)arg;
    out("bar starts");
    kit_value a = TRY(yield(self, text("A")));
    out("inside bar, A got %s", show(a));
    kit_value d = TRY(delegate_new(self, foo, kit_none()));
    out("inside bar, yield* gave %s", show(d));
    kit_value e = TRY(yield(self, text("E")));
    out("inside bar, E got %s", show(e));
    return kit_return(text("F"));
}

static kit_completion append(void *joined, kit_value item)
{
    char *text = joined;
    sprintf(text + strlen(text), "%s%s", *text ? "," : "", characters_of(item));
    return kit_next(kit_none());
}

void scenario_01_notes_bar_foo(void)
{
    kit_iter *it = gen(bar, kit_none());
    char label[16], joined[64] = "";
    next("next()", it);
    for (int i = 1; i <= 5; i++) {
        snprintf(label, sizeof label, "next(%d)", i);
        send(label, it, kit_int(i));
    }
    kit_for_each(&gen(bar, kit_none())->iterable, append, joined);
    out("collected by for-of: %s", joined);
}

/* ---- 02: what becomes of the first value ---- */

kit_completion with_parameter(struct gen *self, kit_value p)
{
    out("param %s", show(p));
    kit_value a = TRY(yield(self, kit_int(1)));
    out("a=%s", show(a));
    return kit_return(kit_none());
}

kit_completion yield_then_delegate(struct gen *self, kit_value spy)
{
    kit_value x = TRY(yield(self, text("o1")));
    out("x=%s", show(x));
    kit_value r = TRY(delegate(self, &((struct spy *)spy.p)->iter.iterable));
    out("r=%s", show(r));
    return kit_return(kit_none());
}

kit_completion just_delegate(struct gen *self, kit_value spy)
{
    return ends(delegate(self, &((struct spy *)spy.p)->iter.iterable));
}

kit_completion yield_nothing(struct gen *self, kit_value arg)
{
    (void)arg;
    kit_value v = TRY(yield(self, kit_none()));
    out("v=%s", show(v));
    return kit_return(kit_none());
}

void scenario_02_first_value(void)
{
    struct spy in, first;
    const kit_value items[] = {text("i1"), text("i2")}, z = text("z");
    kit_iter *it = gen(with_parameter, text("P"));
    send("next(\"lost\")", it, text("lost"));
    send("next(\"a\")", it, text("a"));
    spy_init(&in, "in", 2, items);
    in.final = text("R");
    it = gen(yield_then_delegate, kit_ptr(&in));
    send("next(10)", it, kit_int(10));
    send("next(20)", it, kit_int(20));
    send("next(30)", it, kit_int(30));
    send("next(40)", it, kit_int(40));
    spy_init(&first, "first", 1, &z);
    it = gen(just_delegate, kit_ptr(&first));
    send("next(99)", it, kit_int(99));
    next("next()", it);
    it = gen(yield_nothing, kit_none());
    next("next()", it);
    next("next()", it);
}

/* ---- 03: states ---- */

kit_completion one_two(struct gen *self, kit_value arg)
{
    (void)arg;
    out("body");
    TRY(yield(self, kit_int(1)));
    return ends(yield(self, kit_int(2)));
}

kit_completion boom(struct gen *self, kit_value arg)
{
    (void)arg;
    TRY(yield(self, text("a")));
    return kit_throw(error("boom"));
}

kit_completion just_23(struct gen *self, kit_value arg)
{
    (void)self, (void)arg;
    return kit_return(kit_int(23));
}

void scenario_03_states(void)
{
    kit_iter *it = gen(one_two, kit_none());
    return_("start return(7)", it, kit_int(7));
    next("next", it);
    return_("return(8)", it, kit_int(8));
    throw("throw(e)", it, error("e"));
    next("next", it);
    it = gen(one_two, kit_none());
    throw("start throw(e0)", it, error("e0"));
    next("next", it);
    it = gen(one_two, kit_none());
    next("next", it);
    return_("return(9)", it, kit_int(9));
    next("next", it);
    it = gen(one_two, kit_none());
    next("next", it);
    throw("throw(e1)", it, error("e1"));
    next("next", it);
    throw("throw(e2)", it, error("e2"));
    it = gen(boom, kit_none());
    for (int i = 0; i < 3; i++)
        next("next", it);
    it = gen(just_23, kit_none());
    next("next", it);
    next("next", it);
}

/* ---- 04: return and finally ---- */

kit_completion yield_in_finally(struct gen *self, kit_value arg)
{
    (void)arg;
    kit_completion end = yield(self, kit_int(1));
    out("fin");
    kit_value s = TRY(yield(self, text("cleanup")));
    out("s=%s", show(s));
    if (kit_is_abrupt(end))
        return end;
    out("unreached");
    return kit_return(kit_none());
}

kit_completion return_in_finally(struct gen *self, kit_value arg)
{
    (void)arg;
    yield(self, kit_int(1));
    return kit_return(text("override"));
}

kit_completion throw_in_finally(struct gen *self, kit_value arg)
{
    (void)arg;
    yield(self, kit_int(1));
    return kit_throw(error("fin"));
}

kit_completion nested_finally(struct gen *self, kit_value arg)
{
    (void)arg;
    kit_completion end = yield(self, kit_int(1));
    out("inner");
    if (end.how == KIT_THROW) {
        out("never");
        end = kit_next(kit_none());
    }
    out("outer");
    return ends(end);
}

kit_completion not_yet_in_try(struct gen *self, kit_value arg)
{
    (void)arg;
    TRY(yield(self, kit_int(0)));
    kit_completion end = yield(self, kit_int(1));
    out("no");
    return ends(end);
}

kit_completion refuse_to_leave(struct gen *self, kit_value arg)
{
    (void)arg;
    while (!oracle_is_over()) {
        yield(self, kit_int(1));
        out("cont");
    }
    return kit_return(kit_none());
}

static kit_iter *begun(gen_body body)
{
    kit_iter *it = gen(body, kit_none());
    skip(it);
    return it;
}

void scenario_04_return_finally(void)
{
    kit_iter *it = gen(yield_in_finally, kit_none());
    next("next", it);
    return_("return(\"R\")", it, text("R"));
    send("next(\"s\")", it, text("s"));
    next("next", it);
    it = begun(yield_in_finally);
    return_("return(\"R1\")", it, text("R1"));
    return_("return(\"R2\") while in finally", it, text("R2"));
    next("next", it);
    it = begun(yield_in_finally);
    return_("return(\"R1\")", it, text("R1"));
    throw("throw(t) while in finally", it, error("t"));
    next("next", it);
    return_("b return(\"R\")", begun(return_in_finally), text("R"));
    it = begun(throw_in_finally);
    return_("c return(\"R\")", it, text("R"));
    next("next", it);
    return_("d return(\"R\")", begun(nested_finally), text("R"));
    return_("e return(\"R\") before try", begun(not_yet_in_try), text("R"));
    it = begun(refuse_to_leave);
    return_("f return refused by continue", it, text("R"));
    next("f next", it);
}

/* ---- 05: throw and catch ---- */

kit_completion ask_for_ever(struct gen *self, kit_value arg)
{
    (void)arg;
    for (;;) {
        kit_completion c = yield(self, text("ask"));
        if (c.how == KIT_RETURN)
            return c;
        out("%s %s", c.how == KIT_THROW ? "caught" : "got", show(c.value));
    }
}

kit_completion finally_cleanup(struct gen *self, kit_value arg)
{
    (void)arg;
    kit_completion end = yield(self, kit_int(1));
    TRY(yield(self, text("cleanup")));
    return ends(end);
}

kit_completion swallow(struct gen *self, kit_value arg)
{
    (void)arg;
    yield(self, kit_int(1));
    return kit_return(text("swallowed"));
}

kit_completion yield_in_catch(struct gen *self, kit_value arg)
{
    char caught[64];
    (void)arg;
    kit_completion c = yield(self, kit_int(1));
    if (c.how == KIT_RETURN)
        return c;
    if (c.how == KIT_THROW) {
        snprintf(caught, sizeof caught, "in catch %s", characters_of(c.value));
        TRY(yield(self, text(caught)));
    }
    return ends(yield(self, text("after")));
}

kit_completion wrap_error(struct gen *self, kit_value arg)
{
    char wrapped[64];
    (void)arg;
    kit_completion c = yield(self, kit_int(1));
    if (c.how != KIT_THROW)
        return ends(c);
    snprintf(wrapped, sizeof wrapped, "wrapped:%s", characters_of(c.value));
    return kit_throw(error(wrapped));
}

kit_completion finally_2(struct gen *self, kit_value arg)
{
    (void)arg;
    kit_completion end = yield(self, kit_int(1));
    TRY(yield(self, kit_int(2)));
    return ends(end);
}

void scenario_05_throw_catch(void)
{
    kit_iter *it = gen(ask_for_ever, kit_none());
    next("next", it);
    throw("throw(x)", it, error("x"));
    send("next(5)", it, kit_int(5));
    throw("throw(\"str\")", it, text("str"));
    throw("throw(undefined)", it, kit_none());
    it = begun(finally_cleanup);
    throw("b throw(y)", it, error("y"));
    next("b next (rethrow)", it);
    next("b next", it);
    throw("c throw(z)", begun(swallow), error("z"));
    it = begun(yield_in_catch);
    throw("d throw(p)", it, error("p"));
    throw("d throw(q) in catch", it, error("q"));
    next("d next", it);
    throw("e throw(k)", begun(wrap_error), error("k"));
    it = begun(finally_2);
    throw("f throw(1)", it, error("1"));
    return_("f return(\"R\") replaces pending throw", it, text("R"));
    next("f next", it);
}
