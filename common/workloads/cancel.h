/* SPDX-License-Identifier: MIT */
/* What all forms of cancel share: a producer that holds something, and how it
   is made to let go. */
#ifndef KIT_CANCEL_H
#define KIT_CANCEL_H

#include "workload.h"

/* What a producer holds while it runs, and must give back. */
struct cancel_resource {
    int64_t value; /* the next that it yields */
    bool is_held;
};

/* How a producer is made; a form's own structure begins with the resource. */
struct cancel_form {
    size_t size;
    /* Sets *it to a producer that takes the resource at its first step, yields
       values from `value` on, and gives it back when it is told to leave. */
    int (*open)(const void *how, struct cancel_resource *r, kit_iter **it);
    /* Ends it, also in the middle. */
    void (*close)(struct cancel_resource *r);
    const void *how;
};

/*
 * `items` times: opens a producer, takes a few values, and cancels it: by
 * throw, by return, or by closing it without a word, in turn. 0; -EBADE when
 * a resource was not given back or a step was not as it must be; -errno.
 */
int cancel_run(const struct cancel_form *form,
               const struct workload_params *params,
               struct workload_result *result);

#endif
