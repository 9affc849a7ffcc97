/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <stdlib.h>
#include <string.h>

struct parser {
    const char *at;
    bool failed;
};

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

static int64_t take_number(struct parser *p)
{
    char *end;
    int64_t n = strtoll(p->at, &end, 10);
    if (end == p->at)
        p->failed = true;
    p->at = end;
    return n;
}

static struct block parse_block(struct parser *p, char until);

static struct block parse_braces(struct parser *p)
{
    struct block empty = {NULL, 0};
    if (!take(p, '{')) {
        p->failed = true;
        return empty;
    }
    return parse_block(p, '}');
}

static struct instruction parse_instruction(struct parser *p)
{
    struct instruction i = {.op = *p->at};
    p->at += i.op != '\0';
    if (i.op && strchr("ydlrtixh", i.op)) {
        i.number = take_number(p);
    } else if (i.op == 'L') {
        i.body = parse_braces(p);
    } else if (i.op == 'T') {
        i.body = parse_braces(p);
        if ((i.has_handler = take(p, 'C')))
            i.handler = parse_braces(p);
        if ((i.has_cleanup = take(p, 'F')))
            i.cleanup = parse_braces(p);
    } else if (i.op != 's' && i.op != 'e') {
        p->failed = true;
    }
    return i;
}

static struct block parse_block(struct parser *p, char until)
{
    struct block b = {NULL, 0};
    while (!p->failed && !take(p, until)) {
        if (*p->at == '\0') {
            p->failed = true;
            break;
        }
        struct instruction i = parse_instruction(p);
        b.at = realloc(b.at, (b.length + 1) * sizeof *b.at);
        if (!b.at)
            abort();
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

void program_init(struct program *p)
{
    struct parser shared = {"y 901 T { y 902 y 903 } F { y 904 } y 905 r 906",
                            false};
    memset(p, 0, sizeof *p);
    p->bodies[SHARED] = parse_block(&shared, '\0');
}

void program_free(struct program *p)
{
    for (int i = 0; i <= BODIES_MAX; i++)
        free_block(&p->bodies[i]);
}

bool program_parse_body(struct program *p, const char *line)
{
    int index, used = 0;
    if (sscanf(line, "g%d:%n", &index, &used) != 1 || used == 0 || index < 0 ||
        index >= BODIES_MAX || p->present[index])
        return false;
    struct parser parser = {line + used, false};
    p->bodies[index] = parse_block(&parser, '\0');
    p->present[index] = true;
    return !parser.failed;
}
