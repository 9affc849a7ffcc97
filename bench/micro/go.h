/* SPDX-License-Identifier: MIT */
/* Go, a peer: the program of peer/, which `peer-go` is made of. */
#ifndef MICRO_GO_H
#define MICRO_GO_H

#include "core.h"

/*
 * Adds a row of Go to the figure of `like`: whose figure, placement and unit it
 * has, and second figure. `measurement` and its two numbers are as peer/peer.go
 * says. It has one processor on placement one, and two on two. Where Go was
 * not there when this was built, the row is skipped.
 */
void micro_add_go(struct micro_table *table, const struct micro_entry *like,
                  const char *name, const char *measurement, uint64_t a,
                  uint64_t b);

#endif
