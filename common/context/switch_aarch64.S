/* SPDX-License-Identifier: MIT */
/*
 * Context switch for AArch64, AAPCS64. The contract is in switch.h.
 *
 *   x0      the context; its first word is the suspended stack pointer
 *   x1, x2  the words to hand over, returned there in x0 and x1
 *
 * The address is loaded and jumped to with `br`, not `ret`, which would be
 * predicted from the call stack of the side that is left. Where branches are
 * protected (-mbranch-protection), only `ret` may go where a call returns to.
 * fpcr stays as it is.
 */
#if defined(__aarch64__)

#if defined(__ARM_FEATURE_BTI_DEFAULT)
#define LANDING hint #34                /* bti c */
#define GO_ON   ret
        .pushsection .note.gnu.property, "a"
        .p2align 3
        .word   4, 16, 5                /* of "GNU", of what follows it, type */
        .asciz  "GNU"
        .word   0xc0000000, 4, 1, 0     /* features of AArch64: BTI */
        .popsection
#else
#define LANDING
#define GO_ON   mov x16, x30; br x16
#endif

        .text
        .p2align 6
        .globl  kit_asm_resume
        .hidden kit_asm_resume
        .type   kit_asm_resume, %function
        .globl  kit_asm_yield
        .hidden kit_asm_yield
        .type   kit_asm_yield, %function
kit_asm_resume:
kit_asm_yield:
        .cfi_startproc
        LANDING
        ldr     x9, [x0]
.Lswitch:
        .cfi_remember_state
        sub     sp, sp, #160
        .cfi_def_cfa_offset 160
        stp     d8, d9, [sp, #0]
        stp     d10, d11, [sp, #16]
        stp     d12, d13, [sp, #32]
        stp     d14, d15, [sp, #48]
        stp     x19, x20, [sp, #64]
        stp     x21, x22, [sp, #80]
        stp     x23, x24, [sp, #96]
        stp     x25, x26, [sp, #112]
        stp     x27, x28, [sp, #128]
        stp     x29, x30, [sp, #144]
        .cfi_offset d8, -160
        .cfi_offset d9, -152
        .cfi_offset d10, -144
        .cfi_offset d11, -136
        .cfi_offset d12, -128
        .cfi_offset d13, -120
        .cfi_offset d14, -112
        .cfi_offset d15, -104
        .cfi_offset x19, -96
        .cfi_offset x20, -88
        .cfi_offset x21, -80
        .cfi_offset x22, -72
        .cfi_offset x23, -64
        .cfi_offset x24, -56
        .cfi_offset x25, -48
        .cfi_offset x26, -40
        .cfi_offset x27, -32
        .cfi_offset x28, -24
        .cfi_offset x29, -16
        .cfi_offset x30, -8

        mov     x10, sp
        str     x10, [x0]
        mov     sp, x9
.Lrestore:
        ldp     d8, d9, [sp, #0]
        ldp     d10, d11, [sp, #16]
        ldp     d12, d13, [sp, #32]
        ldp     d14, d15, [sp, #48]
        ldp     x19, x20, [sp, #64]
        ldp     x21, x22, [sp, #80]
        ldp     x23, x24, [sp, #96]
        ldp     x25, x26, [sp, #112]
        ldp     x27, x28, [sp, #128]
        ldp     x29, x30, [sp, #144]
        add     sp, sp, #160
        .cfi_restore_state
        mov     x0, x1
        mov     x1, x2
        GO_ON
        .cfi_endproc
        .size   kit_asm_resume, . - kit_asm_resume
        .size   kit_asm_yield, . - kit_asm_yield

        /* x2: the other context, whose suspended side is to go on */
        .p2align 4
        .globl  kit_asm_pass
        .hidden kit_asm_pass
        .type   kit_asm_pass, %function
kit_asm_pass:
        .cfi_startproc
        LANDING
        ldr     x9, [x2]
        mov     x2, #0
        b       .Lswitch
        .cfi_endproc
        .size   kit_asm_pass, . - kit_asm_pass

        /* The last switch of a body: there is nothing to save. */
        .p2align 4
        .globl  kit_asm_leave
        .hidden kit_asm_leave
        .type   kit_asm_leave, %function
kit_asm_leave:
        .cfi_startproc
        .cfi_undefined x30
        LANDING
        ldr     x9, [x0]
        mov     sp, x9
        b       .Lrestore
        .cfi_endproc
        .size   kit_asm_leave, . - kit_asm_leave

        /* A jump to the entry: a call would leave the processor expecting a
           return that never comes, and mistaking the next ones. */
        .p2align 4
        .globl  kit_asm_entry
        .hidden kit_asm_entry
        .type   kit_asm_entry, %function
kit_asm_entry:
        .cfi_startproc
        .cfi_undefined x30              /* debuggers stop unwinding here */
        mov     x2, x1
        mov     x1, x0
        mov     x0, x19
        mov     x16, x20
        adr     x30, .Lnever            /* where a backtrace ends */
        br      x16
.Lnever:
        brk     #1                      /* an entry does not return */
        .cfi_endproc
        .size   kit_asm_entry, . - kit_asm_entry

#endif
        .section .note.GNU-stack, "", %progbits
