/* SPDX-License-Identifier: MIT */
/* Generators on coroutines: what a step costs, and whose the stacks are. */
#include "harness.h"

#include <coop/gen.h>
#include <kit/body.h>

#include <pthread.h>

#include "mechanism.h"

static coop_gen *made(coop_gen_fn body, kit_value arg,
                      const struct kit_mechanism *mechanism)
{
    struct coop_gen_options o = {.stack_size = KIT_STACK_MIN,
                                 .mechanism = mechanism};
    coop_gen *g;
    if (coop_gen_create(&g, body, arg, &o) < 0)
        ck_abort_msg("not created");
    return g;
}

static kit_step next(coop_gen *g, int64_t value)
{
    return kit_iter_next(coop_gen_iter(g), kit_int(value));
}

static kit_completion echo(coop_gen *self, kit_value arg)
{
    for (;;)
        arg = KIT_TRY(coop_gen_yield(self, arg));
}

static kit_completion forward(coop_gen *self, kit_value inner)
{
    return kit_return(KIT_TRY(coop_gen_delegate(self, inner.p)));
}

/* ---- what a step costs ---- */

static size_t switches;

static kit_step counted_resume(kit_context *context, kit_completion how)
{
    switches++;
    return kit_mechanism_default()->resume(context, how);
}

static kit_completion counted_yield(kit_context *context, kit_step step)
{
    switches++;
    return kit_mechanism_default()->yield(context, step);
}

/* The default mechanism, with its exchanges counted. */
static const struct kit_mechanism *counting(void)
{
    static struct kit_mechanism m;
    m = *kit_mechanism_default();
    m.resume = counted_resume;
    m.yield = counted_yield;
    m.inlines = false; /* so that each yield asks it */
    return &m;
}

START_TEST (a_step_is_two_switches_at_any_depth_of_delegation) {
    static coop_gen *chain[1000];
    size_t depth = scaled(1000);
    const struct kit_mechanism *m = counting();
    chain[0] = made(echo, kit_int(100), m);
    for (size_t i = 1; i < depth; i++)
        chain[i] =
            made(forward, kit_ptr(&coop_gen_iter(chain[i - 1])->iterable), m);
    coop_gen *root = chain[depth - 1];
    ck_yielded(next(root, 0), 100);
    switches = 0;
    for (int64_t i = 0; i < 100; i++)
        ck_yielded(next(root, i), i);
    ck_assert_uint_eq(switches, 200);
    while (depth-- > 0)
        ck_assert_int_eq(coop_gen_destroy(chain[depth]), 0);
}
END_TEST

/* ---- whose the stacks are ---- */

enum { BATCH = 100 };

struct relay {
    coop_gen *batch[BATCH];
    pthread_barrier_t full, empty;
    size_t rounds;
};

/* Creates what another thread destroys, and never destroys one itself. */
static void *create_batches(void *arg)
{
    struct relay *r = arg;
    for (size_t n = 0; n < r->rounds; n++) {
        for (int i = 0; i < BATCH; i++) {
            r->batch[i] = made(echo, kit_int(i), NULL);
            next(r->batch[i], 0);
        }
        pthread_barrier_wait(&r->full);
        pthread_barrier_wait(&r->empty);
    }
    return NULL;
}

static void destroy_batch(struct relay *r)
{
    pthread_barrier_wait(&r->full);
    for (int i = 0; i < BATCH; i++)
        if (coop_gen_destroy(r->batch[i]) != 0)
            ck_abort_msg("not destroyed");
    pthread_barrier_wait(&r->empty);
}

START_TEST (stacks_that_another_thread_gives_back_do_not_pile_up) {
    struct relay r = {.rounds = scaled(UNDER_TSAN ? 100 : 1000)};
    pthread_t creator;
    size_t early = 0;
    pthread_barrier_init(&r.full, NULL, 2);
    pthread_barrier_init(&r.empty, NULL, 2);
    ck_assert_int_eq(pthread_create(&creator, NULL, create_batches, &r), 0);
    for (size_t n = 0; n < r.rounds; n++) {
        destroy_batch(&r);
        if (n == r.rounds / 20)
            early = resident_bytes();
    }
    pthread_join(creator, NULL);
    ck_assert_uint_le(resident_bytes(), early + ((size_t)4 << 20));
    pthread_barrier_destroy(&r.full);
    pthread_barrier_destroy(&r.empty);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_step_is_two_switches_at_any_depth_of_delegation,
        stacks_that_another_thread_gives_back_do_not_pile_up,
        NULL,
    };
    return run_suite("coop generators alone", 10, tests);
}
