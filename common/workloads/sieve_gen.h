/* SPDX-License-Identifier: MIT */
/* sieve on generators. */
#include "generators.h"
#include "sieve.h"

struct gen_link {
    struct sieve_link link;
    gen *gen;
};

static kit_completion sieve_numbers(gen *self, kit_value arg)
{
    kit_completion c = kit_next(arg);
    for (int64_t i = 2; !kit_is_abrupt(c); i++)
        c = K(gen_yield)(self, kit_int(i));
    return c;
}

static kit_completion sieve_filter(gen *self, kit_value arg)
{
    const struct sieve_link *l = arg.p;
    kit_completion c = kit_next(kit_none());
    kit_loop loop;
    kit_value number;
    kit_loop_open(&loop, &l->in->iterable);
    while (!kit_is_abrupt(c) && kit_loop_next(&loop, &number))
        if (sieve_passes(l, number.i))
            c = K(gen_yield)(self, number);
    return kit_loop_close(&loop, c);
}

static int sieve_open(const void *how, struct sieve_link *l)
{
    struct gen_link *g = KIT_CONTAINER(l, struct gen_link, link);
    int error = K(gen_create)(&g->gen, l->in ? sieve_filter : sieve_numbers,
                              kit_ptr(l), how);
    if (!error)
        l->iter = K(gen_iter)(g->gen);
    return error;
}

static void sieve_close(struct sieve_link *l)
{
    K(gen_destroy)(KIT_CONTAINER(l, struct gen_link, link)->gen);
}

static int sieve_generate(const gen_options *options,
                          const struct workload_params *params,
                          struct workload_result *result)
{
    struct sieve_form form = {sizeof(struct gen_link), sieve_open, sieve_close,
                              options};
    return sieve_run(&form, params, result);
}
