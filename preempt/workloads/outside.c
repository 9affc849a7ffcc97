/* SPDX-License-Identifier: MIT */
/* The workloads whose tasks call the kernel, on threads, which may just block.
 */
#include "task_wiring.h"

#include "pipes.h"

#include <unistd.h>

static int elsewhere(kit_value (*call)(kit_value arg), kit_value arg,
                     kit_value *result)
{
    *result = call(arg);
    return 0;
}

static int get(int fd, struct pipe_message *message)
{
    return pipes_read(fd, message);
}

static int put(int fd, const struct pipe_message *message)
{
    return pipes_write(fd, message);
}

static int close_fd(int fd)
{
    return close(fd);
}

#include "blocking_task.h"
#include "pipes_task.h"

WIRING(blocking)
WIRING(pipes)
