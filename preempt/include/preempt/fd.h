/* SPDX-License-Identifier: MIT */
/*
 * The outside world: file descriptors, and calls that block. The mirror image
 * of coop/fd.h.
 *
 * A thread that reads, writes, accepts or connects here can be canceled and
 * have a deadline, which a call of the system's own cannot. Each operation is
 * tried first, and need not wait then. The descriptor should be non-blocking
 * (O_NONBLOCK); the operations here make it so. Regular files are always ready,
 * and reading them blocks the thread: nothing ends that.
 *
 * Close a descriptor that was used here with preempt_fd_close and nothing else,
 * in a task of the same scheduler: its number may come back as that of another
 * file. Who is on the way into an operation on a descriptor that another task
 * closes may meet that other file, as with the calls of the system. Elsewhere
 * (in a task of another scheduler, or in none) preempt_fd_close is only a
 * close(2): the tasks that wait for the descriptor sleep on, until the file
 * that was closed is ready or they are canceled or out of time. Then they give
 * -EBADF, or meet the next file of that number.
 *
 * Any thread may call; those that are no tasks wait, too, but nobody can cancel
 * them, and a close does not wake them.
 *
 * Waiting: as preempt/task.h says (-ETIMEDOUT, -ECANCELED). Everything gives
 * -EBADF for what is no open descriptor; what waits gives the errors of
 * eventfd(2) and ppoll(2), too: a task that has waited once keeps a descriptor
 * of its own until it ends.
 */
#ifndef PREEMPT_FD_H
#define PREEMPT_FD_H

#include <preempt/task.h>

#include <sys/socket.h>
#include <sys/types.h>

KIT_BEGIN

enum preempt_fd_events {
    PREEMPT_FD_READ = 1,
    PREEMPT_FD_WRITE = 2,
};

/*
 * Waits until `fd` is ready for any of `events`, as poll(2) sees it; returns
 * those that it is ready for (an error or a hang-up makes it ready for all).
 * -EINVAL; -EPERM for a regular file, which needs no waiting. Several tasks may
 * wait for one descriptor; each event wakes all who wait for it. -EBADF when
 * the descriptor is closed meanwhile.
 */
KIT_EXPORT int preempt_fd_wait(int fd, int events);
KIT_EXPORT int preempt_fd_wait_until(int fd, int events, int64_t deadline);

/* As read(2) and write(2), of some bytes, with their errors as negative errno
   values (and SIGPIPE, unless it is ignored); never -EINTR, never -EAGAIN. */
KIT_EXPORT ssize_t preempt_fd_read(int fd, void *buffer, size_t size);
KIT_EXPORT ssize_t preempt_fd_read_until(int fd, void *buffer, size_t size,
                                         int64_t deadline);
KIT_EXPORT ssize_t preempt_fd_write(int fd, const void *buffer, size_t size);
KIT_EXPORT ssize_t preempt_fd_write_until(int fd, const void *buffer,
                                          size_t size, int64_t deadline);

/* As accept4(2) with SOCK_NONBLOCK | SOCK_CLOEXEC: the new descriptor. */
KIT_EXPORT int preempt_fd_accept(int fd, struct sockaddr *address,
                                 socklen_t *length);
KIT_EXPORT int preempt_fd_accept_until(int fd, struct sockaddr *address,
                                       socklen_t *length, int64_t deadline);

/* As connect(2): 0. After -ETIMEDOUT and -ECANCELED it may still come about:
   close the socket. A local socket whose listener's queue is full: -EAGAIN. */
KIT_EXPORT int preempt_fd_connect(int fd, const struct sockaddr *address,
                                  socklen_t length);
KIT_EXPORT int preempt_fd_connect_until(int fd, const struct sockaddr *address,
                                        socklen_t length, int64_t deadline);

/* As close(2); does not wait. Tasks that wait for it wake with -EBADF, if it is
   called where it should be (see above). */
KIT_EXPORT int preempt_fd_close(int fd);

/*
 * Runs call(arg), which may block, while the other tasks go on, and stores its
 * result: 0. Here that needs no other thread than the caller's. A call that has
 * begun cannot be stopped; a canceled task, or one whose deadline has come,
 * does not make it (-ECANCELED, -ETIMEDOUT). What is to run with either library
 * does not use the library in the call.
 */
KIT_EXPORT int preempt_offload(kit_value (*call)(kit_value arg), kit_value arg,
                               kit_value *result);
KIT_EXPORT int preempt_offload_until(kit_value (*call)(kit_value arg),
                                     kit_value arg, kit_value *result,
                                     int64_t deadline);

KIT_END

#endif
