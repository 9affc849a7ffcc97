/* SPDX-License-Identifier: MIT */
/* Scenarios 10, 11, 13, 17: delegation. */
#include "stackless.h"

#include "harness.h"

#include <kit/source.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- 10: return to a hand-made inner ---- */

/* try { normal } catch { .. } finally { .. } around a delegation */
kit_completion guarded(struct gen *self, kit_value spy)
{
    kit_completion c = delegate(self, &((struct spy *)spy.p)->iter.iterable);
    if (c.how == KIT_NEXT)
        out("normal %s", show(c.value));
    if (c.how == KIT_THROW) {
        out("catch %s", show(c.value));
        c = kit_next(kit_none());
    }
    out("finally");
    return ends(c);
}

static kit_iter *over(struct spy *s, const char *name)
{
    const kit_value items[] = {kit_int(1), kit_int(2), kit_int(3)};
    spy_init(s, name, 3, items);
    return gen(guarded, kit_ptr(s));
}

static kit_step give_mine(struct spy *s, kit_value v)
{
    (void)s, (void)v;
    return kit_done(text("mine"));
}

static kit_step give_not_yet(struct spy *s, kit_value v)
{
    (void)s, (void)v;
    return kit_yielded(text("not yet"));
}

static kit_step give_no_step(struct spy *s, kit_value v)
{
    (void)s, (void)v;
    return kit_step_make((enum kit_state)42, kit_int(42));
}

static kit_step fail_in_return(struct spy *s, kit_value v)
{
    (void)s, (void)v;
    return kit_failed(error("from return"));
}

/* The generator over the spy, begun; its return gives what on_return does. */
static kit_iter *begun_over(struct spy *s, const char *name,
                            kit_step (*on_return)(struct spy *, kit_value))
{
    kit_iter *it = over(s, name);
    s->on_return = on_return;
    skip(it);
    return it;
}

void scenario_10_delegate_plain_return(void)
{
    struct spy s[7];
    kit_iter *it = begun_over(&s[0], "a", NULL);
    return_("default return(\"R\")", it, text("R"));
    it = begun_over(&s[1], "b", give_mine);
    return_("value replaced", it, text("R"));
    it = over(&s[2], "c");
    spy_without_return(&s[2]);
    skip(it);
    return_("no return method", it, text("R"));
    next("next", it);
    it = begun_over(&s[3], "d", give_not_yet);
    return_("done:false", it, text("R"));
    send("next(5)", it, kit_int(5));
    send("next(6)", it, kit_int(6));
    next("next", it);
    it = begun_over(&s[4], "e", give_no_step);
    return_("non-object result", it, text("R"));
    it = begun_over(&s[5], "f", fail_in_return);
    return_("return throws", it, text("R"));
    it = over(&s[6], "g");
    return_("return before start never touches inner", it, text("R"));
}

/* ---- 11: throw to an inner generator ---- */

kit_completion catch_and_yield(struct gen *self, kit_value arg)
{
    (void)arg;
    kit_completion c = yield(self, kit_int(1));
    if (c.how == KIT_RETURN)
        return c;
    if (c.how == KIT_THROW) {
        out("cy caught %s", show(c.value));
        kit_value s = TRY(yield(self, text("recovered")));
        out("s=%s", show(s));
    }
    return kit_return(text("cy end"));
}

kit_completion catch_and_return(struct gen *self, kit_value arg)
{
    char shown[64];
    (void)arg;
    kit_completion c = yield(self, kit_int(1));
    if (c.how != KIT_THROW)
        return ends(c);
    snprintf(shown, sizeof shown, "cr:%s", characters_of(c.value));
    return kit_return(text(shown));
}

kit_completion not_catch(struct gen *self, kit_value arg)
{
    (void)arg;
    kit_completion c = yield(self, kit_int(1));
    out("nc fin");
    return ends(c);
}

kit_completion catching_outer(struct gen *self, kit_value inner)
{
    kit_completion c = delegate(self, &((kit_iter *)inner.p)->iterable);
    if (c.how == KIT_RETURN)
        return c;
    out("%s%s", c.how == KIT_THROW ? "o caught " : "r=", show(c.value));
    return ends(yield(self, text("tail")));
}

kit_completion plain_outer(struct gen *self, kit_value inner)
{
    return ends(delegate(self, &((kit_iter *)inner.p)->iterable));
}

static kit_iter *around(gen_body outer, kit_iter *inner)
{
    return gen(outer, kit_ptr(inner));
}

void scenario_11_delegate_throw(void)
{
    kit_iter *it = around(catching_outer, gen(catch_and_yield, kit_none()));
    skip(it);
    throw("throw(a)", it, error("a"));
    send("next(7)", it, kit_int(7));
    next("next", it);
    it = around(catching_outer, gen(catch_and_return, kit_none()));
    skip(it);
    throw("throw(b)", it, error("b"));
    next("next", it);
    it = around(catching_outer, gen(not_catch, kit_none()));
    skip(it);
    throw("throw(c)", it, error("c"));
    next("next", it);
    it = around(plain_outer, gen(not_catch, kit_none()));
    it = around(plain_outer, around(plain_outer, it));
    skip(it);
    throw("throw(d) 4 deep, nobody catches", it, error("d"));
    next("next", it);
    it = around(plain_outer, gen(not_catch, kit_none()));
    it = around(plain_outer, around(catching_outer, it));
    skip(it);
    throw("throw(e) caught in the middle", it, error("e"));
    next("next", it);
}

/* ---- 13: delegation to anything that can be opened ---- */

kit_completion return_delegated(struct gen *self, kit_value iterable)
{
    return kit_return(TRY(delegate(self, iterable.p)));
}

kit_completion return_error(struct gen *self, kit_value iterable)
{
    kit_completion c = delegate(self, iterable.p);
    return c.how == KIT_THROW ? kit_return(c.value) : ends(c);
}

/* All values, then "ret" and the final value. */
static void all(const char *label, gen_body body, kit_iterable *iterable)
{
    struct list list = {.length = 0};
    kit_iter *it = gen(body, kit_ptr(iterable));
    kit_step s;
    while ((s = kit_iter_next(it, kit_none())).state == KIT_YIELDED)
        list_add(&list, s.value);
    list_add(&list, text("ret"));
    list_add(&list, s.value);
    out_value(label, kit_next(list_value(&list)));
}

static void all_of_array(const char *label, const kit_value *items,
                         size_t length)
{
    kit_array array;
    kit_array_init(&array, items, length);
    all(label, return_delegated, &array.iterable);
}

kit_completion three(struct gen *self, kit_value arg)
{
    (void)arg;
    for (int64_t i = 1; i <= 3; i++)
        TRY(yield(self, kit_int(i)));
    return kit_return(text("g3r"));
}

kit_completion lazily(struct gen *self, kit_value spy)
{
    out("before");
    return ends(delegate(self, &((struct spy *)spy.p)->iter.iterable));
}

/* What an iterable gives when it is opened. */
struct opening {
    kit_iterable iterable;
    kit_step gives;
};

static kit_step open_as_told(kit_iterable *self)
{
    return KIT_CONTAINER(self, struct opening, iterable)->gives;
}

static void failing_to_open(const char *label, kit_step gives)
{
    static const struct kit_iterable_ops ops = {open_as_told, NULL};
    struct opening o = {{&ops}, gives};
    next(label, gen(return_error, kit_ptr(&o.iterable)));
}

static kit_step next_gives_8(kit_iter *it, kit_value sent)
{
    (void)it, (void)sent;
    return kit_step_make((enum kit_state)8, kit_int(8));
}

kit_completion yield_yield(struct gen *self, kit_value arg)
{
    (void)arg;
    return ends(yield(self, TRY(yield(self, kit_int(1)))));
}

static void containers(void)
{
    const kit_value numbers[] = {kit_int(1), kit_int(2), kit_int(3)};
    const kit_value letters[] = {text("a"), text("b")}, u = text("u");
    struct spy s;
    all_of_array("array", numbers, 3);
    all_of_array("string", letters, 2);
    all_of_array("empty", NULL, 0);
    spy_init(&s, "s", 1, &u);
    s.final = text("FIN");
    all("with final value", return_delegated, &s.iter.iterable);
}

static void not_iterable(void)
{
    kit_step refused = kit_failed_errno(-EINVAL);
    failing_to_open("yield* number", refused);
    failing_to_open("yield* undefined", refused);
    failing_to_open("yield* object without iter", refused);
    failing_to_open("yield* iter returns 7", kit_done(kit_int(7)));
    failing_to_open("yield* iter throws", kit_failed(error("open")));
}

void scenario_13_delegate_iterables(void)
{
    static const struct kit_iter_ops eight = {next_gives_8, NULL, NULL};
    static struct spy lazy; /* suspended in it until the scenario's end */
    const kit_value one = kit_int(1);
    kit_iter malformed;
    containers();
    kit_iter *tail = gen(three, kit_none());
    skip(tail);
    all("tail of a started generator", return_delegated, &tail->iterable);
    all("again: finished", return_delegated, &tail->iterable);
    spy_init(&lazy, "lazy", 1, &one);
    kit_iter *it = gen(lazily, kit_ptr(&lazy));
    out("created");
    next("next", it);
    not_iterable();
    kit_iter_init(&malformed, &eight);
    all("next gives non-object", return_error, &malformed.iterable);
    it = gen(yield_yield, kit_none());
    next("yield yield: next", it);
    send("next(3)", it, kit_int(3));
    send("next(4)", it, kit_int(4));
}

/* ---- 17: recursive delegation ---- */

static kit_completion walk_guarded(struct gen *self, int64_t low, int64_t high)
{
    int64_t middle = (low + high) >> 1;
    int64_t left = TRY(delegate_new(self, walk, packed(low, middle - 1))).i;
    TRY(yield(self, kit_int(middle)));
    int64_t right = TRY(delegate_new(self, walk, packed(middle + 1, high))).i;
    return kit_return(kit_int(left + right + 1));
}

kit_completion walk(struct gen *self, kit_value bounds)
{
    int64_t low = bounds.i >> 32, high = bounds.i & INT32_MAX;
    if (low > high)
        return kit_return(kit_int(0));
    kit_completion end = walk_guarded(self, low, high);
    if (high - low > 4)
        out("close %d..%d", (int)low, (int)high);
    return end;
}

static kit_completion append(void *joined, kit_value item)
{
    char *text = joined;
    sprintf(text + strlen(text), "%s%d", *text ? " " : "", (int)item.i);
    return kit_next(kit_none());
}

static kit_completion break_at_4(void *context, kit_value item)
{
    (void)context;
    if (item.i != 4)
        return kit_next(kit_none());
    out("break at 4");
    return kit_return(kit_none());
}

kit_completion leaf(struct gen *self, kit_value arg)
{
    char echo[64];
    (void)arg;
    kit_value s = TRY(yield(self, text("deep")));
    snprintf(echo, sizeof echo, "echo %s", characters_of(s));
    return kit_return(text(echo));
}

kit_completion chain(struct gen *self, kit_value depth)
{
    kit_value below = kit_int(depth.i - 1);
    return kit_return(TRY(depth.i > 0 ? delegate_new(self, chain, below)
                                      : delegate_new(self, leaf, kit_none())));
}

/* valgrind knows 500 threads, and each of them costs much under a checker. */
static kit_iter *deep_chain(void)
{
    bool costly = is_watched();
    return gen(chain, kit_int(costly ? 100 : 1000));
}

void scenario_17_tree_yieldstar(void)
{
    char joined[64] = "";
    kit_step s;
    kit_for_each(&gen(walk, packed(1, 10))->iterable, append, joined);
    out("%s", joined);
    kit_iter *it = gen(walk, packed(1, 10));
    do
        s = kit_iter_next(it, kit_none());
    while (s.state == KIT_YIELDED);
    out("count by return value %d", (int)s.value.i);
    kit_for_each(&gen(walk, packed(1, 20))->iterable, break_at_4, NULL);
    it = deep_chain();
    next("next", it);
    send("next(\"hi\")", it, text("hi"));
    it = deep_chain();
    skip(it);
    return_("return(\"R\") through 1000", it, text("R"));
    it = deep_chain();
    skip(it);
    throw("throw", it, text("T"));
}
