/* SPDX-License-Identifier: MIT */
/* The text files that a workload reads. */
#ifndef BENCH_INPUTS_H
#define BENCH_INPUTS_H

#include <stddef.h>

#define INPUT_DEFAULT "/usr/share/common-licenses"

struct inputs {
    char **paths;
    size_t count;
};

/*
 * The text files among `named`, those of folders and their folders included,
 * in the order of their names. A file is text when its first 4 KiB have no NUL
 * byte; in folders, other files are passed over, and so are symbolic links.
 * What cannot be had ends the program with one line.
 */
struct inputs inputs_collect(const char *const *named, size_t count);
void inputs_free(struct inputs *inputs);

#endif
