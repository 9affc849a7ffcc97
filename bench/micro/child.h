/* SPDX-License-Identifier: MIT */
/* The end of a child process that reports through a pipe. */
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

#endif
