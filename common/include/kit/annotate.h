/* SPDX-License-Identifier: MIT */
/*
 * For those who make a kind of lock, not for those who use one.
 *
 * What helgrind, a tool of valgrind, must be told. It knows the locks of
 * pthreads, and takes whatever synchronises by atomic words and futexes for a
 * race. The marks cost a few instructions each, on the shortest of paths: they
 * are there where KIT_HELGRIND is set (the preset "helgrind") and nothing
 * elsewhere.
 */
#ifndef KIT_ANNOTATE_H
#define KIT_ANNOTATE_H

#if defined(KIT_HELGRIND)

#include <valgrind/helgrind.h>

/* After a lock was acquired, before it is released; its address is its name. */
#define KIT_LOCK_ACQUIRED(lock) ANNOTATE_RWLOCK_ACQUIRED(lock, 1)
#define KIT_LOCK_RELEASED(lock) ANNOTATE_RWLOCK_RELEASED(lock, 1)

/* What was done before `gives` is seen after `takes`, at the same address. */
#define KIT_GIVES(address) ANNOTATE_HAPPENS_BEFORE(address)
#define KIT_TAKES(address) ANNOTATE_HAPPENS_AFTER(address)

/* These bytes are atomic objects alone: helgrind sees loads and stores. */
#define KIT_ALL_ATOMIC(address, bytes)                                         \
    VALGRIND_HG_DISABLE_CHECKING(address, bytes)

#else

#define KIT_LOCK_ACQUIRED(lock)        ((void)(lock))
#define KIT_LOCK_RELEASED(lock)        ((void)(lock))
#define KIT_GIVES(address)             ((void)(address))
#define KIT_TAKES(address)             ((void)(address))
#define KIT_ALL_ATOMIC(address, bytes) ((void)(address), (void)(bytes))

#endif

#endif
