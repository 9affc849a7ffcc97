/* SPDX-License-Identifier: MIT */
/*
 * schedkit micro: what one operation costs, with the peers that are installed
 * beside ours, in one run.
 */
#ifndef MICRO_H
#define MICRO_H

/* argv[0] is "schedkit micro". An exit code: 0, 1 failure, 2 usage. */
int command_micro(int argc, char **argv);

#endif
