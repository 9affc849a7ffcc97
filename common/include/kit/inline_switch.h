/* SPDX-License-Identifier: MIT */
/*
 * For those who make a kind of coroutine, not for those who use one.
 *
 * kit_context_yield as inline assembly, where there is such (x86-64): of the
 * registers, the compiler saves those that are live at the yield, mostly none,
 * instead of all that a call must preserve; and as nothing is called, the
 * return address predictor of the processor stays in step with the resumer.
 * A yield costs about half as much.
 *
 * Only for contexts whose mechanism says so (kit_mechanism.inlines): the frame
 * that it leaves is that of common/context/switch_x86_64.S, to which the words
 * in brackets refer.
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

static inline __attribute__((always_inline)) kit_completion
kit_inline_yield(kit_context *context, kit_step step)
{
    /* As two whole words, padding included: else it would be put together
       from halves. */
    union {
        uint64_t words[2];
        kit_completion completion;
    } how;
    uint64_t value = step.value.bits, word = (uint64_t)step.state;
    /* Below the red zone of the caller: the address to go on at, rbp, and room
       for five registers whose values do not matter [kit_asm_resume pops
       them]; then the exchange, and the resumer's registers. */
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
        : "=a"(how.words[0]), "+d"(word), "+S"(value), "+D"(context)
        :
        : "rcx", "rbx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
          "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
          "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
          "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)",
          "memory", "cc" KIT_INLINE_CLOBBERS_512);
    how.words[1] = word;
    return how.completion;
}

#else
#define KIT_INLINE_SWITCH 0
#endif

#endif
