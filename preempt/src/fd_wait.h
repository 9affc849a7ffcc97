/* SPDX-License-Identifier: MIT */
/*
 * Waiting for descriptors. A thread sleeps in ppoll, on the descriptor and on
 * an alarm: an eventfd of its task, by which cancellation and the closing of
 * the descriptor wake it. The task makes it at its first wait, and has it for
 * life.
 *
 * The kernel does not tell who polls a descriptor that it is being closed. So
 * those who wait are in lists of the scheduler, by the descriptor's number.
 */
#ifndef PREEMPT_FD_WAIT_H
#define PREEMPT_FD_WAIT_H

#include <kit/backoff.h>

#define FD_LISTS 32

struct fd_wait;

/* Those who wait for descriptors of these numbers, modulo FD_LISTS. */
struct fd_list {
    kit_lock lock;
    struct fd_wait *first;
};

struct preempt_task;

/* The calling thread waits until `fd` is ready for one of `events`: those that
   it is ready for. -EBADF when it is closed; `what`: for reports. */
int preempt_fd_await(int fd, int events, const char *what, int64_t deadline);

/* Those of `events` that it is ready for now; 0: none. -EBADF. Not for numbers
   below 0, as the first. */
int preempt_fd_look(int fd, int events);

/* The alarm of a task that ends. */
void preempt_fd_end_task(struct preempt_task *t);

#endif
