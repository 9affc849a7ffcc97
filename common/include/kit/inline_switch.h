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
 * that it leaves is that of common/context/switch_x86_64.S, to which the words
 * in brackets refer. A debugger must know that the side goes on at an
 * instruction that gives back 128 bytes; coop/gdb.py does.
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

/* Two words given, two words got. */
static inline __attribute__((always_inline)) void
kit_inline_exchange(kit_context *context, uint64_t words[2])
{
    uint64_t first = words[0];
    /* Below the red zone of the caller: the address to go on at, rbp, and room
       for five registers whose values do not matter [kit_asm_resume pops
       them]; then the exchange, and the other side's registers. */
    __asm__ volatile(
        "leaq -128(%%rsp), %%rsp\n\t"
        "leaq 1f(%%rip), %%rcx\n\t"
        "pushq %%rcx\n\t"
        "pushq %%rbp\n\t"
        "subq $40, %%rsp\n\t"
        "movq (%%rdi), %%rcx\n\t"
        "movq %%rsp, (%%rdi)\n\t"
        "movq %%rcx, %%rsp\n\t"
        "popq %%r15\n\t"
        "popq %%r14\n\t"
        "popq %%r13\n\t"
        "popq %%r12\n\t"
        "popq %%rbx\n\t"
        "popq %%rbp\n\t"
        "movq %%rsi, %%rax\n\t"
        "popq %%rcx\n\t"
        "jmpq *%%rcx\n"
        "1:\n\t"
        "leaq 128(%%rsp), %%rsp"
        : "=a"(words[0]), "+d"(words[1]), "+S"(first), "+D"(context)
        :
        : "rcx", "rbx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
          "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
          "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
          "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)",
          "memory", "cc" KIT_INLINE_CLOBBERS_512);
}

/* Steps and completions travel as two whole words, padding included: else the
   compiler would put them together from halves. */
static inline __attribute__((always_inline)) kit_completion
kit_inline_yield(kit_context *context, kit_step step)
{
    union {
        uint64_t words[2];
        kit_completion completion;
    } u;
    u.words[0] = step.value.bits;
    u.words[1] = (uint64_t)step.state;
    kit_inline_exchange(context, u.words);
    return u.completion;
}

static inline __attribute__((always_inline)) kit_step
kit_inline_resume(kit_context *context, kit_completion how)
{
    union {
        uint64_t words[2];
        kit_step step;
    } u;
    u.words[0] = how.value.bits;
    u.words[1] = (uint64_t)how.how;
    kit_inline_exchange(context, u.words);
    return u.step;
}

#else
#define KIT_INLINE_SWITCH 0
#endif

#endif
