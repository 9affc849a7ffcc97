/* SPDX-License-Identifier: MIT */
/* schedkit run: one arm of one workload, timed and checked. */
#include "bench.h"
#include "inputs.h"
#include "kernel_limits.h"
#include "metrics.h"
#include "placement.h"
#include "progress.h"
#include "table.h"
#include "usage.h"

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUTS_MAX 256

#define NUMBERS_MAX 24

enum {
    OPT_METRICS = 256,
    OPT_EXPECT,
    OPT_NUMBER, /* and so on: a parameter without a letter */
};

static const struct argp_option options[] = {
    {"arm", 'a', "ARM", 0,
     "which implementation: required; see `schedkit list'", 0},
    {"placement", 'p', "WHERE", 0,
     "one (all on one core), two (pinned to two cores in turn) or free "
     "(the default)",
     0},
    {"items", 'n', "N", 0, "how much; 0 does nothing", 0},
    {"capacity", 'c', "K", 0, "elements in each channel; 0 is lock-step", 0},
    {"work", OPT_NUMBER, "NS", 0, "nominal nanoseconds of work per item", 0},
    {"share", OPT_NUMBER + 1, "PERCENT", 0, "the producer's part of the work",
     0},
    {"nodes", OPT_NUMBER + 2, "N", 0, "the size of the tree", 0},
    {"leaves", OPT_NUMBER + 3, "N", 0, "of each of two trees", 0},
    {"depth", OPT_NUMBER + 4, "N", 0, "of the chain of delegation", 0},
    {"primes", OPT_NUMBER + 5, "N", 0, "that each sieve finds", 0},
    {"tasks", OPT_NUMBER + 6, "N", 0, "how many at a time", 0},
    {"bytes", OPT_NUMBER + 7, "N", 0, "of each task's working set", 0},
    {"producers", OPT_NUMBER + 8, "N", 0, "tasks that send", 0},
    {"consumers", OPT_NUMBER + 9, "N", 0, "tasks that receive", 0},
    {"skew", OPT_NUMBER + 10, "PERCENT", 0,
     "how much more work each kind of item is than the one before", 0},
    {"accounts", OPT_NUMBER + 11, "N", 0, "that money is moved between", 0},
    {"every", OPT_NUMBER + 12, "N", 0,
     "from a point where others may run to the next; 0: none", 0},
    {"locked", OPT_NUMBER + 13, "0|1", 0, "whether there is a mutex", 0},
    {"blocking", OPT_NUMBER + 14, "US", 0,
     "microseconds that a blocking call takes", 0},
    {"moved", OPT_NUMBER + 15, "0|1", 0,
     "whether blocking calls are made elsewhere", 0},
    {"active", OPT_NUMBER + 16, "PERCENT", 0,
     "of the tasks, how many have something to do at a time", 0},
    {"seed", OPT_NUMBER + 17, "S", 0, "what the values begin with", 0},
    {"input", 'i', "PATH", 0,
     "a text file or a folder of them; may be repeated "
     "(default: " INPUT_DEFAULT ")",
     0},
    {"metrics", OPT_METRICS, "FILE", 0, "append one line of JSON to FILE", 0},
    {"expect", OPT_EXPECT, "CHECKSUM", 0,
     "the right checksum, instead of running the sequential arm for it", 0},
    {0}};

/* The options as given; numbers stay text until the workload is known. */
struct given {
    const char *workload, *arm, *placement, *metrics, *expect;
    const char *numbers[NUMBERS_MAX]; /* by the index of parameter_name */
    const char *inputs[INPUTS_MAX];
    size_t input_count;
};

/* Where the value of an option goes that takes a number; NULL: another. */
static const char **number_of(struct given *g, int key)
{
    const struct argp_option *o = options;
    while (o->name && o->key != key)
        o++;
    for (size_t i = 0; o->name && parameter_name(i); i++)
        if (strcmp(parameter_name(i), o->name) == 0)
            return &g->numbers[i];
    return NULL;
}

static const char **text_of(struct given *g, int key)
{
    return key == 'a'           ? &g->arm
           : key == 'p'         ? &g->placement
           : key == OPT_METRICS ? &g->metrics
           : key == OPT_EXPECT  ? &g->expect
                                : number_of(g, key);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct given *g = state->input;
    const char **slot = text_of(g, key);
    if (slot) {
        *slot = arg;
    } else if (key == 'i') {
        if (g->input_count == INPUTS_MAX)
            usage_error("at most %d times --input: name a folder", INPUTS_MAX);
        g->inputs[g->input_count++] = arg;
    } else if (key == ARGP_KEY_ARG) {
        if (g->workload)
            usage_error("run takes one workload, but got '%s' as well", arg);
        g->workload = arg;
    } else {
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static void set_number(const struct workload *w, const char *name,
                       const char *text, struct workload_params *params)
{
    const struct parameter *p = parameter_named(w, name);
    if (!p)
        usage_error("workload %s has no --%s; see `schedkit describe %s'",
                    w->name, name, w->name);
    *parameter_in(params, name) = parse_number(name, text, p->min, p->max);
}

static struct workload_params params_of(const struct workload *w,
                                        const struct given *g)
{
    struct workload_params p = workload_defaults(w);
    for (size_t i = 0; parameter_name(i); i++)
        if (g->numbers[i])
            set_number(w, parameter_name(i), g->numbers[i], &p);
    if (g->input_count > 0 && !w->reads_text)
        usage_error("workload %s reads no text: leave out --input", w->name);
    return p;
}

static const struct arm *require_arm(const struct workload *w, const char *name)
{
    if (!name)
        usage_error("--arm is missing; workload %s has: %s", w->name,
                    arm_names(w));
    const struct arm *arm = arm_named(w, name);
    if (!arm)
        usage_error("workload %s has no arm '%s'; it has: %s", w->name, name,
                    arm_names(w));
    return arm;
}

/* "0x" and 1 to 16 hexadecimal digits. */
static uint64_t parse_checksum(const char *text)
{
    size_t digits = strncmp(text, "0x", 2) == 0
                        ? strspn(text + 2, "0123456789abcdefABCDEF")
                        : 0;
    if (digits == 0 || digits > 16 || text[2 + digits])
        usage_error("--expect takes a checksum such as 0x0123456789abcdef, "
                    "not '%s'",
                    text);
    return strtoull(text + 2, NULL, 16);
}

/* Runs an arm; what can go wrong ends the program with one line. */
static void run_arm(const struct run_report *r, const struct arm *arm,
                    const struct kit_placement *placement,
                    struct workload_result *result)
{
    int error = arm_run(r->workload, arm, r->params, placement, result);
    if (error == 0)
        return;
    if (result->error[0])
        failure("%s", result->error);
    if (error == -EAGAIN)
        failure("cannot start another thread: %s", limits_on_threads());
    if (error == -ENOMEM)
        failure("out of memory: %s", limits_on_memory());
    failure("workload %s, arm %s: %s (%s)", r->workload->name, arm->name,
            kit_error_text(error), kit_error_name(error));
}

/* The right checksum, as given or as the sequential arm computes it. */
static uint64_t expected(const struct run_report *r, const struct given *g)
{
    struct workload_result sequential;
    if (g->expect)
        return parse_checksum(g->expect);
    if (r->arm->policy == POLICY_SEQ)
        return r->result->checksum;
    run_arm(r, r->workload->arms, NULL, &sequential);
    return sequential.checksum;
}

/* "steps", "leaves". Static storage. */
static const char *plural(const char *noun)
{
    static char text[32];
    size_t length = strlen(noun);
    bool is_leaf = length > 0 && noun[length - 1] == 'f';
    snprintf(text, sizeof text, "%.*s%s", (int)length - is_leaf, noun,
             is_leaf ? "ves" : "s");
    return text;
}

static void print_result(const struct run_report *r, bool given)
{
    const struct workload_result *result = r->result;
    double wall_ms = (double)r->usage.wall_ns / 1e6;
    printf("workload   %s\n", r->workload->name);
    printf("arm        %s (%s, mechanism %s, wait %s)\n", r->arm->name,
           arm_form(r->arm, r->params), arm_mechanism(r->arm),
           arm_wait(r->arm));
    printf("placement  %s\n", r->placement);
    printf("items      %" PRIu64 " %s\n", result->items,
           plural(r->workload->unit));
    printf("checksum   0x%016" PRIx64 " (%s)\n", result->checksum,
           given ? "as expected"
           : r->arm->policy == POLICY_SEQ
               ? "the reference"
               : "as the sequential arm computes it");
    printf("wall       %.3f ms", wall_ms);
    if (result->items > 0)
        printf(", %.2f ns per %s",
               (double)r->usage.wall_ns / (double)result->items,
               r->workload->unit);
    printf("\n");
    if (result->fairness_turns > 0)
        printf("fairness   %.3f by turns, %.3f by work (Jain's index)\n",
               result->fairness_turns, result->fairness_work);
    if (result->exposed > 0)
        printf("violations %" PRIu64 ", %.2f per million %s\n",
               result->violations,
               (double)result->violations * 1e6 / (double)result->exposed,
               plural(r->workload->unit));
    if (result->others > 0)
        printf("others     %.0f %s per second\n",
               (double)result->others * 1e9 / (double)result->others_ns,
               plural(r->workload->unit));
    if (result->beats > 0)
        printf("late       %.1f us median, %.1f us p99, %.1f us at the most "
               "(%" PRIu64 " heartbeats)\n",
               (double)result->late_median_ns / 1e3,
               (double)result->late_p99_ns / 1e3,
               (double)result->late_max_ns / 1e3, result->beats);
    for (size_t i = 0; i < result->tally_count; i++)
        printf("%-10s %8" PRIu64 " %s\n", i ? "" : "most often",
               result->tallies[i].count, result->tallies[i].name);
}

static int run(struct run_report *r, const struct given *g)
{
    struct workload_result result;
    struct usage_meter meter;
    struct kit_placement placement = placement_apply(r->placement);
    int metrics = g->metrics ? metrics_open(g->metrics) : -1;
    progress_begin(r->workload->name, r->arm->name);
    usage_begin(&meter);
    run_arm(r, r->arm, &placement, &result);
    r->usage = usage_end(&meter);
    r->result = &result;
    uint64_t right = expected(r, g);
    progress_end();
    if (result.checksum != right)
        failure("wrong result: workload %s, arm %s has checksum "
                "0x%016" PRIx64 ", not 0x%016" PRIx64,
                r->workload->name, r->arm->name, result.checksum, right);
    if (g->metrics)
        metrics_append(metrics, g->metrics, r);
    print_result(r, g->expect != NULL);
    return finish_output();
}

int command_run(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "WORKLOAD",
        "Runs one arm of a workload, times it, and checks its result against "
        "the sequential arm's.",
        NULL,
        NULL,
        NULL};
    struct given g = {.placement = "free"};
    argp_parse(&argp, argc, argv, 0, NULL, &g);
    if (!g.workload)
        usage_error("run needs a workload: %s", workload_names());
    const struct workload *w = require_workload(g.workload);
    struct workload_params params = params_of(w, &g);
    struct run_report r = {.workload = w,
                           .arm = require_arm(w, g.arm),
                           .placement = g.placement,
                           .params = &params};
    struct inputs in = {NULL, 0};
    if (g.expect)
        parse_checksum(g.expect);
    if (w->reads_text)
        in = inputs_collect(g.inputs, g.input_count);
    params.inputs = (const char *const *)in.paths;
    params.input_count = in.count;
    int result = run(&r, &g);
    inputs_free(&in);
    return result;
}
