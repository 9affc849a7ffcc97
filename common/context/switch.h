/* SPDX-License-Identifier: MIT */
/*
 * The contract between C and the assembly of one architecture.
 *
 * switch_<arch>.S defines these symbols:
 *   kit_asm_resume, kit_asm_yield  one routine under two names, because C sees
 *       two types of the same words: saves the callee-saved registers on the
 *       running stack, stores the stack pointer in context->suspended, whose
 *       old value becomes the stack pointer, and lets the resumed side restore
 *       itself. The second and third argument become the two words that the
 *       resumed side is returned. (x86-64: at the suspended stack pointer is
 *       the address to go on at.)
 *   kit_asm_pass  as these, with what is suspended in another context, which
 *       is the third argument; the second word is 0.
 *   kit_asm_leave  the second half of that: saves nothing.
 *   kit_asm_entry  where a new stack starts: calls entry(context, first).
 *
 * A new stack looks as if it had been suspended: struct kit_asm_frame at its
 * stack pointer. coop/gdb.py reads this frame, too.
 */
#ifndef KIT_SWITCH_H
#define KIT_SWITCH_H

#include <kit/inline_switch.h>

#if defined(__x86_64__) && defined(__linux__) && !defined(__ILP32__)
#define KIT_HAS_ASM 1

_Static_assert(offsetof(struct kit_asm_frame, resume_at) == 0 &&
                   offsetof(struct kit_asm_frame, context) == 8 &&
                   offsetof(struct kit_asm_frame, entry) == 16,
               "switch_x86_64.S finds them there");

#elif defined(__aarch64__) && defined(__linux__)
#define KIT_HAS_ASM 1

struct kit_asm_frame {
    double d8_d15[8];
    void *x19; /* the context */
    kit_context_entry x20;
    void *x21_x28[8];
    void *x29;         /* 0: the end of the frame chain */
    void (*x30)(void); /* where to go on: kit_asm_entry */
};

static inline void kit_asm_frame_set(struct kit_asm_frame *f, void *context,
                                     kit_context_entry entry,
                                     void (*start)(void))
{
    f->x19 = context;
    f->x20 = entry;
    f->x29 = NULL;
    f->x30 = start;
}

_Static_assert(sizeof(struct kit_asm_frame) == 160 &&
                   offsetof(struct kit_asm_frame, x19) == 64 &&
                   offsetof(struct kit_asm_frame, x30) == 152,
               "switch_aarch64.S stores 20 registers in this order");

#else
#define KIT_HAS_ASM 0
#endif

#if KIT_HAS_ASM && !defined(KIT_UCONTEXT_ONLY)
#define KIT_USE_ASM 1
_Static_assert(offsetof(kit_context, suspended) == 0,
               "the assembly finds the suspended side at offset 0");
kit_step kit_asm_resume(kit_context *context, kit_completion how);
kit_completion kit_asm_yield(kit_context *context, kit_step step);
int kit_asm_pass(kit_context *from, int value, const kit_context *to);
void kit_asm_leave(kit_context *context, kit_step last)
    __attribute__((noreturn));
void kit_asm_entry(void);
#else
#define KIT_USE_ASM 0
#endif

#endif
