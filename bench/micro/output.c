/* SPDX-License-Identifier: MIT */
/*
 * A regular file is written under another name beside it, and renamed, each
 * time with all that was found so far: whoever is killed leaves whole groups.
 * What is there and not a regular file (a terminal, /dev/null, a pipe) cannot
 * be replaced: it stays open, and what is new is written to it.
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

/* The file beside the one that it is to replace. */
struct draft {
    const char *path;
    char *target; /* path, with symbolic links resolved */
    char *temporary;
    FILE *file;
};

static void cannot_write(const char *path, int error)
{
    micro_fail("cannot write '%s': %s", path, strerror(error));
}

static void give_up(struct draft *d, int error)
{
    unlink(d->temporary);
    cannot_write(d->path, error);
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

static struct draft open_draft(const char *path)
{
    struct draft d = {.path = path};
    /* realpath fails for a file that is not there yet. */
    d.target = realpath(path, NULL);
    if (!d.target)
        d.target = strdup(path);
    if (!d.target || asprintf(&d.temporary, "%s.XXXXXX", d.target) < 0)
        micro_fail("out of memory");
    int fd = mkstemp(d.temporary);
    if (fd < 0)
        cannot_write(path, errno);
    set_usual_mode(fd);
    d.file = fdopen(fd, "w");
    if (!d.file)
        give_up(&d, errno);
    return d;
}

static void free_draft(struct draft *d)
{
    free(d->target);
    free(d->temporary);
}

void micro_output_check(const char *path)
{
    if (!*path)
        cannot_write(path, ENOENT);
    if (is_in_place(path)) {
        /* Without opening it: the reader of a pipe would see its end. */
        if (is_directory(path) || access(path, W_OK) != 0)
            cannot_write(path, is_directory(path) ? EISDIR : errno);
        return;
    }
    struct draft d = open_draft(path);
    fclose(d.file);
    unlink(d.temporary);
    free_draft(&d);
}

/* The elements from an index on, a line each. 0 or an errno. */
static int write_lines(FILE *file, const json_t *array, size_t from)
{
    for (size_t i = from; i < json_array_size(array); i++)
        if (json_dumpf(json_array_get(array, i), file,
                       JSON_COMPACT | JSON_REAL_PRECISION(6)) != 0 ||
            putc('\n', file) == EOF)
            return errno;
    return fflush(file) == 0 ? 0 : errno;
}

static void write_in_place(struct micro_output *o, const json_t *array)
{
    if (!o->in_place)
        o->in_place = fopen(o->path, "w");
    int error =
        o->in_place ? write_lines(o->in_place, array, o->written) : errno;
    if (error != 0)
        cannot_write(o->path, error);
    o->written = json_array_size(array);
}

static void replace(const char *path, const json_t *array)
{
    struct draft d = open_draft(path);
    int error = write_lines(d.file, array, 0);
    if (fclose(d.file) != 0 && error == 0)
        error = errno;
    if (error == 0 && rename(d.temporary, d.target) != 0)
        error = errno;
    if (error != 0)
        give_up(&d, error);
    free_draft(&d);
}

void micro_output_write(struct micro_output *output, const json_t *array)
{
    if (output->in_place || is_in_place(output->path))
        write_in_place(output, array);
    else
        replace(output->path, array);
}

void micro_output_close(struct micro_output *output)
{
    if (output->in_place && fclose(output->in_place) != 0)
        cannot_write(output->path, errno);
    output->in_place = NULL;
}
