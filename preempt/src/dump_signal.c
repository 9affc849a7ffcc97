/* SPDX-License-Identifier: MIT */
/*
 * The signal that asks for a dump. Which scheduler it is about the interrupted
 * thread knows: nothing is kept for the process but the handler itself.
 */
#include "task_impl.h"

#include <kit/fault.h>

#include <errno.h>
#include <unistd.h>

static void on_signal(int number)
{
    preempt_task *t = preempt_current();
    preempt_sched *s = t ? t->sched : preempt_running;
    (void)number;
    if (s)
        preempt_dump(s, STDERR_FILENO);
}

int preempt_dump_signal_begin(preempt_sched *s, int number)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    int saved = errno;
    if (kit_is_fault(number))
        return -EINVAL;
    sigemptyset(&action.sa_mask);
    if (sigaction(number, &action, &s->former) != 0) {
        int result = -errno;
        errno = saved;
        return result;
    }
    s->dump_signal = number;
    return 0;
}

/* To ignore the signal makes the kernel drop what it has not delivered: what
   the program did before about the signal may be to die of it. */
void preempt_dump_signal_end(preempt_sched *s)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (!s->dump_signal)
        return;
    sigaction(s->dump_signal, &ignore, NULL);
    sigaction(s->dump_signal, &s->former, NULL);
}
