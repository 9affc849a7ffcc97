/* SPDX-License-Identifier: MIT */
/* Operations on descriptors: each is tried, and tried again when there may be
   a change. */
#include "fd_wait.h"

#include <preempt/fd.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct operation {
    ssize_t (*attempt)(const struct operation *); /* as system calls return */
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

/* A negative errno value on failure. */
static ssize_t attempt(const struct operation *o)
{
    int saved = errno;
    ssize_t result;
    do
        result = o->attempt(o);
    while (result < 0 && errno == EINTR);
    if (result < 0)
        result = -errno;
    errno = saved;
    return result;
}

static ssize_t attempt_nonblocking(const struct operation *o)
{
    int flags = fcntl(o->fd, F_GETFL);
    if (flags < 0 || (flags & O_NONBLOCK))
        return flags < 0 ? flags : 0;
    return fcntl(o->fd, F_SETFL, flags | O_NONBLOCK);
}

/* Before anything else: whoever waits must not do so in the attempt. */
static int admit(int fd)
{
    struct operation o = {.attempt = attempt_nonblocking, .fd = fd};
    return (int)attempt(&o);
}

static ssize_t perform(const struct operation *o, int64_t deadline)
{
    ssize_t result = admit(o->fd);
    if (result < 0)
        return result;
    while ((result = attempt(o)) == -EAGAIN) {
        int ready = preempt_fd_await(o->fd, o->events, o->what, deadline);
        if (ready < 0)
            return ready;
    }
    return result;
}

/* ---- read, write ---- */

static ssize_t attempt_read(const struct operation *o)
{
    return read(o->fd, o->out, o->size);
}

ssize_t preempt_fd_read_until(int fd, void *buffer, size_t size,
                              int64_t deadline)
{
    struct operation o = {.attempt = attempt_read,
                          .fd = fd,
                          .events = PREEMPT_FD_READ,
                          .what = "read from",
                          .out = buffer,
                          .size = size};
    return perform(&o, deadline);
}

ssize_t preempt_fd_read(int fd, void *buffer, size_t size)
{
    return preempt_fd_read_until(fd, buffer, size, KIT_FOREVER);
}

static ssize_t attempt_write(const struct operation *o)
{
    return write(o->fd, o->in, o->size);
}

ssize_t preempt_fd_write_until(int fd, const void *buffer, size_t size,
                               int64_t deadline)
{
    struct operation o = {.attempt = attempt_write,
                          .fd = fd,
                          .events = PREEMPT_FD_WRITE,
                          .what = "write to",
                          .in = buffer,
                          .size = size};
    return perform(&o, deadline);
}

ssize_t preempt_fd_write(int fd, const void *buffer, size_t size)
{
    return preempt_fd_write_until(fd, buffer, size, KIT_FOREVER);
}

/* ---- accept, connect ---- */

static ssize_t attempt_accept(const struct operation *o)
{
    return accept4(o->fd, o->out, o->length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int preempt_fd_accept_until(int fd, struct sockaddr *address, socklen_t *length,
                            int64_t deadline)
{
    struct operation o = {.attempt = attempt_accept,
                          .fd = fd,
                          .events = PREEMPT_FD_READ,
                          .what = "accept from",
                          .out = address,
                          .length = length};
    return (int)perform(&o, deadline);
}

int preempt_fd_accept(int fd, struct sockaddr *address, socklen_t *length)
{
    return preempt_fd_accept_until(fd, address, length, KIT_FOREVER);
}

/* When a signal interrupts it, it goes on all the same. */
static ssize_t attempt_connect(const struct operation *o)
{
    int result = connect(o->fd, o->in, (socklen_t)o->size);
    if (result < 0 && errno == EINTR)
        errno = EINPROGRESS;
    return result;
}

/* What has become of it. */
static ssize_t attempt_result(const struct operation *o)
{
    int error = 0;
    socklen_t length = sizeof error;
    int result = getsockopt(o->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (result == 0 && error != 0) {
        errno = error;
        result = -1;
    }
    return result;
}

int preempt_fd_connect_until(int fd, const struct sockaddr *address,
                             socklen_t length, int64_t deadline)
{
    struct operation o = {
        .attempt = attempt_connect, .fd = fd, .in = address, .size = length};
    int result = admit(fd);
    if (result == 0)
        result = (int)attempt(&o);
    if (result != -EINPROGRESS)
        return result;
    result = preempt_fd_await(fd, PREEMPT_FD_WRITE, "connect", deadline);
    o.attempt = attempt_result;
    return result < 0 ? result : (int)attempt(&o);
}

int preempt_fd_connect(int fd, const struct sockaddr *address, socklen_t length)
{
    return preempt_fd_connect_until(fd, address, length, KIT_FOREVER);
}

/* ---- wait ---- */

static ssize_t attempt_kind(const struct operation *o)
{
    struct stat s;
    int result = fstat(o->fd, &s);
    if (result == 0 && (S_ISREG(s.st_mode) || S_ISDIR(s.st_mode))) {
        errno = EPERM;
        result = -1;
    }
    return result;
}

int preempt_fd_wait_until(int fd, int events, int64_t deadline)
{
    struct operation o = {.attempt = attempt_kind, .fd = fd};
    if (events == 0 || (events & ~(PREEMPT_FD_READ | PREEMPT_FD_WRITE)))
        return -EINVAL;
    int result = admit(fd);
    if (result == 0)
        result = (int)attempt(&o);
    if (result == 0)
        result = preempt_fd_look(fd, events);
    if (result != 0)
        return result;
    return preempt_fd_await(fd, events, "be told of", deadline);
}

int preempt_fd_wait(int fd, int events)
{
    return preempt_fd_wait_until(fd, events, KIT_FOREVER);
}
