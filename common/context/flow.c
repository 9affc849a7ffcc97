/* SPDX-License-Identifier: MIT */
#include <kit/flow.h>

__thread struct kit_flow kit_flow_here;
