/* SPDX-License-Identifier: MIT */
/*
 * Groups: a scope for tasks. Whoever leaves the scope has waited for all that
 * were begun in it.
 *
 *     coop_group *g;
 *     coop_group_create(&g, sched, &(struct coop_group_options){
 *                                      .cancel_on_failure = true});
 *     coop_group_spawn(g, fetch, kit_ptr(&a), NULL);
 *     coop_group_spawn(g, fetch, kit_ptr(&b), NULL);
 *     int result = coop_group_wait(g);   // 0, or what the first failure gave
 *     coop_group_destroy(g);             // cancels and awaits what still runs
 *
 * A group may be destroyed after its scheduler: the members that
 * coop_sched_destroy abandons leave it, as if they had ended without a failure.
 */
#ifndef COOP_GROUP_H
#define COOP_GROUP_H

#include <coop/task.h>

KIT_BEGIN

typedef struct coop_group coop_group;

/* The body of a member: 0, or a negative value for a failure. */
typedef int (*coop_group_fn)(kit_value arg);

struct coop_group_options {
    const char *name;       /* for reports; kept by reference; NULL: "group" */
    bool cancel_on_failure; /* the first failure cancels the others */
};

/* 0 or -ENOMEM. `options` may be NULL. */
KIT_EXPORT int coop_group_create(coop_group **out, coop_sched *s,
                                 const struct coop_group_options *options);

/*
 * Cancels the members that have not ended, and refuses those to come; waits for
 * them (shielded: it cannot be canceled), and for those who wait for them, too,
 * and frees the group. -EDEADLK, and nothing happens, where it would have to
 * wait outside a task or in a member. NULL: nothing, 0.
 */
KIT_EXPORT int coop_group_destroy(coop_group *g);

/*
 * Starts a member. 0, or as coop_spawn; -ECANCELED when the group has been
 * canceled, until the next wait (see there). The options are those of tasks.
 */
KIT_EXPORT int coop_group_spawn(coop_group *g, coop_group_fn body,
                                kit_value arg,
                                const struct coop_task_options *options);

/*
 * Waits until every member has ended. 0, or the result of the first that
 * failed; a member that ends with -ECANCELED after the group was canceled has
 * not failed. All who wait when the last one ends are told; where nobody does,
 * the next who waits is. Afterwards the group begins anew: it has not failed,
 * is not canceled, and can be used again. -EDEADLK in a member. When the caller
 * is canceled or out of time the members go on: destroy ends them.
 */
KIT_EXPORT int coop_group_wait(coop_group *g);
KIT_EXPORT int coop_group_wait_until(coop_group *g, int64_t deadline);

/* Cancels every member; those to come are refused, until a wait has found that
   all have ended, which begins the group anew. */
KIT_EXPORT void coop_group_cancel(coop_group *g);

/* Members that have not ended. */
KIT_EXPORT size_t coop_group_size(const coop_group *g);

KIT_END

#endif
