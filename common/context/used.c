/* SPDX-License-Identifier: MIT */
/* The high-water mark of a stack. */
#include <kit/stack.h>

#include "sanitize.h"
#include "slab.h"

#include <errno.h>
#include <sys/mman.h>

#define PAGES_AT_ONCE 256

/* The lowest page from `low` on that is in memory; `high` if none is. */
static const char *lowest_page(const char *low, const char *high)
{
    unsigned char in_memory[PAGES_AT_ONCE];
    size_t page = kit_page_size();
    while (low < high) {
        size_t pages = ((size_t)(high - low) + page - 1) / page;
        if (pages > PAGES_AT_ONCE)
            pages = PAGES_AT_ONCE;
        if (mincore((void *)(uintptr_t)low, pages * page, in_memory) != 0)
            return low; /* not known: all of it may be */
        for (size_t i = 0; i < pages; i++)
            if (in_memory[i] & 1)
                return low + i * page;
        low += pages * page;
    }
    return high;
}

/* Reads what may be somebody's frames, whatever a sanitizer knows of them. */
__attribute__((no_sanitize("address", "thread"))) static const char *
lowest_word(const char *low, const char *high)
{
    const volatile uintptr_t *word = (const void *)low;
    while ((const char *)word < high && *word == 0)
        word++;
    return (const char *)(uintptr_t)word;
}

size_t kit_stack_used(const kit_stack *stack)
{
    const char *high = (const char *)stack;
    int saved = errno;
    const char *low = lowest_page(stack->low, high);
    errno = saved;
    if (!KIT_MEMORY_IS_WATCHED)
        low = lowest_word(low, high);
    return low < high ? (size_t)(high - low) : 0;
}
