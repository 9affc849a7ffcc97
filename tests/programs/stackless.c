/* SPDX-License-Identifier: MIT */
/* Bodies without a stack: what a compiler would do, the walk's position is
   kept in the frame. */
#include "program.h"

#include <coop/frame.h>

#include <errno.h>
#include <stdlib.h>

enum place {
    IN_BLOCK = 0, /* the body itself */
    IN_LOOP,
    IN_TRY,
    IN_HANDLER,
    IN_CLEANUP,
};

struct activation {
    enum place place;
    const struct block *block;
    size_t next;
    int turns;
    const struct instruction *of; /* the T */
    kit_completion pending;       /* of a clean-up: how it was entered */
};

enum position {
    AT_START = 0,
    AFTER_YIELD,
    AFTER_DELEGATE,
    AFTER_SHARED,
};

struct walk {
    coop_frame frame;
    struct instance *self;
    struct instance *inner; /* that a `d` made */
    size_t depth;
    struct activation stack[]; /* as deep as the body's blocks are nested */
};

static void enter(struct walk *w, enum place place, const struct block *b,
                  const struct instruction *of)
{
    w->stack[w->depth++] = (struct activation){
        .place = place, .block = b, .of = of, .pending = kit_next(kit_none())};
}

/* The block of the top activation is left by `c`, which may be next. Returns
   how the walk goes on. */
static kit_completion leave(struct walk *w, kit_completion c)
{
    struct activation *top = &w->stack[w->depth - 1];
    const struct instruction *of = top->of;
    if (top->place == IN_LOOP && !kit_is_abrupt(c) && ++top->turns < 2) {
        top->next = 0;
        return c;
    }
    if (top->place == IN_TRY && c.how == KIT_THROW && of->has_handler) {
        say_error(w->self, "catch", c.value);
        w->depth--;
        enter(w, IN_HANDLER, &of->handler, of);
        return kit_next(kit_none());
    }
    if ((top->place == IN_TRY || top->place == IN_HANDLER) && of->has_cleanup) {
        say(w->self, "fin");
        w->depth--;
        enter(w, IN_CLEANUP, &of->cleanup, of);
        w->stack[w->depth - 1].pending = c;
        return kit_next(kit_none());
    }
    w->depth--;
    return top->place == IN_CLEANUP && !kit_is_abrupt(c) ? top->pending : c;
}

static kit_completion resumed(struct walk *w, kit_completion how)
{
    static const char *const words[] = {NULL, "got", "end", "shr"};
    const char *word = words[w->frame.position];
    if (word && !kit_is_abrupt(how))
        say_value(w->self, word, how.value);
    if (w->inner)
        instance_free(w->inner);
    w->inner = NULL;
    if (w->frame.position == AT_START || !kit_is_abrupt(how))
        return kit_next(kit_none());
    return how;
}

static kit_step suspend(struct walk *w, enum position position, kit_step step)
{
    w->frame.position = position;
    return step;
}

static kit_step delegate(struct walk *w, enum position position, kit_iter *to)
{
    return suspend(w, position,
                   kit_step_make(COOP_FRAME_DELEGATES, kit_ptr(&to->iterable)));
}

/* True: the frame answers with *step. False: go on with *c. */
static bool run_one(struct walk *w, const struct instruction *i,
                    kit_completion *c, kit_step *step)
{
    kit_iter *to;
    switch (i->op) {
    case 'y':
        *step = suspend(w, AFTER_YIELD, kit_yielded(kit_int(i->number)));
        return true;
    case 'd':
        w->inner = instance_new(w->self->run, i->number);
        *step = delegate(w, AFTER_DELEGATE, w->inner->iter);
        return true;
    case 's':
    case 'x':
    case 'h':
        to = shared_by(w->self, i->op, i->number);
        if (!to)
            break;
        *step = delegate(w, AFTER_SHARED, to);
        return true;
    case 'l':
        say_value(w->self, "log", kit_int(i->number));
        break;
    case 'r':
        *c = kit_return(kit_int(i->number));
        break;
    case 't':
        *c = kit_throw(thrown(i->number));
        break;
    case 'e':
    case 'i':
        step_instance(w->self, i->number);
        break;
    case 'L':
        enter(w, IN_LOOP, &i->body, i);
        break;
    case 'T':
        enter(w, IN_TRY, &i->body, i);
        break;
    }
    return false;
}

COOP_FRAME_FUNCTION(body)
{
    struct walk *w = (struct walk *)(void *)f;
    kit_completion c = resumed(w, how);
    kit_step step;
    while (w->depth > 0) {
        struct activation *top = &w->stack[w->depth - 1];
        if (kit_is_abrupt(c) || top->next == top->block->length)
            c = leave(w, c);
        else if (run_one(w, &top->block->at[top->next++], &c, &step))
            return step;
    }
    return kit_step_of_end(c);
}

static int create(struct instance *self)
{
    const struct body *b = self->body;
    struct walk *w = calloc(1, sizeof *w + (b->depth + 1) * sizeof *w->stack);
    if (!w)
        return -ENOMEM;
    coop_frame_init(&w->frame, &body);
    w->self = self;
    enter(w, IN_BLOCK, &b->block, NULL);
    self->state = w;
    self->iter = &w->frame.iter;
    return 0;
}

static void destroy(struct instance *self)
{
    struct walk *w = self->state;
    if (coop_frame_close(&w->frame) != 0)
        abort();
    free(w);
}

const struct backend backend_stackless = {"stackless", create, destroy};
