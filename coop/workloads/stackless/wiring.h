/* SPDX-License-Identifier: MIT */
/* The wiring of what is made of resumable functions, which need nothing of
   their arm. */
#include "../wiring.h"

#include <coop/frame.h>

#define STACKLESS(name)                                                        \
    int coop_run_stackless_##name(const struct workload_algorithm *algorithm,  \
                                  const struct workload_params *params,        \
                                  const struct coop_arm *arm,                  \
                                  struct workload_result *result)              \
    {                                                                          \
        (void)algorithm, (void)arm;                                            \
        return name##_by_frames(params, result);                               \
    }
