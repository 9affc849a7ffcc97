/* SPDX-License-Identifier: MIT */
/*
 * generator_programs [--backend NAME] < cases
 *
 * Reads cases ("case ...", the bodies, the drive line, "end") and prints them
 * with the transcript that the back end gives. Indented lines in the input are
 * transcripts of somebody else: ignored.
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

static int malformed(size_t number, const char *line)
{
    fprintf(stderr, "generator_programs: line %zu is malformed: %s\n", number,
            line);
    return 1;
}

/* 0 to go on, 1 when the line cannot be understood. */
static int take_line(struct run *run, struct program *program, const char *line,
                     size_t number)
{
    if (line[0] == ' ' || line[0] == '\0')
        return 0;
    puts(line);
    if (strncmp(line, "case ", 5) == 0) {
        program_free(program);
        program_init(program);
    } else if (line[0] == 'g') {
        if (!program_parse_body(program, line))
            return malformed(number, line);
    } else if (strncmp(line, "drive:", 6) == 0) {
        run_drive(run, line + 6);
    } else if (strcmp(line, "end") != 0) {
        return malformed(number, line);
    }
    return 0;
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
    struct program program;
    char *line = NULL;
    size_t room = 0, number = 0;
    int result = 0;
    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &backend);
    struct run run = {.program = &program, .backend = backend, .out = stdout};
    program_init(&program);
    ssize_t got;
    while (result == 0 && (got = getline(&line, &room, stdin)) >= 0) {
        if (got > 0 && line[got - 1] == '\n')
            line[got - 1] = '\0';
        result = take_line(&run, &program, line, ++number);
    }
    program_free(&program);
    free(line);
    if (fflush(stdout) != 0)
        result = 1;
    return result;
}
