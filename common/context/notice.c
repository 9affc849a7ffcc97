/* SPDX-License-Identifier: MIT */
/*
 * Notices to AddressSanitizer (which stack runs) and ThreadSanitizer (which
 * fiber runs). Each suspended side has a notice on its own stack, and the
 * context points at it, beside the machine state.
 */
#include "exchange.h"

#if KIT_ASAN || KIT_TSAN

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#if KIT_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#if KIT_TSAN
#include <sanitizer/tsan_interface.h>
#endif

struct bounds {
    const void *low;
    size_t bytes;
};

struct kit_notice {
    struct bounds stack;
    void *fake_stack; /* AddressSanitizer's, while suspended */
    void *fiber;      /* ThreadSanitizer's */
    kit_context_entry entry;
};

static _Thread_local struct bounds running; /* the stack that runs now */
static _Thread_local struct kit_notice *arriving;

/* Behind calls, since a flow may go on in another thread after a switch. */
__attribute__((noinline)) static struct bounds running_stack(void)
{
    if (!running.low) {
        pthread_attr_t attr;
        void *low = NULL;
        if (pthread_getattr_np(pthread_self(), &attr) == 0) {
            pthread_attr_getstack(&attr, &low, &running.bytes);
            pthread_attr_destroy(&attr);
        }
        running.low = low;
    }
    return running;
}

__attribute__((noinline)) static void arrive_at(struct bounds stack)
{
    running = stack;
}

__attribute__((noinline)) static struct kit_notice **arriving_slot(void)
{
    return &arriving;
}

__attribute__((no_sanitize("thread"))) static void
leave(struct kit_notice *mine, struct kit_notice *other, bool for_good)
{
    mine->stack = running_stack();
    *arriving_slot() = other;
#if KIT_TSAN
    mine->fiber = __tsan_get_current_fiber();
#endif
#if KIT_ASAN
    __sanitizer_start_switch_fiber(for_good ? NULL : &mine->fake_stack,
                                   other->stack.low, other->stack.bytes);
#endif
    (void)for_good;
#if KIT_TSAN
    __tsan_switch_to_fiber(other->fiber, 0);
#endif
}

__attribute__((no_sanitize("thread"))) static void
arrive(struct kit_notice *mine)
{
#if KIT_ASAN
    __sanitizer_finish_switch_fiber(mine->fake_stack, NULL, NULL);
#endif
    arrive_at(mine->stack);
}

char *kit_notice_start(kit_context *context, kit_stack *stack, char *top,
                       kit_context_entry entry)
{
    struct kit_notice *notice = (struct kit_notice *)(void *)top - 1;
    notice = (void *)((uintptr_t)notice & ~(uintptr_t)15);
    memset(notice, 0, sizeof *notice);
    notice->stack.low = stack->low;
    notice->stack.bytes = (size_t)((char *)(stack + 1) - stack->low);
    notice->entry = entry;
#if KIT_TSAN
    notice->fiber = __tsan_create_fiber(0);
#endif
    context->notice = notice;
    return (char *)notice;
}

__attribute__((no_sanitize("thread"))) void
kit_notice_entry(kit_context *context, kit_completion first)
{
    struct kit_notice *mine = *arriving_slot();
    arrive(mine);
    mine->entry(context, first);
}

__attribute__((no_sanitize("thread"))) kit_step
kit_notice_resume(kit_context *context, kit_completion how,
                  kit_step (*resume)(kit_context *, kit_completion))
{
    struct kit_notice mine = {{NULL, 0}, NULL, NULL, NULL};
    struct kit_notice *other = context->notice;
    context->notice = &mine;
    leave(&mine, other, false);
    kit_step step = resume(context, how);
    arrive(&mine);
    return step;
}

__attribute__((no_sanitize("thread"))) kit_completion
kit_notice_yield(kit_context *context, kit_step step,
                 kit_completion (*yield)(kit_context *, kit_step))
{
    struct kit_notice mine = {{NULL, 0}, NULL, NULL, NULL};
    struct kit_notice *other = context->notice;
    context->notice = &mine;
    leave(&mine, other, false);
    kit_completion how = yield(context, step);
    arrive(&mine);
    return how;
}

/* The record stays readable on the ended stack until that is re-used. */
__attribute__((no_sanitize("thread"), noreturn)) void
kit_notice_exit(kit_context *context, kit_step last,
                void (*leave_by)(kit_context *, kit_step))
{
    struct kit_notice mine = {{NULL, 0}, NULL, NULL, NULL};
    struct kit_notice *other = context->notice;
    context->notice = &mine;
    leave(&mine, other, true);
    leave_by(context, last);
    abort(); /* does not return */
}

void kit_notice_dispose(kit_context *context)
{
#if KIT_TSAN
    struct kit_notice *notice = context->notice;
    if (notice->fiber)
        __tsan_destroy_fiber(notice->fiber);
#endif
    context->notice = NULL;
}

#endif
