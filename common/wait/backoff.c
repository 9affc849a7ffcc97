/* SPDX-License-Identifier: MIT */
/* Polling before sleeping: see kit/backoff.h for the rule. */
#include <kit/backoff.h>

#include <sched.h>

/* About what waking a thread on an idle virtual CPU takes. */
#define SPIN_NS         50000
#define PAUSES_MAX      16
#define CLOCK_EVERY     32
#define FAILURES_MAX    7
#define BAD_YIELD_NS    500000
#define YIELD_PRICE_MAX 1024
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
                       enum kit_wait_strategy strategy, int peer_cpu)
{
    b->memory = memory;
    b->strategy = strategy;
    b->round = 0;
    b->yielded = false;
    b->peer_elsewhere = b->peer_here = false;
    b->give_up = 0;
    if (strategy == KIT_WAIT_ADAPTIVE && peer_cpu >= 0) {
        b->peer_here = peer_cpu == kit_cpu_current();
        b->peer_elsewhere = !b->peer_here;
    }
}

static bool poll_on(struct kit_backoff *b)
{
    /* Twice as long each time: a fast answer is seen fast, and a slow peer
       is not slowed down by our reading of what it writes. */
    uint32_t pauses = b->round < 4 ? 1u << b->round : PAUSES_MAX;
    for (uint32_t i = 0; i < pauses; i++)
        pause_cpu();
    if (b->round++ % CLOCK_EVERY != 0)
        return true;
    int64_t now = kit_now();
    if (b->give_up == 0)
        b->give_up = now + (SPIN_NS >> get(&b->memory->failures));
    return now < b->give_up;
}

static bool yield_once(struct kit_backoff *b)
{
    struct kit_backoff_memory *m = b->memory;
    uint32_t skips = get(&m->yield_skips);
    if (b->yielded)
        return false;
    b->yielded = true;
    if (skips > 0) {
        set(&m->yield_skips, skips - 1);
        return false;
    }
    int64_t before = kit_now();
    sched_yield();
    if (kit_now() - before < BAD_YIELD_NS) {
        set(&m->yield_price, 0);
        return true;
    }
    uint32_t price = get(&m->yield_price);
    price = price == 0 ? 8 : price * 2;
    set(&m->yield_price, price < YIELD_PRICE_MAX ? price : YIELD_PRICE_MAX);
    set(&m->yield_skips, price);
    return true;
}

static bool spin_forever(struct kit_backoff *b)
{
    if (++b->round % SPINS_PER_YIELD == 0)
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

void kit_backoff_end(struct kit_backoff *b, bool slept)
{
    if (!b->peer_elsewhere)
        return;
    uint32_t failures = get(&b->memory->failures);
    if (!slept)
        set(&b->memory->failures, 0);
    else if (failures < FAILURES_MAX)
        set(&b->memory->failures, failures + 1);
}
