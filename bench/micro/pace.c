/* SPDX-License-Identifier: MIT */
#include "pace.h"

#include <kit/wait.h>

#define CHUNK_NS 20000

void micro_pace_begin(struct micro_pace *pace, int64_t slice_ns)
{
    pace->chunk = 0;
    pace->done = 0;
    pace->begin = pace->now = kit_now();
    pace->end = pace->begin + slice_ns;
}

bool micro_pace_next(struct micro_pace *pace)
{
    int64_t now = kit_now(), took = now - pace->now;
    pace->now = now;
    pace->done += pace->chunk;
    if (now >= pace->end)
        return false;
    /* Down as well: a queue may fall from 10 ns an item to 10 us. */
    if (pace->chunk == 0)
        pace->chunk = 1;
    else if (took < CHUNK_NS)
        pace->chunk *= 2;
    else if (took > 4 * CHUNK_NS && pace->chunk > 1)
        pace->chunk /= 2;
    return true;
}
