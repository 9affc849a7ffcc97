/* SPDX-License-Identifier: MIT */
/*
 * Slabs: mappings that stacks are cut from, up to 63 of one size. One word of
 * the slab says which slots are cold: free, and without pages. A slab is
 * unmapped when its word is all ones: every slot cold and its owner gone.
 */
#ifndef KIT_SLAB_H
#define KIT_SLAB_H

#include <kit/stack.h>

#include <stdatomic.h>

#define KIT_SLAB_SLOTS_MAX 63
#define KIT_SLAB_ORPHAN    (UINT64_C(1) << 63) /* its owner is gone */

/* At the low end of its own mapping, below the first stack's guard. */
struct kit_slab {
    uintptr_t mark; /* by which it is known: see slab.c */
    _Atomic uint64_t cold;
    uint64_t guarded; /* the owner's: slots that have their guard */
    struct kit_slab *next;
    size_t bytes, stack_bytes;
    unsigned valgrind_id[KIT_SLAB_SLOTS_MAX];
};

size_t kit_page_size(void);

/* Copies what may not be readable; false: it is not. Calls only what a signal
   handler may call. errno may be changed. */
bool kit_copy_safely(void *to, uintptr_t from, size_t bytes);

/* A new one, all cold, if possible right below `last` (or NULL), so that it is
   one mapping with it for the kernel; NULL without memory. */
struct kit_slab *kit_slab_map(size_t stack_bytes, const struct kit_slab *last);

/* Is there a cold slot? The owner may take one if so. */
bool kit_slab_has_slot(struct kit_slab *slab);
uint32_t kit_slab_take(struct kit_slab *slab);

/* Whoever completes the word unmaps the slab: it happens exactly once. */
void kit_slab_set(struct kit_slab *slab, uint64_t bit);

/* The two ends of a slot; its guard is the page at the low one. */
char *kit_slot_low(const struct kit_slab *slab, uint32_t slot);
char *kit_slot_high(const struct kit_slab *slab, uint32_t slot);

#endif
