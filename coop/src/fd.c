/* SPDX-License-Identifier: MIT */
/* Operations on descriptors: each is tried, and tried again when there may be
   a change. */
#include "poller.h"
#include "waiters.h"

#include <coop/fd.h>
#include <kit/attempt.h>

#include <poll.h>
#include <unistd.h>

static ssize_t wait_and_retry(coop_sched *s, const struct kit_attempt *o,
                              int64_t deadline)
{
    ssize_t result;
    if (!s)
        return -EDEADLK;
    do {
        int ready = coop_poller_wait(s, o->fd, o->events, o->what, deadline);
        if (ready < 0)
            return ready;
        result = kit_attempt_make(o);
    } while (result == -EAGAIN);
    return result;
}

/* The others get their turn also when nobody ever has to wait. */
static ssize_t attempt(coop_sched *s, const struct kit_attempt *o)
{
    ssize_t result = kit_attempt_make(o);
    if (s && result >= 0)
        coop_check_slice(s);
    return result;
}

static ssize_t perform(const struct kit_attempt *o, int64_t deadline)
{
    coop_sched *s = coop_running_sched();
    ssize_t result = coop_poller_admit(s, o->fd);
    if (result < 0)
        return result;
    result = attempt(s, o);
    return result == -EAGAIN ? wait_and_retry(s, o, deadline) : result;
}

/* ---- read, write ---- */

ssize_t coop_fd_read_until(int fd, void *buffer, size_t size, int64_t deadline)
{
    struct kit_attempt o = {.call = kit_attempt_read,
                            .fd = fd,
                            .events = COOP_FD_READ,
                            .what = "read from",
                            .out = buffer,
                            .size = size};
    return perform(&o, deadline);
}

ssize_t coop_fd_read(int fd, void *buffer, size_t size)
{
    return coop_fd_read_until(fd, buffer, size, KIT_FOREVER);
}

ssize_t coop_fd_write_until(int fd, const void *buffer, size_t size,
                            int64_t deadline)
{
    struct kit_attempt o = {.call = kit_attempt_write,
                            .fd = fd,
                            .events = COOP_FD_WRITE,
                            .what = "write to",
                            .in = buffer,
                            .size = size};
    return perform(&o, deadline);
}

ssize_t coop_fd_write(int fd, const void *buffer, size_t size)
{
    return coop_fd_write_until(fd, buffer, size, KIT_FOREVER);
}

/* ---- accept, connect ---- */

int coop_fd_accept_until(int fd, struct sockaddr *address, socklen_t *length,
                         int64_t deadline)
{
    struct kit_attempt o = {.call = kit_attempt_accept,
                            .fd = fd,
                            .events = COOP_FD_READ,
                            .what = "accept from",
                            .out = address,
                            .length = length};
    return (int)perform(&o, deadline);
}

int coop_fd_accept(int fd, struct sockaddr *address, socklen_t *length)
{
    return coop_fd_accept_until(fd, address, length, KIT_FOREVER);
}

int coop_fd_connect_until(int fd, const struct sockaddr *address,
                          socklen_t length, int64_t deadline)
{
    struct kit_attempt o = {
        .call = kit_attempt_connect, .fd = fd, .in = address, .size = length};
    coop_sched *s = coop_running_sched();
    int result = coop_poller_admit(s, fd);
    if (result < 0)
        return result;
    result = (int)attempt(s, &o);
    if (result != -EINPROGRESS)
        return result;
    if (!s)
        return -EDEADLK;
    result = coop_poller_wait(s, fd, COOP_FD_WRITE, "connect", deadline);
    o.call = kit_attempt_connected;
    return result < 0 ? result : (int)kit_attempt_make(&o);
}

int coop_fd_connect(int fd, const struct sockaddr *address, socklen_t length)
{
    return coop_fd_connect_until(fd, address, length, KIT_FOREVER);
}

/* ---- close ---- */

static ssize_t attempt_close(const struct kit_attempt *o)
{
    int result = close(o->fd);
    return result < 0 && errno == EINTR ? 0 : result; /* it is closed then */
}

int coop_fd_close(int fd)
{
    struct kit_attempt o = {.call = attempt_close, .fd = fd};
    coop_sched *s = coop_running_sched();
    if (s)
        coop_poller_forget(s, fd);
    return (int)kit_attempt_make(&o);
}

/* ---- wait ---- */

/* The events that it is ready for, as a bit set; 0: for none. */
static ssize_t attempt_nothing(const struct kit_attempt *o)
{
    struct pollfd p = {.fd = o->fd};
    if (o->events & COOP_FD_READ)
        p.events |= POLLIN | POLLRDHUP;
    if (o->events & COOP_FD_WRITE)
        p.events |= POLLOUT;
    if (poll(&p, 1, 0) < 0)
        return -1;
    if (p.revents & POLLNVAL) {
        errno = EBADF;
        return -1;
    }
    if (p.revents & (POLLERR | POLLHUP))
        return o->events;
    return (p.revents & (POLLIN | POLLRDHUP) ? COOP_FD_READ : 0) |
           (p.revents & POLLOUT ? COOP_FD_WRITE : 0);
}

int coop_fd_wait_until(int fd, int events, int64_t deadline)
{
    struct kit_attempt o = {
        .call = attempt_nothing, .fd = fd, .events = events};
    struct kit_attempt kind = {.call = kit_attempt_kind, .fd = fd};
    if (events == 0 || (events & ~(COOP_FD_READ | COOP_FD_WRITE)))
        return -EINVAL;
    coop_sched *s = coop_running_sched();
    int result = coop_poller_admit(s, fd);
    if (result == 0 && s)
        result = coop_poller_register(s, fd); /* which epoll may refuse */
    else if (result == 0)
        result = (int)kit_attempt_make(&kind);
    if (result == 0)
        result = (int)kit_attempt_make(&o);
    if (result > 0 && s)
        coop_check_slice(s);
    if (result != 0)
        return result;
    if (!s)
        return -EDEADLK;
    return coop_poller_wait(s, fd, events, "be told of", deadline);
}

int coop_fd_wait(int fd, int events)
{
    return coop_fd_wait_until(fd, events, KIT_FOREVER);
}
