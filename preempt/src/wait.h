/* SPDX-License-Identifier: MIT */
/*
 * How a thread of this library waits: the one primitive below join, park,
 * sleep, the channels, the locks and the groups.
 *
 * Each thread has one sleeper, whose word it sleeps on and nobody else does.
 * Whoever may wake it finds its record (struct preempt_waiter, on the stack of
 * the thread that waits) in the queue of what it waits for, takes it out under
 * the queue's lock, and says so in the word. Therefore
 * - a waiter that gives up (canceled, out of time) looks under the lock whether
 *   it is still queued: if it is, it leaves, and nobody has woken it; if it is
 *   not, a wake-up is under way, which it takes as its result. No wake-up gets
 *   lost, and no wait has two results.
 * - setting the word is the last that a waker touches: the record, the object
 *   and the thread may be gone a moment later. The futex call that follows
 *   names an address and reads nothing.
 */
#ifndef PREEMPT_WAIT_H
#define PREEMPT_WAIT_H

#include <preempt/sync.h>

#include <pthread.h>

/* What one side writes often is kept apart from what the other does. */
#define CACHE_LINE 64

/* The bits of a sleeper's word. */
enum {
    WORD_ASLEEP = 1, /* it is about to sleep, or sleeps: make the call */
    WORD_POKED = 2,  /* look whether you have been canceled */
    WORD_PERMIT = 4, /* unparked */
    /* taken from its queue, */
    WORD_SERVED = 8,   /* and given what it wanted */
    WORD_REFUSED = 16, /* and not given it */
    WORD_CHANGED = 32, /* to look for itself */
};
#define WORD_WOKEN ((uint32_t)(WORD_SERVED | WORD_REFUSED | WORD_CHANGED))

/* What a wait is for, for reports; until when. */
struct wait {
    const char *what, *name;
    int64_t deadline;
};

struct sleeper {
    kit_word word;
    kit_word canceled;
    kit_word sleeps;  /* counts beginnings and ends: odd while it sleeps */
    kit_word readers; /* who look at what follows: it stays asleep for them */
    kit_word awaits;  /* the bits that end its sleep, if it has such */
    kit_word idles;   /* it sleeps because there is nothing to do */
    _Atomic(const char *) what;
    _Atomic(const char *) name;
    _Atomic int64_t since;
    _Atomic bool ends_by_itself; /* by a deadline, or a descriptor */
    bool shielded; /* its own thread's: cancellation is held back */
    bool is_task;
    size_t mutexes;         /* that it has locked; its own thread's */
    uintptr_t identity;     /* as their owner: see mutex.c; 0: none yet */
    pthread_mutex_t *mutex; /* it waits for a condition variable; else NULL */
    pthread_cond_t *changed;
    int alarm_plus_one; /* it waits for a descriptor, or this eventfd; else 0 */
    char fd_name[16];   /* of that descriptor */
};

struct preempt_select;

/* In the queue of what its thread waits for. */
struct preempt_waiter {
    struct preempt_waiter *next, *previous;
    struct sleeper *sleeper;
    void *element;                 /* a channel's */
    struct preempt_select *select; /* that it is a case of: see claim.h */
    bool is_queued;
};

/* The calling thread's, whether it runs a task or not. */
struct sleeper *sleeper_self(void);

/* May it wait? 0, -ECANCELED, or -ETIMEDOUT when the time has come. */
int sleeper_may_wait(const struct sleeper *s, int64_t deadline);

/*
 * Sleeps until one of `bits` is in the word, and returns those. -ECANCELED,
 * -ETIMEDOUT: then the caller is queued still, or on its way to be woken.
 */
int sleeper_sleep(struct sleeper *s, uint32_t bits, const struct wait *why);

/* Ends a wait: takes `bits` back. */
void sleeper_finish(struct sleeper *s, uint32_t bits);

/* Sets `bits` and wakes. The sleeper may be gone afterwards. */
void sleeper_wake(struct sleeper *s, uint32_t bits);

/* From anywhere: what has been asked for is a look at `canceled`. */
void sleeper_cancel(struct sleeper *s);

static inline bool sleeper_is_canceled(const struct sleeper *s)
{
    /* acquire: pairs with the release in sleeper_cancel. seq_cst: after we have
       said in sleeper_begin that we sleep, see there. */
    return atomic_load_explicit(&s->canceled, memory_order_seq_cst) &&
           !s->shielded;
}

/*
 * For reports. begin: as sleeper_sleep does by itself. end, with no lock held
 * that a reader may want, makes what is reported invalid.
 */
void sleeper_begin(struct sleeper *s, const struct wait *why);
void sleeper_end(struct sleeper *s);

/*
 * Waits for a condition variable, whose mutex the caller holds. 0 for a reason
 * to look again, -ECANCELED, -ETIMEDOUT. After the last of such waits the
 * caller, who has given the mutex back, calls sleeper_end_condvar, which does
 * nothing if there was none.
 */
int sleeper_await_condvar(struct sleeper *s, pthread_mutex_t *mutex,
                          pthread_cond_t *changed, const struct wait *why);

void sleeper_end_condvar(struct sleeper *s);

/* Rings at who waits for a descriptor: writes to its eventfd. */
void preempt_alarm_ring(int alarm);

/* A reader keeps the sleeper from leaving its sleep; is it asleep? */
bool sleeper_read(struct sleeper *s);
void sleeper_unread(struct sleeper *s);

/* ---- where others run ---- */

/* Of a word with a CPU, plus one; 0: not known. */
static inline void preempt_cpu_publish(kit_word *at)
{
    uint32_t cpu = (uint32_t)kit_cpu_current() + 1;
    if (atomic_load_explicit(at, memory_order_relaxed) != cpu)
        atomic_store_explicit(at, cpu, memory_order_relaxed);
}

/* -1: not known. */
static inline int preempt_cpu_published(const kit_word *at)
{
    return (int)atomic_load_explicit(at, memory_order_relaxed) - 1;
}

/* ---- queues, under their object's lock ---- */

/* Makes a record of the calling thread. */
static inline struct preempt_waiter preempt_waiter_make(struct sleeper *s,
                                                        void *element)
{
    return (struct preempt_waiter){.sleeper = s, .element = element};
}

/* A look that needs no lock. */
static inline uint32_t preempt_waiters_count(const struct preempt_waiters *q)
{
    return atomic_load_explicit(&q->count, memory_order_relaxed);
}

void preempt_waiters_push(struct preempt_waiters *q, struct preempt_waiter *w);
void preempt_waiters_push_front(struct preempt_waiters *q,
                                struct preempt_waiter *w);
/* The longest waiting, taken out; NULL. */
struct preempt_waiter *preempt_waiters_pop(struct preempt_waiters *q);
void preempt_waiters_remove(struct preempt_waiters *q,
                            struct preempt_waiter *w);

/* Takes all out, as a list by `next` that belongs to the caller. */
struct preempt_waiter *preempt_waiters_pop_all(struct preempt_waiters *q);

/* Without the lock. The record may be gone afterwards. */
static inline void preempt_waiter_wake(struct preempt_waiter *w, uint32_t how)
{
    sleeper_wake(w->sleeper, how);
}

void preempt_waiters_wake_list(struct preempt_waiter *w, uint32_t how);

/*
 * The record has been queued in `q`, under `lock`, which the caller has
 * released: waits until it is woken, and returns how (one of WORD_WOKEN), or
 * leaves the queue: -ECANCELED, -ETIMEDOUT.
 */
int preempt_waiter_wait(struct preempt_waiter *w, kit_lock *lock,
                        struct preempt_waiters *q, const struct wait *why);

/* Takes the record out of its queue; false: somebody else has. */
bool preempt_waiter_withdraw(struct preempt_waiter *w, kit_lock *lock,
                             struct preempt_waiters *q);

/*
 * Takes the record out of its queue, for a reason of the waiter's own:
 * `result`. Or, where somebody has taken it out, waits for the wake-up that is
 * under way, and returns that.
 */
int preempt_waiter_leave(struct preempt_waiter *w, kit_lock *lock,
                         struct preempt_waiters *q, int result);

/* As preempt_waiter_wait, but polls first, as `b` has been begun for, and ends
   that. */
int preempt_waiter_poll(struct preempt_waiter *w, kit_lock *lock,
                        struct preempt_waiters *q, const struct wait *why,
                        struct kit_backoff *b);

/* The record is in no queue any more: its wake-up is under way. */
int preempt_waiter_await_wake(struct preempt_waiter *w);

#endif
