/* SPDX-License-Identifier: MIT */
/*
 * Why pthread_create failed. The kernel says EAGAIN for all of its limits, so
 * each is compared with how much of it is used.
 */
#include <preempt/task.h>

#include "thread.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define UNKNOWN (-1LL)

/* ---- reading /proc and /sys ---- */

/* The beginning of a file as a string; false, and "", when there is none. */
static bool read_text(const char *path, char *text, size_t room)
{
    size_t length = 0;
    ssize_t got = 1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && got > 0 && length < room - 1) {
        got = read(fd, text + length, room - 1 - length);
        length += got > 0 ? (size_t)got : 0;
    }
    text[length] = '\0';
    if (fd >= 0)
        close(fd);
    return length > 0;
}

/* The number after `label`, or at the start of the file without one. */
static long long number_in(const char *path, const char *label)
{
    char text[4096], *end;
    read_text(path, text, sizeof text);
    const char *at = label ? strstr(text, label) : text;
    if (!at)
        return UNKNOWN;
    at += label ? strlen(label) : 0;
    long long n = strtoll(at, &end, 10);
    return end > at ? n : UNKNOWN;
}

static long long lines_of(const char *path)
{
    char text[4096];
    long long lines = 0;
    ssize_t got;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return UNKNOWN;
    while ((got = read(fd, text, sizeof text)) > 0)
        for (ssize_t i = 0; i < got; i++)
            lines += text[i] == '\n';
    close(fd);
    return lines;
}

static long long resource(int which)
{
    struct rlimit limit;
    if (getrlimit(which, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return UNKNOWN;
    return (long long)limit.rlim_cur;
}

/* ---- the limits ---- */

struct limit {
    const char *format; /* of its value, and of how much of it is used */
    long long value, used, needed;
};

/* Threads of all processes of this user. */
static long long threads_of_user(void)
{
    char path[300], label[32];
    long long threads = 0;
    struct dirent *entry;
    DIR *proc = opendir("/proc");
    snprintf(label, sizeof label, "Uid:\t%u\t", (unsigned)getuid());
    while (proc && (entry = readdir(proc))) {
        char text[4096];
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        snprintf(path, sizeof path, "/proc/%s/status", entry->d_name);
        if (!read_text(path, text, sizeof text) || !strstr(text, label))
            continue;
        long long n = number_in(path, "Threads:");
        threads += n > 0 ? n : 0;
    }
    if (proc)
        closedir(proc);
    return proc ? threads : UNKNOWN;
}

static struct limit limit_of_user(void)
{
    struct limit l = {"ulimit -u allows this user %lld threads and processes, "
                      "and there are %lld",
                      UNKNOWN, 0, 1};
    if (geteuid() != 0) /* root may have more */
        l.value = resource(RLIMIT_NPROC);
    l.used = l.value >= 0 ? threads_of_user() : 0;
    return l;
}

/* The number in a file of the control group whose folder is the first `length`
   bytes of `path`. */
static long long number_of_group(char *path, size_t length, const char *file)
{
    strcpy(path + length, file);
    return number_in(path, NULL);
}

/* Looks at a group and at those above it, whose limits are its own, too: is
   there one that leaves less room? A container sees those up to its own, and
   may be told a path that begins further up: then the folders of some are not
   there. */
static void tighten(struct limit *tightest, const char *root, const char *group)
{
    char path[1024];
    size_t top = strlen(root), end = top + strlen(group);
    if (group[0] != '/' || end + sizeof "/pids.current" > sizeof path)
        return;
    stpcpy(stpcpy(path, root), group);
    for (;;) {
        long long value = number_of_group(path, end, "/pids.max");
        long long used = number_of_group(path, end, "/pids.current");
        if (value >= 0 && (tightest->value < 0 ||
                           value - used < tightest->value - tightest->used)) {
            tightest->value = value;
            tightest->used = used;
        }
        if (end <= top)
            return;
        while (path[--end] != '/')
            continue;
    }
}

/* The limit on threads is in the hierarchy of pids, "8:pids:/path", or in the
   unified one, "0::/path", which may be mounted beside others. */
static struct limit limit_of_group(void)
{
    struct limit tightest = {"pids.max of the control group allows %lld "
                             "threads, and there are %lld",
                             UNKNOWN, 0, 1};
    char text[4096], *rest = text, *group;
    read_text("/proc/self/cgroup", text, sizeof text);
    while ((group = strsep(&rest, "\n"))) {
        strsep(&group, ":");
        const char *controllers = strsep(&group, ":");
        if (!group)
            continue;
        if (strstr(controllers, "pids"))
            tighten(&tightest, "/sys/fs/cgroup/pids", group);
        if (controllers[0] == '\0') {
            tighten(&tightest, "/sys/fs/cgroup", group);
            tighten(&tightest, "/sys/fs/cgroup/unified", group);
        }
    }
    return tightest;
}

/* "0.20 0.18 0.12 1/80 11206": running and all threads of the machine */
static long long threads_of_machine(void)
{
    return number_in("/proc/loadavg", "/");
}

static struct limit limit_of_machine(void)
{
    return (struct limit){"kernel.threads-max allows %lld threads, and there "
                          "are %lld",
                          number_in("/proc/sys/kernel/threads-max", NULL),
                          threads_of_machine(), 1};
}

/* The kernel keeps the numbers below 300 for what begins with the machine. */
static struct limit limit_of_numbers(void)
{
    return (struct limit){"kernel.pid_max allows %lld threads and processes, "
                          "and there are %lld",
                          number_in("/proc/sys/kernel/pid_max", NULL),
                          threads_of_machine(), 301};
}

/* A stack and its guard. */
static struct limit limit_of_mappings(void)
{
    return (struct limit){"vm.max_map_count allows %lld mappings, and there "
                          "are %lld",
                          number_in("/proc/sys/vm/max_map_count", NULL),
                          lines_of("/proc/self/maps"), 2};
}

static struct limit limit_of_space(size_t stack)
{
    long long page = sysconf(_SC_PAGESIZE);
    return (struct limit){"ulimit -v allows %lld bytes of address space, of "
                          "which %lld are used",
                          resource(RLIMIT_AS),
                          number_in("/proc/self/statm", NULL) * page,
                          (long long)stack + page};
}

/* What a thread may write of its stack counts, as the heap does. */
static struct limit limit_of_data(size_t stack)
{
    return (struct limit){"ulimit -d allows %lld bytes of data, of which %lld "
                          "are used",
                          resource(RLIMIT_DATA),
                          number_in("/proc/self/status", "VmData:") * 1024,
                          (long long)stack + sysconf(_SC_PAGESIZE)};
}

static bool is_reached(const struct limit *l)
{
    return l->value >= 0 && l->used >= 0 && l->used > l->value - l->needed;
}

/* None of the others: the machine has no such memory, or does not promise it.
 */
static void describe_memory(size_t stack, char *text, size_t room)
{
    long long available = number_in("/proc/meminfo", "MemAvailable:");
    if (available >= 0 && stack / 1024 > (unsigned long long)available)
        snprintf(text, room,
                 "memory: the stack takes %zu KiB, and %lld KiB are available",
                 stack / 1024, available);
    else
        snprintf(text, room, "no limit is reached now");
}

const char *preempt_spawn_limit(size_t stack_size, char *text, size_t room)
{
    int saved = errno;
    size_t stack = preempt_thread_stack(stack_size);
    if (stack > PTRDIFF_MAX / 2)
        stack = PTRDIFF_MAX / 2;
    struct limit limits[] = {limit_of_user(),     limit_of_group(),
                             limit_of_machine(),  limit_of_numbers(),
                             limit_of_mappings(), limit_of_space(stack),
                             limit_of_data(stack)};
    size_t i = 0, count = sizeof limits / sizeof *limits;
    while (i < count && !is_reached(&limits[i]))
        i++;
    if (i < count)
        snprintf(text, room, limits[i].format, limits[i].value, limits[i].used);
    else
        describe_memory(stack, text, room);
    errno = saved;
    return text;
}
