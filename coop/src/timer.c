/* SPDX-License-Identifier: MIT */
/* The wheel of timers: see timer.h. */
#include "timer.h"

#define LOOKED_AT 64 /* timers in one slot, to find the earliest of them */

/* A level and a slot in it. */
struct place {
    int level, slot;
};

static struct place place_of(const struct coop_timers *w, int64_t deadline)
{
    uint64_t differs = (uint64_t)(deadline ^ w->base);
    int level =
        differs ? (63 - __builtin_clzll(differs)) / COOP_TIMER_DIGIT : 0;
    int slot = (int)((uint64_t)deadline >> (level * COOP_TIMER_DIGIT)) &
               (COOP_TIMER_SLOTS - 1);
    return (struct place){level, slot};
}

/* When the slot begins, seen from base: the digits above are base's. */
static int64_t start_of(const struct coop_timers *w, struct place p)
{
    int shift = p.level * COOP_TIMER_DIGIT;
    uint64_t in_level = ((uint64_t)COOP_TIMER_SLOTS << shift) - 1;
    return (int64_t)(((uint64_t)w->base & ~in_level) | (uint64_t)p.slot
                                                           << shift);
}

/* The place of the earliest timers; there must be one. */
static struct place earliest(const struct coop_timers *w)
{
    int level = 0;
    while (!w->used[level])
        level++;
    return (struct place){level, __builtin_ctzll(w->used[level])};
}

static void insert(struct coop_timers *w, struct coop_timer *t)
{
    struct place p = place_of(w, t->deadline);
    struct coop_timer **first = &w->first[p.level][p.slot];
    if (*first) {
        t->next = *first;
        t->previous = (*first)->previous;
        t->previous->next = t;
        (*first)->previous = t;
    } else {
        t->next = t->previous = *first = t;
        w->used[p.level] |= (uint64_t)1 << p.slot;
    }
}

void coop_timer_start(struct coop_timers *w, struct coop_timer *t,
                      int64_t deadline)
{
    t->deadline = deadline > w->base ? deadline : w->base;
    insert(w, t);
    w->count++;
}

void coop_timer_stop(struct coop_timers *w, struct coop_timer *t)
{
    if (!t->next)
        return;
    struct place p = place_of(w, t->deadline);
    struct coop_timer **first = &w->first[p.level][p.slot];
    if (t->next == t) {
        *first = NULL;
        w->used[p.level] &= ~((uint64_t)1 << p.slot);
    } else {
        t->previous->next = t->next;
        t->next->previous = t->previous;
        if (*first == t)
            *first = t->next;
    }
    t->next = NULL;
    w->count--;
}

/* Base has come to this slot: its timers go to lower levels, in order. */
static void move_down(struct coop_timers *w, struct place p)
{
    struct coop_timer *first = w->first[p.level][p.slot], *t = first;
    w->first[p.level][p.slot] = NULL;
    w->used[p.level] &= ~((uint64_t)1 << p.slot);
    do {
        struct coop_timer *next = t->next;
        insert(w, t);
        t = next;
    } while (t != first);
}

struct coop_timer *coop_timer_fire(struct coop_timers *w, int64_t now)
{
    while (w->count > 0) {
        struct place p = earliest(w);
        int64_t start = start_of(w, p);
        if (start > now)
            break;
        w->base = start;
        if (p.level == 0) {
            struct coop_timer *t = w->first[0][p.slot];
            coop_timer_stop(w, t);
            return t;
        }
        move_down(w, p);
    }
    if (w->base < now)
        w->base = now;
    return NULL;
}

int64_t coop_timer_next(const struct coop_timers *w)
{
    if (w->count == 0)
        return INT64_MAX;
    struct place p = earliest(w);
    const struct coop_timer *first = w->first[p.level][p.slot], *t = first;
    int64_t least = INT64_MAX;
    for (int i = 0; i < LOOKED_AT; i++) {
        least = t->deadline < least ? t->deadline : least;
        t = t->next;
        if (t == first)
            return least;
    }
    return start_of(w, p);
}
