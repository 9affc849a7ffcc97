/* SPDX-License-Identifier: MIT */
/* The workloads whose tasks call the kernel, on coroutines: a call that blocks
   must be made elsewhere, or it stops all of them. */
#include "task_wiring.h"

#include <coop/fd.h>

static int elsewhere(kit_value (*call)(kit_value arg), kit_value arg,
                     kit_value *result)
{
    return coop_offload(call, arg, result);
}

#include "blocking_task.h"

WIRING(blocking)
