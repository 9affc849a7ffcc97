/* SPDX-License-Identifier: MIT */
/*
 * The report of a stack overflow. The handler runs on an alternate stack, as
 * the other one is used up; it finds the stack by the address of the fault and
 * calls nothing but what a signal handler may call.
 */
#include "overflow.h"

#include "sanitize.h"
#include "thread_end.h"

#include <kit/stack.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIGNAL_STACK KIT_SIGNAL_STACK

/* ---- the sentence ---- */

struct text {
    char bytes[512];
    size_t length;
};

static void add(struct text *t, const char *more)
{
    while (*more && t->length < sizeof t->bytes)
        t->bytes[t->length++] = *more++;
}

static void add_number(struct text *t, size_t n)
{
    char digits[24];
    size_t i = sizeof digits;
    digits[--i] = '\0';
    do
        digits[--i] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    add(t, digits + i);
}

static void add_user(struct text *t, const struct kit_stack_use *use,
                     const char *name)
{
    if (!use) {
        add(t, "a context");
    } else if (!name) {
        add(t, "a ");
        add(t, use->what);
    } else {
        add(t, use->what);
        add(t, " '");
        add(t, name);
        add(t, "'");
    }
}

static void report(const struct kit_stack_use *use, const char *name,
                   size_t bytes)
{
    struct text t = {.length = 0};
    add(&t, "schedkit: ");
    add_user(&t, use, name);
    add(&t, " has overflowed its stack of ");
    add_number(&t, bytes / KIT_SANITIZER_FACTOR); /* as it was asked for */
    add(&t, " bytes");
    if (use) {
        add(&t, "; a larger one is asked for by ");
        add(&t, use->option);
    }
    add(&t, "\n");
    if (write(STDERR_FILENO, t.bytes, t.length) < 0)
        return; /* nobody to tell */
}

/* ---- whose guard is it? ---- */

/* The thread's own stack, and an address near its high end. */
static _Thread_local const struct kit_thread_stack *own;
static _Thread_local uintptr_t own_top;

/* A guard, at the most. */
#define MARGIN ((uintptr_t)64 * 1024)

/* Between the guard and own_top a fault cannot be: all of it is memory. How
   much the system keeps above own_top is not known. */
static bool is_own_guard(uintptr_t address)
{
    return own && address >= own_top - own->size - MARGIN && address < own_top;
}

/* False: the address is in no guard that is known. */
static bool report_overflow(const void *address)
{
    const kit_stack *stack = kit_stack_of_guard(address);
    if (stack)
        report(stack->use, stack->name, KIT_STACK_MIN << stack->class_index);
    else if (is_own_guard((uintptr_t)address))
        report(own->use, own->name, own->size);
    else
        return false;
    return true;
}

/* ---- the handler ---- */

static const int signals[] = {SIGSEGV, SIGBUS};
static struct sigaction former[2]; /* written once, before the handler runs */

/* What the signal would have done without us. A fault comes again, by itself,
   to whoever is there when we return. */
static void leave_to_former(int number, siginfo_t *info, void *context,
                            bool for_good)
{
    const struct sigaction *f = &former[number == SIGBUS];
    bool was_sent = info->si_code <= 0; /* and will not come again */
    if (was_sent && f->sa_handler == SIG_IGN)
        return;
    if (!for_good && (f->sa_flags & SA_SIGINFO)) {
        f->sa_sigaction(number, info, context);
    } else if (!for_good && f->sa_handler != SIG_DFL &&
               f->sa_handler != SIG_IGN) {
        f->sa_handler(number);
    } else {
        sigaction(number, f, NULL);
        if (was_sent)
            raise(number);
    }
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    bool is_ours = info->si_code > 0 && report_overflow(info->si_addr);
    leave_to_former(number, info, context, is_ours);
    errno = saved;
}

static void install(void)
{
    struct sigaction ours = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
    ours.sa_sigaction = on_fault;
    sigemptyset(&ours.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        sigaction(signals[i], NULL, &former[i]);
        sigaction(signals[i], &ours, NULL);
    }
}

/* ---- alternate stacks ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;

bool kit_signal_stack_set(void *low, size_t bytes)
{
    stack_t now, ours = {.ss_sp = low, .ss_size = bytes};
    return sigaltstack(NULL, &now) == 0 && (now.ss_flags & SS_DISABLE) &&
           sigaltstack(&ours, NULL) == 0;
}

static void unset_stack(const void *low)
{
    stack_t none = {.ss_flags = SS_DISABLE}, now;
    if (sigaltstack(NULL, &now) == 0 && now.ss_sp == low)
        sigaltstack(&none, NULL);
}

static void thread_ends(void *low)
{
    unset_stack(low);
    munmap(low, SIGNAL_STACK);
}

static struct kit_thread_end at_thread_end = KIT_THREAD_END(thread_ends);

static int give_signal_stack(void)
{
    stack_t now;
    if (sigaltstack(NULL, &now) == 0 && !(now.ss_flags & SS_DISABLE))
        return 0;
    void *low = mmap(NULL, SIGNAL_STACK, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (low == MAP_FAILED)
        return -ENOMEM;
    if (kit_signal_stack_set(low, SIGNAL_STACK) &&
        kit_thread_end_add(&at_thread_end, low))
        return 0;
    thread_ends(low);
    return -ENOMEM;
}

/* Asking the kernel each time would cost more than a short task. */
static _Thread_local bool is_watched;

int kit_stack_watch(void)
{
    if (KIT_LIKELY(is_watched))
        return 0;
    int saved = errno;
    pthread_once(&once, install);
    int result = give_signal_stack();
    is_watched = result == 0;
    errno = saved;
    return result;
}

bool kit_stack_watched(void)
{
    return is_watched;
}

void kit_stack_watch_thread(const struct kit_thread_stack *stack)
{
    int saved = errno;
    pthread_once(&once, install);
    kit_signal_stack_set(stack->signal_stack, KIT_SIGNAL_STACK);
    own_top = (uintptr_t)__builtin_frame_address(0);
    own = stack;
    is_watched = true;
    errno = saved;
}

void kit_stack_watch_thread_ends(void)
{
    if (own)
        unset_stack(own->signal_stack);
    own = NULL;
}
