/* SPDX-License-Identifier: MIT */
#include "together.h"

#include <kit/wait.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

enum gate_state {
    SHUT = 0,
    OPEN,
    CALLED_OFF,
};

struct gate {
    kit_word state; /* enum gate_state */
    kit_word ready; /* threads that wait at it */
};

struct runner {
    pthread_t thread;
    const struct micro_job *job;
    struct gate *gate;
};

static void *run(void *arg)
{
    struct runner *r = arg;
    uint32_t state;
    atomic_fetch_add_explicit(&r->gate->ready, 1, memory_order_relaxed);
    kit_wake(&r->gate->ready, 1);
    /* acquire: pairs with the release in open_gate */
    while ((state = atomic_load_explicit(&r->gate->state,
                                         memory_order_acquire)) == SHUT)
        kit_wait(&r->gate->state, SHUT, KIT_FOREVER);
    if (state == OPEN)
        r->job->main(r->job->arg);
    return NULL;
}

static int start(struct runner *r)
{
    pthread_attr_t attr;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(r->job->cpu, &set);
    pthread_attr_init(&attr);
    int error = pthread_attr_setaffinity_np(&attr, sizeof set, &set);
    if (!error)
        error = pthread_create(&r->thread, &attr, run, r);
    pthread_attr_destroy(&attr);
    return -error;
}

static void await_ready(struct gate *gate, uint32_t count)
{
    uint32_t ready;
    while ((ready = atomic_load_explicit(&gate->ready, memory_order_relaxed)) <
           count)
        kit_wait(&gate->ready, ready, KIT_FOREVER);
}

static void open_gate(struct gate *gate, enum gate_state state)
{
    atomic_store_explicit(&gate->state, state, memory_order_release);
    kit_wake(&gate->state, INT32_MAX);
}

int micro_together(const struct micro_job *jobs, size_t count)
{
    struct gate gate = {SHUT, 0};
    struct runner *runners = calloc(count, sizeof *runners);
    size_t started = 0;
    int result = runners ? 0 : -ENOMEM;
    while (!result && started < count) {
        runners[started].job = &jobs[started];
        runners[started].gate = &gate;
        result = start(&runners[started]);
        started += result == 0;
    }
    if (!result)
        await_ready(&gate, (uint32_t)count);
    open_gate(&gate, result ? CALLED_OFF : OPEN);
    for (size_t i = 0; i < started; i++)
        pthread_join(runners[i].thread, NULL);
    free(runners);
    return result;
}
