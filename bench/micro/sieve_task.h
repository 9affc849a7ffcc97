/* SPDX-License-Identifier: MIT */
/*
 * The sieve as a chain of tasks, after C. A. R. Hoare (1978): the first task
 * sends 2, 3, 4 and so on; what comes out of the chain is the next prime, and a
 * task that lets through what this prime does not divide is put at its end.
 * Compiled for each library: who includes this defines K.
 */
#include "sieve.h"

#include <stdlib.h>

/* A task, and the channels that it receives from and sends to. */
struct K(link) {
    K(task) * task;
    K(chan) * in, *out;
    uint64_t prime;
};

/* Until nobody wants more. */
static kit_value K(count_up)(kit_value arg)
{
    struct K(link) *me = arg.p;
    uint64_t n = 2;
    while (K(chan_send)(me->out, &n) == 0)
        n++;
    return kit_none();
}

static kit_value K(let_through)(kit_value arg)
{
    struct K(link) *me = arg.p;
    uint64_t n, prime = me->prime;
    while (K(chan_recv)(me->in, &n) > 0)
        if (n % prime != 0 && K(chan_send)(me->out, &n) < 0)
            break;
    K(chan_close)(me->in);
    return kit_none();
}

/* The links of the chain; the last channel is the out of the last of them. */
struct K(chain) {
    K(sched) * sched;
    struct K(link) * links;
    size_t length;
    uint64_t capacity;
};

static int K(lengthen)(struct K(chain) * c, uint64_t prime)
{
    struct K(link) *last = &c->links[c->length];
    last->prime = prime;
    last->in = c->length > 0 ? last[-1].out : NULL;
    int result =
        K(chan_create)(&last->out, sizeof(uint64_t), c->capacity, NULL);
    if (result < 0)
        return result;
    result =
        K(spawn)(c->sched, &last->task, prime ? K(let_through) : K(count_up),
                 kit_ptr(last), NULL);
    if (result < 0)
        K(chan_destroy)(last->out);
    else
        c->length++;
    return result;
}

/* From the end to the beginning, each link stops the one before it. */
static void K(take_down)(struct K(chain) * c)
{
    if (c->length > 0)
        K(chan_close)(c->links[c->length - 1].out);
    for (size_t i = c->length; i > 0; i--) {
        K(join)(c->links[i - 1].task, NULL);
        K(chan_destroy)(c->links[i - 1].out);
    }
}

static int K(find_primes)(struct K(chain) * c, struct sieve_run *run)
{
    uint64_t prime = 0;
    int result = K(lengthen)(c, 0);
    while (result >= 0 && c->length <= run->primes) {
        result = K(chan_recv)(c->links[c->length - 1].out, &prime);
        run->sum += prime;
        if (result > 0)
            result = K(lengthen)(c, prime);
    }
    return result;
}

/* Finds run->primes of them. 0 or -errno. */
static int K(sieve)(K(sched) * sched, struct sieve_run *run)
{
    struct K(chain)
        c = {sched, calloc(run->primes + 1, sizeof *c.links), 0, run->capacity};
    if (!c.links)
        return -ENOMEM;
    int64_t begin = kit_now();
    int result = K(find_primes)(&c, run);
    run->elapsed_ns = kit_now() - begin;
    K(take_down)(&c);
    free(c.links);
    return result < 0 ? result : 0;
}
