/* SPDX-License-Identifier: MIT */
/* How the command ends when it cannot go on. */
#ifndef MICRO_FAIL_H
#define MICRO_FAIL_H

/* "schedkit: ..." on stderr, one line. */
void micro_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, and exits with 1. */
void micro_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

#endif
