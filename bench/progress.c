/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static char text[128];
static volatile sig_atomic_t seconds;

static void put(const char *s, size_t length)
{
    if (write(STDERR_FILENO, s, length) < 0)
        return; /* a progress line that is lost is no loss */
}

/* Only what a signal handler may do. */
static void draw(int signal)
{
    char number[16];
    size_t at = sizeof number;
    unsigned n = (unsigned)++seconds;
    (void)signal;
    do {
        number[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    put(text, strlen(text));
    put(number + at, sizeof number - at);
    put(" s", 2);
}

void progress_begin(const char *workload, const char *arm)
{
    struct sigaction action = {.sa_handler = draw, .sa_flags = SA_RESTART};
    struct itimerval every = {.it_interval = {1, 0}, .it_value = {2, 0}};
    if (!isatty(STDERR_FILENO))
        return;
    snprintf(text, sizeof text, "\rrunning %s, arm %s: ", workload, arm);
    seconds = 1;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
}

void progress_end(void)
{
    struct itimerval never = {{0, 0}, {0, 0}};
    if (!text[0])
        return;
    setitimer(ITIMER_REAL, &never, NULL);
    if (seconds > 1)
        put("\r\033[K", 4);
}
