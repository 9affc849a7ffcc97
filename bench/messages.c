/* SPDX-License-Identifier: MIT */
/* Errors, and the parsing that leads to them. */
#include "bench.h"
#include "table.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void complain(const char *format, va_list args)
{
    fputs("schedkit: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

void usage_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    complain(format, args);
    va_end(args);
    exit(EXIT_USAGE);
}

void failure(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    complain(format, args);
    va_end(args);
    exit(EXIT_FAILED);
}

int finish_output(void)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        failure("cannot write to standard output: %s", strerror(errno));
    return EXIT_OK;
}

static bool is_digits(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0';
}

uint64_t parse_number(const char *option, const char *text, uint64_t min,
                      uint64_t max)
{
    errno = 0;
    uint64_t n = is_digits(text) ? strtoull(text, NULL, 10) : 0;
    if (!is_digits(text) || errno == ERANGE || n < min || n > max)
        usage_error("--%s takes a whole number from %" PRIu64 " to %" PRIu64
                    ", not '%s'",
                    option, min, max, text);
    return n;
}

static void append_name(char *list, size_t room, const char *name)
{
    size_t used = strlen(list);
    snprintf(list + used, room - used, "%s%s", used ? ", " : "", name);
}

const char *workload_names(void)
{
    static char list[512];
    list[0] = '\0';
    for (const struct workload *w = workloads; w->name; w++)
        append_name(list, sizeof list, w->name);
    return list;
}

const char *arm_names(const struct workload *w)
{
    static char list[512];
    list[0] = '\0';
    for (const struct arm *a = w->arms; a->name; a++)
        append_name(list, sizeof list, a->name);
    return list;
}

const struct workload *require_workload(const char *name)
{
    const struct workload *w = workload_named(name);
    if (!w)
        usage_error("there is no workload '%s'; there are: %s", name,
                    workload_names());
    return w;
}
