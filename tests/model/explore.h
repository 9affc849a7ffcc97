/* SPDX-License-Identifier: MIT */
/*
 * Which thread runs when: all ways up to a bound, then some at random.
 *
 * Systematic: depth first, by running the scenario again for each schedule
 * (stateless model checking, after Patrice Godefroid's VeriSoft, 1997). The
 * bound is on preemptions, that is, on switches away from a thread that could
 * go on; those at a wait or pause are free. Few preemptions find most mistakes
 * (Musuvathi and Qadeer, "Iterative Context Bounding for Systematic Testing of
 * Multithreaded Programs", 2007). The bounds are gone through from 0 on, so
 * that the schedule that is reported needs the fewest preemptions.
 *
 * No preemption is tried before an access at which no two threads meet, for
 * that makes no difference. What those are is learned: when an access turns
 * out to be shared after all, the exploration begins anew.
 */
#ifndef MODEL_EXPLORE_H
#define MODEL_EXPLORE_H

#include "machine.h"

struct scenario {
    const char *name;
    void (*begin)(const void *arg); /* makes the objects, adds the threads */
    void (*end)(const void *arg);   /* when all threads have ended: checks */
    const void *arg;
    unsigned bound; /* preemptions, late stores included */
    struct model_options machine;
};

struct explore_limits {
    unsigned bound;
    uint64_t random; /* schedules beyond the bound */
    uint64_t seed;   /* of the first of those */
};

enum { SCHEDULE_TEXT = 16384 };

struct explore_result {
    uint64_t systematic, random; /* interleavings tried */
    bool all;      /* the bound did not matter: there are no others */
    uint64_t seed; /* of the failure, if it was one at random */
    struct model_report report;
    char schedule[SCHEDULE_TEXT]; /* the failure's, for explore_replay */
};

/* Until the limits, or the first failure. */
void explore(const struct scenario *s, const struct explore_limits *limits,
             struct explore_result *result);

/* Runs one schedule, and prints each step on stdout with `trace`. */
void explore_replay(const struct scenario *s, const char *schedule, bool trace,
                    struct model_report *report);

/* On stdout: how many interleavings, and what was wrong. */
void explore_print(const struct scenario *s,
                   const struct explore_limits *limits,
                   const struct explore_result *result);

/* ---- for the machine ---- */

/*
 * Of `options`, a set of bits: `first` unless there is a reason; those in
 * `costly` count against the bound. -1: the schedule does not fit.
 */
int explore_choose(uint32_t step, unsigned options, int first, unsigned costly);

/* Is each step to be looked up in a schedule? */
bool explore_is_replay(void);

#endif
