/* SPDX-License-Identifier: MIT */
/*
 * Memory for the alternate signal stacks of threads, on which an overflow is
 * reported. Some of it is kept for the next threads: to map and unmap it would
 * take a third of the time that a short thread lives.
 */
#ifndef PREEMPT_SIGNAL_STACK_H
#define PREEMPT_SIGNAL_STACK_H

#define SPARES_MOST 16

/* Under its owner's lock. All zero is an empty one. */
struct spare_stacks {
    unsigned count;
    void *low[SPARES_MOST];
};

/* A spare one; NULL: there is none. */
void *preempt_spare_take(struct spare_stacks *spares);

/* False: there are enough of them. */
_Bool preempt_spare_keep(struct spare_stacks *spares, void *low);

/* NULL without memory. */
void *preempt_signal_stack_map(void);
void preempt_signal_stack_unmap(void *low);

void preempt_spares_unmap(struct spare_stacks *spares);

#endif
