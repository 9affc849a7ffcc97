/* SPDX-License-Identifier: MIT */
/* What the kernel says about the memory of this process. */
#ifndef MICRO_RESIDENT_H
#define MICRO_RESIDENT_H

#include <stdint.h>

/* A line "Key:  123 kB" of a file in /proc; -1 when there is none. */
int64_t micro_proc_kb(const char *path, const char *key);

/* Resident memory and page tables, now. */
int64_t micro_resident_kb(void);

/* The most that was resident since it was last forgotten. */
void micro_peak_forget(void);
int64_t micro_peak_kb(void);

#endif
