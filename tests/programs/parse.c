/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <stdlib.h>
#include <string.h>

#define AS_TEXT_(n) #n
#define AS_TEXT(n)  AS_TEXT_(n)

struct parser {
    const char *at;
    size_t depth, deepest; /* of the blocks */
    const char *wrong;     /* NULL: nothing, so far */
};

static void fail(struct parser *p)
{
    if (!p->wrong)
        p->wrong = "is malformed";
}

static void skip_blanks(struct parser *p)
{
    while (*p->at == ' ')
        p->at++;
}

static bool take(struct parser *p, char c)
{
    skip_blanks(p);
    if (*p->at != c)
        return false;
    p->at++;
    return true;
}

/* More digits are not exact in JavaScript, and might be kit_none(). */
#define NUMBER_MAX INT64_C(999999999999999)

static int64_t take_number(struct parser *p)
{
    char *end;
    int64_t n = strtoll(p->at, &end, 10);
    if (end == p->at || n > NUMBER_MAX || n < -NUMBER_MAX)
        fail(p);
    p->at = end;
    return n;
}

/* `array` with room for one more after `length` of them. */
static void *grown(void *array, size_t length, size_t size)
{
    array = realloc(array, (length + 1) * size);
    if (!array)
        abort();
    return array;
}

/* ---- bodies ---- */

static struct block parse_block(struct parser *p, char until);

static struct block parse_braces(struct parser *p)
{
    struct block b = {NULL, 0};
    if (p->depth == NESTING_MAX)
        p->wrong = "nests blocks deeper than " AS_TEXT(NESTING_MAX);
    else if (!take(p, '{'))
        fail(p);
    if (p->wrong)
        return b;
    if (++p->depth > p->deepest)
        p->deepest = p->depth;
    b = parse_block(p, '}');
    p->depth--;
    return b;
}

/* Can `i`, `x` or `h` have this for its one or two digits? */
static bool is_instance(char op, int64_t number)
{
    int64_t highest = op == 'i' ? KIT_RETURN : op == 'h' ? 3 : 0;
    return number >= 0 && number / 10 <= highest && number % 10 < INSTANCES;
}

static struct instruction parse_instruction(struct parser *p)
{
    struct instruction i = {.op = *p->at};
    p->at += i.op != '\0';
    if (i.op && strchr("ydlrtixh", i.op)) {
        i.number = take_number(p);
        if (strchr("ixh", i.op) && !is_instance(i.op, i.number))
            fail(p);
    } else if (i.op == 'L') {
        i.body = parse_braces(p);
    } else if (i.op == 'T') {
        i.body = parse_braces(p);
        if ((i.has_handler = take(p, 'C')))
            i.handler = parse_braces(p);
        if ((i.has_cleanup = take(p, 'F')))
            i.cleanup = parse_braces(p);
    } else if (i.op != 's' && i.op != 'e') {
        fail(p);
    }
    return i;
}

static struct block parse_block(struct parser *p, char until)
{
    struct block b = {NULL, 0};
    while (!p->wrong && !take(p, until)) {
        if (*p->at == '\0') {
            fail(p);
            break;
        }
        struct instruction i = parse_instruction(p);
        b.at = grown(b.at, b.length, sizeof *b.at);
        b.at[b.length++] = i;
    }
    return b;
}

static void free_block(struct block *b)
{
    for (size_t i = 0; i < b->length; i++) {
        free_block(&b->at[i].body);
        free_block(&b->at[i].handler);
        free_block(&b->at[i].cleanup);
    }
    free(b->at);
}

static struct body parse_body(struct parser *p, int64_t number)
{
    struct body b = {.number = number, .block = parse_block(p, '\0')};
    b.depth = p->deepest;
    return b;
}

/* ---- programs ---- */

void program_init(struct program *p)
{
    struct parser shared = {
        .at = "y 901 T { y 902 y 903 } F { y 904 } y 905 r 906"};
    memset(p, 0, sizeof *p);
    p->shared = parse_body(&shared, 0);
}

void program_free(struct program *p)
{
    for (size_t i = 0; i < p->length; i++)
        free_block(&p->bodies[i].block);
    free(p->bodies);
    free_block(&p->shared.block);
}

const struct body *program_find(const struct program *p, int64_t number)
{
    for (size_t i = 0; i < p->length; i++) {
        if (p->bodies[i].number == number)
            return &p->bodies[i];
    }
    return NULL;
}

const char *program_parse_body(struct program *p, const char *line)
{
    struct parser parser = {.at = line};
    if (!take(&parser, 'g'))
        fail(&parser);
    int64_t number = take_number(&parser);
    if (number < 0 || !take(&parser, ':'))
        fail(&parser);
    if (program_find(p, number))
        parser.wrong = "has a body that is there already";
    if (parser.wrong)
        return parser.wrong;
    p->bodies = grown(p->bodies, p->length, sizeof *p->bodies);
    p->bodies[p->length++] = parse_body(&parser, number);
    return parser.wrong;
}

static bool is_whole(const struct program *p, const struct block *b,
                     int64_t number)
{
    for (size_t n = 0; n < b->length; n++) {
        const struct instruction *i = &b->at[n];
        if (i->op == 'd' &&
            (i->number <= number || !program_find(p, i->number)))
            return false;
        if (!is_whole(p, &i->body, number) ||
            !is_whole(p, &i->handler, number) ||
            !is_whole(p, &i->cleanup, number))
            return false;
    }
    return true;
}

bool program_is_whole(const struct program *p)
{
    for (size_t i = 0; i < p->length; i++) {
        if (!is_whole(p, &p->bodies[i].block, p->bodies[i].number))
            return false;
    }
    return true;
}

/* ---- drives ---- */

static struct request parse_request(struct parser *p)
{
    static const char ops[] = "ntr"; /* in the order of enum kit_how */
    struct request r = {0};
    skip_blanks(p);
    const char *op = *p->at ? strchr(ops, *p->at) : NULL;
    if (!op) {
        fail(p);
        return r;
    }
    p->at++;
    r.how = (enum kit_how)(op - ops);
    r.instance = take_number(p);
    r.number = take_number(p);
    if (r.instance < 0 || r.instance >= INSTANCES)
        fail(p);
    return r;
}

bool drive_parse(struct drive *d, const char *text)
{
    struct parser p = {.at = text};
    *d = (struct drive){NULL, 0};
    bool over = take(&p, '\0');
    while (!over && !p.wrong) {
        d->at = grown(d->at, d->length, sizeof *d->at);
        d->at[d->length++] = parse_request(&p);
        over = take(&p, '\0');
        if (!over && !take(&p, ','))
            fail(&p);
    }
    return !p.wrong;
}

void drive_free(struct drive *d)
{
    free(d->at);
}
