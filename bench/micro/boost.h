/* SPDX-License-Identifier: MIT */
/*
 * Boost.Context's raw contexts. Its library has C linkage; its header is C++,
 * so the declarations are ours.
 */
#ifndef MICRO_BOOST_H
#define MICRO_BOOST_H

#include <stddef.h>

typedef void *fcontext_t;

typedef struct transfer {
    fcontext_t from; /* where to jump in order to go back */
    void *data;
} transfer_t;

transfer_t jump_fcontext(fcontext_t to, void *data);

/* `top` is the highest address; it grows down. */
fcontext_t make_fcontext(void *top, size_t size, void (*body)(transfer_t));

#define BOOST_STACK ((size_t)64 * 1024)

#endif
