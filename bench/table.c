/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <preempt/chan.h>

#include <string.h>

#define SEQ                                                                    \
    {                                                                          \
        .name = "seq", .policy = POLICY_SEQ, .form = "direct"                  \
    }
#define COOP(arm_name, arm_form, wiring, arm_mechanism)                        \
    {                                                                          \
        .name = arm_name, .policy = POLICY_COOP, .form = arm_form,             \
        .coop = wiring, .mechanism = arm_mechanism                             \
    }
#define PREEMPT(arm_name, arm_form, wiring, arm_wait)                          \
    {                                                                          \
        .name = arm_name, .policy = POLICY_PREEMPT, .form = arm_form,          \
        .preempt = wiring, .wait = arm_wait                                    \
    }
#define END                                                                    \
    {                                                                          \
        .name = NULL                                                           \
    }

static const struct arm lockstep_arms[] = {
    SEQ,
    COOP("coop", "lock-step", coop_lockstep, NULL),
    COOP("coop-ucontext", "lock-step", coop_lockstep, "ucontext"),
    PREEMPT("preempt", "lock-step", preempt_lockstep, KIT_WAIT_ADAPTIVE),
    PREEMPT("preempt-park", "lock-step", preempt_lockstep, KIT_WAIT_PARK),
    PREEMPT("preempt-spin", "lock-step", preempt_lockstep, KIT_WAIT_SPIN),
    PREEMPT("preempt-condvar", "lock-step", preempt_lockstep, KIT_WAIT_CONDVAR),
    END,
};

static const struct arm bounded_arms[] = {
    SEQ,
    COOP("coop", NULL, coop_pipeline, NULL),
    COOP("coop-ucontext", NULL, coop_pipeline, "ucontext"),
    COOP("coop-batch", "batched", coop_batch, NULL),
    PREEMPT("preempt", NULL, preempt_pipeline, KIT_WAIT_ADAPTIVE),
    PREEMPT("preempt-park", NULL, preempt_pipeline, KIT_WAIT_PARK),
    PREEMPT("preempt-spin", NULL, preempt_pipeline, KIT_WAIT_SPIN),
    PREEMPT("preempt-condvar", NULL, preempt_pipeline, KIT_WAIT_CONDVAR),
    PREEMPT("preempt-batch", "batched", preempt_batch, KIT_WAIT_ADAPTIVE),
    END,
};

static const struct arm pipeline_arms[] = {
    SEQ,
    COOP("coop", NULL, coop_pipeline, NULL),
    COOP("coop-ucontext", NULL, coop_pipeline, "ucontext"),
    PREEMPT("preempt", NULL, preempt_pipeline, KIT_WAIT_ADAPTIVE),
    PREEMPT("preempt-park", NULL, preempt_pipeline, KIT_WAIT_PARK),
    PREEMPT("preempt-spin", NULL, preempt_pipeline, KIT_WAIT_SPIN),
    PREEMPT("preempt-condvar", NULL, preempt_pipeline, KIT_WAIT_CONDVAR),
    END,
};

#define ITEMS_MAX UINT64_C(1000000000000)

#define SEED                                                                   \
    {                                                                          \
        "seed", 1, 0, UINT64_MAX, "", "what the values begin with"             \
    }
#define CAPACITY                                                               \
    {                                                                          \
        "capacity", 64, 0, PREEMPT_CHAN_CAPACITY_MAX, "elements",              \
            "of each channel; 0 is lock-step"                                  \
    }

const struct workload workloads[] = {
    {
        .name = "lockstep",
        .unit = "step",
        .summary = "a generator with an empty body, one value a step",
        .specification =
            "A generator yields the integers from seed on, one per step, and "
            "does nothing else. The consumer steps it to its end and mixes "
            "the values into a checksum. Every value costs a switch to the "
            "body and one back; the sequential arm calls a function instead.",
        .pipeline = &workload_lockstep,
        .parameters = {{"items", 1000000, 0, ITEMS_MAX, "steps",
                        "how many values the generator yields"},
                       SEED},
        .arms = lockstep_arms,
    },
    {
        .name = "bounded",
        .unit = "item",
        .summary = "a producer, a bounded channel, a consumer",
        .specification =
            "A producer task sends the integers from seed on through a "
            "channel of the given capacity to a consumer task, which mixes "
            "them into a checksum. Capacity 0 is lock-step; with capacity n "
            "the producer may run ahead by n. The batch arms have no channel: "
            "a generator yields arrays of `capacity` values.",
        .pipeline = &workload_bounded,
        .parameters = {{"items", 1000000, 0, ITEMS_MAX, "items",
                        "how many values are sent"},
                       CAPACITY,
                       SEED},
        .arms = bounded_arms,
    },
    {
        .name = "crossover",
        .unit = "item",
        .summary = "as bounded, with work on each item",
        .specification =
            "As bounded, but each item takes `work` nominal nanoseconds of "
            "computation, of which the producer does `share` per cent and the "
            "consumer the rest. A nominal nanosecond is one multiplication in "
            "a chain of dependent ones; what it takes on this machine is the "
            "sequential arm's time per item.",
        .pipeline = &workload_crossover,
        .parameters = {{"items", 100000, 0, ITEMS_MAX, "items",
                        "how many values are sent"},
                       {"work", 1000, 0, UINT64_C(10000000000), "ns",
                        "nominal work per item"},
                       {"share", 50, 0, 100, "per cent",
                        "the producer's part of the work"},
                       CAPACITY,
                       SEED},
        .arms = pipeline_arms,
    },
    {
        .name = "words",
        .unit = "word",
        .summary = "counts the words of real text files",
        .specification =
            "A producer task reads the lines of the input files, `items` "
            "times over; a stage splits them into words and folds them to "
            "lower case; a consumer counts how often each word occurs. The "
            "three are joined by channels of the given capacity. A word is a "
            "run of letters (ASCII letters, and all bytes above 127).",
        .pipeline = &workload_words,
        .reads_text = true,
        .parameters = {{"items", 1, 0, UINT64_C(1000000), "passes",
                        "how often the input is read"},
                       CAPACITY},
        .arms = pipeline_arms,
    },
    {.name = NULL},
};

const struct workload *workload_named(const char *name)
{
    for (const struct workload *w = workloads; w->name; w++)
        if (strcmp(w->name, name) == 0)
            return w;
    return NULL;
}

const struct arm *arm_named(const struct workload *w, const char *name)
{
    for (const struct arm *a = w->arms; a->name; a++)
        if (strcmp(a->name, name) == 0)
            return a;
    return NULL;
}

const struct parameter *parameter_named(const struct workload *w,
                                        const char *name)
{
    for (const struct parameter *p = w->parameters; p->name; p++)
        if (strcmp(p->name, name) == 0)
            return p;
    return NULL;
}

const char *policy_name(enum policy policy)
{
    static const char *const names[] = {"seq", "coop", "preempt"};
    return names[policy];
}

const char *arm_mechanism(const struct arm *arm)
{
    if (arm->policy == POLICY_SEQ)
        return "none";
    if (arm->policy == POLICY_PREEMPT)
        return "thread";
    return arm->mechanism ? arm->mechanism : kit_mechanism_default()->name;
}

const char *arm_wait(const struct arm *arm)
{
    return arm->policy == POLICY_PREEMPT ? kit_wait_strategy_name(arm->wait)
                                         : "none";
}

const char *arm_form(const struct arm *arm,
                     const struct workload_params *params)
{
    if (arm->form)
        return arm->form;
    return params->capacity == 0 ? "lock-step" : "run-ahead";
}

static uint64_t initial_of(const struct workload *w, const char *name)
{
    const struct parameter *p = parameter_named(w, name);
    return p ? p->initial : 0;
}

struct workload_params workload_defaults(const struct workload *w)
{
    return (struct workload_params){
        .items = initial_of(w, "items"),
        .capacity = initial_of(w, "capacity"),
        .work = initial_of(w, "work"),
        .share = initial_of(w, "share"),
        .seed = initial_of(w, "seed"),
    };
}

static int run_coop(const struct workload *w, const struct arm *arm,
                    const struct workload_params *params,
                    struct workload_result *result)
{
    struct coop_arm how = {.mechanism = NULL};
    if (arm->mechanism) {
        how.mechanism = kit_mechanism_named(arm->mechanism);
        if (!how.mechanism)
            return -ENOTSUP;
    }
    return arm->coop(w->pipeline, params, &how, result);
}

int arm_run(const struct workload *w, const struct arm *arm,
            const struct workload_params *params,
            const struct kit_placement *placement,
            struct workload_result *result)
{
    memset(result, 0, sizeof *result);
    if (arm->policy == POLICY_SEQ)
        return workload_run_sequential(w->pipeline, params, result);
    if (arm->policy == POLICY_COOP)
        return run_coop(w, arm, params, result);
    struct preempt_arm how = {.wait = arm->wait};
    if (placement)
        how.placement = *placement;
    return arm->preempt(w->pipeline, params, &how, result);
}
