/* SPDX-License-Identifier: MIT */
/* Walks of a tree in order in other languages. */
#ifndef MICRO_WALK_SCRIPTS_H
#define MICRO_WALK_SCRIPTS_H

#include "script.h"

/* What the scripts say: their trees have 2^14 - 1 nodes. */
#define MICRO_WALK_SCRIPT_LEVELS 14

/* A generator for each node. */
extern const struct micro_script micro_walk_node, micro_walk_python,
    micro_walk_lua_each;

/* One coroutine, and the recursion inside of it. */
extern const struct micro_script micro_walk_lua_one;

#endif
