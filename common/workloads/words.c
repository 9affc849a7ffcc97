/* SPDX-License-Identifier: MIT */
/*
 * Workload 17, words: the lines of real files -> words, folded to lower case
 * -> how often each occurs.
 *
 * A word is a run of ASCII letters and of bytes above 127 (so UTF-8 letters
 * stay whole; only ASCII ones are folded). Of a word longer than 31 bytes the
 * first 31 count. Lines travel as heap strings that belong to whoever receives
 * them; words travel by value.
 */
#include "workload.h"

#include <kit/source.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct word {
    char text[32]; /* NUL-terminated, zero to its end */
};

/* ---- lines: every pass over every file ---- */

struct lines_state {
    kit_lines *open; /* NULL between files */
    uint64_t pass;
    size_t file;
};

static struct lines_state *lines_of(struct workload_link *l)
{
    _Static_assert(sizeof(struct lines_state) <= sizeof l->state, "fits");
    return (struct lines_state *)(void *)&l->state;
}

static void close_file(struct lines_state *s)
{
    if (s->open)
        kit_lines_close(s->open);
    free(s->open);
    s->open = NULL;
}

static int open_next_file(struct workload_link *l, struct lines_state *s)
{
    const char *path = l->params->inputs[s->file];
    s->open = malloc(sizeof *s->open);
    if (!s->open)
        return -ENOMEM;
    int error = kit_lines_open(s->open, path);
    if (error) {
        free(s->open);
        s->open = NULL;
        return workload_fail(l->result, error, path);
    }
    return 0;
}

static void to_next_file(struct workload_link *l, struct lines_state *s)
{
    close_file(s);
    if (++s->file == l->params->input_count) {
        s->file = 0;
        s->pass++;
    }
}

static kit_step own_line(const struct lines_state *s, char *line)
{
    char *copy = malloc(s->open->length + 1);
    if (!copy)
        return kit_failed_errno(-ENOMEM);
    memcpy(copy, line, s->open->length + 1);
    return kit_yielded(kit_ptr(copy));
}

static kit_step lines_next(kit_iter *it, kit_value sent)
{
    (void)sent;
    struct workload_link *l = KIT_CONTAINER(it, struct workload_link, iter);
    struct lines_state *s = lines_of(l);
    while (s->pass < l->params->items && l->params->input_count > 0) {
        int error = s->open ? 0 : open_next_file(l, s);
        if (error)
            return kit_failed_errno(error);
        kit_step line = kit_iter_next(&s->open->iter, kit_none());
        if (line.state == KIT_YIELDED)
            return own_line(s, line.value.p);
        if (line.state == KIT_FAILED) {
            workload_fail(l->result, (int)line.value.i,
                          l->params->inputs[s->file]);
            return line;
        }
        to_next_file(l, s);
    }
    return kit_done(kit_none());
}

static int lines_open(struct workload_link *l)
{
    static const struct kit_iter_ops ops = {lines_next, NULL, NULL};
    kit_iter_init(&l->iter, &ops);
    return 0;
}

static void lines_close(struct workload_link *l)
{
    close_file(lines_of(l));
}

/* ---- split: lines to words ---- */

struct split_state {
    char *line; /* owned */
    const unsigned char *at;
    struct word word;
};

static struct split_state *split_of(struct workload_link *l)
{
    _Static_assert(sizeof(struct split_state) <= sizeof l->state, "fits");
    return (struct split_state *)(void *)&l->state;
}

static bool is_letter(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 128;
}

static char fold(unsigned char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* The next word of the line, or false at the line's end. */
static bool take_word(struct split_state *s)
{
    size_t length = 0;
    while (*s->at && !is_letter(*s->at))
        s->at++;
    if (!*s->at)
        return false;
    memset(&s->word, 0, sizeof s->word);
    for (; is_letter(*s->at); s->at++)
        if (length < sizeof s->word.text - 1)
            s->word.text[length++] = fold(*s->at);
    return true;
}

static kit_step split_next(kit_iter *it, kit_value sent)
{
    (void)sent;
    struct workload_link *l = KIT_CONTAINER(it, struct workload_link, iter);
    struct split_state *s = split_of(l);
    for (;;) {
        if (s->line && take_word(s))
            return kit_yielded(kit_ptr(&s->word));
        free(s->line);
        s->line = NULL;
        kit_step line = kit_iter_next(l->in, kit_none());
        if (line.state != KIT_YIELDED)
            return line;
        s->line = line.value.p;
        s->at = line.value.p;
    }
}

static int split_open(struct workload_link *l)
{
    static const struct kit_iter_ops ops = {split_next, NULL, NULL};
    kit_iter_init(&l->iter, &ops);
    return 0;
}

static void split_close(struct workload_link *l)
{
    free(split_of(l)->line);
}

/* ---- count: words to a table ---- */

struct table {
    struct workload_tally *slots; /* a power of two; count 0: free */
    size_t size, used;
};

static uint64_t hash_of(const char *text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a, 64 bits */
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return h;
}

static struct workload_tally *find(struct table *t, const char *text,
                                   uint64_t hash)
{
    size_t i = (size_t)hash & (t->size - 1);
    while (t->slots[i].count > 0 && strcmp(t->slots[i].name, text) != 0)
        i = (i + 1) & (t->size - 1);
    return &t->slots[i];
}

static int grow(struct table *t)
{
    struct table bigger = {NULL, t->size ? t->size * 2 : 4096, t->used};
    bigger.slots = calloc(bigger.size, sizeof *bigger.slots);
    if (!bigger.slots)
        return -ENOMEM;
    for (size_t i = 0; i < t->size; i++) {
        struct workload_tally *old = &t->slots[i];
        if (old->count > 0)
            *find(&bigger, old->name, hash_of(old->name)) = *old;
    }
    free(t->slots);
    *t = bigger;
    return 0;
}

static int count_word(struct table *t, const struct word *word, uint64_t hash)
{
    if (t->used * 2 >= t->size && grow(t) < 0)
        return -ENOMEM;
    struct workload_tally *slot = find(t, word->text, hash);
    if (slot->count++ == 0) {
        memcpy(slot->name, word->text, sizeof slot->name);
        t->used++;
    }
    return 0;
}

/* The most frequent first; of equals, the first of the alphabet. */
static int by_count(const void *a, const void *b)
{
    const struct workload_tally *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return strcmp(x->name, y->name);
}

static void report(struct table *t, struct workload_result *result)
{
    size_t n = 0;
    for (size_t i = 0; i < t->size; i++)
        if (t->slots[i].count > 0)
            t->slots[n++] = t->slots[i];
    if (n > 0)
        qsort(t->slots, n, sizeof *t->slots, by_count);
    result->tally_count = n < WORKLOAD_TALLIES ? n : WORKLOAD_TALLIES;
    if (n > 0)
        memcpy(result->tallies, t->slots,
               result->tally_count * sizeof *t->slots);
    for (size_t i = 0; i < n; i++)
        result->checksum = workload_mix(
            result->checksum, hash_of(t->slots[i].name) + t->slots[i].count);
}

static int count(kit_iter *in, const struct workload_params *params,
                 struct workload_result *result)
{
    struct table t = {NULL, 0, 0};
    uint64_t checksum = 0;
    int error = 0;
    kit_step s;
    (void)params;
    /* Reads on after an error too: a producer must not be left waiting. */
    while ((s = kit_iter_next(in, kit_none())).state == KIT_YIELDED) {
        const struct word *word = s.value.p;
        uint64_t hash = hash_of(word->text);
        checksum = workload_mix(checksum, hash);
        if (!error)
            error = count_word(&t, word, hash);
        result->items++;
    }
    result->checksum = checksum;
    report(&t, result);
    free(t.slots);
    return s.state == KIT_FAILED ? (int)s.value.i : error;
}

const struct workload_algorithm workload_words = {
    .stages = {{"lines", lines_open, lines_close, 0},
               {"split", split_open, split_close, sizeof(struct word)}},
    .stage_count = 2,
    .consume = count,
};
