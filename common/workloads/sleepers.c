/* SPDX-License-Identifier: MIT */
/* Workload 13, sleepers: tasks that sleep a millisecond, again and again. */
#include "sleepers.h"

#include <stdlib.h>
#include <time.h>

/* One sleep for all, as who has no tasks would do it. */
static void sleep_once(void)
{
    struct timespec t = {.tv_nsec = SLEEPERS_INTERVAL};
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t) == EINTR)
        ;
}

static int sequential(const struct workload_params *params,
                      struct workload_result *result)
{
    uint64_t *states = calloc(params->tasks, sizeof *states);
    if (!states)
        return -ENOMEM;
    for (uint64_t t = 0; t < params->tasks; t++)
        states[t] = sleepers_begin(params, t);
    for (uint64_t i = 0; i < params->items; i++) {
        sleep_once();
        for (uint64_t t = 0; t < params->tasks; t++)
            states[t] = sleepers_wake(states[t]);
    }
    for (uint64_t t = 0; t < params->tasks; t++)
        result->checksum = workload_mix(result->checksum, states[t]);
    free(states);
    result->items = params->items * params->tasks;
    return 0;
}

const struct workload_algorithm workload_sleepers = {
    .sequential = sequential,
};
