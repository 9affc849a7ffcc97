/* SPDX-License-Identifier: MIT */
#include "explore.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHOICES_MAX = 20000, DEVIATIONS_MAX = 1000, RARELY = 8 };

enum mode { SYSTEMATIC, RANDOM, REPLAY };

/* Where there was more than one way to go on. */
struct choice {
    uint8_t options, untried, chosen, costly;
};

/* A choice other than the first option: a schedule is a list of them. */
struct deviation {
    uint32_t step;
    int chosen;
};

static struct {
    enum mode mode;
    struct choice path[CHOICES_MAX];
    size_t length, depth; /* chosen for this run; come to in this run */
    unsigned bound, spent;
    bool cut;       /* the bound forbade something */
    uint64_t state; /* of the generator of random numbers */
    struct deviation deviations[DEVIATIONS_MAX];
    size_t count, replayed;
} explorer;

static unsigned bit(int i)
{
    return 1u << i;
}

/* splitmix64, by Sebastiano Vigna */
static uint64_t random_number(void)
{
    uint64_t z = explorer.state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* ---- choosing ---- */

static int choose_at_random(unsigned options, int first, unsigned costly)
{
    if (costly && random_number() % RARELY != 0)
        return first;
    uint64_t skip = random_number() % (unsigned)__builtin_popcount(options);
    for (; skip > 0; skip--)
        options &= options - 1;
    return __builtin_ctz(options);
}

static int choose_from_schedule(uint32_t step, unsigned options, int first)
{
    const struct deviation *d = &explorer.deviations[explorer.replayed];
    if (explorer.replayed == explorer.count || d->step > step)
        return first;
    explorer.replayed++;
    return d->step == step && (options & bit(d->chosen)) ? d->chosen : -1;
}

/* The same as in the last run, as far as that is given; then the first. */
static int choose_next(unsigned options, int first, unsigned costly)
{
    struct choice *c = &explorer.path[explorer.depth];
    if (explorer.depth == explorer.length) {
        if (explorer.length == CHOICES_MAX)
            abort();
        bool may = explorer.spent < explorer.bound;
        explorer.cut |= !may && costly;
        c->options = (uint8_t)options;
        c->costly = (uint8_t)costly;
        c->chosen = (uint8_t)first;
        c->untried =
            (uint8_t)((may ? options : options & ~costly) & ~bit(first));
        explorer.length++;
    } else if (c->options != options) {
        fprintf(stderr, "model: a schedule ran differently the second time\n");
        abort();
    }
    explorer.depth++;
    if (c->costly & bit(c->chosen))
        explorer.spent++;
    return c->chosen;
}

static void note_deviation(uint32_t step, int chosen)
{
    if (explorer.count < DEVIATIONS_MAX)
        explorer.deviations[explorer.count] = (struct deviation){step, chosen};
    explorer.count++;
}

int explore_choose(uint32_t step, unsigned options, int first, unsigned costly)
{
    int chosen;
    if (explorer.mode == REPLAY)
        return choose_from_schedule(step, options, first);
    if ((options & (options - 1)) == 0)
        return first;
    chosen = explorer.mode == RANDOM ? choose_at_random(options, first, costly)
                                     : choose_next(options, first, costly);
    if (chosen != first)
        note_deviation(step, chosen);
    return chosen;
}

bool explore_is_replay(void)
{
    return explorer.mode == REPLAY;
}

/* To the last choice with an option left. False: there is none. */
static bool next_path(void)
{
    for (; explorer.length > 0; explorer.length--) {
        struct choice *c = &explorer.path[explorer.length - 1];
        if (!c->untried)
            continue;
        c->chosen = (uint8_t)__builtin_ctz(c->untried);
        c->untried &= (uint8_t)(c->untried - 1);
        return true;
    }
    return false;
}

/* ---- schedules as text: "step:thread", by commas ---- */

static void write_schedule(char *text)
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < explorer.count && i < DEVIATIONS_MAX; i++)
        length += (size_t)snprintf(text + length, SCHEDULE_TEXT - length,
                                   "%s%" PRIu32 ":%d", i ? "," : "",
                                   explorer.deviations[i].step,
                                   explorer.deviations[i].chosen);
}

static bool read_schedule(const char *text)
{
    explorer.count = 0;
    while (*text) {
        char *end;
        unsigned long step = strtoul(text, &end, 10);
        if (*end != ':' || explorer.count == DEVIATIONS_MAX)
            return false;
        long chosen = strtol(end + 1, &end, 10);
        if ((*end != ',' && *end != '\0') || chosen < 0 ||
            chosen >= MODEL_THREADS_MAX)
            return false;
        note_deviation((uint32_t)step, (int)chosen);
        text = *end ? end + 1 : end;
    }
    return true;
}

/* ---- runs ---- */

/* False when it failed. */
static bool run(const struct scenario *s, struct explore_result *result)
{
    explorer.depth = explorer.spent = 0;
    explorer.count = 0;
    model_run(s->begin, s->end, s->arg, &s->machine, false, &result->report);
    if (result->report.fault == MODEL_FINE)
        return true;
    write_schedule(result->schedule);
    return false;
}

/* All schedules of one bound. */
static bool run_all(const struct scenario *s, struct explore_result *result)
{
    explorer.mode = SYSTEMATIC;
    explorer.length = 0;
    explorer.cut = false;
    result->systematic = 0;
    do {
        result->systematic++;
        if (!run(s, result))
            return false;
        if (model_has_learned()) {
            explorer.length = 0;
            explorer.cut = false;
            result->systematic = 0;
            continue;
        }
        if (!next_path())
            break;
    } while (true);
    result->all = !explorer.cut;
    return true;
}

static bool run_at_random(const struct scenario *s, uint64_t seed,
                          struct explore_result *result)
{
    explorer.mode = RANDOM;
    explorer.state = result->seed = seed;
    result->random++;
    return run(s, result);
}

void explore(const struct scenario *s, const struct explore_limits *limits,
             struct explore_result *result)
{
    memset(result, 0, sizeof *result);
    model_forget();
    for (unsigned bound = 0; bound <= limits->bound && !result->all; bound++) {
        explorer.bound = bound;
        if (!run_all(s, result))
            return;
    }
    for (uint64_t i = 0; i < limits->random && !result->all; i++)
        if (!run_at_random(s, limits->seed + i, result))
            return;
}

void explore_replay(const struct scenario *s, const char *schedule, bool trace,
                    struct model_report *report)
{
    explorer.mode = REPLAY;
    explorer.replayed = 0;
    if (!read_schedule(schedule)) {
        report->fault = MODEL_MISFIT;
        snprintf(report->text, sizeof report->text, "not a schedule");
        return;
    }
    model_run(s->begin, s->end, s->arg, &s->machine, trace, report);
}

/* ---- what came of it ---- */

void explore_print(const struct scenario *s,
                   const struct explore_limits *limits,
                   const struct explore_result *r)
{
    printf("%s: %" PRIu64 " interleavings", s->name, r->systematic);
    if (r->all)
        printf(", which are all");
    else
        printf(" with up to %u preemptions, %" PRIu64 " at random",
               limits->bound, r->random);
    if (r->report.fault == MODEL_FINE) {
        putchar('\n');
        return;
    }
    printf(": %s: %s\n", model_fault_name(r->report.fault), r->report.text);
    if (r->random)
        printf("  at random, from seed %" PRIu64 "\n", r->seed);
    printf("  --replay=%s\n", r->schedule);
}
