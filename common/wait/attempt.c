/* SPDX-License-Identifier: MIT */
#include <kit/attempt.h>

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* Not inlined, whatever the linker can do: the address of errno must not be
   kept over a switch. */
__attribute__((noinline)) ssize_t kit_attempt_make(const struct kit_attempt *a)
{
    int saved = errno;
    ssize_t result;
    do
        result = a->call(a);
    while (result < 0 && errno == EINTR);
    if (result < 0)
        result = -errno;
    errno = saved;
    return result;
}

ssize_t kit_attempt_read(const struct kit_attempt *a)
{
    return read(a->fd, a->out, a->size);
}

ssize_t kit_attempt_write(const struct kit_attempt *a)
{
    return write(a->fd, a->in, a->size);
}

ssize_t kit_attempt_accept(const struct kit_attempt *a)
{
    return accept4(a->fd, a->out, a->length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* When a signal interrupts it, it goes on all the same. */
ssize_t kit_attempt_connect(const struct kit_attempt *a)
{
    int result = connect(a->fd, a->in, (socklen_t)a->size);
    if (result < 0 && errno == EINTR)
        errno = EINPROGRESS;
    return result;
}

ssize_t kit_attempt_connected(const struct kit_attempt *a)
{
    int error = 0;
    socklen_t length = sizeof error;
    int result = getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (result == 0 && error != 0) {
        errno = error;
        result = -1;
    }
    return result;
}

ssize_t kit_attempt_kind(const struct kit_attempt *a)
{
    struct stat s;
    int result = fstat(a->fd, &s);
    if (result == 0 && (S_ISREG(s.st_mode) || S_ISDIR(s.st_mode))) {
        errno = EPERM;
        result = -1;
    }
    return result;
}
