/* SPDX-License-Identifier: MIT */
/* schedkit: the command line. */
#include "bench.h"

#include <kit/base.h>

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Exported, because it is the C library that looks for it. */
KIT_EXPORT const char *argp_program_version = "schedkit " KIT_VERSION;

static const struct command {
    const char *name;
    int (*main)(int argc, char **argv);
} commands[] = {
    {"list", command_list},
    {"describe", command_describe},
    {"run", command_run},
    {"micro", command_micro},
};

static const char doc[] =
    "Compares cooperative and preemptive scheduling: runs the same workload "
    "with either."
    "\vCommands:\n"
    "  list               the workloads and their arms\n"
    "  describe WORKLOAD  what a workload does, its parameters and arms\n"
    "  run WORKLOAD       runs one arm of a workload and checks its result\n"
    "  micro              switches, hand-offs, channels, beside their peers\n"
    "\n`schedkit COMMAND --help' says more. Exit status: 0 success, 1 failure "
    "(a wrong result, a file, a limit), 2 usage.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
    char name[32];
    switch (key) {
    case ARGP_KEY_ARG:
        for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
            if (strcmp(arg, commands[i].name) != 0)
                continue;
            snprintf(name, sizeof name, "schedkit %s", arg);
            char **argv = state->argv + state->next - 1;
            argv[0] = name;
            *(int *)state->input =
                commands[i].main(state->argc - state->next + 1, argv);
            state->next = state->argc;
            return 0;
        }
        usage_error("there is no command '%s'; there are: list, describe, "
                    "run, micro",
                    arg);
    case ARGP_KEY_NO_ARGS:
        usage_error("a command is missing: list, describe, run or micro "
                    "(schedkit --help says more)");
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        NULL, parse, "COMMAND [ARGUMENT...]", doc, NULL, NULL, NULL};
    int result = EXIT_OK;
    argp_err_exit_status = EXIT_USAGE;
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &result);
    return result;
}
