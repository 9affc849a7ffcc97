/* SPDX-License-Identifier: MIT */
/*
 * How a thread waits before it sleeps; a lock, a signal and a hand-off.
 *
 * The adaptive strategy asks one question: does the thread that I wait for run
 * on another CPU? If so, it is worth polling for about as long as a wake-up
 * would cost. If it shares my CPU, polling can only delay it: one sched_yield
 * lets it run, unless that yield turns out to feed some third thread. After
 * that, sleep. A wait that ended in sleep halves the next one's polling, but
 * now and then one polls in full, in case that pays again.
 */
#ifndef KIT_BACKOFF_H
#define KIT_BACKOFF_H

#include <kit/wait.h>

#include <pthread.h>

KIT_BEGIN

/* What waits of one kind have taught; zero-initialised, shared by threads. */
struct kit_backoff_memory {
    kit_word failures; /* waits in a row that polled in vain */
    kit_word no_yield; /* until then, see backoff.c; 0: yields have done well */
};

struct kit_backoff {
    struct kit_backoff_memory *memory;
    enum kit_wait_strategy strategy;
    bool peer_elsewhere; /* the thread waited for is on another CPU */
    bool peer_here;      /* it is on this one (neither: not known) */
    bool yielded;
    uint32_t polled, pauses, pauses_max;
    int64_t give_up;
};

/*
 * Begins a wait for a thread last seen on `peer_cpu` (-1: not known). Between
 * two looks pass 1 to `pauses_max` pauses of the CPU, more each time: 1 for the
 * fastest answer, more where the peer should get ahead by a batch, and not
 * have to share each cache line that it writes.
 */
KIT_EXPORT void kit_backoff_begin(struct kit_backoff *b,
                                  struct kit_backoff_memory *memory,
                                  enum kit_wait_strategy strategy, int peer_cpu,
                                  uint32_t pauses_max);

/* Polls for the first moments only: somebody else may need this CPU. */
static inline void kit_backoff_hurry(struct kit_backoff *b)
{
    b->give_up = 1; /* a time long past */
}

/* The peer is on this CPU, and so is a third thread: a yield would feed that.
 */
KIT_EXPORT bool kit_backoff_is_crowded(const struct kit_backoff *b);

/* Does not yield to a peer on this CPU, but sleeps at once. */
static inline void kit_backoff_rest(struct kit_backoff *b)
{
    b->peer_here = false;
}

/* Passes a moment. True: look again. False: time to sleep. */
KIT_EXPORT bool kit_backoff_step(struct kit_backoff *b);

/*
 * The same for those who wait often and shortly: who polls for a peer elsewhere
 * lets nobody else have this CPU meanwhile, for on a busy machine that costs a
 * time slice each time.
 */
KIT_EXPORT bool kit_backoff_poll(struct kit_backoff *b);

/* Ends a wait; `slept` says how. */
KIT_EXPORT void kit_backoff_end(struct kit_backoff *b, bool slept);

/* ---- a lock of one word: for short critical sections ---- */

typedef struct kit_lock {
    kit_word word; /* 0 free, 1 held, 2 held and somebody may sleep */
} kit_lock;

KIT_EXPORT void kit_lock_acquire(kit_lock *l);
/* False, without waiting, when somebody has it. */
KIT_EXPORT bool kit_lock_try_acquire(kit_lock *l);
KIT_EXPORT void kit_lock_release(kit_lock *l);

/* ---- a signal: one thread waits for another's word ---- */

/*
 * At most one thread waits at a time. A signal that is given before it is
 * awaited is not lost; two are one. It carries what the giver wrote before. It
 * is not to be given again while the one before is being taken: the giver
 * learns from its answer that the waiter has gone on.
 */
typedef struct kit_signal {
    kit_word word;      /* clear, set, or clear with the waiter asleep */
    kit_word giver_cpu; /* where it was last given, plus one; 0: never */
    enum kit_wait_strategy strategy;
    struct kit_backoff_memory memory;
    pthread_mutex_t mutex; /* these two for KIT_WAIT_CONDVAR only */
    pthread_cond_t changed;
} kit_signal;

KIT_EXPORT void kit_signal_init(kit_signal *s, enum kit_wait_strategy strategy);
KIT_EXPORT void kit_signal_destroy(kit_signal *s);
KIT_EXPORT void kit_signal_give(kit_signal *s);

/* Blocks until the signal is given, and clears it. */
KIT_EXPORT void kit_signal_await(kit_signal *s);

/* ---- a hand-off between two parties, of whom one may run at a time ---- */

typedef struct kit_handoff {
    kit_signal of[2]; /* what each party waits for */
} kit_handoff;

/* Party 0 has the turn. */
static inline void kit_handoff_init(kit_handoff *h,
                                    enum kit_wait_strategy strategy)
{
    kit_signal_init(&h->of[0], strategy);
    kit_signal_init(&h->of[1], strategy);
}

static inline void kit_handoff_destroy(kit_handoff *h)
{
    kit_signal_destroy(&h->of[0]);
    kit_signal_destroy(&h->of[1]);
}

/* The caller, who has the turn, gives it to the other party, `to`. */
static inline void kit_handoff_give(kit_handoff *h, unsigned to)
{
    kit_signal_give(&h->of[to]);
}

/* Blocks until party `me` has the turn. */
static inline void kit_handoff_await(kit_handoff *h, unsigned me)
{
    kit_signal_await(&h->of[me]);
}

KIT_END

#endif
