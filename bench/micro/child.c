/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <kit/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_readable(int fd, int64_t deadline)
{
    int64_t left = deadline - kit_now();
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return left > 0 && poll(&p, 1, (int)(left / 1000000) + 1) > 0;
}

int micro_child_finish(pid_t pid, int fd, void *room, size_t size,
                       int64_t deadline)
{
    size_t used = 0;
    ssize_t got = 1;
    bool in_time = true;
    int status = 0;
    while (got > 0 && used < size && (in_time = is_readable(fd, deadline))) {
        got = read(fd, (char *)room + used, size - used);
        used += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    if (!in_time)
        kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (!in_time)
        return -ETIMEDOUT;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? (int)used : -ECHILD;
}
