/* SPDX-License-Identifier: MIT */
/* What a task of churn does: next to nothing. */
#ifndef KIT_CHURN_H
#define KIT_CHURN_H

#include "workload.h"

static inline uint64_t churn_answer(uint64_t question)
{
    return question * UINT64_C(0x9e3779b97f4a7c15);
}

#endif
