/* SPDX-License-Identifier: MIT */
/* The table of mechanisms, with or without notices to the sanitizers. */
#include "exchange.h"

#include <kit/inline_switch.h>

#include <stdlib.h>
#include <string.h>

#if KIT_ASAN || KIT_TSAN

#define MECHANISM(name, may_inline)                                            \
    static int name##_start(kit_context *c, kit_stack *stack, char *top,       \
                            kit_context_entry entry)                           \
    {                                                                          \
        top = kit_notice_start(c, stack, top, entry);                          \
        kit_##name##_start(c, stack->low, top, kit_notice_entry);              \
        return 0;                                                              \
    }                                                                          \
    static kit_step name##_resume(kit_context *c, kit_completion how)          \
    {                                                                          \
        return kit_notice_resume(c, how, kit_##name##_resume);                 \
    }                                                                          \
    static kit_completion name##_yield(kit_context *c, kit_step step)          \
    {                                                                          \
        return kit_notice_yield(c, step, kit_##name##_yield);                  \
    }                                                                          \
    static int name##_pass(kit_context *c, int value, const kit_context *to)   \
    {                                                                          \
        kit_context_aim(c, to);                                                \
        kit_step step = kit_yielded(kit_int(value));                           \
        return (int)kit_notice_yield(c, step, kit_##name##_yield).value.i;     \
    }                                                                          \
    __attribute__((noreturn)) static void name##_exit(kit_context *c,          \
                                                      kit_step last)           \
    {                                                                          \
        kit_notice_exit(c, last, kit_##name##_leave);                          \
    }                                                                          \
    static const struct kit_mechanism name##_mechanism = {                     \
        #name,       name##_start, name##_resume,      name##_yield,           \
        name##_pass, name##_exit,  kit_notice_dispose, false}

#else

#define MECHANISM(name, may_inline)                                            \
    static int name##_start(kit_context *c, kit_stack *stack, char *top,       \
                            kit_context_entry entry)                           \
    {                                                                          \
        kit_##name##_start(c, stack->low, top, entry);                         \
        return 0;                                                              \
    }                                                                          \
    static const struct kit_mechanism name##_mechanism = {#name,               \
                                                          name##_start,        \
                                                          kit_##name##_resume, \
                                                          kit_##name##_yield,  \
                                                          kit_##name##_pass,   \
                                                          kit_##name##_leave,  \
                                                          NULL,                \
                                                          may_inline}

#endif

MECHANISM(ucontext, false);

#if KIT_USE_ASM
MECHANISM(asm, KIT_INLINE_SWITCH);

void kit_asm_start(kit_context *context, char *low, char *top,
                   kit_context_entry entry)
{
    (void)low;
    struct kit_asm_frame *frame = (struct kit_asm_frame *)(void *)top - 1;
    kit_asm_frame_set(frame, context, entry, kit_asm_entry);
    context->suspended = frame;
}
#endif

static const struct kit_mechanism *const mechanisms[] = {
#if KIT_USE_ASM
    &asm_mechanism,
#endif
    &ucontext_mechanism,
    &kit_baton_mechanism,
};

#if KIT_USE_ASM
const struct kit_mechanism *const kit_mechanism_first = &asm_mechanism;
#else
const struct kit_mechanism *const kit_mechanism_first = &ucontext_mechanism;
#endif

const struct kit_mechanism *kit_mechanism_named(const char *name)
{
    for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++)
        if (strcmp(mechanisms[i]->name, name) == 0)
            return mechanisms[i];
    return NULL;
}
