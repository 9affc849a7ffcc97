/* SPDX-License-Identifier: MIT */
/* A file of JSON lines that is there as a whole, or not at all. */
#ifndef MICRO_OUTPUT_H
#define MICRO_OUTPUT_H

#include <jansson.h>

/* Fails now, and not after a minute, if the file cannot be written. */
void micro_output_check(const char *path);

/* Writes each element of the array as a line. Fails with one line. */
void micro_output_write(const char *path, const json_t *array);

#endif
