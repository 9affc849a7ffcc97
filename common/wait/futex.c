/* SPDX-License-Identifier: MIT */
/* The futex, the clock and the CPU: everything that is Linux's own. */
#include <kit/wait.h>

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__has_include)
#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif
#endif

int64_t kit_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int kit_wait(kit_word *word, uint32_t expected, int64_t deadline)
{
    int saved = errno, result = 0;
    struct timespec until, *limit = NULL;
    if (deadline != KIT_FOREVER) {
        deadline = deadline < 0 ? 0 : deadline;
        until.tv_sec = deadline / 1000000000;
        until.tv_nsec = deadline % 1000000000;
        limit = &until;
    }
    /* FUTEX_WAIT_BITSET takes an absolute time, FUTEX_WAIT a relative one. */
    if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected, limit,
                NULL, FUTEX_BITSET_MATCH_ANY) != 0)
        result = errno == EINTR ? 0 : -errno;
    errno = saved;
    return result;
}

int kit_wake(kit_word *word, int count)
{
    int saved = errno;
    long woken = syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count);
    errno = saved;
    return woken < 0 ? 0 : (int)woken;
}

int kit_cpu_current(void)
{
#if defined(RSEQ_SIG) && defined(__has_builtin)
#if __has_builtin(__builtin_thread_pointer)
    /* glibc 2.35 registers restartable sequences: the CPU is one load away. */
    if (KIT_LIKELY(__rseq_size > 0)) {
        const volatile struct rseq *r =
            (void *)((char *)__builtin_thread_pointer() + __rseq_offset);
        int cpu = (int)r->cpu_id;
        if (KIT_LIKELY(cpu >= 0))
            return cpu;
    }
#endif
#endif
    return sched_getcpu();
}

const char *kit_wait_strategy_name(enum kit_wait_strategy s)
{
    static const char *const names[] = {"adaptive", "park", "spin", "condvar"};
    return (unsigned)s <= KIT_WAIT_CONDVAR ? names[s] : "malformed";
}
