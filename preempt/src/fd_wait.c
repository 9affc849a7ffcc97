/* SPDX-License-Identifier: MIT */
/* Sleeping in ppoll: see fd_wait.h. */
#include "fd_wait.h"

#include "task_impl.h"

#include <preempt/fd.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A wait, on the stack of its thread. */
struct fd_wait {
    struct fd_wait *next, *previous;
    int fd, events, alarm; /* the last: an eventfd, or -1 */
    kit_word is_closed;
};

/* ---- who waits ---- */

/* NULL on a thread that is no task. */
static struct fd_list *list_of(int fd)
{
    preempt_task *self = preempt_current();
    return self ? &self->sched->fd_lists[(unsigned)fd % FD_LISTS] : NULL;
}

static void enter(struct fd_list *list, struct fd_wait *w)
{
    if (!list)
        return;
    kit_lock_acquire(&list->lock);
    w->next = list->first;
    if (w->next)
        w->next->previous = w;
    list->first = w;
    kit_lock_release(&list->lock);
}

static void leave(struct fd_list *list, struct fd_wait *w)
{
    if (!list)
        return;
    kit_lock_acquire(&list->lock);
    if (w->previous)
        w->previous->next = w->next;
    else
        list->first = w->next;
    if (w->next)
        w->next->previous = w->previous;
    kit_lock_release(&list->lock);
}

/* Who waits for the next file of that number is not in the list yet. */
static void wake_waiters(struct fd_list *list, int fd)
{
    for (struct fd_wait *w = list->first; w; w = w->next) {
        if (w->fd != fd)
            continue;
        /* release: pairs with the acquire in is_closed */
        atomic_store_explicit(&w->is_closed, 1, memory_order_release);
        preempt_alarm_ring(w->alarm);
    }
}

/* Linux closes it, interrupted or not. */
static int close_it(int fd)
{
    return close(fd) < 0 && errno != EINTR ? -errno : 0;
}

int preempt_fd_close(int fd)
{
    struct fd_list *list = list_of(fd);
    int saved = errno, result;
    if (list) {
        kit_lock_acquire(&list->lock);
        result = close_it(fd);
        wake_waiters(list, fd);
        kit_lock_release(&list->lock);
    } else {
        result = close_it(fd);
    }
    errno = saved;
    return result;
}

static bool is_closed(const struct fd_wait *w)
{
    return atomic_load_explicit(&w->is_closed, memory_order_acquire);
}

/* ---- the alarm ---- */

/* The calling task's; -1 where there is no task, and nobody to wake it. */
static int get_alarm(int *alarm)
{
    preempt_task *self = preempt_current();
    *alarm = -1;
    if (!self)
        return 0;
    if (self->alarm_plus_one == 0) {
        *alarm = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (*alarm < 0)
            return -errno;
        self->alarm_plus_one = *alarm + 1;
    }
    *alarm = self->alarm_plus_one - 1;
    return 0;
}

void preempt_fd_end_task(preempt_task *t)
{
    if (t->alarm_plus_one)
        close(t->alarm_plus_one - 1);
}

static void silence(int alarm)
{
    eventfd_t count;
    eventfd_read(alarm, &count);
}

/* ---- to look, and to wait ---- */

static struct pollfd poll_for(int fd, int events)
{
    struct pollfd p = {.fd = fd};
    if (events & PREEMPT_FD_READ)
        p.events |= POLLIN | POLLRDHUP;
    if (events & PREEMPT_FD_WRITE)
        p.events |= POLLOUT;
    return p;
}

static int events_of(const struct pollfd *p, int wanted)
{
    if (p->revents & POLLNVAL)
        return -EBADF;
    if (p->revents & (POLLERR | POLLHUP))
        return wanted;
    return (p->revents & (POLLIN | POLLRDHUP) ? PREEMPT_FD_READ : 0) |
           (p->revents & POLLOUT ? PREEMPT_FD_WRITE : 0);
}

/* ppoll, with a deadline. */
static int poll_until(struct pollfd *fds, nfds_t count, int64_t deadline)
{
    struct timespec left, *limit = NULL;
    if (deadline != KIT_FOREVER) {
        int64_t ns = deadline - kit_now();
        ns = ns > 0 ? ns : 0;
        left = (struct timespec){ns / 1000000000, ns % 1000000000};
        limit = &left;
    }
    int result = ppoll(fds, count, limit, NULL);
    return result < 0 ? -errno : result;
}

int preempt_fd_look(int fd, int events)
{
    struct pollfd p = poll_for(fd, events);
    int saved = errno, result;
    do {
        result = poll_until(&p, 1, 0);
    } while (result == -EINTR); /* which even a look may give */
    errno = saved;
    return result < 0 ? result : events_of(&p, events);
}

/* One sleep: the events that there are, or 0 to look again. */
static int sleep_once(const struct fd_wait *w, int64_t deadline)
{
    struct pollfd p[2] = {poll_for(w->fd, w->events),
                          {.fd = w->alarm, .events = POLLIN}};
    int result = poll_until(p, w->alarm < 0 ? 1 : 2, deadline);
    if (result < 0)
        return result == -EINTR ? 0 : result;
    if (p[1].revents) /* before the look at what it is about */
        silence(w->alarm);
    return is_closed(w) ? -EBADF : events_of(&p[0], w->events);
}

static int sleep_until_ready(struct sleeper *s, const struct fd_wait *w,
                             const struct wait *why)
{
    int result;
    s->alarm_plus_one = w->alarm + 1;
    sleeper_begin(s, why);
    do {
        result = sleeper_may_wait(s, why->deadline);
        if (result == 0)
            result = sleep_once(w, why->deadline);
    } while (result == 0);
    sleeper_end(s);
    sleeper_finish(s, 0);
    return result;
}

static int await(struct sleeper *s, struct fd_wait *w, const struct wait *why)
{
    struct fd_list *list = list_of(w->fd);
    int result = sleeper_may_wait(s, why->deadline);
    if (result == 0)
        result = get_alarm(&w->alarm);
    if (result == 0 && w->alarm == w->fd)
        result = -EBADF; /* it has been closed, and its number given to us */
    if (result < 0)
        return result;
    snprintf(s->fd_name, sizeof s->fd_name, "fd %d", w->fd);
    enter(list, w);
    result = sleep_until_ready(s, w, why);
    leave(list, w);
    return result;
}

int preempt_fd_await(int fd, int events, const char *what, int64_t deadline)
{
    struct sleeper *s = sleeper_self();
    struct fd_wait w = {.fd = fd, .events = events};
    struct wait why = {what, s->fd_name, deadline};
    int saved = errno, result = await(s, &w, &why);
    errno = saved;
    return result;
}
