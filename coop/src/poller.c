/* SPDX-License-Identifier: MIT */
#include "poller.h"
#include "dump.h"
#include "offload.h"
#include "waiters.h"

#include <coop/fd.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_AT_ONCE 256

struct entry {
    struct coop_waiters waiters; /* `element` has the events that each wants */
    unsigned closings; /* whoever waited for an earlier file must not go on */
    bool is_admitted;
    bool is_registered;
};

/*
 * Block k of the table has room for FIRST_BLOCK << k descriptors, behind those
 * of the blocks before it: it grows by doubling, and no entry ever moves.
 */
enum { FIRST_BLOCK = 64, BLOCKS = 26 };

struct coop_poller {
    int epoll; /* -1: not made yet */
    bool lacks_pwait2;
    struct entry *blocks[BLOCKS];
    struct epoll_event events[EVENTS_AT_ONCE];
};

/* ---- the table ---- */

static unsigned block_of(int fd)
{
    return 31 - (unsigned)__builtin_clz((unsigned)fd / FIRST_BLOCK + 1);
}

/* NULL: never used. */
static struct entry *find(const struct coop_poller *p, int fd)
{
    if (!p || fd < 0)
        return NULL;
    unsigned k = block_of(fd);
    struct entry *block = p->blocks[k];
    return block ? &block[fd - FIRST_BLOCK * ((1 << k) - 1)] : NULL;
}

static struct coop_poller *create(void)
{
    struct coop_poller *p = calloc(1, sizeof *p);
    if (p)
        p->epoll = -1;
    return p;
}

/* errno may be changed. */
static struct entry *find_or_make(coop_sched *s, int fd)
{
    if (!s->poller)
        s->poller = create();
    if (!s->poller)
        return NULL;
    unsigned k = block_of(fd);
    struct entry **block = &s->poller->blocks[k];
    if (!*block)
        *block = calloc((size_t)FIRST_BLOCK << k, sizeof **block);
    return find(s->poller, fd);
}

void coop_poller_destroy(coop_sched *s)
{
    struct coop_poller *p = s->poller;
    int saved = errno;
    if (!p)
        return;
    if (p->epoll >= 0)
        close(p->epoll);
    for (unsigned k = 0; k < BLOCKS; k++)
        free(p->blocks[k]);
    free(p);
    errno = saved;
}

/* ---- to admit, to register, to forget ---- */

/* errno may be changed. The descriptor changes last: when there is no place in
   the table, it stays as it was. */
static int admit(coop_sched *s, int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return -errno;
    struct entry *e = s ? find_or_make(s, fd) : NULL;
    if (s && !e)
        return -ENOMEM;
    if (!(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    if (e)
        e->is_admitted = true;
    return 0;
}

int coop_poller_admit(coop_sched *s, int fd)
{
    struct entry *e = s ? find(s->poller, fd) : NULL;
    if (KIT_LIKELY(e && e->is_admitted))
        return 0;
    int saved = errno, result = admit(s, fd);
    errno = saved;
    return result;
}

static int add_to_epoll(struct coop_poller *p, int fd)
{
    struct epoll_event event = {.events =
                                    EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data = {.fd = fd}};
    if (p->epoll < 0)
        p->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (p->epoll < 0 || epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        return -errno;
    return 0;
}

int coop_poller_register(coop_sched *s, int fd)
{
    struct entry *e = find(s->poller, fd);
    if (KIT_LIKELY(e->is_registered))
        return 0;
    int saved = errno, result = add_to_epoll(s->poller, fd);
    errno = saved;
    e->is_registered = result == 0;
    return result;
}

/* Out of the set, too: the file may have other descriptors, by dup. */
void coop_poller_forget(coop_sched *s, int fd)
{
    struct entry *e = find(s->poller, fd);
    int saved = errno;
    if (!e || !e->is_admitted)
        return;
    if (e->is_registered)
        epoll_ctl(s->poller->epoll, EPOLL_CTL_DEL, fd, NULL);
    errno = saved;
    e->is_admitted = e->is_registered = false;
    e->closings++;
    coop_serve_all(&e->waiters, -EBADF);
}

/* ---- to wait ---- */

int coop_poller_wait(coop_sched *s, int fd, int events, const char *what,
                     int64_t deadline)
{
    int result = coop_poller_register(s, fd);
    if (result < 0)
        return result;
    struct entry *e = find(s->poller, fd);
    unsigned closings = e->closings;
    char text[16]; /* the task's own: it waits here */
    const char *name = text;
    snprintf(text, sizeof text, "fd %d", fd);
    s->current->waiter.element = (void *)(intptr_t)events;
    s->outside++;
    result = coop_wait_in(s, &e->waiters, what, &name, deadline);
    s->outside--;
    return result > 0 && e->closings != closings ? -EBADF : result;
}

/* ---- to wake ---- */

static int events_of(uint32_t epoll_events)
{
    int events = 0;
    if (epoll_events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        events |= COOP_FD_READ;
    if (epoll_events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        events |= COOP_FD_WRITE;
    return events;
}

static void serve(struct entry *e, int ready)
{
    struct coop_waiter *next;
    for (struct coop_waiter *w = e->waiters.first; w; w = next) {
        next = w->next;
        int events = (int)(intptr_t)w->element & ready;
        if (events == 0)
            continue;
        coop_waiters_remove(w);
        coop_serve(w, events);
    }
}

static void take_notice(coop_sched *s, const struct epoll_event *event)
{
    if (coop_offload_is_alarm(s, event->data.fd))
        coop_offload_finish(s);
    else
        serve(find(s->poller, event->data.fd), events_of(event->events));
}

/* ---- to look ---- */

/* In whole milliseconds, rounded up: not to come back too early and often. */
static int wait_roughly(struct coop_poller *p, int64_t ns)
{
    int64_t ms = ns / 1000000 + (ns % 1000000 > 0);
    return epoll_wait(p->epoll, p->events, EVENTS_AT_ONCE,
                      ms > INT32_MAX ? INT32_MAX : (int)ms);
}

static int wait_exactly(struct coop_poller *p, int64_t ns)
{
    struct timespec t = {ns / 1000000000, ns % 1000000000};
    if (p->lacks_pwait2)
        return wait_roughly(p, ns);
    long n = syscall(SYS_epoll_pwait2, p->epoll, p->events, EVENTS_AT_ONCE, &t,
                     NULL, (size_t)0);
    if (n >= 0 || (errno != ENOSYS && errno != EPERM))
        return (int)n;
    p->lacks_pwait2 = true; /* before Linux 5.11, or a filter forbids it */
    return wait_roughly(p, ns);
}

static int wait_for_news(struct coop_poller *p, int64_t until)
{
    int64_t ns = until > 0 && until < INT64_MAX ? until - kit_now() : 0;
    if (ns > 0)
        return wait_exactly(p, ns);
    return epoll_wait(p->epoll, p->events, EVENTS_AT_ONCE,
                      until == INT64_MAX ? -1 : 0);
}

/* Nobody would ever be woken again. */
static void check_news(int n)
{
    if (KIT_LIKELY(n >= 0) || errno == EINTR)
        return;
    coop_complain("epoll", "descriptor", "was closed by the program");
    abort();
}

void coop_poller_look(coop_sched *s, int64_t until)
{
    int saved = errno, n;
    do {
        n = wait_for_news(s->poller, until);
        check_news(n);
        for (int i = 0; i < n; i++)
            take_notice(s, &s->poller->events[i]);
        until = 0;
    } while (n == EVENTS_AT_ONCE);
    errno = saved;
}
