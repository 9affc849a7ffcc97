/* SPDX-License-Identifier: MIT */
/* One-way switches among many live coroutines: part of the group `switch'. */
#ifndef MICRO_LIVE_H
#define MICRO_LIVE_H

#include "core.h"

void micro_add_live(struct micro_table *table);

#endif
