/* SPDX-License-Identifier: MIT */
/* What all forms of the prime sieve share: the chain, and how it grows. */
#ifndef KIT_SIEVE_H
#define KIT_SIEVE_H

#include "workload.h"

/* The first link makes the numbers from 2 on; each other one reads from `in`
   and lets through what `prime` does not divide. */
struct sieve_link {
    kit_iter *in; /* NULL: the first */
    int64_t prime;
    uint64_t *steps; /* of all links: numbers that passed through a joint */
    kit_iter *iter;  /* the link itself; set by open */
};

/* How links are made; a form's own structure begins with sieve_link. */
struct sieve_form {
    size_t link_size;
    int (*open)(const void *how, struct sieve_link *l); /* 0 or -errno */
    void (*close)(struct sieve_link *l);                /* may be NULL */
    const void *how;
};

/*
 * One whole sieve after the other, `items` of them: the first number that
 * comes out at the end of the chain is the next prime, and adds a link there,
 * until there are `primes` of them. 0 or -errno.
 */
int sieve_run(const struct sieve_form *form,
              const struct workload_params *params,
              struct workload_result *result);

/* A number has come through a joint: does it go on? */
static inline bool sieve_passes(const struct sieve_link *l, int64_t number)
{
    ++*l->steps;
    return number % l->prime != 0;
}

#endif
