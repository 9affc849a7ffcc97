/* SPDX-License-Identifier: MIT */
/* Chains of generators of which each delegates to the next: part of the group
   `walk'. */
#ifndef MICRO_NESTED_H
#define MICRO_NESTED_H

#include "core.h"

void micro_add_nested(struct micro_table *table);

#endif
