/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void print_value(FILE *out, kit_value v)
{
    if (kit_is_none(v))
        fputs("u", out);
    else
        fprintf(out, "%" PRId64, v.i);
}

/* The kit's own errors are negative; programs throw positive numbers. */
static void print_error(FILE *out, kit_value error)
{
    if (error.i == -EBUSY || error.i == -EPROTO || error.i == -EINVAL)
        fputs("TypeError", out);
    else
        print_value(out, error);
}

static bool begin(const struct instance *i, const char *what)
{
    FILE *out = i->run->out;
    if (i->run->quiet)
        return false;
    if (i->body == SHARED)
        fprintf(out, "  gS %s", what);
    else
        fprintf(out, "  g%d %s", i->body, what);
    return true;
}

void say_value(const struct instance *i, const char *what, kit_value v)
{
    if (!begin(i, what))
        return;
    fputc(' ', i->run->out);
    print_value(i->run->out, v);
    fputc('\n', i->run->out);
}

void say_error(const struct instance *i, const char *what, kit_value error)
{
    if (!begin(i, what))
        return;
    fputc(' ', i->run->out);
    print_error(i->run->out, error);
    fputc('\n', i->run->out);
}

void say(const struct instance *i, const char *what)
{
    if (begin(i, what))
        fputc('\n', i->run->out);
}

static void print_step(FILE *out, kit_step s)
{
    if (s.state == KIT_FAILED) {
        fputs("! ", out);
        print_error(out, s.value);
    } else {
        print_value(out, s.value);
        fputs(s.state == KIT_DONE ? " done" : " more", out);
    }
    fputc('\n', out);
}

void step_instance_0(const struct instance *i)
{
    if (i->run->quiet)
        return; /* instance 0 may be gone */
    kit_step s = kit_iter_next(i->run->instances[0].iter, kit_none());
    begin(i, "re ");
    print_step(i->run->out, s);
}

static void create(struct instance *i, struct run *run, int body)
{
    i->run = run;
    i->body = body;
    int error = run->backend->create(i);
    if (error) {
        fprintf(stderr, "generator_programs: cannot create a generator: %s\n",
                kit_error_text(error));
        exit(1);
    }
}

struct instance *instance_new(struct run *run, int body)
{
    struct instance *i = malloc(sizeof *i);
    if (!i)
        abort();
    create(i, run, body);
    return i;
}

void instance_free(struct instance *i)
{
    i->run->backend->destroy(i);
    free(i);
}

/* "n0 1000": prints what comes of it. False: malformed. */
static bool drive_one(struct run *run, const char *text)
{
    char op;
    int index;
    int64_t v;
    static const char ops[] = "ntr"; /* in the order of enum kit_how */
    if (sscanf(text, " %c%d %" SCNd64, &op, &index, &v) != 3 ||
        !strchr(ops, op) || index < 0 || index >= INSTANCES)
        return false;
    enum kit_how how = (enum kit_how)(strchr(ops, op) - ops);
    kit_step s = kit_iter_request(run->instances[index].iter,
                                  kit_completion_make(how, kit_int(v)));
    fputs("  = ", run->out);
    print_step(run->out, s);
    return true;
}

void run_drive(struct run *run, const char *drive)
{
    static const int bodies[INSTANCES] = {0, 0, SHARED};
    for (int i = 0; i < INSTANCES; i++)
        create(&run->instances[i], run, bodies[i]);
    while (drive && drive_one(run, drive)) {
        drive = strchr(drive, ',');
        drive = drive ? drive + 1 : NULL;
    }
    run->quiet = true;
    for (int i = 0; i < INSTANCES; i++)
        run->backend->destroy(&run->instances[i]);
    run->quiet = false;
}
