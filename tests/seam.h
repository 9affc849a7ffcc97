/* SPDX-License-Identifier: MIT */
/*
 * Failures that can be made to happen. The suites that use this are linked with
 * the libraries' objects, whose calls of the C library and of the kernel come
 * here first (--wrap, see CMakeLists.txt); they are counted, and one of them
 * fails when it is that one's turn.
 */
#ifndef TESTS_SEAM_H
#define TESTS_SEAM_H

#include <stdbool.h>
#include <stddef.h>

/* The calls that fail together. */
enum seam {
    SEAM_MEMORY = 0,   /* malloc, calloc, realloc, aligned_alloc */
    SEAM_MAP,          /* mmap */
    SEAM_UNMAP,        /* munmap */
    SEAM_GUARD,        /* mprotect; madvise that installs a guard */
    SEAM_ADVICE,       /* any other madvise */
    SEAM_THREAD,       /* pthread_create */
    SEAM_ATTRIBUTE,    /* pthread_attr_init and what sets one */
    SEAM_KEY,          /* pthread_key_create */
    SEAM_SPECIFIC,     /* pthread_setspecific of a value */
    SEAM_MUTEX,        /* pthread_mutex_init */
    SEAM_SLICE,        /* pthread_mutex_timedlock */
    SEAM_SIGNAL_STACK, /* sigaltstack that sets one */
    SEAM_DESCRIPTOR,   /* eventfd, epoll_create1, open, fopen, pipe2 */
    SEAM_FLAGS,        /* fcntl */
    SEAM_REGISTER,     /* epoll_ctl */
    SEAM_NEWS,         /* epoll_wait, epoll_pwait2 */
    SEAM_NEWS_EXACT,   /* epoll_pwait2 */
    SEAM_SLEEP,        /* a futex's wait: returns without having slept */
    SEAM_BARRIER,      /* membarrier */
    SEAM_COUNT
};

/*
 * The n-th call from now (1: the next) fails with `error`, a positive errno
 * value, or with success and nothing done for 0; with `for_good`, so do all
 * that follow. One seam at a time.
 */
void seam_arm(enum seam which, int error, long n, bool for_good);

/* No call fails any more. Has one failed? */
bool seam_disarm(void);

/* How many such calls there were since the program began. */
long seam_calls(enum seam which);

/* A file that the libraries find with other contents when they open it. */
struct seam_file {
    const char *path, *contents;
};

/* From now on these, of which the last has no path; NULL: none. */
void seam_files(const struct seam_file *files);

/* What the libraries have taken, and not given back. */
struct seam_holdings {
    long allocations;
    long mapped_bytes;
    long threads;     /* that were not joined */
    long descriptors; /* of the process */
};

struct seam_holdings seam_holdings(void);

#endif
