/* SPDX-License-Identifier: MIT */
/*
 * Scenarios whose transcripts a JavaScript engine wrote (the files NN_*.txt).
 * Their bodies are written once for all generators with a stack, and once more
 * for those without (stackless.h).
 *
 * A scenario's generators are destroyed when it is over.
 */
#ifndef TESTS_ORACLE_H
#define TESTS_ORACLE_H

#include "transcript.h"

struct gen;

typedef kit_completion (*gen_body)(struct gen *self, kit_value arg);

struct backend {
    const char *name;
    int (*create)(struct gen *g); /* sets impl and iter */
    int (*destroy)(struct gen *g);
    kit_completion (*yield)(struct gen *g, kit_value value);
    kit_completion (*delegate)(struct gen *g, kit_iterable *inner);
};

/* A generator on some back end. */
struct gen {
    const struct backend *backend;
    void *impl;
    kit_iter *iter;
    gen_body body;
    kit_value arg;
};

extern const struct backend backend_coop, backend_ucontext, backend_preempt,
    backend_stackless;

/* Runs on `backend` and leaves the transcript to be checked. */
void oracle_begin(const struct backend *backend);

/* Destroys what the scenario made. */
void oracle_end(void);

/* True while oracle_end runs: a body that refuses to end gives in. */
bool oracle_is_over(void);

/* A new generator of the running scenario. */
kit_iter *gen(gen_body body, kit_value arg);

/* In a body that has a stack. */
kit_completion yield(struct gen *self, kit_value value);
kit_completion delegate(struct gen *self, kit_iterable *inner);
kit_completion delegate_new(struct gen *self, gen_body body, kit_value arg);

/* The value of a normal completion; an abrupt one leaves the body. */
#define TRY(completion)                                                        \
    ({                                                                         \
        kit_completion try_ = (completion);                                    \
        if (kit_is_abrupt(try_))                                               \
            return try_;                                                       \
        try_.value;                                                            \
    })

/* How a body ends after its last statement: abruptly, or with no value. */
static inline kit_completion ends(kit_completion c)
{
    return kit_is_abrupt(c) ? c : kit_return(kit_none());
}

/* ---- steps that a scenario writes down ---- */

static inline void next(const char *label, kit_iter *it)
{
    out_step(label, kit_iter_next(it, kit_none()));
}

static inline void send(const char *label, kit_iter *it, kit_value v)
{
    out_step(label, kit_iter_next(it, v));
}

static inline void throw(const char *label, kit_iter *it, kit_value error)
{
    out_step(label, kit_iter_throw(it, error));
}

static inline void return_(const char *label, kit_iter *it, kit_value v)
{
    out_step(label, kit_iter_return(it, v));
}

/* A step that is not written down. */
static inline void skip(kit_iter *it)
{
    kit_iter_next(it, kit_none());
}

/* ---- the scenarios ---- */

void scenario_01_notes_bar_foo(void);
void scenario_02_first_value(void);
void scenario_03_states(void);
void scenario_04_return_finally(void);
void scenario_05_throw_catch(void);
void scenario_10_delegate_plain_return(void);
void scenario_11_delegate_throw(void);
void scenario_13_delegate_iterables(void);
void scenario_14_forof_close(void);
void scenario_16_yield_in_loops(void);
void scenario_17_tree_yieldstar(void);
void scenario_18_helpers_lazy(void);
void scenario_21_concat(void);

#endif
