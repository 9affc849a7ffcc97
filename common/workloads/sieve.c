/* SPDX-License-Identifier: MIT */
/*
 * Workload 4, sieve: the primes by a chain of filters, one for each prime
 * found so far (McIlroy, Squinting at Power Series, 1990). The work on a
 * number is one division for each joint that it passes.
 */
#include "sieve.h"

#include <stdlib.h>

struct chain {
    const struct sieve_form *form;
    char *links;
    size_t count;
    uint64_t steps;
};

static struct sieve_link *link_at(const struct chain *c, size_t index)
{
    return (struct sieve_link *)(void *)(c->links + index * c->form->link_size);
}

static int add_link(struct chain *c, int64_t prime)
{
    struct sieve_link *l = link_at(c, c->count);
    l->in = c->count > 0 ? link_at(c, c->count - 1)->iter : NULL;
    l->prime = prime;
    l->steps = &c->steps;
    int error = c->form->open(c->form->how, l);
    c->count += error == 0;
    return error;
}

static int find_primes(struct chain *c, uint64_t primes, uint64_t *checksum)
{
    int error = add_link(c, 1);
    for (uint64_t found = 0; !error && found < primes; found++) {
        kit_step s = kit_iter_next(link_at(c, c->count - 1)->iter, kit_none());
        if (s.state != KIT_YIELDED)
            return (int)s.value.i;
        c->steps++;
        *checksum = workload_mix(*checksum, (uint64_t)s.value.i);
        error = add_link(c, s.value.i);
    }
    return error;
}

/* The last link first, for it reads from those before. */
static void close_links(struct chain *c)
{
    while (c->count > 0) {
        c->count--;
        if (c->form->close)
            c->form->close(link_at(c, c->count));
    }
}

int sieve_run(const struct sieve_form *form,
              const struct workload_params *params,
              struct workload_result *result)
{
    struct chain c = {.form = form};
    int error = 0;
    c.links = calloc(params->primes + 1, form->link_size);
    if (!c.links)
        return -ENOMEM;
    for (uint64_t i = 0; !error && i < params->items; i++) {
        error = find_primes(&c, params->primes, &result->checksum);
        close_links(&c);
    }
    free(c.links);
    result->items = c.steps;
    return error;
}

/* ---- by plain calls ---- */

struct plain_link {
    struct sieve_link link;
    kit_iter iter;
    int64_t number;
};

static kit_step plain_numbers(kit_iter *it, kit_value sent)
{
    struct plain_link *p = KIT_CONTAINER(it, struct plain_link, iter);
    (void)sent;
    return kit_yielded(kit_int(p->number++));
}

static kit_step plain_filter(kit_iter *it, kit_value sent)
{
    struct plain_link *p = KIT_CONTAINER(it, struct plain_link, iter);
    kit_step s;
    do
        s = kit_iter_next(p->link.in, sent);
    while (!sieve_passes(&p->link, s.value.i));
    return s;
}

static int plain_open(const void *how, struct sieve_link *l)
{
    static const struct kit_iter_ops numbers = {plain_numbers, NULL, NULL};
    static const struct kit_iter_ops filter = {plain_filter, NULL, NULL};
    struct plain_link *p = KIT_CONTAINER(l, struct plain_link, link);
    (void)how;
    kit_iter_init(&p->iter, l->in ? &filter : &numbers);
    p->number = 2;
    l->iter = &p->iter;
    return 0;
}

static int sequential(const struct workload_params *params,
                      struct workload_result *result)
{
    static const struct sieve_form form = {sizeof(struct plain_link),
                                           plain_open, NULL, NULL};
    return sieve_run(&form, params, result);
}

const struct workload_algorithm workload_sieve = {
    .sequential = sequential,
};
