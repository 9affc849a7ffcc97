/* SPDX-License-Identifier: MIT */
/* Polling before sleeping: see kit/backoff.h for the rule. */
#include <kit/backoff.h>

#include <sched.h>

#define SPIN_NS         50000 /* about one wake-up of an idle virtual CPU */
#define POLLS_PURE      100
#define FAILURES_MAX    7
#define PROBE_EVERY     32 /* waits that poll in vain */
#define BAD_YIELD_NS    500000
#define BAD_YIELD_SHARE 64 /* of the time, at most one in so many parts */
#define YIELD_PROBE_NS  10000000
#define MOMENT_BITS     20
#define MOMENTS_MOST    8192
#define SPINS_PER_YIELD 64

static inline void pause_cpu(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

/* The memory is advice: relaxed order, and lost updates do no harm. */
static uint32_t get(kit_word *w)
{
    return atomic_load_explicit(w, memory_order_relaxed);
}

static void set(kit_word *w, uint32_t value)
{
    if (get(w) != value)
        atomic_store_explicit(w, value, memory_order_relaxed);
}

void kit_backoff_begin(struct kit_backoff *b, struct kit_backoff_memory *memory,
                       enum kit_wait_strategy strategy, int peer_cpu,
                       uint32_t pauses_max)
{
    b->memory = memory;
    b->strategy = strategy;
    b->polled = 0;
    b->pauses = 1;
    b->pauses_max = pauses_max;
    b->yielded = false;
    b->peer_elsewhere = b->peer_here = false;
    b->give_up = 0;
    if (strategy == KIT_WAIT_ADAPTIVE && peer_cpu >= 0) {
        b->peer_here = peer_cpu == kit_cpu_current();
        b->peer_elsewhere = !b->peer_here;
    }
}

/* A time in a word, in steps of about a millisecond; never 0. */
static uint32_t moment_of(int64_t ns)
{
    return (uint32_t)(ns >> MOMENT_BITS) | 1;
}

/* Words come round after weeks: what lies further ahead is long past. */
static bool is_to_come(kit_word *moment, int64_t now)
{
    uint32_t ahead = get(moment) - moment_of(now);
    return ahead > 0 && ahead <= MOMENTS_MOST;
}

/*
 * Lets somebody else on this CPU run. False: it fed a third thread for a time
 * slice, or has done so lately. That costs as much as a thousand sleeps, so it
 * is not tried again before it is a small part of the time that has passed; and
 * then by one thread for all.
 */
static bool yield_well(struct kit_backoff *b, int64_t *now)
{
    kit_word *no_yield = &b->memory->no_yield;
    int64_t before = kit_now();
    if (is_to_come(no_yield, before))
        return false;
    bool tries = get(no_yield) != 0;
    if (tries)
        set(no_yield, moment_of(before + YIELD_PROBE_NS));
    sched_yield();
    *now = kit_now();
    int64_t took = *now - before;
    if (took >= BAD_YIELD_NS)
        set(no_yield, moment_of(*now + BAD_YIELD_SHARE * took));
    else if (tries)
        set(no_yield, 0);
    return took < BAD_YIELD_NS;
}

bool kit_backoff_is_crowded(const struct kit_backoff *b)
{
    return b->peer_here && is_to_come(&b->memory->no_yield, kit_now());
}

/*
 * How long to poll, after so many waits in a row that did so in vain. Half as
 * long each time; but two threads that have both gone over to sleeping see
 * nothing but wake-ups, which no short poll outlasts: one wait in PROBE_EVERY
 * polls as long as the first, to find whether times have changed.
 */
static int64_t patience(uint32_t failures)
{
    if (failures % PROBE_EVERY == 0)
        return SPIN_NS;
    return SPIN_NS >> (failures < FAILURES_MAX ? failures : FAILURES_MAX);
}

/* Whether so long has passed since the first who asked. */
static bool is_over(struct kit_backoff *b, int64_t now)
{
    if (b->give_up == 0)
        b->give_up = now + patience(get(&b->memory->failures));
    return now >= b->give_up;
}

static void pause_longer(struct kit_backoff *b)
{
    for (uint32_t i = 0; i < b->pauses; i++)
        pause_cpu();
    b->polled += b->pauses;
    if (b->pauses * 2 <= b->pauses_max)
        b->pauses *= 2;
}

/*
 * The peer is on another CPU: poll for about as long as a wake-up would cost.
 * Only the first moments are pure polling. Then others that want this CPU get
 * it, for one of them may be what the peer itself waits for.
 */
static bool poll_on(struct kit_backoff *b)
{
    int64_t now;
    if (b->polled < POLLS_PURE) {
        pause_longer(b);
        return true;
    }
    return yield_well(b, &now) && !is_over(b, now);
}

/* The peer shares this CPU: it must run before there is anything to see. */
static bool yield_once(struct kit_backoff *b)
{
    int64_t now;
    bool is_first = !b->yielded;
    b->yielded = true;
    return is_first && yield_well(b, &now);
}

static bool spin_forever(struct kit_backoff *b)
{
    if (++b->polled % SPINS_PER_YIELD == 0)
        sched_yield();
    else
        pause_cpu();
    return true;
}

bool kit_backoff_step(struct kit_backoff *b)
{
    if (b->strategy == KIT_WAIT_SPIN)
        return spin_forever(b);
    if (b->peer_elsewhere)
        return poll_on(b);
    return b->peer_here && yield_once(b);
}

bool kit_backoff_poll(struct kit_backoff *b)
{
    if (b->strategy == KIT_WAIT_SPIN)
        return spin_forever(b);
    if (!b->peer_elsewhere)
        return b->peer_here && yield_once(b);
    if (b->polled >= POLLS_PURE && is_over(b, kit_now()))
        return false;
    pause_longer(b);
    return true;
}

void kit_backoff_end(struct kit_backoff *b, bool slept)
{
    if (!b->peer_elsewhere)
        return;
    set(&b->memory->failures, slept ? get(&b->memory->failures) + 1 : 0);
}
