/* SPDX-License-Identifier: MIT */
/* Operations on descriptors: each is tried, and tried again when there may be
   a change. */
#include "fd_wait.h"

#include <kit/attempt.h>
#include <preempt/fd.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static ssize_t attempt_nonblocking(const struct kit_attempt *o)
{
    int flags = fcntl(o->fd, F_GETFL);
    if (flags < 0 || (flags & O_NONBLOCK))
        return flags < 0 ? flags : 0;
    return fcntl(o->fd, F_SETFL, flags | O_NONBLOCK);
}

/* Before anything else: whoever waits must not do so in the attempt. */
static int admit(int fd)
{
    struct kit_attempt o = {.call = attempt_nonblocking, .fd = fd};
    return (int)kit_attempt_make(&o);
}

static ssize_t perform(const struct kit_attempt *o, int64_t deadline)
{
    ssize_t result = admit(o->fd);
    if (result < 0)
        return result;
    while ((result = kit_attempt_make(o)) == -EAGAIN) {
        int ready = preempt_fd_await(o->fd, o->events, o->what, deadline);
        if (ready < 0)
            return ready;
    }
    return result;
}

/* ---- read, write ---- */

ssize_t preempt_fd_read_until(int fd, void *buffer, size_t size,
                              int64_t deadline)
{
    struct kit_attempt o = {.call = kit_attempt_read,
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

ssize_t preempt_fd_write_until(int fd, const void *buffer, size_t size,
                               int64_t deadline)
{
    struct kit_attempt o = {.call = kit_attempt_write,
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

int preempt_fd_accept_until(int fd, struct sockaddr *address, socklen_t *length,
                            int64_t deadline)
{
    struct kit_attempt o = {.call = kit_attempt_accept,
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

int preempt_fd_connect_until(int fd, const struct sockaddr *address,
                             socklen_t length, int64_t deadline)
{
    struct kit_attempt o = {
        .call = kit_attempt_connect, .fd = fd, .in = address, .size = length};
    int result = admit(fd);
    if (result == 0)
        result = (int)kit_attempt_make(&o);
    if (result != -EINPROGRESS)
        return result;
    result = preempt_fd_await(fd, PREEMPT_FD_WRITE, "connect", deadline);
    o.call = kit_attempt_connected;
    return result < 0 ? result : (int)kit_attempt_make(&o);
}

int preempt_fd_connect(int fd, const struct sockaddr *address, socklen_t length)
{
    return preempt_fd_connect_until(fd, address, length, KIT_FOREVER);
}

/* ---- wait ---- */

int preempt_fd_wait_until(int fd, int events, int64_t deadline)
{
    struct kit_attempt o = {.call = kit_attempt_kind, .fd = fd};
    if (events == 0 || (events & ~(PREEMPT_FD_READ | PREEMPT_FD_WRITE)))
        return -EINVAL;
    int result = admit(fd);
    if (result == 0)
        result = (int)kit_attempt_make(&o);
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
