/* SPDX-License-Identifier: MIT */
/*
 * For those who make a kind of scheduler, not for those who use one.
 *
 * What belongs to a flow of control, rather than to the kernel thread that
 * carries it at the moment. With contexts on user stacks the two are one. With
 * the mechanism `baton` a flow goes from thread to thread, and these variables
 * go with it; other thread-local variables stay behind.
 *
 * Only to be used behind functions that are not inlined: the address must not
 * be remembered over a switch.
 */
#ifndef KIT_FLOW_H
#define KIT_FLOW_H

#include <kit/stack.h>

KIT_BEGIN

struct kit_flow {
    kit_stack_pool *pool; /* kit_stack_pool_of_thread; NULL: none yet */
    void *sched;          /* the scheduler that runs the current task */
    bool is_guest; /* the thread carries flows of others only, and has no pool
                      of its own; this one stays */
};

KIT_EXPORT extern __thread struct kit_flow kit_flow_here;

KIT_END

#endif
