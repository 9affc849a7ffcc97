/* SPDX-License-Identifier: MIT */
/*
 * generator_programs [--backend NAME] < cases
 *
 * Reads cases ("case ...", the bodies, the drive line, "end") and prints them
 * with the transcript that the back end gives. Indented lines in the input are
 * transcripts of somebody else: ignored. The first line that cannot be
 * understood ends it, with exit status 2 and nothing printed of its case; input
 * that cannot be read, with exit status 1.
 */
#include "program.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

static const struct backend *const backends[] = {
    &backend_coop, &backend_stackless, &backend_preempt, &backend_ucontext};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    const struct backend **chosen = state->input;
    if (key == ARGP_KEY_ARG)
        argp_error(state, "programs are read from standard input");
    if (key != 'b')
        return ARGP_ERR_UNKNOWN;
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        if (strcmp(backends[i]->name, arg) == 0) {
            *chosen = backends[i];
            return 0;
        }
    }
    argp_error(state,
               "there is no back end '%s'; there are: coop, stackless, "
               "preempt, ucontext",
               arg);
    return EINVAL;
}

struct reading {
    struct run run; /* writes what is held */
    struct program program;
    char *held; /* of a case: a later line of it may be malformed */
    size_t length;
};

static void hold(struct reading *r)
{
    r->run.out = open_memstream(&r->held, &r->length);
    if (!r->run.out)
        abort();
}

static void let_go(struct reading *r, bool print)
{
    if (fclose(r->run.out) != 0)
        abort();
    if (print)
        fwrite(r->held, 1, r->length, stdout);
    free(r->held);
}

static void print_held(struct reading *r)
{
    let_go(r, true);
    hold(r);
}

static const char *take_drive(struct reading *r, const char *text)
{
    struct drive drive;
    const char *wrong = NULL;
    if (!drive_parse(&drive, text)) {
        wrong = "is malformed";
    } else if (!program_is_whole(&r->program)) {
        wrong = "drives a body that delegates to none that comes later";
    } else {
        run_drive(&r->run, &drive);
    }
    drive_free(&drive);
    return wrong;
}

static void begin_case(struct reading *r)
{
    print_held(r); /* of the case before, if that has no end */
    program_free(&r->program);
    program_init(&r->program);
}

/* NULL to go on, or why the line cannot be understood. */
static const char *take_line(struct reading *r, const char *line)
{
    const char *wrong = NULL;
    bool begins = strncmp(line, "case ", 5) == 0;
    if (line[0] == ' ' || line[0] == '\0')
        return NULL;
    if (begins)
        begin_case(r);
    fprintf(r->run.out, "%s\n", line);
    if (line[0] == 'g')
        wrong = program_parse_body(&r->program, line);
    else if (strncmp(line, "drive:", 6) == 0)
        wrong = take_drive(r, line + 6);
    else if (strcmp(line, "end") == 0)
        print_held(r);
    else if (!begins)
        wrong = "is malformed";
    return wrong;
}

/* Lines may end as they do on Windows. Returns the length. */
static size_t drop_line_end(char *line, size_t length)
{
    if (length > 0 && line[length - 1] == '\n')
        line[--length] = '\0';
    if (length > 0 && line[length - 1] == '\r')
        line[--length] = '\0';
    return length;
}

/* The exit status. */
static int read_cases(struct reading *r)
{
    char *line = NULL;
    size_t room = 0, number = 0;
    const char *wrong = NULL;
    ssize_t got;
    while (!wrong && (got = getline(&line, &room, stdin)) >= 0) {
        number++;
        bool is_text = drop_line_end(line, (size_t)got) == strlen(line);
        wrong = is_text ? take_line(r, line) : "has a byte that is 0";
    }
    if (wrong)
        fprintf(stderr, "generator_programs: line %zu %s: %.200s\n", number,
                wrong, line);
    else if (ferror(stdin))
        perror("generator_programs: standard input");
    free(line);
    return wrong ? 2 : ferror(stdin) ? 1 : 0;
}

int main(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"backend", 'b', "NAME", 0, "coop, stackless, preempt or ucontext", 0},
        {0}};
    static const struct argp argp = {
        options, parse, NULL, "Runs generator programs from standard input.",
        NULL,    NULL,  NULL};
    const struct backend *backend = backends[0];
    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &backend);
    struct reading r = {.run = {.backend = backend}};
    r.run.program = &r.program;
    program_init(&r.program);
    hold(&r);
    int result = read_cases(&r);
    let_go(&r, result == 0);
    program_free(&r.program);
    if (fflush(stdout) != 0)
        result = 1;
    return result;
}
