/* SPDX-License-Identifier: MIT */
/* The workloads whose tasks call the kernel, on coroutines: a call that blocks
   must be made elsewhere, or it stops all of them. */
#include "task_wiring.h"

#include "pipes.h"

#include <coop/fd.h>

static int elsewhere(kit_value (*call)(kit_value arg), kit_value arg,
                     kit_value *result)
{
    return coop_offload(call, arg, result);
}

static int get(int fd, struct pipe_message *message)
{
    return pipes_whole(coop_fd_read(fd, message, sizeof *message));
}

static int put(int fd, const struct pipe_message *message)
{
    return pipes_whole(coop_fd_write(fd, message, sizeof *message));
}

static int close_fd(int fd)
{
    return coop_fd_close(fd);
}

#include "blocking_task.h"
#include "pipes_task.h"

WIRING(blocking)
WIRING(pipes)
