/* SPDX-License-Identifier: MIT */
#include "kernel_limits.h"

#include <stdio.h>
#include <sys/resource.h>

static long long read_number(const char *path)
{
    long long n = -1;
    FILE *file = fopen(path, "re");
    if (file) {
        if (fscanf(file, "%lld", &n) != 1)
            n = -1;
        fclose(file);
    }
    return n;
}

static long long limit_of(int resource)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return -1;
    return (long long)limit.rlim_cur;
}

const char *limits_on_threads(void)
{
    static char text[256];
    snprintf(text, sizeof text,
             "the limits are ulimit -u %lld, pid_max %lld, threads-max %lld, "
             "max_map_count %lld (-1: none); use fewer tasks or raise one",
             limit_of(RLIMIT_NPROC), read_number("/proc/sys/kernel/pid_max"),
             read_number("/proc/sys/kernel/threads-max"),
             read_number("/proc/sys/vm/max_map_count"));
    return text;
}

const char *limits_on_memory(void)
{
    static char text[256];
    snprintf(text, sizeof text,
             "the limits are ulimit -v %lld bytes, max_map_count %lld (-1: "
             "none), and the machine's memory; use a smaller size",
             limit_of(RLIMIT_AS), read_number("/proc/sys/vm/max_map_count"));
    return text;
}
