/* SPDX-License-Identifier: MIT */
/*
 * Loads, stores, and what does both. Only one thread runs between two points,
 * so plain copies will do.
 */
#include "machine_impl.h"

#include "explore.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { REPEATS_MAX = 128 }; /* more loads than any loop makes that ends */

static void copy(volatile void *to, const volatile void *from, size_t size)
{
    memcpy((void *)(uintptr_t)to, (const void *)(uintptr_t)from, size);
}

static uint64_t value_at(const volatile void *at, size_t size)
{
    uint64_t value = 0;
    copy(&value, at, size);
    return value;
}

/* ---- tracing ---- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

void machine_trace(const struct model_site *site, const char *format, ...)
{
    va_list arguments;
    const struct thread *t = self();
    if (!machine.trace || !t)
        return;
    printf("%5" PRIu32 "  %-12s %s:%d %s: %s", machine.step, t->name,
           base_name(site->file), site->line, site->function, site->text);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

/* ---- stores that are held back ---- */

void machine_flush(struct thread *t)
{
    for (size_t i = 0; i < t->late_count; i++)
        copy(t->late[i].to, &t->late[i].value, t->late[i].size);
    t->late_count = 0;
}

static bool is_late(const struct thread *t, const struct model_site *site,
                    memory_order order)
{
    if (!t || !machine.options.late_stores || order == memory_order_seq_cst ||
        t->late_count == LATE_MAX)
        return false;
    machine_step();
    if (!site->is_shared && !explore_is_replay())
        return false;
    return explore_choose(machine.step, 3, 0, 2) == 1;
}

/* A thread sees its own. */
static uint64_t see(const struct thread *t, const volatile void *at,
                    size_t size)
{
    for (size_t i = t ? t->late_count : 0; i > 0; i--)
        if (t->late[i - 1].to == at)
            return t->late[i - 1].value;
    return value_at(at, size);
}

/* ---- accesses ---- */

/* The same load as before, with the same result: nobody else has run. */
static bool is_repeated(struct thread *t, struct model_site *site,
                        const volatile void *from, size_t size)
{
    if (t->site != site || t->last_at != from ||
        t->last_value != see(t, from, size))
        return false;
    machine_step();
    if (++t->repeats % REPEATS_MAX == 0)
        model_pause(site);
    return true;
}

void model_load(struct model_site *site, const volatile void *from, void *value,
                size_t size)
{
    struct thread *t = self();
    if (!t || !is_repeated(t, site, from, size))
        machine_point(site, from, READS);
    uint64_t seen = see(t, from, size);
    copy(value, &seen, size);
    if (!t)
        return;
    t->last_at = from;
    t->last_value = seen;
    machine_trace(site, " = %#" PRIx64, seen);
}

void model_store(struct model_site *site, volatile void *to, const void *value,
                 size_t size, memory_order order)
{
    struct thread *t = self();
    machine_point(site, to, WRITES);
    if (is_late(t, site, order)) {
        t->late[t->late_count++] =
            (struct late){to, size, value_at(value, size)};
        machine_trace(site, " = %#" PRIx64 ", held back",
                      value_at(value, size));
        return;
    }
    if (t)
        machine_flush(t);
    copy(to, value, size);
    machine_trace(site, " = %#" PRIx64, value_at(value, size));
}

void model_modify(struct model_site *site, const volatile void *at, void *value,
                  size_t size)
{
    machine_point(site, at, WRITES);
    if (self())
        machine_flush(self());
    copy(value, at, size);
    machine_trace(site, ", which is %#" PRIx64, value_at(at, size));
}

void model_modified(volatile void *at, const void *value, size_t size)
{
    copy(at, value, size);
}

void model_fence(struct model_site *site)
{
    struct thread *t = self();
    if (!t)
        return;
    /* Until then others may run, and not see what is held back. */
    if (t->late_count > 0)
        machine_point(site, t->late[0].to, WRITES);
    else
        machine_step();
    machine_flush(t);
    machine_trace(site, "%s", "");
}
