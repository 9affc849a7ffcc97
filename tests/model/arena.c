/* SPDX-License-Identifier: MIT */
/*
 * The memory of a run. Nothing is used twice, so that whoever touches what has
 * been freed is found; all of it is given back at the end, however that comes.
 */
#include "machine_impl.h"

#include <string.h>

enum { ARENA_BYTES = 1 << 16, BLOCKS_MAX = 64 };

static _Alignas(64) char arena[ARENA_BYTES];
static size_t used;

static struct block {
    char *begin, *end;
    bool freed;
} blocks[BLOCKS_MAX];
static size_t count;
static bool any_freed;

void arena_reset(void)
{
    memset(arena, 0, used);
    used = count = 0;
    any_freed = false;
}

void *model_allocate(size_t alignment, size_t size)
{
    size_t begin = (used + alignment - 1) & ~(alignment - 1);
    if (size > ARENA_BYTES - begin || count == BLOCKS_MAX)
        return NULL;
    used = begin + size;
    blocks[count++] = (struct block){arena + begin, arena + used, false};
    return arena + begin;
}

void model_free(void *memory)
{
    if (!memory)
        return;
    for (size_t i = 0; i < count; i++) {
        if (blocks[i].begin != memory)
            continue;
        if (blocks[i].freed)
            machine_fail(MODEL_GONE, "memory is freed twice");
        blocks[i].freed = any_freed = true;
        return;
    }
    machine_fail(MODEL_GONE, "what is freed was not allocated");
}

bool arena_is_freed(const volatile void *at)
{
    const volatile char *p = at;
    for (size_t i = 0; any_freed && i < count; i++)
        if (blocks[i].freed && p >= blocks[i].begin && p < blocks[i].end)
            return true;
    return false;
}
