/* SPDX-License-Identifier: MIT */
/*
 * Workload 13, pipes: messages go round a ring of pipes, some of which are
 * active at a time (after Provos's benchmark of libevent, 2002).
 */
#include "pipes.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* Room for so many pipes, and some for what is open besides. */
static void raise_limit(uint64_t pipes)
{
    struct rlimit limit;
    uint64_t wanted = 2 * pipes + 64;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int pipes_open(struct pipe_ends **pipes, const struct workload_params *params,
               struct workload_result *result)
{
    uint64_t opened = 0;
    int ends[2];
    raise_limit(params->tasks);
    *pipes = calloc(params->tasks, sizeof **pipes);
    if (!*pipes)
        return -ENOMEM;
    for (; opened < params->tasks && pipe2(ends, O_CLOEXEC) == 0; opened++)
        (*pipes)[opened] = (struct pipe_ends){ends[0], ends[1]};
    if (opened == params->tasks)
        return 0;
    int error = -errno;
    pipes_close(*pipes, opened, close);
    *pipes = NULL;
    return workload_fail(result, error, "cannot make so many pipes");
}

void pipes_close(struct pipe_ends *pipes, uint64_t count, int (*close_fd)(int))
{
    for (uint64_t i = 0; pipes && i < count; i++) {
        close_fd(pipes[i].out);
        close_fd(pipes[i].in);
    }
    free(pipes);
}

int pipes_read(int fd, struct pipe_message *message)
{
    ssize_t got;
    do
        got = read(fd, message, sizeof *message);
    while (got < 0 && errno == EINTR);
    return pipes_whole(got < 0 ? -errno : got);
}

int pipes_write(int fd, const struct pipe_message *message)
{
    ssize_t put;
    do
        put = write(fd, message, sizeof *message);
    while (put < 0 && errno == EINTR);
    return pipes_whole(put < 0 ? -errno : put);
}

/* One message to its end: the system calls, and nobody to wait for. */
static int send_round(const struct pipe_ends *pipes,
                      const struct workload_params *params, uint64_t index,
                      struct workload_result *result)
{
    struct pipe_message message = pipes_message(params, index);
    uint64_t at = pipes_first(params, index);
    int error = 0;
    if (message.left == 0)
        return 0;
    while (!error && message.left > 0) {
        error = pipes_write(pipes[at].in, &message);
        if (!error)
            error = pipes_read(pipes[at].out, &message);
        pipes_pass(&message, at);
        at = at + 1 == params->tasks ? 0 : at + 1;
    }
    result->checksum += workload_scatter(message.value);
    return error;
}

static int sequential(const struct workload_params *params,
                      struct workload_result *result)
{
    struct pipe_ends *pipes;
    int error = pipes_open(&pipes, params, result);
    if (error)
        return error;
    for (uint64_t i = 0; !error && i < pipes_active(params); i++)
        error = send_round(pipes, params, i, result);
    pipes_close(pipes, params->tasks, close);
    result->items = params->items;
    return error;
}

const struct workload_algorithm workload_pipes = {
    .sequential = sequential,
};
