/* SPDX-License-Identifier: MIT */
/* cancel by resumable functions. */
#include "wiring.h"

#include "cancel.h"

struct held_by_frame {
    struct cancel_resource resource;
    coop_frame frame;
};

COOP_FRAME_FUNCTION(produce)
{
    struct cancel_resource *r =
        &KIT_CONTAINER(f, struct held_by_frame, frame)->resource;
    COOP_FRAME_BEGIN(f);
    r->is_held = true;
    while (!kit_is_abrupt(how))
        COOP_FRAME_YIELD(f, kit_int(r->value++));
    r->is_held = false;
    COOP_FRAME_END(f);
    return kit_step_of_end(how);
}

static int open_producer(const void *how, struct cancel_resource *r,
                         kit_iter **it)
{
    struct held_by_frame *h = KIT_CONTAINER(r, struct held_by_frame, resource);
    (void)how;
    coop_frame_init(&h->frame, &produce);
    *it = &h->frame.iter;
    return 0;
}

static void close_producer(struct cancel_resource *r)
{
    coop_frame_close(&KIT_CONTAINER(r, struct held_by_frame, resource)->frame);
}

static int cancel_by_frames(const struct workload_params *params,
                            struct workload_result *result)
{
    static const struct cancel_form form = {
        sizeof(struct held_by_frame), open_producer, close_producer, NULL};
    return cancel_run(&form, params, result);
}

STACKLESS(cancel)
