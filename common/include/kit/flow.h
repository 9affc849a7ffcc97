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

#include <kit/context.h>

KIT_BEGIN

struct kit_flow {
    kit_stack_pool *pool; /* kit_stack_pool_of_thread; NULL: none yet */
    void *sched;          /* the scheduler that runs the current task */
    bool is_guest; /* the thread carries flows of others only, and has no pool
                      of its own; this one stays */
    /* and so do these, for a debugger, which may come while the flow is between
       two threads: the pool that ends with the thread, and the scheduler that
       coop_run was called for on it */
    kit_stack_pool *own_pool;
    void *own_sched;
};

__attribute__((tls_model("initial-exec")))
KIT_EXPORT extern __thread struct kit_flow kit_flow_here;

/* Called where a flow with a scheduler has arrived at another thread: a signal
   may have missed it on its way. NULL: nothing is. Read and set atomically. */
typedef void (*kit_flow_arrival)(void *sched);
KIT_EXPORT extern kit_flow_arrival kit_flow_on_arrival;

/* The context of the task that a scheduler runs; NULL: none. By this a body of
   `baton` learns of a task on user stacks that has resumed it, and may want to
   wait in it. NULL: there was no scheduler as yet. Read and set atomically. */
typedef kit_context *(*kit_flow_task)(void *sched);
KIT_EXPORT extern kit_flow_task kit_flow_task_of;

/*
 * An exception to the rule: on x86-64 a load of such a variable is one
 * instruction, with no address of the thread's in it that could be remembered;
 * unless a sanitizer wants to know the address.
 */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) &&                   \
    !defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define KIT_FLOW_INLINE 1
#else
#define KIT_FLOW_INLINE 0
#endif

KIT_END

#endif
