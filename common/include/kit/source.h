/* SPDX-License-Identifier: MIT */
/*
 * Sources: iterators over what programs have at hand. All of them work in
 * the caller's memory (_init) except the file sources, which own an open file
 * (_open and _close). No source has throw; return ends it for good, but an
 * array's iterator has no return, as in ECMAScript: closed, it still goes on.
 * A source is not safe to step from two threads at once.
 */
#ifndef KIT_SOURCE_H
#define KIT_SOURCE_H

#include <kit/iter.h>

#include <stdio.h>
#include <sys/types.h>

KIT_BEGIN

/* Integers from `start` towards `end`, which is left out, by `step`. */
typedef struct kit_range {
    kit_iter iter;
    int64_t at, end, step;
} kit_range;

/* -EINVAL when step is 0. A range that cannot reach `end` is empty. */
KIT_EXPORT int kit_range_init(kit_range *r, int64_t start, int64_t end,
                              int64_t step);

/*
 * A growable view of values: an ITERABLE, each opening is a new pass. `items`
 * and `length` are read at every step, so items appended during a pass are
 * seen. The array stays the caller's; an opened iterator is malloc'ed and
 * freed by release.
 */
typedef struct kit_array {
    kit_iterable iterable;
    const kit_value *items;
    size_t length;
} kit_array;

KIT_EXPORT void kit_array_init(kit_array *a, const kit_value *items,
                               size_t length);

/*
 * The lines of a text file. A step's value.p is a NUL-terminated `char *`
 * without the line's end, valid (and the caller's to change) until the next
 * step; length is in `length`. A read error fails the step with -errno.
 */
typedef struct kit_lines {
    kit_iter iter;
    FILE *file;
    char *line;
    size_t room;
    size_t length;
} kit_lines;

/* 0 or -errno of opening; -EISDIR for a folder. Blocks on the disk. */
KIT_EXPORT int kit_lines_open(kit_lines *l, const char *path);
KIT_EXPORT void kit_lines_close(kit_lines *l);

/* The bytes of a file, each as an integer from 0 to 255. */
typedef struct kit_bytes {
    kit_iter iter;
    FILE *file;
} kit_bytes;

KIT_EXPORT int kit_bytes_open(kit_bytes *b, const char *path);
KIT_EXPORT void kit_bytes_close(kit_bytes *b);

KIT_END

#endif
