/* SPDX-License-Identifier: MIT */
#ifndef KIT_OVERFLOW_H
#define KIT_OVERFLOW_H

#include <stddef.h>

/* Gives the calling thread an alternate signal stack; true: it had none. */
_Bool kit_signal_stack_set(void *low, size_t bytes);

#endif
