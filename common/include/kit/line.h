/* SPDX-License-Identifier: MIT */
/*
 * For those who make a kind of scheduler, not for those who use one.
 *
 * A line of text put together without stdio and without allocating, so that a
 * report can be written in a signal handler. What does not fit is cut off.
 */
#ifndef KIT_LINE_H
#define KIT_LINE_H

#include <kit/base.h>

#include <errno.h>
#include <unistd.h>

struct kit_line {
    size_t length;
    char text[256];
};

static inline void kit_line_add(struct kit_line *l, const char *text)
{
    while (*text && l->length < sizeof l->text - 1) /* its end needs one */
        l->text[l->length++] = *text++;
}

static inline void kit_line_add_number(struct kit_line *l, uint64_t n)
{
    char digits[21];
    char *at = digits + sizeof digits - 1;
    *at = '\0';
    do
        *--at = (char)('0' + n % 10);
    while (n /= 10);
    kit_line_add(l, at);
}

/* Spaces up to a column. */
static inline void kit_line_pad(struct kit_line *l, size_t column)
{
    while (l->length < column && l->length < sizeof l->text - 1)
        l->text[l->length++] = ' ';
}

/* Ends the line, writes it, and empties it. Best effort: no result. */
static inline void kit_line_write(struct kit_line *l, int fd)
{
    int saved = errno;
    size_t done = 0;
    l->text[l->length++] = '\n';
    while (done < l->length) {
        ssize_t n = write(fd, l->text + done, l->length - done);
        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    l->length = 0;
    errno = saved;
}

#endif
