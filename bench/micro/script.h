/* SPDX-License-Identifier: MIT */
/* Peers in other languages: a program that times itself and prints one
   number, nanoseconds per operation. */
#ifndef MICRO_SCRIPT_H
#define MICRO_SCRIPT_H

#include "core.h"

struct micro_script {
    const char *program; /* found in PATH */
    const char *option;  /* the text follows this one */
    const char *text;
};

/* A measure function: entry.how is the script. */
enum micro_verdict micro_script_measure(struct micro_cell *cell);

#endif
