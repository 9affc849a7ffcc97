/* SPDX-License-Identifier: MIT */
/* What the suites of generators share, in both libraries. */
#ifndef TESTS_MIRROR_GENERATOR_H
#define TESTS_MIRROR_GENERATOR_H

#include "mirror.h"

static int runs __attribute__((unused)); /* how often a body has begun */
static int cleanups;

/* Check keeps a record of each ck_assert that holds: too dear in long loops. */
static inline void must_be_0(int result, const char *what)
{
    if (result != 0)
        ck_abort_msg("%s gave %d", what, result);
}

static inline any_gen *made(K(gen_fn) body, kit_value arg)
{
    any_gen *g;
    must_be_0(K(gen_create)(&g, body, arg, NULL), "create");
    return g;
}

static inline kit_step next(any_gen *g, int64_t value)
{
    return kit_iter_next(K(gen_iter)(g), kit_int(value));
}

static inline kit_step throw(any_gen * g, int64_t value)
{
    return kit_iter_throw(K(gen_iter)(g), kit_int(value));
}

static inline kit_step return_(any_gen *g, int64_t value)
{
    return kit_iter_return(K(gen_iter)(g), kit_int(value));
}

static inline void destroy(any_gen *g)
{
    must_be_0(K(gen_destroy)(g), "destroy");
}

/* Yields 1 and 2, then ends with 3. */
static inline kit_completion one_two(any_gen *self, kit_value arg)
{
    (void)arg;
    runs++;
    for (int64_t i = 1; i <= 2; i++) {
        kit_completion c = K(gen_yield)(self, kit_int(i));
        if (kit_is_abrupt(c)) {
            cleanups++;
            return c;
        }
    }
    return kit_return(kit_int(3));
}

static inline kit_completion echo(any_gen *self, kit_value arg)
{
    for (;;) {
        kit_completion c = K(gen_yield)(self, arg);
        if (kit_is_abrupt(c))
            return c;
        arg = c.value;
    }
}

#endif
