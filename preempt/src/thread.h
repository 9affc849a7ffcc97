/* SPDX-License-Identifier: MIT */
/* Starting a pthread the way that the kit does. */
#ifndef PREEMPT_THREAD_H
#define PREEMPT_THREAD_H

#include <kit/base.h>

#include <pthread.h>

struct thread_options {
    size_t stack_size; /* 0: PREEMPT_STACK_DEFAULT */
    int cpu;           /* -1: anywhere */
    int policy;        /* 0: the creator's */
    int priority;
};

/* A joinable thread. Negative errno on failure. */
int preempt_thread_start(pthread_t *out, const struct thread_options *options,
                         void *(*main)(void *), void *arg);

/* The bytes of stack that a thread gets that asks for `size`. */
size_t preempt_thread_stack(size_t size);

#endif
