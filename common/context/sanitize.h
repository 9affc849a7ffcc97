/* SPDX-License-Identifier: MIT */
/* Which checkers watch this build of the library. */
#ifndef KIT_SANITIZE_H
#define KIT_SANITIZE_H

#if defined(__SANITIZE_ADDRESS__)
#define KIT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KIT_ASAN 1
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define KIT_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define KIT_TSAN 1
#endif
#endif

#ifndef KIT_ASAN
#define KIT_ASAN 0
#endif
#ifndef KIT_TSAN
#define KIT_TSAN 0
#endif

/* Frames grow under a sanitizer, and stacks with them. */
#if KIT_ASAN || KIT_TSAN
#define KIT_SANITIZER_FACTOR 4
#else
#define KIT_SANITIZER_FACTOR 1
#endif

/* valgrind's header needs no library, and its marks cost next to nothing. */
#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif
#endif
#ifndef VALGRIND_STACK_REGISTER
#define VALGRIND_STACK_REGISTER(low, high)      0
#define VALGRIND_STACK_DEREGISTER(id)           ((void)(id))
#define VALGRIND_MAKE_MEM_UNDEFINED(low, bytes) ((void)(low), (void)(bytes))
#define RUNNING_ON_VALGRIND                     0
#define VALGRIND_DISABLE_ERROR_REPORTING        ((void)0)
#define VALGRIND_ENABLE_ERROR_REPORTING         ((void)0)
#endif

/* Asked once: the question itself takes a few instructions. */
#define KIT_MEMORY_IS_WATCHED (KIT_ASAN || RUNNING_ON_VALGRIND)

/* Memory that may be written, whatever a checker has remembered about it. */
#if KIT_ASAN
#include <sanitizer/asan_interface.h>
#define KIT_MEMORY_IS_FRESH(low, bytes)                                        \
    __asan_unpoison_memory_region(low, bytes)
#else
#define KIT_MEMORY_IS_FRESH(low, bytes)                                        \
    ((void)VALGRIND_MAKE_MEM_UNDEFINED(low, bytes))
#endif

#endif
