/* SPDX-License-Identifier: MIT */
/* sieve by resumable functions. */
#include "wiring.h"

#include "sieve.h"

struct frame_link {
    struct sieve_link link;
    coop_frame frame;
    kit_loop loop;
    kit_value number;
};

COOP_FRAME_FUNCTION(numbers)
{
    kit_value *number = &KIT_CONTAINER(f, struct frame_link, frame)->number;
    COOP_FRAME_BEGIN(f);
    for (number->i = 2; !kit_is_abrupt(how); number->i++)
        COOP_FRAME_YIELD(f, *number);
    COOP_FRAME_END(f);
    return kit_step_of_end(how);
}

COOP_FRAME_FUNCTION(filter)
{
    struct frame_link *l = KIT_CONTAINER(f, struct frame_link, frame);
    COOP_FRAME_BEGIN(f);
    kit_loop_open(&l->loop, &l->link.in->iterable);
    while (!kit_is_abrupt(how) && kit_loop_next(&l->loop, &l->number))
        if (sieve_passes(&l->link, l->number.i))
            COOP_FRAME_YIELD(f, l->number);
    COOP_FRAME_END(f);
    return kit_step_of_end(kit_loop_close(&l->loop, how));
}

static int open_link(const void *how, struct sieve_link *link)
{
    struct frame_link *l = KIT_CONTAINER(link, struct frame_link, link);
    (void)how;
    coop_frame_init(&l->frame, link->in ? &filter : &numbers);
    link->iter = &l->frame.iter;
    return 0;
}

static void close_link(struct sieve_link *link)
{
    coop_frame_close(&KIT_CONTAINER(link, struct frame_link, link)->frame);
}

static int sieve_by_frames(const struct workload_params *params,
                           struct workload_result *result)
{
    static const struct sieve_form form = {sizeof(struct frame_link), open_link,
                                           close_link, NULL};
    return sieve_run(&form, params, result);
}

STACKLESS(sieve)
