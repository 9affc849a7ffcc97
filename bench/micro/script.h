/* SPDX-License-Identifier: MIT */
/* Peers in other languages: a program that times itself and prints one
   number, nanoseconds per operation, or two. */
#ifndef MICRO_SCRIPT_H
#define MICRO_SCRIPT_H

#include "core.h"

struct micro_script {
    const char *program; /* found in PATH */
    const char *option;  /* the text follows this one */
    const char *text;
};

/*
 * Runs argv[0], called `name` in what is said of it, and takes the number that
 * it prints; with a second figure, two numbers.
 */
enum micro_verdict micro_program_measure(struct micro_cell *cell,
                                         const char *name, char *const argv[]);

/* A measure function: entry.how is the script. */
enum micro_verdict micro_script_measure(struct micro_cell *cell);

#endif
