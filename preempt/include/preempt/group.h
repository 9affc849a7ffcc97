/* SPDX-License-Identifier: MIT */
/*
 * Groups: the mirror image of coop/group.h. A scope for tasks. Whoever leaves
 * the scope has waited for all that were begun in it.
 *
 *     preempt_group *g;
 *     preempt_group_create(&g, sched, &options);
 *     preempt_group_spawn(g, fetch, kit_ptr(&a), NULL);
 *     preempt_group_spawn(g, fetch, kit_ptr(&b), NULL);
 *     int result = preempt_group_wait(g); // 0, or of the first failure
 *     preempt_group_destroy(g);           // cancels and awaits the rest
 *
 * A group may be destroyed after its scheduler. preempt_sched_destroy abandons
 * no member: it waits for them, or gives -EDEADLK and leaves all as it is.
 */
#ifndef PREEMPT_GROUP_H
#define PREEMPT_GROUP_H

#include <preempt/task.h>

KIT_BEGIN

typedef struct preempt_group preempt_group;

/* The body of a member: 0, or a negative value for a failure. */
typedef int (*preempt_group_fn)(kit_value arg);

struct preempt_group_options {
    const char *name;       /* for reports; kept by reference; NULL: "group" */
    bool cancel_on_failure; /* the first failure cancels the others */
};

/* 0 or -ENOMEM. `options` may be NULL. */
KIT_EXPORT int
preempt_group_create(preempt_group **out, preempt_sched *s,
                     const struct preempt_group_options *options);

/*
 * Cancels the members that have not ended, and refuses those to come; waits for
 * them (shielded: it cannot be canceled), and for those who wait for them, too,
 * and frees the group. -EDEADLK, and nothing happens, in a member. NULL:
 * nothing, 0.
 */
KIT_EXPORT int preempt_group_destroy(preempt_group *g);

/*
 * Starts a member. 0, or as preempt_spawn; -ECANCELED when the group has been
 * canceled, until the next wait (see there). The options are those of tasks.
 */
KIT_EXPORT int preempt_group_spawn(preempt_group *g, preempt_group_fn body,
                                   kit_value arg,
                                   const struct preempt_task_options *options);

/*
 * Waits until every member has ended. 0, or the result of the first that
 * failed; a member that ends with -ECANCELED after the group was canceled has
 * not failed. All who wait when the last one ends are told; where nobody does,
 * the next who waits is. Afterwards the group begins anew: it has not failed,
 * is not canceled, and can be used again. -EDEADLK in a member. When the caller
 * is canceled or out of time the members go on: destroy ends them.
 */
KIT_EXPORT int preempt_group_wait(preempt_group *g);
KIT_EXPORT int preempt_group_wait_until(preempt_group *g, int64_t deadline);

/* Cancels every member; those to come are refused, until a wait has found that
   all have ended, which begins the group anew. */
KIT_EXPORT void preempt_group_cancel(preempt_group *g);

/* Members that have not ended. */
KIT_EXPORT size_t preempt_group_size(const preempt_group *g);

KIT_END

#endif
