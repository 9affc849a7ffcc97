/* SPDX-License-Identifier: MIT */
/*
 * The signal that dumps tasks. What a thread runs can only be read there,
 * while it stands still: so the handler prints what runs on its own thread,
 * and passes the signal on to all others of the process, once. (With `baton`,
 * the thread of the task that runs is any of them.)
 *
 * What a signal does is a matter of the whole process, and schedulers on
 * several threads may ask for the same: the first to begin installs the
 * handler, the last to end puts the former one back.
 */
#include "dump.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>

/* ---- the handler ---- */

/* Its address is in those signals that were passed on. */
static const char passed_on;

static void dump_all_here(void)
{
    for (const coop_sched *s = kit_flow_here.sched; s; s = s->outer)
        coop_dump(s, STDERR_FILENO);
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

static void on_signal(int signal_number, siginfo_t *info, void *context)
{
    int saved = errno;
    (void)context;
    dump_all_here();
    if (info->si_code != SI_QUEUE || info->si_value.sival_ptr != &passed_on)
        pass_on(signal_number);
    errno = saved;
}

/* ---- while schedulers run ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    unsigned schedulers;
    struct sigaction former;
} of_signal[NSIG];

bool coop_can_dump_on(int signal_number)
{
    int saved = errno;
    bool can = signal_number == 0 || sigaction(signal_number, NULL, NULL) == 0;
    errno = saved;
    return can && signal_number != SIGKILL && signal_number != SIGSTOP;
}

void coop_dump_on(int signal_number)
{
    struct sigaction ours = {.sa_sigaction = on_signal,
                             .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigfillset(&ours.sa_mask); /* one dump at a time */
    if (signal_number == 0)
        return;
    pthread_mutex_lock(&lock);
    if (of_signal[signal_number].schedulers++ == 0)
        sigaction(signal_number, &ours, &of_signal[signal_number].former);
    pthread_mutex_unlock(&lock);
}

void coop_dump_on_no_more(int signal_number)
{
    if (signal_number == 0)
        return;
    pthread_mutex_lock(&lock);
    if (--of_signal[signal_number].schedulers == 0)
        sigaction(signal_number, &of_signal[signal_number].former, NULL);
    pthread_mutex_unlock(&lock);
}
