/* SPDX-License-Identifier: MIT */
/*
 * Random generator programs: the tiny language, its parser, and what runs it.
 * One body is a tree of instructions:
 *
 *   y N   yield N; resumed by next: log `got`    d J   delegate to a new gJ
 *   s     delegate to the shared generator       l N   log N
 *   r N   return N        t N   throw N          e     step instance 0
 *   L {}  the block twice         T {} C {} F {}       try, catch, finally
 *
 * and what the kept programs do not have:
 *
 *   i HN  step instance N: by next, throw or return, as H is 0, 1 or 2
 *   x N   delegate to instance N, whoever else does
 *   h MN  delegate to a hand-made iterator that passes on to instance N; M: has
 *         no other methods (0), throw (1), return (2) or both (3)
 */
#ifndef TESTS_PROGRAM_H
#define TESTS_PROGRAM_H

#include <kit/iter.h>

#include <stdio.h>

/* Bodies are walked and read by recursion, so that a limit there must be. */
#define NESTING_MAX 1000

struct block {
    struct instruction *at;
    size_t length;
};

struct instruction {
    char op;
    int64_t number;
    struct block body, handler, cleanup; /* of L and T */
    bool has_handler, has_cleanup;
};

struct body {
    int64_t number; /* gK's K */
    struct block block;
    size_t depth; /* how deep its blocks are nested */
};

struct program {
    struct body *bodies; /* with any numbers, in any order */
    size_t length;
    struct body shared;  /* gS */
    struct body nothing; /* what runs where there is no g0, or no g1 */
};

void program_init(struct program *p);
void program_free(struct program *p);

/* Parses "gK: ..." into the program. NULL, or what the line does wrong. */
const char *program_parse_body(struct program *p, const char *line);

/* NULL: there is none with that number. */
const struct body *program_find(const struct program *p, int64_t number);

/* Does each `d` have a body to delegate to, and a later one? */
bool program_is_whole(const struct program *p);

#define INSTANCES 6 /* two of g0, and gS, which is 2; three of g1 */

struct request {
    int64_t instance;
    enum kit_how how;
    int64_t number;
};

/* The steps that a program is driven by. */
struct drive {
    struct request *at;
    size_t length;
};

/* Parses "n0 1 , t1 2 , ..."; false: malformed. To be freed in any case. */
bool drive_parse(struct drive *d, const char *text);
void drive_free(struct drive *d);

/* ---- running ---- */

struct run;

/* One generator of a run, on any back end. */
struct instance {
    struct run *run;
    const struct body *body;
    kit_iter *iter;
    void *state; /* the back end's */
};

struct backend {
    const char *name;
    /* Fills iter and state. 0 or -errno. */
    int (*create)(struct instance *self);
    void (*destroy)(struct instance *self);
};

extern const struct backend backend_coop, backend_ucontext, backend_preempt,
    backend_stackless;

/* A hand-made iterator, in a list of its run's. */
struct passer {
    kit_iter iter;
    struct kit_iter_ops ops;
    kit_iter *to;
    struct passer *next;
};

struct run {
    const struct program *program;
    const struct backend *backend;
    struct instance instances[INSTANCES];
    struct passer *passers;
    bool quiet; /* what clean-up says after the last step is nobody's */
    FILE *out;
};

/* A new generator of a body, malloc'ed; ends the program without memory. */
struct instance *instance_new(struct run *run, int64_t body);
void instance_free(struct instance *i);

/* What instructions say and do on every back end. */
kit_value thrown(int64_t number); /* what `t` throws */
void say_value(const struct instance *i, const char *what, kit_value v);
void say_error(const struct instance *i, const char *what, kit_value error);
void say(const struct instance *i, const char *what);
void step_instance(const struct instance *i, int64_t number);

/* What `s`, `x` and `h` delegate to. NULL: nothing, for the run is over. */
kit_iter *shared_by(const struct instance *i, char op, int64_t number);

/* Prints the transcript of a drive. */
void run_drive(struct run *run, const struct drive *drive);

#endif
