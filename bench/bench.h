/* SPDX-License-Identifier: MIT */
/* The commands of the program, and how all of them fail. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdint.h>

enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
};

/* argv[0] is "schedkit COMMAND"; they return an exit code, or exit. */
int command_list(int argc, char **argv);
int command_describe(int argc, char **argv);
int command_run(int argc, char **argv);
int command_micro(int argc, char **argv);

/* One line on stderr, "schedkit: ...", then exit with 2, or with 1. */
void usage_error(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));
void failure(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

/* Ends a command that printed results: fails when stdout did not take them. */
int finish_output(void);

/* A whole number in [min, max]; anything else is a usage error. */
uint64_t parse_number(const char *option, const char *text, uint64_t min,
                      uint64_t max);

/* "lockstep, bounded, ..." and the like, for messages. Static storage. */
const char *workload_names(void);
struct workload;
const char *arm_names(const struct workload *w);

/* The workload of that name; a usage error when there is none. */
const struct workload *require_workload(const char *name);

#endif
