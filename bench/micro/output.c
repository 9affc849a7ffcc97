/* SPDX-License-Identifier: MIT */
/*
 * A regular file is written under another name beside it, and renamed. What
 * is there and not a regular file (a terminal, /dev/null, a pipe) cannot be
 * replaced: it is written to.
 */
#include "output.h"

#include "fail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct output {
    const char *path;
    char *target;    /* path, with symbolic links resolved */
    char *temporary; /* NULL: written in place */
    FILE *file;
};

static void give_up(struct output *o, int error)
{
    if (o->temporary)
        unlink(o->temporary);
    micro_fail("cannot write '%s': %s", o->path, strerror(error));
}

static bool is_in_place(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

static bool is_directory(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* mkstemp makes a file that only its owner may read. */
static void set_usual_mode(int fd)
{
    mode_t mask = umask(0);
    umask(mask);
    if (fchmod(fd, 0666 & ~mask) != 0)
        return; /* more private than usual, and not worth an error */
}

static void open_beside(struct output *o)
{
    /* realpath fails for a file that is not there yet. */
    o->target = realpath(o->path, NULL);
    if (!o->target)
        o->target = strdup(o->path);
    if (!o->target || asprintf(&o->temporary, "%s.XXXXXX", o->target) < 0)
        micro_fail("out of memory");
    int fd = mkstemp(o->temporary);
    if (fd < 0) {
        free(o->temporary);
        o->temporary = NULL;
        give_up(o, errno);
    }
    set_usual_mode(fd);
    o->file = fdopen(fd, "w");
    if (!o->file)
        give_up(o, errno);
}

static void open_output(struct output *o, const char *path)
{
    *o = (struct output){.path = path};
    if (!is_in_place(path)) {
        open_beside(o);
        return;
    }
    o->file = fopen(path, "w");
    if (!o->file)
        give_up(o, errno);
}

static void free_output(struct output *o)
{
    free(o->target);
    free(o->temporary);
}

void micro_output_check(const char *path)
{
    struct output o = {.path = path};
    if (is_in_place(path)) {
        /* Without opening it: the reader of a pipe would see its end. */
        if (is_directory(path) || access(path, W_OK) != 0)
            give_up(&o, is_directory(path) ? EISDIR : errno);
        return;
    }
    open_beside(&o);
    fclose(o.file);
    unlink(o.temporary);
    free_output(&o);
}

void micro_output_write(const char *path, const json_t *array)
{
    struct output o;
    open_output(&o, path);
    for (size_t i = 0; i < json_array_size(array); i++)
        if (json_dumpf(json_array_get(array, i), o.file,
                       JSON_COMPACT | JSON_REAL_PRECISION(6)) != 0 ||
            putc('\n', o.file) == EOF)
            give_up(&o, errno);
    if (fclose(o.file) != 0)
        give_up(&o, errno);
    if (o.temporary && rename(o.temporary, o.target) != 0)
        give_up(&o, errno);
    free_output(&o);
}
