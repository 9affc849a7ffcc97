/* SPDX-License-Identifier: MIT */
/*
 * The signal. The waiter says ASLEEP before it sleeps, so that a signal to a
 * thread that still polls, or has not come to wait, costs no system call.
 */
#include <kit/backoff.h>

enum {
    CLEAR = 0,
    SET,
    ASLEEP,
};

void kit_signal_init(kit_signal *s, enum kit_wait_strategy strategy)
{
    *s = (kit_signal){.strategy = strategy};
    if (strategy == KIT_WAIT_CONDVAR) {
        pthread_mutex_init(&s->mutex, NULL);
        pthread_cond_init(&s->changed, NULL);
    }
}

void kit_signal_destroy(kit_signal *s)
{
    if (s->strategy == KIT_WAIT_CONDVAR) {
        pthread_cond_destroy(&s->changed);
        pthread_mutex_destroy(&s->mutex);
    }
}

static void give_condvar(kit_signal *s)
{
    pthread_mutex_lock(&s->mutex);
    atomic_store_explicit(&s->word, SET, memory_order_relaxed);
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->mutex);
}

static void await_condvar(kit_signal *s)
{
    pthread_mutex_lock(&s->mutex);
    while (atomic_load_explicit(&s->word, memory_order_relaxed) != SET)
        pthread_cond_wait(&s->changed, &s->mutex);
    atomic_store_explicit(&s->word, CLEAR, memory_order_relaxed);
    pthread_mutex_unlock(&s->mutex);
}

void kit_signal_give(kit_signal *s)
{
    if (s->strategy == KIT_WAIT_CONDVAR) {
        give_condvar(s);
        return;
    }
    uint32_t cpu = (uint32_t)kit_cpu_current() + 1;
    if (atomic_load_explicit(&s->giver_cpu, memory_order_relaxed) != cpu)
        atomic_store_explicit(&s->giver_cpu, cpu, memory_order_relaxed);
    /* release: what we wrote is the waiter's to read (acquire in is_set) */
    if (atomic_exchange_explicit(&s->word, SET, memory_order_release) == ASLEEP)
        kit_wake(&s->word, 1);
}

static bool is_set(kit_signal *s)
{
    return atomic_load_explicit(&s->word, memory_order_acquire) == SET;
}

/* Says so first; if the signal was given meanwhile, does not sleep. */
static void sleep_on(kit_signal *s)
{
    uint32_t clear = CLEAR;
    if (atomic_compare_exchange_strong_explicit(&s->word, &clear, ASLEEP,
                                                memory_order_relaxed,
                                                memory_order_relaxed) ||
        clear == ASLEEP)
        kit_wait(&s->word, ASLEEP, KIT_FOREVER);
}

void kit_signal_await(kit_signal *s)
{
    struct kit_backoff b;
    bool slept = false;
    if (s->strategy == KIT_WAIT_CONDVAR) {
        await_condvar(s);
        return;
    }
    uint32_t cpu = atomic_load_explicit(&s->giver_cpu, memory_order_relaxed);
    kit_backoff_begin(&b, &s->memory, s->strategy, (int)cpu - 1, 1);
    while (!is_set(s)) {
        if (kit_backoff_step(&b))
            continue;
        sleep_on(s);
        slept = true;
    }
    kit_backoff_end(&b, slept);
    /* Nobody gives it again before we answer: no exchange is needed. */
    atomic_store_explicit(&s->word, CLEAR, memory_order_relaxed);
}
