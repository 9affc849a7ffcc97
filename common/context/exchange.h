/* SPDX-License-Identifier: MIT */
/* A mechanism in the raw: what it does before any checker is told. */
#ifndef KIT_EXCHANGE_H
#define KIT_EXCHANGE_H

#include <kit/context.h>

#include "sanitize.h"
#include "switch.h"

/*
 * Prepares `entry` below `top`; `low` is the stack's low end. The mechanisms
 * differ in these functions only.
 */
void kit_asm_start(kit_context *context, char *low, char *top,
                   kit_context_entry entry);
void kit_ucontext_start(kit_context *context, char *low, char *top,
                        kit_context_entry entry);
kit_step kit_ucontext_resume(kit_context *context, kit_completion how);
kit_completion kit_ucontext_yield(kit_context *context, kit_step step);
int kit_ucontext_pass(kit_context *from, int value, const kit_context *to);
void kit_ucontext_leave(kit_context *context, kit_step last)
    __attribute__((noreturn));

/* Needs no notices: its exchanges are between threads. */
extern const struct kit_mechanism kit_baton_mechanism;

/*
 * Notices: the calls by which AddressSanitizer and ThreadSanitizer follow a
 * switch. They are empty in a build without those.
 */
struct kit_notice;

char *kit_notice_start(kit_context *context, kit_stack *stack, char *top,
                       kit_context_entry entry);
void kit_notice_entry(kit_context *context, kit_completion first);
kit_step kit_notice_resume(kit_context *context, kit_completion how,
                           kit_step (*resume)(kit_context *, kit_completion));
kit_completion kit_notice_yield(kit_context *context, kit_step step,
                                kit_completion (*yield)(kit_context *,
                                                        kit_step));
void kit_notice_exit(kit_context *context, kit_step last,
                     void (*leave_by)(kit_context *, kit_step))
    __attribute__((noreturn));
void kit_notice_dispose(kit_context *context);

#endif
