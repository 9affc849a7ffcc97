/* SPDX-License-Identifier: MIT */
/* What every public header needs: export marks and branch hints. */
#ifndef KIT_BASE_H
#define KIT_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define KIT_BEGIN extern "C" {
#define KIT_END   }
#else
#define KIT_BEGIN
#define KIT_END
#endif

/* Libraries are built with hidden visibility: what is marked is the API. */
#define KIT_EXPORT __attribute__((visibility("default")))

#define KIT_LIKELY(x)   __builtin_expect(!!(x), 1)
#define KIT_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Of a function that keeps its n-th argument, a pointer, and does not read what
   that points to: it need not be initialised yet, and gcc is not to warn. */
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
#define KIT_KEEPS(n) __attribute__((access(none, n)))
#else
#define KIT_KEEPS(n)
#endif

/* The structure of type `type` whose field `member` is at `ptr`. */
#define KIT_CONTAINER(ptr, type, member)                                       \
    ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define KIT_VERSION "0.1.0"

KIT_BEGIN

/*
 * Ends the program for a misuse that no result can report: prints
 * "function: what" on stderr and aborts.
 */
KIT_EXPORT void kit_misuse(const char *function, const char *what)
    __attribute__((noreturn));

KIT_END

#endif
