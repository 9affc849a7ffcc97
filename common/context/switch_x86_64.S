/* SPDX-License-Identifier: MIT */
/*
 * Context switch for x86-64, System V ABI. The contract is in switch.h.
 *
 *   rdi       the context; its first word is the suspended stack pointer
 *   rsi, rdx  the words to hand over, returned there in rax and rdx
 *
 * At a suspended stack pointer is the address where that side goes on, and
 * restores its registers by itself: a side that is switched in line
 * (kit/inline_switch.h) has fewer to restore.
 *
 * The last instruction is an indirect jump to a popped address, not `ret`:
 * `ret` is predicted from the call stack of the side that is left, and is
 * wrong every time. mxcsr and the x87 control word stay as they are.
 */
#if defined(__x86_64__)

        /* What a side restores when it goes on. */
        .macro  SAVE
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbp, 0
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbx, 0
        pushq   %r12
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r12, 0
        pushq   %r13
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r13, 0
        pushq   %r14
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r14, 0
        pushq   %r15
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r15, 0
        leaq    .Lresumed(%rip), %rcx
        pushq   %rcx
        .cfi_adjust_cfa_offset 8
        .endm

        .text
        .p2align 6
        .globl  kit_asm_resume
        .hidden kit_asm_resume
        .type   kit_asm_resume, @function
        .globl  kit_asm_yield
        .hidden kit_asm_yield
        .type   kit_asm_yield, @function
kit_asm_resume:
kit_asm_yield:
        .cfi_startproc
        SAVE
        movq    (%rdi), %rcx
        movq    %rsp, (%rdi)
        movq    %rcx, %rsp
        jmpq    *(%rcx)

.Lresumed:
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
        popq    %r15
        .cfi_adjust_cfa_offset -8
        .cfi_restore r15
        popq    %r14
        .cfi_adjust_cfa_offset -8
        .cfi_restore r14
        popq    %r13
        .cfi_adjust_cfa_offset -8
        .cfi_restore r13
        popq    %r12
        .cfi_adjust_cfa_offset -8
        .cfi_restore r12
        popq    %rbx
        .cfi_adjust_cfa_offset -8
        .cfi_restore rbx
        popq    %rbp
        .cfi_adjust_cfa_offset -8
        .cfi_restore rbp
        movq    %rsi, %rax
        popq    %rcx
        .cfi_adjust_cfa_offset -8
        .cfi_register rip, rcx
        jmpq    *%rcx
        .cfi_endproc
        .size   kit_asm_resume, . - kit_asm_resume
        .size   kit_asm_yield, . - kit_asm_yield

        /* rdx: the other context, whose suspended side is to go on */
        .p2align 4
        .globl  kit_asm_pass
        .hidden kit_asm_pass
        .type   kit_asm_pass, @function
kit_asm_pass:
        .cfi_startproc
        SAVE
        movq    (%rdx), %rcx
        xorl    %edx, %edx
        movq    %rsp, (%rdi)
        movq    %rcx, %rsp
        jmpq    *(%rcx)
        .cfi_endproc
        .size   kit_asm_pass, . - kit_asm_pass

        /* The last switch of a body: there is nothing to save. */
        .p2align 4
        .globl  kit_asm_leave
        .hidden kit_asm_leave
        .type   kit_asm_leave, @function
kit_asm_leave:
        .cfi_startproc
        .cfi_undefined rip
        movq    (%rdi), %rsp
        jmpq    *(%rsp)
        .cfi_endproc
        .size   kit_asm_leave, . - kit_asm_leave

        /* A jump to the entry: a call would leave the processor expecting a
           return that never comes, and mistaking the next ones. */
        .p2align 4
        .globl  kit_asm_entry
        .type   kit_asm_entry, @function
kit_asm_entry:
        .cfi_startproc
        .cfi_undefined rip              /* debuggers stop unwinding here */
        xorl    %ebp, %ebp              /* the end of the frame chain */
        movq    8(%rsp), %rdi           /* rsi, rdx: the two words */
        movq    16(%rsp), %rax
        leaq    .Lnever(%rip), %rcx
        pushq   %rcx                    /* where a backtrace ends */
        jmpq    *%rax
.Lnever:
        ud2                             /* an entry does not return */
        .cfi_endproc
        .size   kit_asm_entry, . - kit_asm_entry

#endif
        .section .note.GNU-stack, "", @progbits
