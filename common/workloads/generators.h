/* SPDX-License-Identifier: MIT */
/*
 * The parts of workloads that are made of generators: *_gen.h. Each is written
 * once and compiled twice, so that a body calls its library as directly as
 * any user's does: K(gen_yield) is coop_gen_yield where K says coop, and
 * preempt_gen_yield where it says preempt. Who includes them defines K first,
 * and includes the library's gen.h.
 */
#ifndef KIT_GENERATORS_H
#define KIT_GENERATORS_H

#include "numbers.h"

typedef K(gen) gen;
typedef struct K(gen_options) gen_options;

/* `yield*` to a new generator, which is destroyed afterwards. */
static inline kit_completion gen_delegate_to(gen *self, K(gen_fn) body,
                                             kit_value arg,
                                             const gen_options *options)
{
    gen *inner;
    int error = K(gen_create)(&inner, body, arg, options);
    if (error)
        return kit_throw(kit_int(error));
    kit_completion c = K(gen_delegate)(self, &K(gen_iter)(inner)->iterable);
    error = K(gen_destroy)(inner);
    return error ? kit_throw(kit_int(error)) : c;
}

/* Takes `items` values of a generator with this body. 0 or -errno. */
static inline int gen_take(K(gen_fn) body, kit_value arg,
                           const gen_options *options,
                           const struct workload_params *params,
                           struct workload_result *result)
{
    gen *root;
    int error = K(gen_create)(&root, body, arg, options);
    if (error)
        return error;
    error = numbers_take(K(gen_iter)(root), params, result);
    int ended = K(gen_destroy)(root);
    return error ? error : ended;
}

/* Yields seed, seed + 1, ...: `items` of them. arg.p: the parameters. */
static inline kit_completion gen_numbers(gen *self, kit_value arg)
{
    const struct workload_params *p = arg.p;
    kit_completion c = kit_next(kit_none());
    for (uint64_t i = 0; i < p->items && !kit_is_abrupt(c); i++)
        c = K(gen_yield)(self, kit_int((int64_t)(p->seed + i)));
    return c;
}

#endif
