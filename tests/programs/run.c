/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <kit/gen.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static void print_value(FILE *out, kit_value v)
{
    if (kit_is_none(v))
        fputs("u", out);
    else
        fprintf(out, "%" PRId64, v.i);
}

/* The kit's own errors are -ERRORS to -1, for which `thrown` makes room. */
#define ERRORS 4095

kit_value thrown(int64_t number)
{
    return kit_int(number < 0 ? number - ERRORS : number);
}

static void print_error(FILE *out, kit_value error)
{
    if (error.i == -EBUSY || error.i == -EPROTO || error.i == -EINVAL)
        fputs("TypeError", out);
    else if (error.i < 0 && error.i >= -ERRORS)
        fputs(kit_error_name((int)error.i), out);
    else
        print_value(out, kit_int(error.i < 0 ? error.i + ERRORS : error.i));
}

static bool begin(const struct instance *i, const char *what)
{
    FILE *out = i->run->out;
    if (i->run->quiet)
        return false;
    if (i->body == &i->run->program->shared)
        fprintf(out, "  gS %s", what);
    else
        fprintf(out, "  g%" PRId64 " %s", i->body->number, what);
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

static kit_completion completion_of(enum kit_how how, int64_t number)
{
    return kit_completion_make(how, how == KIT_THROW ? thrown(number)
                                                     : kit_int(number));
}

/* A completion as "how * 10 + instance" has it. */
static kit_completion request_in(int64_t number)
{
    enum kit_how how = (enum kit_how)(number / 10);
    return how == KIT_NEXT ? kit_next(kit_none())
                           : completion_of(how, 7000 + number);
}

static kit_iter *instance_in(const struct run *run, int64_t number)
{
    return run->instances[number % 10].iter;
}

void step_instance(const struct instance *i, int64_t number)
{
    if (i->run->quiet)
        return; /* it may be gone */
    kit_step s =
        kit_iter_request(instance_in(i->run, number), request_in(number));
    begin(i, "re ");
    print_step(i->run->out, s);
}

/* ---- hand-made iterators ---- */

static kit_iter *behind(kit_iter *it)
{
    return KIT_CONTAINER(it, struct passer, iter)->to;
}

static kit_step pass_next(kit_iter *it, kit_value v)
{
    return kit_iter_next(behind(it), v);
}

static kit_step pass_throw(kit_iter *it, kit_value v)
{
    return kit_iter_throw(behind(it), v);
}

static kit_step pass_return(kit_iter *it, kit_value v)
{
    return kit_iter_return(behind(it), v);
}

static kit_iter *passer_new(struct run *run, int64_t number)
{
    int64_t methods = number / 10;
    struct passer *p = malloc(sizeof *p);
    if (!p)
        abort();
    p->ops = (struct kit_iter_ops){pass_next, methods & 1 ? pass_throw : NULL,
                                   methods & 2 ? pass_return : NULL};
    kit_iter_init(&p->iter, &p->ops);
    p->to = instance_in(run, number);
    p->next = run->passers;
    run->passers = p;
    return &p->iter;
}

static void free_passers(struct run *run)
{
    while (run->passers) {
        struct passer *p = run->passers;
        run->passers = p->next;
        free(p);
    }
}

kit_iter *shared_by(const struct instance *i, char op, int64_t number)
{
    if (op == 's')
        return i->run->instances[2].iter;
    if (i->run->quiet)
        return NULL;
    return op == 'h' ? passer_new(i->run, number) : instance_in(i->run, number);
}

/* ---- instances and the drive ---- */

static void create(struct instance *i, struct run *run, const struct body *body)
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

struct instance *instance_new(struct run *run, int64_t body)
{
    struct instance *i = malloc(sizeof *i);
    if (!i)
        abort();
    create(i, run, program_find(run->program, body));
    return i;
}

void instance_free(struct instance *i)
{
    i->run->backend->destroy(i);
    free(i);
}

static void drive_one(struct run *run, const struct request *r)
{
    kit_step s = kit_iter_request(run->instances[r->instance].iter,
                                  completion_of(r->how, r->number));
    fputs("  = ", run->out);
    print_step(run->out, s);
}

/* True when none of them has anything more to do. */
static bool leave_all(struct run *run)
{
    bool over = true;
    for (int i = 0; i < INSTANCES; i++) {
        kit_step s = kit_iter_return(run->instances[i].iter, kit_none());
        over &= s.state == KIT_DONE && kit_is_none(s.value);
    }
    return over;
}

/* One that another delegates to cannot be destroyed before that one, and they
   may do so in a circle: all of them are told to leave, until they have. */
static void destroy_all(struct run *run)
{
    for (int pass = 0; pass < KIT_GEN_PATIENCE && !leave_all(run); pass++)
        ;
    for (int i = 0; i < INSTANCES; i++)
        run->backend->destroy(&run->instances[i]);
    free_passers(run);
}

static const struct body *body_or_nothing(const struct program *p, int64_t n)
{
    const struct body *found = program_find(p, n);
    return found ? found : &p->nothing;
}

void run_drive(struct run *run, const struct drive *drive)
{
    const struct program *p = run->program;
    const struct body *g0 = body_or_nothing(p, 0), *g1 = body_or_nothing(p, 1);
    const struct body *bodies[INSTANCES] = {g0, g0, &p->shared, g1, g1, g1};
    for (int i = 0; i < INSTANCES; i++)
        create(&run->instances[i], run, bodies[i]);
    for (size_t i = 0; i < drive->length; i++)
        drive_one(run, &drive->at[i]);
    run->quiet = true;
    destroy_all(run);
    run->quiet = false;
}
