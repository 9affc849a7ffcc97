/* SPDX-License-Identifier: MIT */
#include "usage.h"

#include <kit/wait.h>

#include <linux/perf_event.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A software event, so it works without hardware counters; it follows threads
   that are made later. -1 where the kernel refuses. */
static int open_migrations(void)
{
    struct perf_event_attr attr = {
        .type = PERF_TYPE_SOFTWARE,
        .size = sizeof attr,
        .config = PERF_COUNT_SW_CPU_MIGRATIONS,
        .inherit = 1,
    };
    return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1,
                        PERF_FLAG_FD_CLOEXEC);
}

static int64_t read_migrations(int fd)
{
    uint64_t count;
    if (fd < 0 || read(fd, &count, sizeof count) != sizeof count)
        return -1;
    return (int64_t)count;
}

static int64_t ns_of(struct timeval t)
{
    return (int64_t)t.tv_sec * 1000000000 + (int64_t)t.tv_usec * 1000;
}

static struct usage now(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (struct usage){
        .user_ns = ns_of(r.ru_utime),
        .system_ns = ns_of(r.ru_stime),
        .voluntary_switches = r.ru_nvcsw,
        .involuntary_switches = r.ru_nivcsw,
        .minor_faults = r.ru_minflt,
        .peak_rss_bytes = (int64_t)r.ru_maxrss * 1024,
        .wall_ns = kit_now(),
    };
}

void usage_begin(struct usage_meter *meter)
{
    meter->migrations_fd = open_migrations();
    meter->begin = now();
}

struct usage usage_end(struct usage_meter *meter)
{
    int64_t wall_end = kit_now();
    struct usage u = now(), *b = &meter->begin;
    u.wall_ns = wall_end - b->wall_ns;
    u.user_ns -= b->user_ns;
    u.system_ns -= b->system_ns;
    u.voluntary_switches -= b->voluntary_switches;
    u.involuntary_switches -= b->involuntary_switches;
    u.minor_faults -= b->minor_faults;
    u.migrations = read_migrations(meter->migrations_fd);
    if (meter->migrations_fd >= 0)
        close(meter->migrations_fd);
    return u;
}
