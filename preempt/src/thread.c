/* SPDX-License-Identifier: MIT */
/* Starting a pthread: stack size, affinity, policy, error. */
#include "thread.h"

#include <preempt/task.h>

#include <errno.h>
#include <limits.h>
#include <sched.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZER_FACTOR 4 /* frames grow under a sanitizer */
#else
#define SANITIZER_FACTOR 1
#endif

static int set_cpu(pthread_attr_t *attr, int cpu)
{
    cpu_set_t set;
    if (cpu < 0)
        return 0;
    if (cpu >= CPU_SETSIZE)
        return EINVAL;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return pthread_attr_setaffinity_np(attr, sizeof set, &set);
}

size_t preempt_thread_stack(size_t size)
{
    size = size ? size : PREEMPT_STACK_DEFAULT;
    if (size < (size_t)PTHREAD_STACK_MIN)
        size = (size_t)PTHREAD_STACK_MIN;
    return size > SIZE_MAX / (2 * SANITIZER_FACTOR) ? size
                                                    : size * SANITIZER_FACTOR;
}

static int set_stack(pthread_attr_t *attr, size_t size)
{
    if (size > SIZE_MAX / (2 * SANITIZER_FACTOR))
        return EINVAL;
    return pthread_attr_setstacksize(attr, preempt_thread_stack(size));
}

static int set_policy(pthread_attr_t *attr, int policy, int priority)
{
    struct sched_param param = {.sched_priority = priority};
    if (policy == 0)
        return priority == 0 ? 0 : EINVAL;
    if (policy != SCHED_FIFO && policy != SCHED_RR)
        return EINVAL;
    int error = pthread_attr_setschedpolicy(attr, policy);
    if (!error)
        error = pthread_attr_setschedparam(attr, &param);
    if (!error)
        error = pthread_attr_setinheritsched(attr, PTHREAD_EXPLICIT_SCHED);
    return error;
}

int preempt_thread_start(pthread_t *out, const struct thread_options *options,
                         void *(*main)(void *), void *arg)
{
    pthread_attr_t attr;
    int saved = errno, error = pthread_attr_init(&attr);
    if (error)
        return -error;
    error = set_stack(&attr, options->stack_size);
    if (!error)
        error = set_cpu(&attr, options->cpu);
    if (!error)
        error = set_policy(&attr, options->policy, options->priority);
    if (!error)
        error = pthread_create(out, &attr, main, arg);
    pthread_attr_destroy(&attr);
    errno = saved;
    return -error;
}
