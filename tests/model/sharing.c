/* SPDX-License-Identifier: MIT */
/* Which accesses in the source are to something that two threads meet at. */
#include "machine_impl.h"

enum { PLACES = 1024, SITES_MAX = 16 };

/* An address in this run, and which sites have touched it. */
struct place {
    const volatile void *at;
    uint32_t run;
    uint8_t readers, writers;
    uint8_t count;
    struct model_site *sites[SITES_MAX];
};

static struct place places[PLACES];
static uint32_t run;
static struct model_site *known;
static bool has_learned;

static struct place *place_of(const volatile void *at)
{
    size_t i = ((uintptr_t)at >> 2) * UINT64_C(0x9e3779b97f4a7c15) >> 54;
    for (;; i = (i + 1) % PLACES) {
        struct place *p = &places[i];
        if (p->run != run) {
            *p = (struct place){.at = at, .run = run};
            return p;
        }
        if (p->at == at)
            return p;
    }
}

static void learn(struct model_site *site)
{
    if (site->is_shared)
        return;
    site->is_shared = true;
    site->known = known;
    known = site;
    has_learned = true;
}

static void add_site(struct place *p, struct model_site *site)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->sites[i] == site)
            return;
    if (p->count == SITES_MAX)
        learn(site); /* to be on the safe side */
    else
        p->sites[p->count++] = site;
}

void sharing_note(struct model_site *site, const volatile void *at, bool writes,
                  int thread)
{
    struct place *p = place_of(at);
    if (writes)
        p->writers |= (uint8_t)bit(thread);
    else
        p->readers |= (uint8_t)bit(thread);
    if (!site->is_shared)
        add_site(p, site);
    unsigned all = p->readers | p->writers;
    if (!p->writers || (all & (all - 1)) == 0)
        return;
    for (; p->count > 0; p->count--)
        learn(p->sites[p->count - 1]);
}

void sharing_begin_run(void)
{
    run++;
    has_learned = false;
}

void model_forget(void)
{
    for (; known; known = known->known)
        known->is_shared = false;
}

bool model_has_learned(void)
{
    return has_learned;
}
