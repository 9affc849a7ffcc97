/* SPDX-License-Identifier: MIT */
/*
 * Timers: a hierarchical wheel with a slot for every nanosecond at its lowest
 * level, after George Varghese and Tony Lauck, "Hashed and Hierarchical Timing
 * Wheels" (1987). Starting and stopping a timer touches a few words however
 * many there are, and they fire in the exact order of their deadlines; equal
 * ones first in, first out.
 *
 * A timer is in the level of the highest digit (of 8 bits) in which its
 * deadline differs from `base`, a time up to which all has been fired. When its
 * slot is the next, it moves to a lower level and base to the slot's beginning;
 * but of a few in a slot the earliest is looked for and fired from there.
 *
 * Of a million timers each is out of the cache when it is to move, and the ring
 * of a slot says only where the next one is. So each timer also knows one that
 * is several places ahead, which is fetched meanwhile: the jump pointers of
 * Chi-Keung Luk and Todd Mowry, "Compiler-Based Prefetching for Recursive Data
 * Structures" (1996).
 */
#ifndef COOP_TIMER_H
#define COOP_TIMER_H

#include <kit/base.h>

enum {
    COOP_TIMER_DIGIT = 8,
    COOP_TIMER_SLOTS = 1 << COOP_TIMER_DIGIT,
    COOP_TIMER_LEVELS = (63 + COOP_TIMER_DIGIT - 1) / COOP_TIMER_DIGIT,
    COOP_TIMER_WORDS = COOP_TIMER_SLOTS / 64,
    COOP_TIMER_AHEAD = 16, /* so many timers ahead, memory is fetched */
};

struct coop_timer {
    struct coop_timer *next, *previous; /* in a ring; NULL: not started */
    int64_t deadline;                   /* ns, at least 0 */
    const struct coop_timer *ahead; /* a hint: one further on in the ring, which
                                       may be gone; or NULL */
};

struct coop_timer_slot {
    struct coop_timer *first;  /* of the ring; NULL: it is empty */
    struct coop_timer *behind; /* the one that shall get the next for `ahead` */
    unsigned lag;              /* so many are behind that one, or fewer */
};

/* All zero is an empty wheel. */
struct coop_timers {
    int64_t base;
    size_t count;
    unsigned used_levels; /* a bit for each that has timers */
    uint64_t used[COOP_TIMER_LEVELS][COOP_TIMER_WORDS]; /* for each slot */
    struct coop_timer_slot slots[COOP_TIMER_LEVELS][COOP_TIMER_SLOTS];
};

void coop_timer_start(struct coop_timers *w, struct coop_timer *t,
                      int64_t deadline);

/* Nothing happens to one that was not started, or has fired. */
void coop_timer_stop(struct coop_timers *w, struct coop_timer *t);

/* Takes out the first timer that is due at `now`; NULL: none is. */
struct coop_timer *coop_timer_fire(struct coop_timers *w, int64_t now);

/*
 * When to call coop_timer_fire next: not after the earliest deadline, and
 * mostly just then (of many timers in one slot, not all are looked at).
 * INT64_MAX without timers.
 */
int64_t coop_timer_next(const struct coop_timers *w);

#endif
