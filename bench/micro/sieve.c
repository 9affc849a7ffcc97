/* SPDX-License-Identifier: MIT */
/* The sieve of channels: a chain of tasks that is as long as there are primes,
   and every number passes through a part of it. */
#include "sieve.h"
#include "core.h"
#include "go.h"
#include "mains.h"

#include <coop/chan.h>
#include <kit/wait.h>
#include <preempt/chan.h>

#include <errno.h>
#include <stdio.h>

#define MS      1000000.0
#define FEW     100
#define MANY    2000
#define SAMPLES 5

#define K(name) coop_##name
#include "sieve_task.h"
#undef K
#define K(name) preempt_##name
#include "sieve_task.h"
#undef K

static uint64_t sum_of_primes(uint64_t count)
{
    uint64_t sum = 0;
    for (uint64_t n = 2; count > 0; n++) {
        bool is_prime = true;
        for (uint64_t d = 2; d * d <= n && is_prime; d++)
            is_prime = n % d != 0;
        sum += is_prime ? n : 0;
        count -= is_prime;
    }
    return sum;
}

static enum micro_verdict account(struct micro_cell *cell, int result,
                                  const struct sieve_run *run)
{
    if (result < 0)
        return micro_because(cell, MICRO_SKIPPED, "%s", kit_error_text(result));
    if (run->sum != sum_of_primes(run->primes))
        return micro_because(cell, MICRO_FAILED, "these are not the primes");
    cell->value[0] = (double)run->elapsed_ns / MS;
    return MICRO_OK;
}

static struct sieve_run run_of(const struct micro_cell *cell)
{
    return (struct sieve_run){.primes = cell->entry.number[0],
                              .capacity = cell->entry.number[1]};
}

static enum micro_verdict coop_main(struct micro_cell *cell, coop_sched *s)
{
    struct sieve_run run = run_of(cell);
    int result = coop_sieve(s, &run);
    return account(cell, result, &run);
}

static enum micro_verdict measure_coop(struct micro_cell *cell)
{
    return micro_in_coop(cell, coop_main, NULL);
}

static enum micro_verdict preempt_main(struct micro_cell *cell,
                                       preempt_sched *s)
{
    struct sieve_run run = run_of(cell);
    int result = preempt_sieve(s, &run);
    return account(cell, result, &run);
}

static enum micro_verdict measure_preempt(struct micro_cell *cell)
{
    return micro_in_preempt(cell, preempt_main);
}

/* ---- the table ---- */

static void add(struct micro_table *t, enum micro_placement placement,
                uint64_t primes, uint64_t capacity)
{
    struct micro_entry e = {.placement = placement,
                            .unit = "ms",
                            .name = "coop tasks",
                            .measure = measure_coop,
                            .number = {primes, capacity}};
    snprintf(e.figure, sizeof e.figure, "%d primes, capacity %d", (int)primes,
             (int)capacity);
    if (primes == MANY)
        e.samples_max = t->plan->quick ? 1 : SAMPLES;
    if (placement == MICRO_ONE)
        micro_add(t, e);
    micro_add_go(t, &e, "Go, goroutines", "sieve", primes, capacity);
    if (primes == MANY)
        return; /* threads would take a minute */
    snprintf(e.name, sizeof e.name, "preempt tasks");
    e.measure = measure_preempt;
    micro_add(t, e);
}

static void fill(struct micro_table *t)
{
    static const uint64_t capacities[] = {0, 128};
    unsigned placements = micro_placements(t);
    for (int c = 0; c < 2; c++)
        for (unsigned p = 0; p < placements; p++)
            add(t, (enum micro_placement)p, FEW, capacities[c]);
    for (int c = 0; c < 2; c++)
        for (unsigned p = 0; p < placements; p++)
            add(t, (enum micro_placement)p, MANY, capacities[c]);
}

const struct micro_group micro_sieve_group = {
    .name = "sieve",
    .summary = "primes, by a chain of tasks and channels",
    .fill = fill,
    .full = {7, 0},
    .quick = {2, 0},
};
