/* SPDX-License-Identifier: MIT */
/* schedkit micro: the command line, and the run through the groups. */
#include "micro.h"

#include "core.h"
#include "cpus.h"
#include "fail.h"
#include "output.h"
#include "report.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    USAGE = 2,
};

static const struct micro_group *const groups[] = {
    &micro_clock_group,      &micro_switch_group,     &micro_next_group,
    &micro_walk_group,       &micro_cancel_group,     &micro_create_group,
    &micro_mutex_group,      &micro_checkpoint_group, &micro_select_group,
    &micro_timers_group,     &micro_sieve_group,      &micro_skynet_group,
    &micro_threadring_group, &micro_handoff_group,    &micro_channel_group,
    &micro_hog_group,        &micro_pool_group,       &micro_memory_group,
};

#define GROUPS (sizeof groups / sizeof *groups)

struct arguments {
    bool quick;
    const char *json;
    bool wanted[GROUPS];
    bool wants_some; /* no group named: all of them */
};

/* ---- the command line ---- */

static error_t want_group(struct arguments *a, const char *name)
{
    for (size_t i = 0; i < GROUPS; i++) {
        if (strcmp(groups[i]->name, name) == 0) {
            a->wanted[i] = a->wants_some = true;
            return 0;
        }
    }
    fprintf(stderr, "schedkit: there is no group '%s'; there are:", name);
    for (size_t i = 0; i < GROUPS; i++)
        fprintf(stderr, "%s %s", i ? "," : "", groups[i]->name);
    fputc('\n', stderr);
    return EINVAL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct arguments *a = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        /* getopt says what is wrong in one line; argp would add another. */
        state->err_stream = NULL;
        return 0;
    case 'q':
        a->quick = true;
        return 0;
    case 'j':
        a->json = arg;
        return 0;
    case 'g':
    case ARGP_KEY_ARG:
        return want_group(a, arg);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"quick", 'q', NULL, 0, "fewer and shorter rounds: a look, not a result",
     0},
    {"json", 'j', "FILE", 0,
     "write the figures to FILE as JSON lines, after each group all so far", 0},
    {"group", 'g', "G", 0,
     "only this group; may be repeated: clock, switch, next, walk, cancel, "
     "create, mutex, checkpoint, select, timers, sieve, skynet, threadring, "
     "handoff, channel, hog, pool, memory",
     0},
    {0}};

static const char doc[] =
    "Measures single operations of the kit, with the peers that are installed "
    "beside ours, in one run."
    "\vLines that begin with * are peers; `/ peer' is our median divided by "
    "that of the fastest peer. Within a group all entries take turns in "
    "shuffled order, and each slice is bounded by time.";

/* ---- the run ---- */

static void report_failures(const struct micro_group *group,
                            const struct micro_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct micro_cell *c = &table->cells[i];
        if (c->verdict == MICRO_FAILED)
            micro_say("%s, %s, placement %s, %s: %s", group->name,
                      c->entry.figure, micro_placement_name(c->entry.placement),
                      c->entry.name, c->why);
    }
}

static void report(const struct micro_group *group,
                   const struct micro_table *table, json_t *found)
{
    struct micro_row *rows;
    size_t count = micro_rows(table, &rows);
    micro_print(group, table, rows, count);
    micro_append(found, group, rows, count);
    free(rows);
}

/* An exit code. `found` gets the figures of the group. */
static int run_group(const struct micro_group *group, struct micro_plan plan,
                     json_t *found)
{
    const struct micro_rounds *r = plan.quick ? &group->quick : &group->full;
    struct micro_table table;
    plan.rounds = r->rounds;
    plan.slice_ns = r->slice_ns;
    enum micro_verdict verdict = micro_run(&table, group, &plan);
    if (verdict == MICRO_FAILED)
        report_failures(group, &table);
    else
        report(group, &table, found);
    micro_free(&table);
    return verdict == MICRO_FAILED ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run_groups(const struct arguments *a)
{
    struct micro_plan plan = {.quick = a->quick};
    struct micro_output output = {.path = a->json};
    cpu_set_t allowed;
    int result = EXIT_SUCCESS;
    json_t *found = json_array();
    if (!found)
        micro_fail("out of memory");
    plan.cpu_count = micro_cpus_allowed(&allowed, plan.cpus, MICRO_CPUS_MAX);
    micro_cpus_pin(plan.cpus[0]);
    for (size_t i = 0; i < GROUPS && result == EXIT_SUCCESS; i++) {
        if (!a->wanted[i] && a->wants_some)
            continue;
        result = run_group(groups[i], plan, found);
        if (result == EXIT_SUCCESS && a->json)
            micro_output_write(&output, found);
    }
    micro_cpus_restore(&allowed);
    micro_output_close(&output);
    json_decref(found);
    return result;
}

int command_micro(int argc, char **argv)
{
    static const struct argp argp = {options, parse, "[G...]", doc,
                                     NULL,    NULL,  NULL};
    struct arguments a = {.quick = false};
    if (argp_parse(&argp, argc, argv, 0, NULL, &a) != 0)
        return USAGE;
    if (a.json)
        micro_output_check(a.json);
    int result = run_groups(&a);
    if (fflush(stdout) != 0 || ferror(stdout))
        micro_fail("cannot write to standard output: %s", strerror(errno));
    return result;
}
