/* SPDX-License-Identifier: MIT */
/*
 * The signal that dumps tasks. What a thread runs can only be read there,
 * while it stands still: so the handler prints what runs on its own thread,
 * and passes the signal on to all others of the process, once.
 *
 * With `baton`, the thread of the task that runs is any of them, and when the
 * signal is there, it may run elsewhere, or nowhere as yet. So the signals are
 * counted, and a scheduler knows which were answered: whoever gets the baton
 * answers those that have missed it.
 *
 * What a signal does is a matter of the whole process, and schedulers on
 * several threads may ask for the same: the first to begin installs the
 * handler, the last to end puts the former one back. What was passed on must
 * not meet that one, which may end the process: so the last waits for those who
 * still pass on, and has the kernel forget what has not arrived.
 */
#include "dump.h"

#include <kit/fault.h>
#include <kit/wait.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>

struct dump_signal {
    kit_word schedulers; /* that run, and have asked for it */
    kit_word passing;    /* handlers that pass it on */
    struct sigaction former;
};

static struct dump_signal of_signal[NSIG];
static kit_word asked; /* signals that have come, but for those passed on */

/* ---- the handler ---- */

/* Its address is in those signals that were passed on. */
static const char passed_on;

/* Once for each signal, on the thread that runs the tasks of `sched`. */
static void dump_all(void *sched)
{
    uint32_t n = atomic_load_explicit(&asked, memory_order_relaxed);
    for (coop_sched *s = sched; s && s->dumps != n; s = s->outer) {
        s->dumps = n;
        coop_dump(s, STDERR_FILENO);
    }
}

static void pass_to(int signal_number, pid_t thread)
{
    siginfo_t info = {.si_signo = signal_number, .si_code = SI_QUEUE};
    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value.sival_ptr = (void *)&passed_on;
    syscall(SYS_rt_tgsigqueueinfo, getpid(), thread, signal_number, &info);
}

/* 0 for what is no number. */
static pid_t number_of(const char *name)
{
    pid_t n = 0;
    for (; *name >= '0' && *name <= '9'; name++)
        n = n * 10 + (*name - '0');
    return n;
}

/* To the threads that are listed in `bytes` of a folder. */
static void pass_to_listed(int signal_number, const char *list, long bytes)
{
    pid_t self = (pid_t)syscall(SYS_gettid);
    for (const char *end = list + bytes; list < end;) {
        const struct dirent64 *d = (const void *)list;
        pid_t thread = number_of(d->d_name);
        if (thread > 0 && thread != self)
            pass_to(signal_number, thread);
        list += d->d_reclen;
    }
}

/* Without opendir, which allocates. */
static void pass_on(int signal_number)
{
    char list[1024] __attribute__((aligned(8)));
    int fd = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long bytes;
    if (fd < 0)
        return;
    while ((bytes = syscall(SYS_getdents64, fd, list, sizeof list)) > 0)
        pass_to_listed(signal_number, list, bytes);
    close(fd);
}

/* seq_cst: of a handler that begins to pass on, and the last scheduler that
   ends, one sees the other. */
static void pass_on_while_asked(int signal_number)
{
    struct dump_signal *d = &of_signal[signal_number];
    atomic_fetch_add_explicit(&d->passing, 1, memory_order_seq_cst);
    if (atomic_load_explicit(&d->schedulers, memory_order_seq_cst) > 0)
        pass_on(signal_number);
    if (atomic_fetch_sub_explicit(&d->passing, 1, memory_order_seq_cst) == 1)
        kit_wake(&d->passing, 1);
}

static void on_signal(int signal_number, siginfo_t *info, void *context)
{
    int saved = errno;
    bool is_new =
        info->si_code != SI_QUEUE || info->si_value.sival_ptr != &passed_on;
    (void)context;
    /* relaxed: who was passed it on knows of it, and whoever gets the baton
       later than that thread looked */
    if (is_new)
        atomic_fetch_add_explicit(&asked, 1, memory_order_relaxed);
    dump_all(kit_flow_here.sched);
    if (is_new)
        pass_on_while_asked(signal_number);
    errno = saved;
}

/* ---- while schedulers run ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* not for handlers */

bool coop_can_dump_on(int signal_number)
{
    int saved = errno;
    bool can = signal_number == 0 || sigaction(signal_number, NULL, NULL) == 0;
    errno = saved;
    return can && signal_number != SIGKILL && signal_number != SIGSTOP &&
           !kit_is_fault(signal_number);
}

void coop_dump_begin(coop_sched *s)
{
    s->dumps = s->outer ? s->outer->dumps
                        : atomic_load_explicit(&asked, memory_order_relaxed);
}

void coop_dump_on(int signal_number)
{
    struct sigaction ours = {.sa_sigaction = on_signal,
                             .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    struct dump_signal *d = &of_signal[signal_number];
    sigfillset(&ours.sa_mask); /* one dump at a time */
    if (signal_number == 0)
        return;
    __atomic_store_n(&kit_flow_on_arrival, dump_all, __ATOMIC_RELEASE);
    pthread_mutex_lock(&lock);
    if (atomic_load_explicit(&d->schedulers, memory_order_relaxed) == 0)
        sigaction(signal_number, &ours, &d->former);
    /* Not before: a handler that is late would pass on to the former one. */
    atomic_fetch_add_explicit(&d->schedulers, 1, memory_order_seq_cst);
    pthread_mutex_unlock(&lock);
}

/* None begins any more. */
static void await_passing(struct dump_signal *d)
{
    uint32_t n;
    while ((n = atomic_load_explicit(&d->passing, memory_order_seq_cst)) > 0)
        kit_wait(&d->passing, n, KIT_FOREVER);
}

/* What is pending somewhere is dropped when the signal is to be ignored, even
   where it is blocked. */
static void restore(int signal_number, const struct sigaction *former)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&ignore.sa_mask);
    sigaction(signal_number, &ignore, NULL);
    sigaction(signal_number, former, NULL);
}

void coop_dump_on_no_more(int signal_number)
{
    struct dump_signal *d = &of_signal[signal_number];
    if (signal_number == 0)
        return;
    pthread_mutex_lock(&lock);
    if (atomic_fetch_sub_explicit(&d->schedulers, 1, memory_order_seq_cst) ==
        1) {
        await_passing(d);
        restore(signal_number, &d->former);
    }
    pthread_mutex_unlock(&lock);
}
