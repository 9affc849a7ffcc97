/* SPDX-License-Identifier: MIT */
#include "resident.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int64_t micro_proc_kb(const char *path, const char *key)
{
    char line[256];
    int64_t kb = -1;
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, key, strlen(key)) == 0 &&
            sscanf(line + strlen(key), " %" SCNd64, &kb) == 1)
            break;
    if (file)
        fclose(file);
    return kb;
}

/* VmRSS is summed up lazily, and may be off by some hundred kilobytes: the
   roll-up of the mappings is exact. */
int64_t micro_resident_kb(void)
{
    int64_t kb = micro_proc_kb("/proc/self/smaps_rollup", "Rss:");
    if (kb < 0)
        kb = micro_proc_kb("/proc/self/status", "VmRSS:");
    return kb + micro_proc_kb("/proc/self/status", "VmPTE:");
}

/* Where that is not allowed, the peak is that of the whole life. */
void micro_peak_forget(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "we");
    if (!file)
        return;
    fputs("5", file);
    fclose(file);
}

int64_t micro_peak_kb(void)
{
    return micro_proc_kb("/proc/self/status", "VmHWM:");
}
