/* SPDX-License-Identifier: MIT */
/*
 * The portable mechanism: POSIX ucontext. The suspended side is a record on
 * its own stack, so that a context holds one pointer here as with assembly.
 */
#include "exchange.h"

#include <stdlib.h>
#include <ucontext.h>

struct side {
    ucontext_t machine;
    kit_value value; /* handed over by the other side */
    unsigned word;
};

static struct side exchange(kit_context *context, kit_value value,
                            unsigned word)
{
    struct side mine, *other = context->suspended;
    context->suspended = &mine;
    other->value = value;
    other->word = word;
    if (swapcontext(&mine.machine, &other->machine) != 0)
        abort(); /* fails only for a malformed context */
    return mine;
}

kit_step kit_ucontext_resume(kit_context *context, kit_completion how)
{
    struct side got = exchange(context, how.value, how.how);
    return kit_step_make((enum kit_state)got.word, got.value);
}

kit_completion kit_ucontext_yield(kit_context *context, kit_step step)
{
    struct side got = exchange(context, step.value, step.state);
    return kit_completion_make((enum kit_how)got.word, got.value);
}

int kit_ucontext_pass(kit_context *from, int value, const kit_context *to)
{
    kit_context_aim(from, to);
    return (int)exchange(from, kit_int(value), 0).value.i;
}

void kit_ucontext_leave(kit_context *context, kit_step last)
{
    struct side *other = context->suspended;
    other->value = last.value;
    other->word = last.state;
    setcontext(&other->machine);
    abort(); /* fails only for a malformed context */
}

/* The new stack's own record, above everything that runs there. */
struct start {
    struct side side;
    kit_context *context;
    kit_context_entry entry;
};

/* makecontext passes ints: a pointer travels as two of them. */
static void begin(unsigned high, unsigned low)
{
    uintptr_t address = (uintptr_t)high << 16 << 16 | low;
    struct start *start = (void *)address;
    enum kit_how how = (enum kit_how)start->side.word;
    start->entry(start->context, kit_completion_make(how, start->side.value));
    abort(); /* an entry does not return */
}

void kit_ucontext_start(kit_context *context, char *low, char *top,
                        kit_context_entry entry)
{
    struct start *start = (struct start *)(void *)top - 1;
    start = (void *)((uintptr_t)start & ~(uintptr_t)15);
    if (getcontext(&start->side.machine) != 0)
        abort(); /* cannot fail on Linux */
    start->context = context;
    start->entry = entry;
    start->side.machine.uc_link = NULL;
    start->side.machine.uc_stack.ss_sp = low;
    start->side.machine.uc_stack.ss_size = (size_t)((char *)start - low);
    uintptr_t address = (uintptr_t)start;
    makecontext(&start->side.machine, (void (*)(void))begin, 2,
                (unsigned)(address >> 16 >> 16), (unsigned)address);
    context->suspended = &start->side;
}
