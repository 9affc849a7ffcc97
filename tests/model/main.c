/* SPDX-License-Identifier: MIT */
/*
 * The checker as a program: explores scenarios, or replays a schedule that
 * failed. Exit status: 0 nothing is wrong, 1 something is, 2 wrong options.
 */
#include "scenarios.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Usage: model-check [OPTION]... [SCENARIO]...\n"
    "Explore the interleavings of scenarios (default: all).\n"
    "\n"
    "  --list               names of the scenarios\n"
    "  --bound=N            preemptions (default: each scenario's own)\n"
    "  --random=N           schedules at random beyond (default: 1000)\n"
    "  --seed=N             of the first of those (default: 1)\n"
    "  --replay=SCHEDULE    run this schedule of one scenario, step by step\n";

static struct {
    bool has_bound;
    unsigned bound;
    uint64_t random, seed;
    const char *schedule;
} options = {.random = 1000, .seed = 1};

static int wrong(const char *what)
{
    fprintf(stderr, "model-check: %s: not understood\n%s", what, usage);
    return 2;
}

static void list_scenarios(void)
{
    const struct scenario *s;
    for (size_t i = 0; (s = scenario_at(i)); i++)
        printf("%s\n", s->name);
}

/* The text after "--name="; NULL: it is another option. */
static const char *value_of(const char *argument, const char *name)
{
    size_t length = strlen(name);
    return strncmp(argument, name, length) == 0 && argument[length] == '='
               ? argument + length + 1
               : NULL;
}

static bool read_option(const char *argument)
{
    const char *value;
    if ((value = value_of(argument, "--bound"))) {
        options.has_bound = true;
        options.bound = (unsigned)strtoul(value, NULL, 10);
    } else if ((value = value_of(argument, "--random"))) {
        options.random = strtoull(value, NULL, 10);
    } else if ((value = value_of(argument, "--seed"))) {
        options.seed = strtoull(value, NULL, 10);
    } else if ((value = value_of(argument, "--replay"))) {
        options.schedule = value;
    } else {
        return false;
    }
    return true;
}

static int replay(const struct scenario *s, const char *schedule)
{
    struct model_report report;
    explore_replay(s, schedule, true, &report);
    printf("%s", model_fault_name(report.fault));
    printf(report.fault ? ": %s\n" : "\n", report.text);
    return report.fault ? 1 : 0;
}

static int check(const struct scenario *s)
{
    struct explore_result r;
    struct explore_limits limits = {options.has_bound ? options.bound
                                                      : s->bound,
                                    options.random, options.seed};
    explore(s, &limits, &r);
    explore_print(s, &limits, &r);
    return r.report.fault ? 1 : 0;
}

static int check_all(void)
{
    const struct scenario *s;
    int result = 0;
    for (size_t i = 0; (s = scenario_at(i)); i++)
        result |= check(s);
    return result;
}

static int check_named(const char *name)
{
    const struct scenario *s = scenario_named(name);
    if (!s)
        return wrong(name);
    return options.schedule ? replay(s, options.schedule) : check(s);
}

int main(int argc, char **argv)
{
    int i = 1, result = 0;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--list") == 0) {
            list_scenarios();
            return 0;
        }
        if (!read_option(argv[i]))
            return wrong(argv[i]);
    }
    if (i == argc)
        return options.schedule ? wrong("--replay of all") : check_all();
    for (; i < argc && result < 2; i++)
        result |= check_named(argv[i]);
    return result;
}
