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

#define SIGNAL_STACK ((size_t)64 * 1024)

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

static void add_user(struct text *t, const kit_stack *stack)
{
    if (!stack->use) {
        add(t, "a context");
    } else if (!stack->name) {
        add(t, "a ");
        add(t, stack->use->what);
    } else {
        add(t, stack->use->what);
        add(t, " '");
        add(t, stack->name);
        add(t, "'");
    }
}

/* As it was asked for, rounded up to what there is. */
static size_t size_asked(const kit_stack *stack)
{
    return (KIT_STACK_MIN << stack->class_index) / KIT_SANITIZER_FACTOR;
}

static void report(const kit_stack *stack)
{
    struct text t = {.length = 0};
    add(&t, "schedkit: ");
    add_user(&t, stack);
    add(&t, " has overflowed its stack of ");
    add_number(&t, size_asked(stack));
    add(&t, " bytes");
    if (stack->use) {
        add(&t, "; a larger one is asked for by ");
        add(&t, stack->use->option);
    }
    add(&t, "\n");
    if (write(STDERR_FILENO, t.bytes, t.length) < 0)
        return; /* nobody to tell */
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
    const kit_stack *stack =
        info->si_code > 0 ? kit_stack_of_guard(info->si_addr) : NULL;
    if (stack)
        report(stack);
    leave_to_former(number, info, context, stack != NULL);
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

static void thread_ends(void *low)
{
    stack_t none = {.ss_flags = SS_DISABLE}, now;
    if (sigaltstack(NULL, &now) == 0 && now.ss_sp == low)
        sigaltstack(&none, NULL);
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
