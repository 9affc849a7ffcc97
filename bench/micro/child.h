/* SPDX-License-Identifier: MIT */
/* Child processes that report through a pipe. */
#ifndef MICRO_CHILD_H
#define MICRO_CHILD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Reads what the child writes, at most `size` bytes, until it closes the pipe,
 * and reaps it. The number of bytes; -ECHILD when the child failed; -ETIMEDOUT
 * after the deadline: then its process group has been killed. Closes `fd`.
 */
int micro_child_finish(pid_t pid, int fd, void *room, size_t size,
                       int64_t deadline);

/*
 * Forks a child that runs `work` on a new thread, whose pool of stacks is new,
 * and gets the `size` bytes that it leaves in `room`, which begins as the
 * caller's. 0; -EAGAIN when there can be no child; else as
 * micro_child_finish, with a deadline `limit_ns` from now.
 */
int micro_child_run(void (*work)(void *arg, void *room), void *arg, void *room,
                    size_t size, int64_t limit_ns);

#endif
