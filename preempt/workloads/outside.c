/* SPDX-License-Identifier: MIT */
/* The workloads whose tasks call the kernel, on threads, which may just block.
 */
#include "task_wiring.h"

static int elsewhere(kit_value (*call)(kit_value arg), kit_value arg,
                     kit_value *result)
{
    *result = call(arg);
    return 0;
}

#include "blocking_task.h"

WIRING(blocking)
