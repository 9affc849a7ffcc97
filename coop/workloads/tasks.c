/* SPDX-License-Identifier: MIT */
/* The workloads that are made of tasks, on coroutines. */
#include "task_wiring.h"

#include "churn_task.h"
#include "hog_task.h"
#include "mpmc_task.h"
#include "park_task.h"
#include "ring_task.h"
#include "skynet_task.h"
#include "sleepers_task.h"
#include "transfer_task.h"

WIRING(churn)
WIRING(hog)
WIRING(mpmc)
WIRING(park)
WIRING(ring)
WIRING(skynet)
WIRING(sleepers)
WIRING(transfer)
