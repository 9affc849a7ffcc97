/* SPDX-License-Identifier: MIT */
/* The peers that C++20 makes: entries with these functions are skipped where
   there is no compiler for it. */
#ifndef MICRO_CXX_H
#define MICRO_CXX_H

#include "core.h"

/* Sets the functions of an entry: one next() of a generator. */
void micro_cxx_echo_entry(struct micro_entry *entry);

/* The same, of the first of entry->number[0] that delegate. */
void micro_cxx_chain_entry(struct micro_entry *entry);

/* One value of a walk of the tree with entry->number[0] levels. */
void micro_cxx_walk_entry(struct micro_entry *entry);

#endif
