/* SPDX-License-Identifier: MIT */
/* Sources on files: lines and bytes. */
#include <kit/source.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Opening a folder succeeds on Linux and fails at the first read: say so now.
 */
static int open_file(FILE **file, const char *path)
{
    int saved = errno, result = 0;
    struct stat status;
    *file = fopen(path, "re");
    if (!*file) {
        result = -errno;
    } else if (fstat(fileno(*file), &status) == 0 && S_ISDIR(status.st_mode)) {
        fclose(*file);
        *file = NULL;
        result = -EISDIR;
    }
    errno = saved;
    return result;
}

static void close_file(FILE **file)
{
    if (*file)
        fclose(*file);
    *file = NULL;
}

static kit_step end_of_file(FILE **file, int read_errno)
{
    bool broken = ferror(*file);
    close_file(file);
    return broken ? kit_failed_errno(read_errno ? -read_errno : -EIO)
                  : kit_done(kit_none());
}

static kit_step lines_next(kit_iter *it, kit_value sent)
{
    (void)sent;
    kit_lines *l = KIT_CONTAINER(it, kit_lines, iter);
    if (!l->file)
        return kit_done(kit_none());
    int saved = errno;
    errno = 0;
    ssize_t got = getline(&l->line, &l->room, l->file);
    int failure = errno;
    errno = saved;
    if (got < 0)
        return failure == ENOMEM ? kit_failed_errno(-ENOMEM)
                                 : end_of_file(&l->file, failure);
    if (l->line[got - 1] == '\n')
        l->line[--got] = '\0';
    l->length = (size_t)got;
    return kit_yielded(kit_ptr(l->line));
}

static kit_step lines_return(kit_iter *it, kit_value value)
{
    close_file(&KIT_CONTAINER(it, kit_lines, iter)->file);
    return kit_done(value);
}

int kit_lines_open(kit_lines *l, const char *path)
{
    static const struct kit_iter_ops ops = {lines_next, NULL, lines_return};
    kit_iter_init(&l->iter, &ops);
    l->line = NULL;
    l->room = l->length = 0;
    return open_file(&l->file, path);
}

void kit_lines_close(kit_lines *l)
{
    close_file(&l->file);
    free(l->line);
    l->line = NULL;
}

static kit_step bytes_next(kit_iter *it, kit_value sent)
{
    (void)sent;
    kit_bytes *b = KIT_CONTAINER(it, kit_bytes, iter);
    if (!b->file)
        return kit_done(kit_none());
    int saved = errno;
    errno = 0;
    int byte = getc_unlocked(b->file);
    int failure = errno;
    errno = saved;
    return byte == EOF ? end_of_file(&b->file, failure)
                       : kit_yielded(kit_int(byte));
}

static kit_step bytes_return(kit_iter *it, kit_value value)
{
    close_file(&KIT_CONTAINER(it, kit_bytes, iter)->file);
    return kit_done(value);
}

int kit_bytes_open(kit_bytes *b, const char *path)
{
    static const struct kit_iter_ops ops = {bytes_next, NULL, bytes_return};
    kit_iter_init(&b->iter, &ops);
    return open_file(&b->file, path);
}

void kit_bytes_close(kit_bytes *b)
{
    close_file(&b->file);
}
