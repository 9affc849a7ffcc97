/* SPDX-License-Identifier: MIT */
/* schedkit list, schedkit describe: the table, for people and as JSON. */
#include "bench.h"
#include "table.h"

#include <argp.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* ---- JSON ---- */

static json_t *arm_json(const struct arm *a)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", a->name, "policy",
                     policy_name(a->policy), "mechanism", arm_mechanism(a),
                     "wait", arm_wait(a), "form",
                     a->form ? a->form : "by capacity");
}

/* A seed may be any of 64 bits; JSON's integers have a sign. */
static json_int_t to_json_int(uint64_t n)
{
    return n > INT64_MAX ? INT64_MAX : (json_int_t)n;
}

static json_t *parameter_json(const struct parameter *p)
{
    return json_pack("{s:s, s:I, s:I, s:I, s:s, s:s}", "name", p->name,
                     "default", to_json_int(p->initial), "min",
                     to_json_int(p->min), "max", to_json_int(p->max), "unit",
                     p->unit, "summary", p->summary);
}

static json_t *workload_json(const struct workload *w)
{
    json_t *arms = json_array(), *parameters = json_array();
    for (const struct arm *a = w->arms; a->name; a++)
        json_array_append_new(arms, arm_json(a));
    for (const struct parameter *p = w->parameters; p->name; p++)
        json_array_append_new(parameters, parameter_json(p));
    return json_pack("{s:s, s:s, s:s, s:b, s:o, s:o}", "name", w->name,
                     "summary", w->summary, "unit", w->unit, "reads_text",
                     w->reads_text, "arms", arms, "parameters", parameters);
}

static void print_json(void)
{
    json_t *list = json_array();
    for (const struct workload *w = workloads; w->name; w++)
        json_array_append_new(list, workload_json(w));
    json_t *root = json_pack("{s:o}", "workloads", list);
    json_dumpf(root, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(root);
}

/* ---- list ---- */

static error_t parse_list(int key, char *arg, struct argp_state *state)
{
    switch (key) {
    case 'j':
        *(bool *)state->input = true;
        return 0;
    case ARGP_KEY_ARG:
        usage_error("list takes no argument, but got '%s'", arg);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int command_list(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"json", 'j', NULL, 0, "print the table as JSON", 0}, {0}};
    static const struct argp argp = {
        options, parse_list, NULL, "Lists the workloads and their arms.",
        NULL,    NULL,       NULL};
    bool as_json = false;
    argp_parse(&argp, argc, argv, 0, NULL, &as_json);
    if (as_json) {
        print_json();
        return finish_output();
    }
    for (const struct workload *w = workloads; w->name; w++) {
        printf("%-13s %s\n", w->name, w->summary);
        printf("%-13s arms: %s\n", "", arm_names(w));
    }
    return finish_output();
}

/* ---- describe ---- */

static error_t parse_describe(int key, char *arg, struct argp_state *state)
{
    const char **name = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        if (*name)
            usage_error("describe takes one workload, but got '%s' as well",
                        arg);
        *name = arg;
        return 0;
    case ARGP_KEY_END:
        if (!*name)
            usage_error("describe needs a workload: %s", workload_names());
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Prints text in lines of at most 78 characters, indented by two. */
static void print_folded(const char *text)
{
    size_t column = 0;
    while (*text) {
        size_t length = strcspn(text, " ");
        if (column > 0 && column + 1 + length > 76) {
            putchar('\n');
            column = 0;
        }
        printf("%s%.*s", column ? " " : "  ", (int)length, text);
        column += length + (column ? 1 : 0);
        text += length + (text[length] == ' ');
    }
    putchar('\n');
}

static void print_arm(const struct arm *a)
{
    printf("  %-16s policy %-8s mechanism %-9s wait %-9s %s\n", a->name,
           policy_name(a->policy), arm_mechanism(a), arm_wait(a),
           a->form ? a->form : "lock-step at capacity 0, else run-ahead");
}

static void print_parameter(const struct parameter *p)
{
    printf("  --%-10s %s%s%s; %" PRIu64 " to %" PRIu64 ", default %" PRIu64
           "\n",
           p->name, p->summary, *p->unit ? ", in " : "", p->unit, p->min,
           p->max, p->initial);
}

int command_describe(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,       parse_describe,
        "WORKLOAD", "Says what a workload does, its parameters and its arms.",
        NULL,       NULL,
        NULL};
    const char *name = NULL;
    argp_parse(&argp, argc, argv, 0, NULL, &name);
    const struct workload *w = require_workload(name);
    printf("%s: %s\n\n", w->name, w->summary);
    print_folded(w->specification);
    printf("\nParameters (times are per %s):\n", w->unit);
    for (const struct parameter *p = w->parameters; p->name; p++)
        print_parameter(p);
    if (w->reads_text)
        printf("  --%-10s a text file, or a folder of them; may be repeated\n",
               "input PATH");
    printf("\nArms:\n");
    for (const struct arm *a = w->arms; a->name; a++)
        print_arm(a);
    return finish_output();
}
