/* SPDX-License-Identifier: MIT */
/*
 * A transcript: the lines that a scenario writes, to be compared with the
 * lines that it should write. Values are shown as JavaScript would show them:
 * strings in quotes, errors as Error("text"), none as undefined, and the
 * kit's own errors by the class that they stand for.
 *
 * One scenario at a time; its parts may run on several threads, one after
 * another (lock-step).
 */
#ifndef TESTS_TRANSCRIPT_H
#define TESTS_TRANSCRIPT_H

#include <kit/iter.h>

/* Forgets all lines and all strings, errors and lists. */
void transcript_begin(void);

/* The lines so far. */
const char *transcript_text(void);

/* Fails the test at the first line that differs. `where` is for the reader. */
void transcript_check_on(const char *where, const char *expected);

static inline void transcript_check(const char *expected)
{
    transcript_check_on("here", expected);
}

void out(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* `label -> {value: V, done: B}` or `label -> ! E` */
void out_step(const char *label, kit_step step);

/* `label -> V` or `label -> ! E` */
void out_value(const char *label, kit_completion end);

/* ---- values with a kind ---- */

kit_value text(const char *characters);
kit_value error(const char *message);
kit_value word(const char *shown); /* without quotes: true, false */

/* The characters of a text, the message of an error. */
const char *characters_of(kit_value v);

/* A list under construction; shown as [1,"two",undefined]. */
struct list {
    char shown[256];
    size_t length;
};

void list_add(struct list *list, kit_value item);
kit_value list_value(const struct list *list);

/* As shown in a transcript; valid for the next seven calls. */
const char *show(kit_value v);

/* ---- a hand-made iterator that writes down each request ---- */

struct spy {
    kit_iter iter; /* its own iterable; &spy.iter.iterable */
    struct kit_iter_ops ops;
    const char *name;
    kit_value items[4];
    size_t count, at;
    kit_value final;
    /* set what should differ from {value, done}; see spy_init */
    kit_step (*on_return)(struct spy *, kit_value);
    kit_step (*on_throw)(struct spy *, kit_value);
    kit_step (*on_next)(struct spy *, kit_value); /* instead of the items */
    kit_step opens; /* what open gives; the iterator itself unless changed */
    int released;
    bool bare; /* writes s.next(), not s.next(undefined), for no value */
};

/* With `return`, without `throw`: as the spies of the transcripts. */
void spy_init(struct spy *s, const char *name, size_t count,
              const kit_value *items);
void spy_without_return(struct spy *s);
void spy_with_throw(struct spy *s,
                    kit_step (*on_throw)(struct spy *, kit_value));

#endif
