/* SPDX-License-Identifier: MIT */
/* Starting a pthread the way that the kit does. */
#ifndef PREEMPT_THREAD_H
#define PREEMPT_THREAD_H

#include <kit/base.h>

#include <pthread.h>

/*
 * A joinable thread. stack_size 0: PREEMPT_STACK_DEFAULT; cpu -1: anywhere.
 * Negative errno on failure.
 */
int preempt_thread_start(pthread_t *out, size_t stack_size, int cpu,
                         void *(*main)(void *), void *arg);

#endif
