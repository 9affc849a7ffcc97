/* SPDX-License-Identifier: MIT */
/* Which of the items need a call that blocks, and what it answers. */
#ifndef KIT_BLOCKING_H
#define KIT_BLOCKING_H

#include "workload.h"

#include <kit/wait.h>

/* The first of the producers is the one that calls, for each `every`-th of its
   items. */
static inline bool blocking_needs_call(const struct workload_params *p,
                                       uint64_t index)
{
    return index % p->producers == 0 && index / p->producers % p->every == 0;
}

struct blocking_question {
    uint64_t us; /* how long the answer takes */
    uint64_t value;
};

/* Blocks the thread that calls it. arg.p: a blocking_question. */
kit_value blocking_call(kit_value arg);

static inline struct blocking_question
blocking_ask(const struct workload_params *p, uint64_t value)
{
    return (struct blocking_question){p->blocking, value};
}

/* What the others did from `begun` to `ended`, by kit_now(). */
void blocking_report(const struct workload_params *params, int64_t begun,
                     int64_t ended, struct workload_result *result);

#endif
