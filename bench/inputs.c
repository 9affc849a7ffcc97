/* SPDX-License-Identifier: MIT */
#include "inputs.h"

#include "bench.h"

#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void add(struct inputs *in, const char *path)
{
    char **paths = realloc(in->paths, (in->count + 1) * sizeof *paths);
    char *copy = strdup(path);
    if (!paths || !copy)
        failure("out of memory for the list of input files");
    in->paths = paths;
    in->paths[in->count++] = copy;
}

/* Ends the program when the file cannot be read. */
static bool is_text(const char *path)
{
    char head[4096];
    FILE *file = fopen(path, "re");
    if (!file)
        failure("cannot read '%s': %s", path, strerror(errno));
    size_t got = fread(head, 1, sizeof head, file);
    bool broken = ferror(file);
    fclose(file);
    if (broken)
        failure("cannot read '%s': %s", path, strerror(errno));
    return memchr(head, '\0', got) == NULL;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void add_entry(struct inputs *in, const FTSENT *entry)
{
    switch (entry->fts_info) {
    case FTS_F:
        if (is_text(entry->fts_path))
            add(in, entry->fts_path);
        break;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        failure("cannot read '%s': %s", entry->fts_path,
                strerror(entry->fts_errno));
    default:
        break;
    }
}

static void add_folder(struct inputs *in, const char *path)
{
    char *roots[] = {(char *)(size_t)path, NULL};
    size_t before = in->count;
    FTS *walk =
        fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    if (!walk)
        failure("cannot read '%s': %s", path, strerror(errno));
    FTSENT *entry;
    while ((entry = fts_read(walk)))
        add_entry(in, entry);
    fts_close(walk);
    if (in->count == before)
        failure("there is no text file in '%s': name another with --input",
                path);
}

static void add_named(struct inputs *in, const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        failure("cannot read '%s': %s", path, strerror(errno));
    if (S_ISDIR(status.st_mode))
        add_folder(in, path);
    else if (!S_ISREG(status.st_mode))
        failure("'%s' is neither a file nor a folder", path);
    else if (is_text(path))
        add(in, path);
    else
        failure("'%s' is not text: it has a NUL byte near its beginning", path);
}

struct inputs inputs_collect(const char *const *named, size_t count)
{
    static const char *const usual[] = {INPUT_DEFAULT};
    struct inputs in = {NULL, 0};
    if (count == 0) {
        named = usual;
        count = 1;
    }
    for (size_t i = 0; i < count; i++)
        add_named(&in, named[i]);
    return in;
}

void inputs_free(struct inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++)
        free(inputs->paths[i]);
    free(inputs->paths);
}
