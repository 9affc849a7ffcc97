/* SPDX-License-Identifier: MIT */
/* The wheel of timers: see timer.h. */
#include "timer.h"

#define LOOKED_AT 64 /* timers in one slot, to find the earliest of them */
#define FEW       8  /* of which the earliest is looked for each time */

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
    int level = __builtin_ctz(w->used_levels), word = 0;
    while (!w->used[level][word])
        word++;
    return (struct place){level,
                          word * 64 + __builtin_ctzll(w->used[level][word])};
}

static struct coop_timer_slot *slot_at(struct coop_timers *w, struct place p)
{
    return &w->slots[p.level][p.slot];
}

static void mark_used(struct coop_timers *w, struct place p)
{
    w->used[p.level][p.slot / 64] |= (uint64_t)1 << p.slot % 64;
    w->used_levels |= 1u << p.level;
}

static void mark_empty(struct coop_timers *w, struct place p)
{
    uint64_t *used = w->used[p.level], any = 0;
    slot_at(w, p)->first = NULL;
    used[p.slot / 64] &= ~((uint64_t)1 << p.slot % 64);
    for (int i = 0; i < COOP_TIMER_WORDS; i++)
        any |= used[i];
    if (!any)
        w->used_levels &= ~(1u << p.level);
}

/* `t` is the new last one. */
static void point_ahead(struct coop_timer_slot *slot, struct coop_timer *t)
{
    if (slot->lag < COOP_TIMER_AHEAD) {
        slot->lag++;
        return;
    }
    slot->behind->ahead = t;
    slot->behind = slot->behind->next;
}

static void insert(struct coop_timers *w, struct coop_timer *t)
{
    struct place p = place_of(w, t->deadline);
    struct coop_timer_slot *slot = slot_at(w, p);
    struct coop_timer *first = slot->first;
    t->ahead = NULL;
    if (first) {
        t->next = first;
        t->previous = first->previous;
        t->previous->next = t;
        first->previous = t;
        point_ahead(slot, t);
    } else {
        t->next = t->previous = t;
        *slot = (struct coop_timer_slot){.first = t, .behind = t};
        mark_used(w, p);
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
    struct coop_timer_slot *slot = slot_at(w, p);
    if (t->next == t) {
        mark_empty(w, p);
    } else {
        t->previous->next = t->next;
        t->next->previous = t->previous;
        if (slot->first == t)
            slot->first = t->next;
        if (slot->behind == t)
            slot->behind = t->next;
    }
    t->next = NULL;
    w->count--;
}

/* Base has come to this slot: its timers go to lower levels, in order. */
static void move_down(struct coop_timers *w, struct place p)
{
    struct coop_timer *first = slot_at(w, p)->first, *t = first;
    mark_empty(w, p);
    do {
        struct coop_timer *next = t->next;
        __builtin_prefetch(t->ahead);
        insert(w, t);
        t = next;
    } while (t != first);
}

/* The earliest timer of the slot, the first in of several; NULL: it has more
   than a few. At the lowest level all are equal. */
static struct coop_timer *earliest_of_few(struct coop_timers *w, struct place p)
{
    struct coop_timer *first = slot_at(w, p)->first, *least = first;
    int count = 1;
    if (p.level == 0)
        return first;
    for (struct coop_timer *t = first->next; t != first; t = t->next) {
        if (++count > FEW)
            return NULL;
        if (t->deadline < least->deadline)
            least = t;
    }
    return least;
}

struct coop_timer *coop_timer_fire(struct coop_timers *w, int64_t now)
{
    while (w->count > 0) {
        struct place p = earliest(w);
        int64_t start = start_of(w, p);
        if (start > now)
            break;
        struct coop_timer *t = earliest_of_few(w, p);
        if (t && t->deadline > now)
            return NULL;
        if (t) {
            coop_timer_stop(w, t);
            return t;
        }
        w->base = start;
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
    const struct coop_timer *first = w->slots[p.level][p.slot].first;
    const struct coop_timer *t = first;
    int64_t least = INT64_MAX;
    for (int i = 0; i < LOOKED_AT; i++) {
        least = t->deadline < least ? t->deadline : least;
        t = t->next;
        if (t == first)
            return least;
    }
    return start_of(w, p);
}
