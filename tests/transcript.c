/* SPDX-License-Identifier: MIT */
#include "transcript.h"

#include <check.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char lines[1 << 16];
static size_t length;

/* ---- values ---- */

struct thing {
    enum { TEXT, ERROR, WORD } kind;
    char characters[256];
};

static struct thing things[256];
static size_t thing_count;

static kit_value thing(int kind, const char *characters)
{
    ck_assert_uint_lt(thing_count, sizeof things / sizeof *things);
    struct thing *t = &things[thing_count++];
    t->kind = kind;
    snprintf(t->characters, sizeof t->characters, "%s", characters);
    return kit_ptr(t);
}

static const struct thing *thing_of(kit_value v)
{
    const struct thing *t = v.p;
    return t >= things && t < things + thing_count ? t : NULL;
}

kit_value text(const char *characters)
{
    return thing(TEXT, characters);
}

kit_value error(const char *message)
{
    return thing(ERROR, message);
}

kit_value word(const char *shown)
{
    return thing(WORD, shown);
}

const char *characters_of(kit_value v)
{
    return thing_of(v)->characters;
}

static const char *class_of(int64_t kit_error)
{
    return kit_error == -ERANGE ? "RangeError"
           : kit_error < 0      ? "TypeError"
                                : NULL;
}

static void show_thing(const struct thing *t, char *to, size_t room)
{
    static const char *const forms[] = {"\"%s\"", "Error(\"%s\")", "%s"};
    snprintf(to, room, forms[t->kind], t->characters);
}

const char *show(kit_value v)
{
    static char buffers[8][512];
    static unsigned turn;
    char *shown = buffers[turn++ % 8];
    const struct thing *t = thing_of(v);
    if (kit_is_none(v))
        strcpy(shown, "undefined");
    else if (t)
        show_thing(t, shown, sizeof buffers[0]);
    else if (class_of(v.i))
        strcpy(shown, class_of(v.i));
    else
        snprintf(shown, sizeof buffers[0], "%lld", (long long)v.i);
    return shown;
}

void list_add(struct list *list, kit_value item)
{
    size_t room = sizeof list->shown - list->length;
    list->length += (size_t)snprintf(list->shown + list->length, room, "%s%s",
                                     list->length ? "," : "", show(item));
    ck_assert_uint_lt(list->length, sizeof list->shown);
}

kit_value list_value(const struct list *list)
{
    char shown[sizeof list->shown + 2];
    snprintf(shown, sizeof shown, "[%s]", list->length ? list->shown : "");
    return word(shown);
}

/* ---- lines ---- */

void transcript_begin(void)
{
    length = thing_count = 0;
    lines[0] = '\0';
}

const char *transcript_text(void)
{
    return lines;
}

void out(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int added =
        vsnprintf(lines + length, sizeof lines - length - 1, format, arguments);
    va_end(arguments);
    length += (size_t)added;
    ck_assert_uint_lt(length, sizeof lines - 1);
    lines[length++] = '\n';
    lines[length] = '\0';
}

void out_step(const char *label, kit_step step)
{
    if (step.state == KIT_FAILED)
        out("%s -> ! %s", label, show(step.value));
    else
        out("%s -> {value: %s, done: %s}", label, show(step.value),
            step.state == KIT_DONE ? "true" : "false");
}

void out_value(const char *label, kit_completion end)
{
    out("%s -> %s%s", label, end.how == KIT_THROW ? "! " : "", show(end.value));
}

void transcript_check_on(const char *where, const char *expected)
{
    const char *got = lines;
    for (int line = 1; *got || *expected; line++) {
        int got_length = (int)strcspn(got, "\n");
        int expected_length = (int)strcspn(expected, "\n");
        ck_assert_msg(got_length == expected_length &&
                          strncmp(got, expected, (size_t)got_length) == 0,
                      "line %d (%s) is\n  %.*s\nand should be\n  %.*s", line,
                      where, got_length, got, expected_length, expected);
        got += got_length + (got[got_length] == '\n');
        expected += expected_length + (expected[expected_length] == '\n');
    }
}

/* ---- the spy ---- */

static struct spy *spy_of(kit_iter *it)
{
    return KIT_CONTAINER(it, struct spy, iter);
}

static void note(struct spy *s, const char *request, kit_value v)
{
    bool nothing = s->bare && kit_is_none(v);
    out("%s.%s(%s)", s->name, request, nothing ? "" : show(v));
}

static kit_step spy_open(kit_iterable *self)
{
    struct spy *s = spy_of(KIT_CONTAINER(self, kit_iter, iterable));
    out("%s.iter", s->name);
    return s->opens;
}

static void spy_release(kit_iterable *self, kit_iter *it)
{
    (void)it;
    spy_of(KIT_CONTAINER(self, kit_iter, iterable))->released++;
}

static kit_step spy_next(kit_iter *it, kit_value sent)
{
    struct spy *s = spy_of(it);
    note(s, "next", sent);
    if (s->on_next)
        return s->on_next(s, sent);
    return s->at < s->count ? kit_yielded(s->items[s->at++])
                            : kit_done(s->final);
}

static kit_step spy_return(kit_iter *it, kit_value v)
{
    struct spy *s = spy_of(it);
    note(s, "return", v);
    return s->on_return ? s->on_return(s, v) : kit_done(v);
}

static kit_step spy_throw(kit_iter *it, kit_value v)
{
    struct spy *s = spy_of(it);
    note(s, "throw", v);
    return s->on_throw(s, v);
}

void spy_init(struct spy *s, const char *name, size_t count,
              const kit_value *items)
{
    static const struct kit_iterable_ops opening = {spy_open, spy_release};
    *s = (struct spy){.ops = {spy_next, NULL, spy_return}, .name = name};
    ck_assert_uint_le(count, sizeof s->items / sizeof *s->items);
    kit_iter_init(&s->iter, &s->ops);
    s->iter.iterable.ops = &opening;
    s->opens = kit_yielded(kit_ptr(&s->iter));
    s->final = kit_none();
    s->count = count;
    for (size_t i = 0; i < count; i++)
        s->items[i] = items[i];
}

void spy_without_return(struct spy *s)
{
    s->ops.return_ = NULL;
}

void spy_with_throw(struct spy *s,
                    kit_step (*on_throw)(struct spy *, kit_value))
{
    s->ops.throw_ = spy_throw;
    s->on_throw = on_throw;
}
