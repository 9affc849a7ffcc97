/* SPDX-License-Identifier: MIT */
/*
 * Values, steps and completions: the three words that travel between a
 * producer and a consumer, whatever runs them.
 *
 *   value       8 bytes: an integer, a double or a pointer
 *   step        what a producer answers: {value, yielded | done | failed}
 *   completion  how a body is resumed, or ends: {value, next | throw | return}
 *
 * Steps and completions are 16 bytes and travel in two registers. Everything
 * here is plain data: nothing allocates, nothing blocks, any thread may call.
 */
#ifndef KIT_VALUE_H
#define KIT_VALUE_H

#include <kit/base.h>

KIT_BEGIN

typedef union kit_value {
    int64_t i;
    double d;
    void *p;
    uint64_t bits;
} kit_value;

/*
 * "No value" (`undefined`): a quiet NaN with a payload that no arithmetic
 * produces, which is no canonical address either.
 */
#define KIT_NONE_BITS UINT64_C(0xfff96e6f6e650000)

static inline kit_value kit_int(int64_t i)
{
    kit_value v;
    v.i = i;
    return v;
}

static inline kit_value kit_double(double d)
{
    kit_value v;
    v.d = d;
    return v;
}

KIT_KEEPS(1) static inline kit_value kit_ptr(const void *p)
{
    kit_value v;
    v.p = (void *)(uintptr_t)p;
    return v;
}

static inline kit_value kit_none(void)
{
    kit_value v;
    v.bits = KIT_NONE_BITS;
    return v;
}

#define KIT_NONE (kit_none())

static inline bool kit_is_none(kit_value v)
{
    return v.bits == KIT_NONE_BITS;
}

/* The state of a step. The end of a stream is a state, not an error. */
enum kit_state {
    KIT_YIELDED = 0, /* value is an item, more may come */
    KIT_DONE = 1,    /* value is the final value, or none */
    KIT_FAILED = 2,  /* value is the error, unchanged */
};

typedef struct kit_step {
    kit_value value;
    enum kit_state state;
} kit_step;

/* How a suspended body is resumed, and how a body ends. */
enum kit_how {
    KIT_NEXT = 0,   /* go on; as an end: done with value */
    KIT_THROW = 1,  /* value is an error; as an end: failed */
    KIT_RETURN = 2, /* clean up and leave; as an end: done with value */
};

typedef struct kit_completion {
    kit_value value;
    enum kit_how how;
} kit_completion;

static inline kit_step kit_step_make(enum kit_state state, kit_value value)
{
    kit_step s;
    s.value = value;
    s.state = state;
    return s;
}

static inline kit_step kit_yielded(kit_value value)
{
    return kit_step_make(KIT_YIELDED, value);
}

static inline kit_step kit_done(kit_value value)
{
    return kit_step_make(KIT_DONE, value);
}

static inline kit_step kit_failed(kit_value error)
{
    return kit_step_make(KIT_FAILED, error);
}

/* A failure of the kit's own: a negative errno value as the error. */
static inline kit_step kit_failed_errno(int negative_errno)
{
    return kit_failed(kit_int(negative_errno));
}

static inline kit_completion kit_completion_make(enum kit_how how,
                                                 kit_value value)
{
    kit_completion c;
    c.value = value;
    c.how = how;
    return c;
}

static inline kit_completion kit_next(kit_value value)
{
    return kit_completion_make(KIT_NEXT, value);
}

static inline kit_completion kit_throw(kit_value error)
{
    return kit_completion_make(KIT_THROW, error);
}

static inline kit_completion kit_return(kit_value value)
{
    return kit_completion_make(KIT_RETURN, value);
}

/* Throw or return: the body should clean up and hand the completion on. */
static inline bool kit_is_abrupt(kit_completion c)
{
    return c.how != KIT_NEXT;
}

/* The step by which a body that ended with `c` answers. */
static inline kit_step kit_step_of_end(kit_completion c)
{
    return kit_step_make(c.how == KIT_THROW ? KIT_FAILED : KIT_DONE, c.value);
}

/*
 * The name ("EBUSY") and a sentence for one of the kit's errors, negative or
 * positive errno value. Never NULL; static storage.
 */
KIT_EXPORT const char *kit_error_name(int error);
KIT_EXPORT const char *kit_error_text(int error);

KIT_EXPORT const char *kit_state_name(enum kit_state state);
KIT_EXPORT const char *kit_how_name(enum kit_how how);

KIT_END

#endif
