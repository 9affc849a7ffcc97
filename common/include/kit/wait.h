/* SPDX-License-Identifier: MIT */
/*
 * Kernel wait and wake: the mechanism "kernel threads". A thin seam over the
 * futex, the clock, the current CPU, and the ways of waiting that the report
 * compares.
 *
 * Deadlines are absolute, in nanoseconds of CLOCK_MONOTONIC.
 */
#ifndef KIT_WAIT_H
#define KIT_WAIT_H

#include <kit/base.h>

#ifdef __cplusplus
typedef uint32_t kit_word; /* opaque there: only passed on to the kit */
typedef uintptr_t kit_pointer_word;
#else
#include <stdatomic.h>
typedef _Atomic uint32_t kit_word;
typedef _Atomic uintptr_t kit_pointer_word;
#endif

KIT_BEGIN

#define KIT_FOREVER INT64_MAX

/* Now, in the unit of deadlines. */
KIT_EXPORT int64_t kit_now(void);

/*
 * Sleeps while *word == expected, until woken or the deadline. 0 when woken,
 * or for no reason at all; -EAGAIN when *word differs at once; -ETIMEDOUT.
 * Callers look at *word again in every case.
 */
KIT_EXPORT int kit_wait(kit_word *word, uint32_t expected, int64_t deadline);

/* Wakes at most `count` threads that wait on `word`; how many it woke. */
KIT_EXPORT int kit_wake(kit_word *word, int count);

/* The CPU that the caller runs on, without a system call where possible. */
KIT_EXPORT int kit_cpu_current(void);

/* How a thread waits for another one. */
enum kit_wait_strategy {
    KIT_WAIT_ADAPTIVE = 0, /* spin about one wake-up if the other runs on
                              another CPU, then park; the default */
    KIT_WAIT_PARK,         /* sleep in the kernel (futex) at once */
    KIT_WAIT_SPIN,         /* never sleep: poll, and sched_yield now and then */
    KIT_WAIT_CONDVAR,      /* a mutex and condition variables of pthreads */
};

KIT_EXPORT const char *kit_wait_strategy_name(enum kit_wait_strategy s);

KIT_END

#endif
