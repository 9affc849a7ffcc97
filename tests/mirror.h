/* SPDX-License-Identifier: MIT */
/*
 * One source, two libraries: K(chan_send) is coop_chan_send where MIRROR is
 * coop, and preempt_chan_send where it is preempt. The suites in mirror/ are
 * compiled once for each, so that a difference in a name, a type or a result
 * is a failure of one of them. Those about channels are compiled once more, for
 * channels of one sender and one receiver: then MIRROR_IS_SINGLE is 1, and what
 * needs more of either is left out.
 */
#ifndef TESTS_MIRROR_H
#define TESTS_MIRROR_H

#include "harness.h"

#ifndef MIRROR_IS_SINGLE
#define MIRROR_IS_SINGLE 0
#endif

#if MIRROR_IS_PREEMPT
#include <preempt/chan.h>
#include <preempt/gen.h>
#include <preempt/task.h>
#define K(name) preempt_##name
#if MIRROR_IS_SINGLE
#define SUITE(of) "preempt single " of
#else
#define SUITE(of) "preempt " of
#endif
#else
#include <coop/chan.h>
#include <coop/gen.h>
#include <coop/task.h>

#include "mechanism.h"
#define K(name)   coop_##name
#define SUITE(of) "coop " of
#endif

typedef K(gen) any_gen;
typedef K(task) any_task;
typedef K(sched) any_sched;
typedef K(chan) any_chan;
typedef K(chan_iter) any_chan_iter;

#endif
