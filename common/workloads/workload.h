/* SPDX-License-Identifier: MIT */
/*
 * Workloads: what is compared. A workload is an algorithm, written once, that
 * knows no scheduler. There are three shapes, and a workload may have several:
 *
 *   a chain of iterators     source -> stage -> ... -> consumer
 *     The sequential arm connects the links by plain calls; the wirings of
 *     coop and preempt put each link into a task of its own, with a channel at
 *     each joint.
 *   generators               *_gen.h
 *     Bodies that yield and delegate, compiled once for each library
 *     (generators.h); the sequential arm does without.
 *   tasks                    *_task.h
 *     Bodies that spawn, join, send and receive, compiled in the same way
 *     (tasks.h).
 *
 * Nothing here times, parses or prints.
 */
#ifndef KIT_WORKLOAD_H
#define KIT_WORKLOAD_H

#include <kit/iter.h>

#include <errno.h>

struct workload_params {
    uint64_t items;    /* N: how many, in the workload's unit of input */
    uint64_t capacity; /* of each channel, elements; 0: lock-step */
    uint64_t work;     /* nominal nanoseconds per item */
    uint64_t share;    /* the producer's part of the work, per cent */
    uint64_t seed;
    uint64_t nodes;  /* of the tree */
    uint64_t leaves; /* of each tree */
    uint64_t depth;  /* of the chain of delegation; 0: one generator */
    uint64_t primes; /* that a sieve finds */
    uint64_t tasks;  /* at a time */
    uint64_t bytes;  /* that each task touches in its turn */
    uint64_t producers;
    uint64_t consumers;
    uint64_t accounts;
    uint64_t locked;   /* 1: there is a mutex; 0: there is none */
    uint64_t every;    /* steps from a point where others may run to the next;
                          0: there is none */
    uint64_t blocking; /* microseconds of a call that blocks */
    uint64_t active;   /* of the tasks, at a time, per cent */
    uint64_t moved;    /* 1: such calls are made elsewhere, where that helps */
    uint64_t skew;     /* of the items' work, per cent */
    const char *const *inputs; /* files of text */
    size_t input_count;
};

struct workload_tally {
    char name[32];
    uint64_t count;
};

#define WORKLOAD_TALLIES 10

struct workload_result {
    uint64_t checksum;
    uint64_t items; /* that reached the consumer */
    struct workload_tally tallies[WORKLOAD_TALLIES];
    size_t tally_count;
    /* Jain's index of what those who compete were served, by turns and by
       nominal work; 0: not measured */
    double fairness_turns, fairness_work;
    /* how many items ran without a lock, and how many of them undid what others
       had done */
    uint64_t exposed, violations;
    /* what those did who make no blocking calls, and how long it took */
    uint64_t others;
    int64_t others_ns;
    uint64_t beats; /* how many heartbeats were measured; how late they were */
    int64_t late_median_ns, late_p99_ns, late_max_ns;
    char error[256]; /* what went wrong, where a code is not enough */
};

/* Every link's state fits here; a link that needs more allocates. */
struct workload_link {
    kit_iter iter;
    const struct workload_params *params;
    struct workload_result *result; /* for `error` only */
    kit_iter *in;
    union {
        uint64_t words[16];
        void *pointers[16];
    } state;
};

struct workload_stage {
    const char *name;
    /* `link` is zeroed but for params, result and in; sets link->iter */
    int (*open)(struct workload_link *link);
    void (*close)(struct workload_link *link); /* may be NULL */
    /* What it yields: 0: the value itself; n: value.p points at n bytes that
       are valid until the next step. */
    size_t element_size;
};

#define WORKLOAD_STAGES_MAX 4

struct workload_algorithm {
    /* the chain; stage_count 0: none */
    struct workload_stage stages[WORKLOAD_STAGES_MAX]; /* the source first */
    size_t stage_count;
    /* Reads `in` to its end. 0 or -errno. */
    int (*consume)(kit_iter *in, const struct workload_params *params,
                   struct workload_result *result);

    /* The whole of it by plain calls; NULL: the chain connected by calls. */
    int (*sequential)(const struct workload_params *params,
                      struct workload_result *result);
};

/* The sequential arm. 0 or -errno. */
int workload_run_sequential(const struct workload_algorithm *algorithm,
                            const struct workload_params *params,
                            struct workload_result *result);

/* Opens stage `index` on `in`; for the wirings. 0 or -errno. */
int workload_open(const struct workload_algorithm *algorithm, size_t index,
                  struct workload_link *link,
                  const struct workload_params *params,
                  struct workload_result *result, kit_iter *in);
void workload_close(const struct workload_algorithm *algorithm, size_t index,
                    struct workload_link *link);

/* Bytes of what stage `index` sends through a channel, WORKLOAD_ROOM at most.
 */
#define WORKLOAD_ROOM 64

static inline size_t
workload_element_size(const struct workload_algorithm *algorithm, size_t index)
{
    size_t size = algorithm->stages[index].element_size;
    return size ? size : sizeof(kit_value);
}

/* One run of a workload: what every link of it is told. */
struct workload_run {
    const struct workload_algorithm *algorithm;
    const struct workload_params *params;
    struct workload_result *result;
};

typedef int workload_send(void *out, const void *element);

/*
 * The body of the task of link `index`: reads `in`, sends what it makes to
 * `out` through `send`; the last link is the consumer, which sends nothing.
 * That nobody receives any more (-EPIPE) is a reason to stop, not an error.
 * Inline, so that `send` is a direct call in each wiring.
 */
static inline int workload_run_link(const struct workload_run *run,
                                    size_t index, kit_iter *in,
                                    workload_send *send, void *out)
{
    if (index == run->algorithm->stage_count)
        return run->algorithm->consume(in, run->params, run->result);
    size_t size = run->algorithm->stages[index].element_size;
    struct workload_link link;
    kit_step s = kit_done(kit_none());
    int error = workload_open(run->algorithm, index, &link, run->params,
                              run->result, in);
    while (!error &&
           (s = kit_iter_next(&link.iter, kit_none())).state == KIT_YIELDED)
        error = send(out, size ? s.value.p : &s.value);
    if (!error && s.state == KIT_FAILED)
        error = (int)s.value.i;
    workload_close(run->algorithm, index, &link);
    return error == -EPIPE ? 0 : error;
}

/* A checksum that depends on the order of the values. */
static inline uint64_t workload_mix(uint64_t checksum, uint64_t value)
{
    return (checksum << 1 | checksum >> 63) ^ value;
}

/* What a value adds to a checksum that does not depend on the order. */
static inline uint64_t workload_scatter(uint64_t value)
{
    value = (value ^ value >> 31) * UINT64_C(0x9e3779b97f4a7c15);
    return value ^ value >> 29;
}

/* Names which input failed and why. Returns `error`. */
int workload_fail(struct workload_result *result, int error, const char *what);

extern const struct workload_algorithm workload_lockstep;
extern const struct workload_algorithm workload_bounded;
extern const struct workload_algorithm workload_crossover;
extern const struct workload_algorithm workload_words;
extern const struct workload_algorithm workload_treewalk;
extern const struct workload_algorithm workload_delegate;
extern const struct workload_algorithm workload_samefringe;
extern const struct workload_algorithm workload_sieve;
extern const struct workload_algorithm workload_cancel;
extern const struct workload_algorithm workload_skynet;
extern const struct workload_algorithm workload_ring;
extern const struct workload_algorithm workload_mpmc;
extern const struct workload_algorithm workload_churn;
extern const struct workload_algorithm workload_park;
extern const struct workload_algorithm workload_hog;
extern const struct workload_algorithm workload_sleepers;
extern const struct workload_algorithm workload_transfer;
extern const struct workload_algorithm workload_blocking;
extern const struct workload_algorithm workload_pipes;

#endif
