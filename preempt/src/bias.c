/* SPDX-License-Identifier: MIT */
/* The end of a bias: see bias.h. */
#include "bias.h"

#include "chan_impl.h"

bool bias_end(struct bias *b, uintptr_t self)
{
    /* acquire: whoever sees it gone sees what the barrier made visible */
    uintptr_t holder = atomic_load_explicit(&b->holder, memory_order_acquire);
    if (holder != BIAS_NONE && holder != self) {
        atomic_store_explicit(&b->holder, BIAS_ENDING, memory_order_relaxed);
        chan_fence(true);
    }
    if (holder != BIAS_NONE)
        atomic_store_explicit(&b->holder, BIAS_NONE, memory_order_release);
    return !bias_is_inside(b);
}
