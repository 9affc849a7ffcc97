/* SPDX-License-Identifier: MIT */
/* One counter for the process. */
#include <kit/serial.h>

#include <stdatomic.h>

static _Atomic uint64_t next = 1;

uint64_t kit_serials_take(uint64_t count)
{
    return atomic_fetch_add_explicit(&next, count, memory_order_relaxed);
}
