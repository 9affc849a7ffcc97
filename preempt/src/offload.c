/* SPDX-License-Identifier: MIT */
/* A call that blocks: the kernel lets the other threads run. */
#include "wait.h"

#include <preempt/fd.h>

int preempt_offload_until(kit_value (*call)(kit_value arg), kit_value arg,
                          kit_value *result, int64_t deadline)
{
    int refused = sleeper_may_wait(sleeper_self(), deadline);
    if (refused < 0)
        return refused;
    kit_value value = call(arg);
    if (result)
        *result = value;
    return 0;
}

int preempt_offload(kit_value (*call)(kit_value arg), kit_value arg,
                    kit_value *result)
{
    return preempt_offload_until(call, arg, result, KIT_FOREVER);
}
