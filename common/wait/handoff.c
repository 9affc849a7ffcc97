/* SPDX-License-Identifier: MIT */
/*
 * The hand-off: one word says whose turn it is. The party that waits sets the
 * ASLEEP bit before it sleeps, so that a hand-off to a party that still polls
 * costs no system call.
 */
#include <kit/backoff.h>

#define ASLEEP UINT32_C(2)

void kit_handoff_init(kit_handoff *h, enum kit_wait_strategy strategy)
{
    *h = (kit_handoff){.strategy = strategy};
    if (strategy == KIT_WAIT_CONDVAR) {
        pthread_mutex_init(&h->mutex, NULL);
        pthread_cond_init(&h->changed, NULL);
    }
}

void kit_handoff_destroy(kit_handoff *h)
{
    if (h->strategy == KIT_WAIT_CONDVAR) {
        pthread_cond_destroy(&h->changed);
        pthread_mutex_destroy(&h->mutex);
    }
}

static void publish_cpu(kit_handoff *h, unsigned me)
{
    uint32_t cpu = (uint32_t)kit_cpu_current() + 1;
    if (atomic_load_explicit(&h->cpu[me], memory_order_relaxed) != cpu)
        atomic_store_explicit(&h->cpu[me], cpu, memory_order_relaxed);
}

static void give_condvar(kit_handoff *h, unsigned to)
{
    pthread_mutex_lock(&h->mutex);
    atomic_store_explicit(&h->turn, to, memory_order_release);
    pthread_cond_signal(&h->changed);
    pthread_mutex_unlock(&h->mutex);
}

static void await_condvar(kit_handoff *h, unsigned me)
{
    pthread_mutex_lock(&h->mutex);
    while (atomic_load_explicit(&h->turn, memory_order_acquire) != me)
        pthread_cond_wait(&h->changed, &h->mutex);
    pthread_mutex_unlock(&h->mutex);
}

void kit_handoff_give(kit_handoff *h, unsigned to)
{
    if (h->strategy == KIT_WAIT_CONDVAR) {
        give_condvar(h, to);
        return;
    }
    publish_cpu(h, 1 - to);
    /* release: what we wrote is the other's to read (acquire in has_turn) */
    if (atomic_exchange_explicit(&h->turn, to, memory_order_release) & ASLEEP)
        kit_wake(&h->turn, 1);
}

static bool has_turn(kit_handoff *h, unsigned me)
{
    return (atomic_load_explicit(&h->turn, memory_order_acquire) & 1) == me;
}

/* Marks the word, so that the giver wakes us, and sleeps if it got marked. */
static void sleep_on(kit_handoff *h, unsigned me)
{
    uint32_t others = 1 - me, marked = others | ASLEEP;
    if (atomic_compare_exchange_strong_explicit(&h->turn, &others, marked,
                                                memory_order_relaxed,
                                                memory_order_relaxed) ||
        others == marked)
        kit_wait(&h->turn, marked, KIT_FOREVER);
}

void kit_handoff_await(kit_handoff *h, unsigned me)
{
    struct kit_backoff b;
    bool slept = false;
    if (h->strategy == KIT_WAIT_CONDVAR) {
        await_condvar(h, me);
        return;
    }
    uint32_t cpu = atomic_load_explicit(&h->cpu[1 - me], memory_order_relaxed);
    kit_backoff_begin(&b, &h->memory[me], h->strategy, (int)cpu - 1, 1);
    while (!has_turn(h, me)) {
        if (kit_backoff_step(&b))
            continue;
        sleep_on(h, me);
        slept = true;
    }
    kit_backoff_end(&b, slept);
}
