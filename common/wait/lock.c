/* SPDX-License-Identifier: MIT */
/*
 * A lock of one word with three states, after Ulrich Drepper, "Futexes Are
 * Tricky" (2011), the second mutex.
 */
#include <kit/annotate.h>
#include <kit/backoff.h>

#define POLLS 100

enum {
    FREE = 0,
    HELD = 1,
    CONTENDED = 2,
};

bool kit_lock_try_acquire(kit_lock *l)
{
    uint32_t free_word = FREE;
    /* acquire: pairs with the release of the holder before us */
    if (!atomic_compare_exchange_strong_explicit(&l->word, &free_word, HELD,
                                                 memory_order_acquire,
                                                 memory_order_relaxed))
        return false;
    KIT_LOCK_ACQUIRED(l);
    return true;
}

void kit_lock_acquire(kit_lock *l)
{
    for (int i = 0; i < POLLS; i++)
        if (atomic_load_explicit(&l->word, memory_order_relaxed) == FREE &&
            kit_lock_try_acquire(l))
            return;
    while (atomic_exchange_explicit(&l->word, CONTENDED,
                                    memory_order_acquire) != FREE)
        kit_wait(&l->word, CONTENDED, KIT_FOREVER);
    KIT_LOCK_ACQUIRED(l);
}

void kit_lock_release(kit_lock *l)
{
    KIT_LOCK_RELEASED(l);
    if (atomic_exchange_explicit(&l->word, FREE, memory_order_release) ==
        CONTENDED)
        kit_wake(&l->word, 1);
}
