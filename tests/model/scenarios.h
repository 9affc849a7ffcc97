/* SPDX-License-Identifier: MIT */
/* What is checked: small meetings of two or three threads. */
#ifndef MODEL_SCENARIOS_H
#define MODEL_SCENARIOS_H

#include "explore.h"

/* Each ends with one that has no name. */
extern const struct scenario sync_scenarios[];
extern const struct scenario task_scenarios[];
extern const struct scenario chan_scenarios[];
extern const struct scenario select_scenarios[];
extern const struct scenario gen_scenarios[];
extern const struct scenario group_scenarios[];
extern const struct scenario pool_scenarios[];

/* NULL: there is none of that name. */
const struct scenario *scenario_named(const char *name);

/* By number, of all; NULL after the last. */
const struct scenario *scenario_at(size_t i);

#endif
