/* SPDX-License-Identifier: MIT */
#include "signal_stack.h"

#include <kit/stack.h>

#include <errno.h>
#include <sys/mman.h>

void *preempt_spare_take(struct spare_stacks *spares)
{
    return spares->count > 0 ? spares->low[--spares->count] : NULL;
}

_Bool preempt_spare_keep(struct spare_stacks *spares, void *low)
{
    if (spares->count == SPARES_MOST)
        return false;
    spares->low[spares->count++] = low;
    return true;
}

/* As the C library maps the stacks of threads: so the kernel makes one mapping
   of it and a stack beside it, and max_map_count allows as many threads. */
void *preempt_signal_stack_map(void)
{
    int saved = errno;
    void *low = mmap(NULL, KIT_SIGNAL_STACK, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    errno = saved;
    return low == MAP_FAILED ? NULL : low;
}

void preempt_signal_stack_unmap(void *low)
{
    int saved = errno;
    munmap(low, KIT_SIGNAL_STACK);
    errno = saved;
}

void preempt_spares_unmap(struct spare_stacks *spares)
{
    while (spares->count > 0)
        preempt_signal_stack_unmap(preempt_spare_take(spares));
}
