/* SPDX-License-Identifier: MIT */
#include "seam.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static atomic_long calls[SEAM_COUNT];
static atomic_long allocations, mapped_bytes, threads;

/* ---- whose turn it is ---- */

static enum seam armed;
static int armed_error;
static bool armed_for_good;
static atomic_long left; /* calls until the one that fails */
static atomic_bool is_armed, was_hit;

void seam_arm(enum seam which, int error, long n, bool for_good)
{
    armed = which;
    armed_error = error;
    armed_for_good = for_good;
    atomic_store(&left, n);
    atomic_store(&was_hit, false);
    atomic_store(&is_armed, true);
}

bool seam_disarm(void)
{
    atomic_store(&is_armed, false);
    return atomic_load(&was_hit);
}

long seam_calls(enum seam which)
{
    return atomic_load(&calls[which]);
}

/* Is this call to fail? */
static bool fails(enum seam which)
{
    atomic_fetch_add(&calls[which], 1);
    if (!atomic_load(&is_armed) || armed != which)
        return false;
    long n = atomic_fetch_sub(&left, 1);
    if (n > 1 || (n < 1 && !armed_for_good))
        return false;
    atomic_store(&was_hit, true);
    return true;
}

/* As `fails`, for a call that says why in errno. */
static bool fails_by_errno(enum seam which)
{
    bool failed = fails(which);
    if (failed && armed_error)
        errno = armed_error;
    return failed;
}

/* What a call that fails returns, where success is 0. */
static int failure(void)
{
    return armed_error ? -1 : 0;
}

/* ---- what is held ---- */

/* Not by Check, which allocates. */
static long descriptors_open(void)
{
    long count = 0;
    DIR *fds = opendir("/proc/self/fd");
    while (fds && readdir(fds))
        count++;
    if (fds)
        closedir(fds);
    return count;
}

struct seam_holdings seam_holdings(void)
{
    return (struct seam_holdings){atomic_load(&allocations),
                                  atomic_load(&mapped_bytes),
                                  atomic_load(&threads), descriptors_open()};
}

/* ---- the calls: `__wrap_f` gets those of `f`, `__real_f` is it ---- */

#define WRAP(type, name, ...)                                                  \
    type __real_##name(__VA_ARGS__);                                           \
    type __wrap_##name(__VA_ARGS__);                                           \
    type __wrap_##name(__VA_ARGS__)

static void *held(void *memory)
{
    if (memory)
        atomic_fetch_add(&allocations, 1);
    return memory;
}

WRAP(void *, malloc, size_t size)
{
    return fails_by_errno(SEAM_MEMORY) ? NULL : held(__real_malloc(size));
}

WRAP(void *, calloc, size_t count, size_t size)
{
    return fails_by_errno(SEAM_MEMORY) ? NULL
                                       : held(__real_calloc(count, size));
}

WRAP(void *, aligned_alloc, size_t alignment, size_t size)
{
    return fails_by_errno(SEAM_MEMORY)
               ? NULL
               : held(__real_aligned_alloc(alignment, size));
}

WRAP(void *, realloc, void *memory, size_t size)
{
    if (fails_by_errno(SEAM_MEMORY))
        return NULL;
    void *moved = __real_realloc(memory, size);
    return memory ? moved : held(moved);
}

WRAP(void, free, void *memory)
{
    if (memory)
        atomic_fetch_sub(&allocations, 1);
    __real_free(memory);
}

WRAP(void *, mmap, void *hint, size_t bytes, int protection, int flags, int fd,
     off_t offset)
{
    if (fails_by_errno(SEAM_MAP))
        return MAP_FAILED;
    void *memory = __real_mmap(hint, bytes, protection, flags, fd, offset);
    if (memory != MAP_FAILED)
        atomic_fetch_add(&mapped_bytes, (long)bytes);
    return memory;
}

WRAP(int, munmap, void *memory, size_t bytes)
{
    if (fails_by_errno(SEAM_UNMAP))
        return failure();
    int result = __real_munmap(memory, bytes);
    if (result == 0)
        atomic_fetch_sub(&mapped_bytes, (long)bytes);
    return result;
}

WRAP(int, mprotect, void *memory, size_t bytes, int protection)
{
    return fails_by_errno(SEAM_GUARD)
               ? failure()
               : __real_mprotect(memory, bytes, protection);
}

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
WRAP(int, madvise, void *memory, size_t bytes, int advice)
{
    enum seam seam = advice == MADV_GUARD_INSTALL ? SEAM_GUARD : SEAM_ADVICE;
    return fails_by_errno(seam) ? failure()
                                : __real_madvise(memory, bytes, advice);
}

/* ---- threads: these return their errors ---- */

WRAP(int, pthread_create, pthread_t *thread, const pthread_attr_t *attr,
     void *(*body)(void *), void *arg)
{
    if (fails(SEAM_THREAD))
        return armed_error;
    int error = __real_pthread_create(thread, attr, body, arg);
    if (error == 0)
        atomic_fetch_add(&threads, 1);
    return error;
}

WRAP(int, pthread_join, pthread_t thread, void **result)
{
    int error = __real_pthread_join(thread, result);
    if (error == 0)
        atomic_fetch_sub(&threads, 1);
    return error;
}

WRAP(int, pthread_attr_init, pthread_attr_t *attr)
{
    return fails(SEAM_ATTRIBUTE) ? armed_error : __real_pthread_attr_init(attr);
}

WRAP(int, pthread_attr_setstacksize, pthread_attr_t *attr, size_t size)
{
    return fails(SEAM_ATTRIBUTE) ? armed_error
                                 : __real_pthread_attr_setstacksize(attr, size);
}

WRAP(int, pthread_attr_setaffinity_np, pthread_attr_t *attr, size_t size,
     const cpu_set_t *set)
{
    return fails(SEAM_ATTRIBUTE)
               ? armed_error
               : __real_pthread_attr_setaffinity_np(attr, size, set);
}

WRAP(int, pthread_key_create, pthread_key_t *key, void (*destroy)(void *))
{
    return fails(SEAM_KEY) ? armed_error
                           : __real_pthread_key_create(key, destroy);
}

WRAP(int, pthread_setspecific, pthread_key_t key, const void *value)
{
    return value && fails(SEAM_SPECIFIC)
               ? armed_error
               : __real_pthread_setspecific(key, value);
}

WRAP(int, pthread_mutex_init, pthread_mutex_t *mutex,
     const pthread_mutexattr_t *attr)
{
    return fails(SEAM_MUTEX) ? armed_error
                             : __real_pthread_mutex_init(mutex, attr);
}

/* Whoever does not sleep lets the others run. */
WRAP(int, pthread_mutex_timedlock, pthread_mutex_t *mutex,
     const struct timespec *deadline)
{
    if (!fails(SEAM_SLICE))
        return __real_pthread_mutex_timedlock(mutex, deadline);
    sched_yield();
    return armed_error;
}

WRAP(int, sigaltstack, const stack_t *stack, stack_t *former)
{
    return stack && fails_by_errno(SEAM_SIGNAL_STACK)
               ? failure()
               : __real_sigaltstack(stack, former);
}

/* ---- descriptors ---- */

WRAP(int, eventfd, unsigned value, int flags)
{
    return fails_by_errno(SEAM_DESCRIPTOR) ? -1 : __real_eventfd(value, flags);
}

WRAP(int, epoll_create1, int flags)
{
    return fails_by_errno(SEAM_DESCRIPTOR) ? -1 : __real_epoll_create1(flags);
}

WRAP(FILE *, fopen, const char *path, const char *mode)
{
    return fails_by_errno(SEAM_DESCRIPTOR) ? NULL : __real_fopen(path, mode);
}

/* Of the libraries' flags none asks for a mode. */
static const struct seam_file *files;

void seam_files(const struct seam_file *instead)
{
    files = instead;
}

static int open_contents(const char *contents)
{
    int fd = memfd_create("contents", MFD_CLOEXEC);
    if (write(fd, contents, strlen(contents)) < 0)
        abort();
    lseek(fd, 0, SEEK_SET);
    return fd;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    if (fails_by_errno(SEAM_DESCRIPTOR))
        return -1;
    for (const struct seam_file *f = files; f && f->path; f++)
        if (strcmp(f->path, path) == 0)
            return open_contents(f->contents);
    return __real_open(path, flags);
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
    va_list list;
    va_start(list, command);
    long arg = va_arg(list, long);
    va_end(list);
    return fails_by_errno(SEAM_FLAGS) ? -1 : __real_fcntl(fd, command, arg);
}

WRAP(int, epoll_ctl, int epoll, int operation, int fd, struct epoll_event *e)
{
    return fails_by_errno(SEAM_REGISTER)
               ? failure()
               : __real_epoll_ctl(epoll, operation, fd, e);
}

WRAP(int, epoll_wait, int epoll, struct epoll_event *events, int room, int ms)
{
    return fails_by_errno(SEAM_NEWS)
               ? failure()
               : __real_epoll_wait(epoll, events, room, ms);
}

/* ---- system calls without a function of their own ---- */

static bool is_past(const struct timespec *deadline)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > deadline->tv_sec ||
           (now.tv_sec == deadline->tv_sec && now.tv_nsec >= deadline->tv_nsec);
}

/* The kernel never forgets a deadline that is over. Whoever polls instead of
   sleeping lets the others run. */
static bool sleep_fails(const long *a)
{
    const struct timespec *deadline = (const void *)a[3];
    if ((a[1] & FUTEX_CMD_MASK) != FUTEX_WAIT_BITSET ||
        (deadline && is_past(deadline)))
        return false;
    bool failed = fails(SEAM_SLEEP);
    if (failed)
        sched_yield();
    if (failed && armed_error)
        errno = armed_error;
    return failed;
}

static bool fails_as_system_call(long number, const long *a)
{
    switch (number) {
    case SYS_futex:
        return sleep_fails(a);
    case SYS_epoll_pwait2:
        return fails_by_errno(SEAM_NEWS) || fails_by_errno(SEAM_NEWS_EXACT);
    case SYS_pipe2:
        return fails_by_errno(SEAM_DESCRIPTOR);
    case SYS_membarrier:
        return fails_by_errno(SEAM_BARRIER);
    default:
        return false;
    }
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
    long a[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    if (fails_as_system_call(number, a))
        return failure();
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
