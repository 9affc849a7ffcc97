/* SPDX-License-Identifier: MIT */
/*
 * The outside world: file descriptors, and calls that block.
 *
 * A task that reads, writes, accepts or connects lets the others run until the
 * descriptor is ready. Each operation is tried first, and need not wait then;
 * a task whose operations are always done at once gives way to the others all
 * the same, when its time slice is used (see coop_checkpoint), canceled or not.
 * The descriptor should be non-blocking (O_NONBLOCK); the operations here make
 * it so at first use. Regular files are always ready, and reading them blocks
 * the thread: see coop_offload.
 *
 * A descriptor is registered with the kernel (epoll, edge-triggered) once, at
 * its first wait, and stays so until coop_fd_close. Close a descriptor that
 * was used here with coop_fd_close and nothing else, in a task of the same
 * scheduler: its number may come back as that of another file. Elsewhere (on
 * another thread, or outside coop_run) coop_fd_close is only a close(2): the
 * tasks that wait for the descriptor sleep on until they are canceled or out of
 * time, and those that will wait for the next file of that number, too.
 *
 * Waiting: as coop/task.h says (-ETIMEDOUT, -ECANCELED, -EDEADLK). Everything
 * gives -EBADF for what is no open descriptor, and -ENOMEM where there is no
 * memory to keep track of it; what waits gives the errors of epoll_create(2)
 * and epoll_ctl(2), too.
 */
#ifndef COOP_FD_H
#define COOP_FD_H

#include <coop/task.h>

#include <sys/socket.h>
#include <sys/types.h>

KIT_BEGIN

enum coop_fd_events {
    COOP_FD_READ = 1,
    COOP_FD_WRITE = 2,
};

/*
 * Waits until `fd` is ready for any of `events`, as poll(2) sees it; returns
 * those that it is ready for (an error or a hang-up makes it ready for all).
 * -EINVAL; -EPERM for a regular file, which needs no waiting. Several tasks may
 * wait for one descriptor; each event wakes all who wait for it. -EBADF when
 * the descriptor is closed meanwhile.
 */
KIT_EXPORT int coop_fd_wait(int fd, int events);
KIT_EXPORT int coop_fd_wait_until(int fd, int events, int64_t deadline);

/* As read(2) and write(2), of some bytes, with their errors as negative errno
   values (and SIGPIPE, unless it is ignored); never -EINTR, never -EAGAIN. */
KIT_EXPORT ssize_t coop_fd_read(int fd, void *buffer, size_t size);
KIT_EXPORT ssize_t coop_fd_read_until(int fd, void *buffer, size_t size,
                                      int64_t deadline);
KIT_EXPORT ssize_t coop_fd_write(int fd, const void *buffer, size_t size);
KIT_EXPORT ssize_t coop_fd_write_until(int fd, const void *buffer, size_t size,
                                       int64_t deadline);

/* As accept4(2) with SOCK_NONBLOCK | SOCK_CLOEXEC: the new descriptor. */
KIT_EXPORT int coop_fd_accept(int fd, struct sockaddr *address,
                              socklen_t *length);
KIT_EXPORT int coop_fd_accept_until(int fd, struct sockaddr *address,
                                    socklen_t *length, int64_t deadline);

/* As connect(2): 0. After -ETIMEDOUT and -ECANCELED it may still come about:
   close the socket. A local socket whose listener's queue is full: -EAGAIN. */
KIT_EXPORT int coop_fd_connect(int fd, const struct sockaddr *address,
                               socklen_t length);
KIT_EXPORT int coop_fd_connect_until(int fd, const struct sockaddr *address,
                                     socklen_t length, int64_t deadline);

/* As close(2); does not wait. Tasks that wait for it wake with -EBADF, if it is
   called where it should be (see above). */
KIT_EXPORT int coop_fd_close(int fd);

/*
 * Runs call(arg) on a helper thread while the other tasks of this scheduler go
 * on; stores its result. 0; -EAGAIN when no thread can be made, and at the
 * scheduler's first call -ENOMEM and the errors of eventfd(2). A call that has
 * begun cannot be stopped and is waited for: only while it waits for a helper
 * thread do cancellation and the deadline end the wait (-ECANCELED,
 * -ETIMEDOUT), and then it is not made. The thread is not a task: the call
 * must not use this library. How many there may be is an option of the
 * scheduler (coop/task.h); calls beyond that queue up, first in, first out.
 * The threads are the scheduler's and end with it; signals are blocked in them.
 */
KIT_EXPORT int coop_offload(kit_value (*call)(kit_value arg), kit_value arg,
                            kit_value *result);
KIT_EXPORT int coop_offload_until(kit_value (*call)(kit_value arg),
                                  kit_value arg, kit_value *result,
                                  int64_t deadline);

KIT_END

#endif
