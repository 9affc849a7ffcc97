/* SPDX-License-Identifier: MIT */
#include <kit/flow.h>

__thread struct kit_flow kit_flow_here;
kit_flow_arrival kit_flow_on_arrival;
kit_flow_task kit_flow_task_of;
