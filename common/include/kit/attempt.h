/* SPDX-License-Identifier: MIT */
/*
 * For those who make a kind of scheduler, not for those who use one.
 *
 * System calls on descriptors that do not block, and may have to be attempted
 * again when there is a change. How to wait for that is the scheduler's part.
 */
#ifndef KIT_ATTEMPT_H
#define KIT_ATTEMPT_H

#include <kit/base.h>

#include <sys/socket.h>
#include <sys/types.h>

KIT_BEGIN

struct kit_attempt {
    ssize_t (*call)(const struct kit_attempt *); /* as system calls return */
    int fd;
    int events; /* to wait for */
    const char *what;
    union {
        void *out;
        const void *in;
    };
    size_t size;
    socklen_t *length;
};

/* The call, again when a signal interrupts it. A negative errno value on
   failure; errno is left alone. */
KIT_EXPORT ssize_t kit_attempt_make(const struct kit_attempt *a);

/* ---- calls ---- */

KIT_EXPORT ssize_t kit_attempt_read(const struct kit_attempt *a);
KIT_EXPORT ssize_t kit_attempt_write(const struct kit_attempt *a);

/* What is accepted does not block, and is closed on exec. */
KIT_EXPORT ssize_t kit_attempt_accept(const struct kit_attempt *a);

/* Begins to connect; then, when it can be written to: what came of it. */
KIT_EXPORT ssize_t kit_attempt_connect(const struct kit_attempt *a);
KIT_EXPORT ssize_t kit_attempt_connected(const struct kit_attempt *a);

/* To find whether a descriptor is of what may have to be waited for: EPERM for
   a regular file or a directory, as of epoll. */
KIT_EXPORT ssize_t kit_attempt_kind(const struct kit_attempt *a);

KIT_END

#endif
