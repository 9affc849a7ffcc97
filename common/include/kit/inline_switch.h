/* SPDX-License-Identifier: MIT */
/*
 * For those who make a kind of coroutine, not for those who use one.
 *
 * kit_context_resume and kit_context_yield as inline assembly, where there is
 * such (x86-64): of the registers, the compiler saves those that are live,
 * mostly none, instead of all that a call must preserve; and as nothing is
 * called, the predictor of return addresses is left in peace. A switch costs
 * about half as much.
 *
 * Only for contexts whose mechanism says so (kit_mechanism.inlines): the frame
 * that it leaves is that of common/context/switch_x86_64.S. A debugger must
 * know where such a side has its registers; coop/gdb.py does.
 */
#ifndef KIT_INLINE_SWITCH_H
#define KIT_INLINE_SWITCH_H

#include <kit/context.h>

#if defined(__x86_64__) && defined(__linux__) && !defined(__ILP32__)
#define KIT_INLINE_SWITCH 1

/* What AVX-512 adds to the registers that a call may change. */
#ifdef __AVX512F__
#define KIT_INLINE_CLOBBERS_512                                                \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23",  \
        "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30",         \
        "xmm31", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define KIT_INLINE_CLOBBERS_512
#endif

/*
 * Leaves this side at *left, for whoever comes back, and goes on with the one
 * that was left at `resumed`. Two words given, two words got.
 */
static inline __attribute__((always_inline)) void
kit_inline_exchange(void **left, void *resumed, uint64_t words[2])
{
    uint64_t first = words[0];
    /* Below the red zone of the caller: the address to go on at, and rbp; of
       the other registers, the compiler has saved what is live. */
    __asm__ volatile("leaq -144(%%rsp), %%rsp\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "movq %%rbp, 8(%%rsp)\n\t"
                     "movq %%rax, (%%rsp)\n\t"
                     "movq %%rsp, (%%rdi)\n\t"
                     "movq %%rcx, %%rsp\n\t"
                     "jmpq *(%%rcx)\n"
                     "1:\n\t"
                     "movq 8(%%rsp), %%rbp\n\t"
                     "leaq 144(%%rsp), %%rsp"
                     : "+S"(first), "+d"(words[1]), "+D"(left), "+c"(resumed)
                     :
                     : "rax", "rbx", "r8", "r9", "r10", "r11", "r12", "r13",
                       "r14", "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
                       "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                       "xmm12", "xmm13", "xmm14", "xmm15", "st", "st(1)",
                       "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)",
                       "memory", "cc" KIT_INLINE_CLOBBERS_512);
    words[0] = first;
}

/* Steps and completions travel as two whole words, padding included: else the
   compiler would put them together from halves. */
union kit_inline_words {
    uint64_t words[2];
    kit_completion completion;
    kit_step step;
};

static inline __attribute__((always_inline)) kit_completion
kit_inline_yield(kit_context *context, kit_step step)
{
    union kit_inline_words u;
    u.words[0] = step.value.bits;
    u.words[1] = (uint64_t)step.state;
    kit_inline_exchange(&context->suspended, context->suspended, u.words);
    return u.completion;
}

static inline __attribute__((always_inline)) kit_step
kit_inline_resume(kit_context *context, kit_completion how)
{
    union kit_inline_words u;
    u.words[0] = how.value.bits;
    u.words[1] = (uint64_t)how.how;
    kit_inline_exchange(&context->suspended, context->suspended, u.words);
    return u.step;
}

/* kit_context_swap and kit_context_transfer. */
static inline __attribute__((always_inline)) kit_completion
kit_inline_transfer(kit_context *from, kit_context *to, kit_completion how)
{
    union kit_inline_words u;
    void *resumed = to->suspended;
    u.words[0] = how.value.bits;
    u.words[1] = (uint64_t)how.how;
    to->suspended = from->suspended;
    kit_inline_exchange(&from->suspended, resumed, u.words);
    return u.completion;
}

/* Where a new body begins: to be jumped to, with the stack pointer at a frame
   like this, as if it had been suspended right before its beginning. */
KIT_EXPORT void kit_asm_entry(void);

struct kit_asm_frame {
    void (*resume_at)(void); /* kit_asm_entry, which takes the others */
    void *context;
    kit_context_entry entry;
    void *unused; /* for the alignment of what is above */
};

static inline void kit_asm_frame_set(struct kit_asm_frame *f, void *context,
                                     kit_context_entry entry,
                                     void (*start)(void))
{
    f->resume_at = start;
    f->context = context;
    f->entry = entry;
}

/* kit_context_start, after context->mechanism was set. */
static inline void kit_inline_start(kit_context *context, char *top,
                                    kit_context_entry entry)
{
    struct kit_asm_frame *frame = (struct kit_asm_frame *)(void *)top - 1;
    kit_asm_frame_set(frame, context, entry, kit_asm_entry);
    context->suspended = frame;
}

/* kit_context_swap and kit_context_exit: nothing of `from` is left behind. */
__attribute__((noreturn)) static inline __attribute__((always_inline)) void
kit_inline_leave(kit_context *from, kit_context *to, kit_completion how)
{
    void *resumed = to->suspended;
    to->suspended = from->suspended;
    __asm__ volatile("movq %%rcx, %%rsp\n\t"
                     "jmpq *(%%rcx)"
                     :
                     : "c"(resumed), "S"(how.value.bits), "d"((uint64_t)how.how)
                     : "memory");
    __builtin_unreachable();
}

#else
#define KIT_INLINE_SWITCH 0
#endif

#endif
