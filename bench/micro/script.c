/* SPDX-License-Identifier: MIT */
#include "script.h"

#include "child.h"

#include <kit/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIME_LIMIT_NS INT64_C(10000000000)

extern char **environ;

/* Its output goes to `out`; it leads a process group, so that a wrapper and
   what that starts can be ended together. An errno value. */
static int spawn(char *const argv[], int out, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
    int error = posix_spawnp(pid, argv[0], &actions, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static enum micro_verdict take_numbers(struct micro_cell *cell,
                                       const char *program, const char *text)
{
    char *rest;
    cell->value[0] = strtod(text, &rest);
    if (cell->entry.second_figure)
        cell->value[1] = strtod(rest, NULL);
    if (cell->value[0] > 0)
        return MICRO_OK;
    return micro_because(cell, MICRO_SKIPPED, "%s printed no number", program);
}

enum micro_verdict micro_program_measure(struct micro_cell *cell,
                                         const char *name, char *const argv[])
{
    char text[64] = "";
    int pipe_ends[2];
    pid_t pid;
    if (pipe2(pipe_ends, O_CLOEXEC) != 0)
        return micro_because(cell, MICRO_SKIPPED, "no pipe: %s",
                             strerror(errno));
    int error = spawn(argv, pipe_ends[1], &pid);
    close(pipe_ends[1]);
    if (error) {
        close(pipe_ends[0]);
        return micro_because(cell, MICRO_SKIPPED, "%s: %s", name,
                             error == ENOENT ? "not installed"
                                             : strerror(error));
    }
    int result = micro_child_finish(pid, pipe_ends[0], text, sizeof text - 1,
                                    kit_now() + TIME_LIMIT_NS);
    if (result == -ETIMEDOUT)
        return micro_because(cell, MICRO_SKIPPED, "%s took too long", name);
    return take_numbers(cell, name, result < 0 ? "" : text);
}

enum micro_verdict micro_script_measure(struct micro_cell *cell)
{
    const struct micro_script *s = cell->entry.how;
    char *argv[] = {(char *)(uintptr_t)s->program, (char *)(uintptr_t)s->option,
                    (char *)(uintptr_t)s->text, NULL};
    return micro_program_measure(cell, s->program, argv);
}
