/* SPDX-License-Identifier: MIT */
/*
 * The one table of workloads and their arms: what `schedkit list` prints, what
 * `schedkit run` runs, and what the parity test goes through.
 */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include "../coop/workloads/wiring.h"
#include "../preempt/workloads/wiring.h"
#include "workload.h"

enum policy {
    POLICY_SEQ = 0, /* plain calls: the floor */
    POLICY_COOP,
    POLICY_PREEMPT,
};

/* One implementation in a comparison. Exactly one wiring is set, none for
   POLICY_SEQ. */
struct arm {
    const char *name;
    enum policy policy;
    const char *form; /* NULL: by capacity, lock-step or run-ahead */
    coop_wiring *coop;
    const char *mechanism; /* of coop: a name for kit_mechanism_named */
    preempt_wiring *preempt;
    enum kit_wait_strategy wait; /* of preempt */
};

/* Which parameters a workload has, and what they may be. */
struct parameter {
    const char *name; /* "items": the option is --items */
    uint64_t initial, min, max;
    const char *unit;
    const char *summary;
};

#define PARAMETERS_MAX 9

struct workload {
    const char *name;
    const char *unit; /* of result.items: "step" */
    const char *summary;
    const char *specification;
    const struct workload_algorithm *algorithm;
    bool reads_text;                             /* takes --input */
    struct parameter parameters[PARAMETERS_MAX]; /* ends with name NULL */
    const struct arm *arms;                      /* ends with name NULL */
};

/* Ends with name NULL. */
extern const struct workload workloads[];

/* NULL when there is none of that name. */
const struct workload *workload_named(const char *name);
const struct arm *arm_named(const struct workload *w, const char *name);
const struct parameter *parameter_named(const struct workload *w,
                                        const char *name);

/* All names that a parameter may have, as many as there are; NULL: no more. */
const char *parameter_name(size_t index);

/* Where the parameter of that name is kept. */
uint64_t *parameter_in(struct workload_params *params, const char *name);

/* For people and for the metrics. */
const char *policy_name(enum policy policy);
const char *arm_mechanism(const struct arm *arm);
const char *arm_wait(const struct arm *arm);
const char *arm_form(const struct arm *arm,
                     const struct workload_params *params);

/* Every parameter at its default. */
struct workload_params workload_defaults(const struct workload *w);

/*
 * Runs one arm, with its threads on `placement` in turn (preempt only).
 * 0 or -errno; -ENOTSUP when this build lacks the arm's mechanism.
 */
int arm_run(const struct workload *w, const struct arm *arm,
            const struct workload_params *params,
            const struct kit_placement *placement,
            struct workload_result *result);

#endif
