/* SPDX-License-Identifier: MIT */
/* What C sees of the generators that a C++20 compiler makes. */
#ifndef MICRO_CXX_GENERATOR_H
#define MICRO_CXX_GENERATOR_H

#include "tree.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Yields what it is sent. */
struct micro_cxx_echo *micro_cxx_echo_create(void);
void micro_cxx_echo_run(struct micro_cxx_echo *echo, uint64_t steps);
void micro_cxx_echo_destroy(struct micro_cxx_echo *echo);

/* `depth` generators, two at least, of which each but the last delegates to the
 * next. */
struct micro_cxx_chain *micro_cxx_chain_create(unsigned depth);
void micro_cxx_chain_run(struct micro_cxx_chain *chain, uint64_t steps);
void micro_cxx_chain_destroy(struct micro_cxx_chain *chain);

/* A generator for each of the nodes; a walk that is over begins anew. */
struct micro_cxx_walk *micro_cxx_walk_create(const struct micro_node *root,
                                             uint64_t nodes);
/* False: a value was not the one that comes next. */
bool micro_cxx_walk_run(struct micro_cxx_walk *walk, uint64_t values);
void micro_cxx_walk_destroy(struct micro_cxx_walk *walk);

#ifdef __cplusplus
}
#endif

#endif
