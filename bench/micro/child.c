/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <kit/wait.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
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

/* ---- the child ---- */

struct order {
    void (*work)(void *arg, void *room);
    void *arg, *room;
    size_t size;
    int fd;
};

static void *carry_out(void *arg)
{
    const struct order *o = arg;
    o->work(o->arg, o->room);
    bool told = write(o->fd, o->room, o->size) == (ssize_t)o->size;
    _exit(told ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void be_child(struct order *order)
{
    pthread_t thread;
    setpgid(0, 0);
    if (pthread_create(&thread, NULL, carry_out, order) == 0)
        pthread_join(thread, NULL);
    _exit(EXIT_FAILURE);
}

int micro_child_run(void (*work)(void *arg, void *room), void *arg, void *room,
                    size_t size, int64_t limit_ns)
{
    int ends[2];
    if (pipe(ends) != 0)
        return -errno;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        be_child(&(struct order){work, arg, room, size, ends[1]});
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return -EAGAIN;
    }
    setpgid(pid, pid); /* whoever of the two comes first */
    int result =
        micro_child_finish(pid, ends[0], room, size, kit_now() + limit_ns);
    if (result < 0)
        return result;
    return result == (int)size ? 0 : -ECHILD;
}
