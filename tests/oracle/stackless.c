/* SPDX-License-Identifier: MIT */
/* One generator of a scenario without a stack. */
#include "stackless.h"

#include <check.h>
#include <stdlib.h>

static const coop_frame_function *twin_of(gen_body body)
{
    const struct twin *const all[] = {stepping_twins, delegation_twins,
                                      loops_twins};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (const struct twin *t = all[i]; t->body; t++)
            if (t->body == body)
                return t->frame;
    ck_abort_msg("a body has no twin without a stack");
}

static int make(struct gen *g)
{
    struct frame *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    f->gen = g;
    coop_frame_init(&f->frame, twin_of(g->body));
    g->impl = f;
    g->iter = &f->frame.iter;
    return 0;
}

static int unmake(struct gen *g)
{
    struct frame *f = g->impl;
    int result = coop_frame_close(&f->frame);
    if (result == 0)
        free(f);
    return result;
}

/* Its functions yield and delegate themselves. */
const struct backend backend_stackless = {"stackless", make, unmake, NULL,
                                          NULL};
