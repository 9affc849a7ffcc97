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

/* valgrind's header needs no library, and its marks cost next to nothing. */
#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif
#ifndef VALGRIND_STACK_REGISTER
#define VALGRIND_STACK_REGISTER(low, high) 0
#define VALGRIND_STACK_DEREGISTER(id)      ((void)(id))
#endif

#endif
