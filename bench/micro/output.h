/* SPDX-License-Identifier: MIT */
/* A file of JSON lines that has whole groups of figures, or is not there. */
#ifndef MICRO_OUTPUT_H
#define MICRO_OUTPUT_H

#include <jansson.h>
#include <stdio.h>

struct micro_output {
    const char *path;
    FILE *in_place; /* what cannot be replaced, from the first write on */
    size_t written; /* lines of it */
};

/* Fails now, and not after a minute, if the file cannot be written. */
void micro_output_check(const char *path);

/* Makes each element of the array a line, so far as it is none yet: to be
   called whenever more has been found. Fails with one line. */
void micro_output_write(struct micro_output *output, const json_t *array);

/* Nothing more will come. */
void micro_output_close(struct micro_output *output);

#endif
