/* SPDX-License-Identifier: MIT */
/*
 * Producers, consumers, and the loops that each of them runs: the same for all
 * queues, inlined into each. C, and C++ too.
 */
#ifndef MICRO_FLOW_H
#define MICRO_FLOW_H

#ifdef __cplusplus
extern "C" {
#endif
#include "pace.h"
#ifdef __cplusplus
}
#endif

#include <kit/wait.h>

#define END       UINT64_MAX
#define PAIRS_MAX 4

struct flow;

/* A producer or a consumer; each on cache lines of its own. */
struct party {
    struct flow *flow;
    struct micro_pace pace; /* a producer's */
    int64_t end;            /* a consumer's */
    uint64_t items, sum;
    int result; /* of the queue, if it failed */
} __attribute__((aligned(128)));

struct flow {
    void *queue;
    int64_t slice_ns;
    unsigned pairs;
    /* how many have not ended; C and C++ share no atomic type */
    unsigned producing, consuming;
    struct party producers[PAIRS_MAX], consumers[PAIRS_MAX];
};

/* Negative when the queue does not work. */
typedef int put_fn(void *queue, uint64_t item);
typedef int get_fn(void *queue, uint64_t *item);

/* True for the last one. */
static inline bool flow_leaves(unsigned *left)
{
    return __atomic_fetch_sub(left, 1, __ATOMIC_SEQ_CST) == 1;
}

static inline __attribute__((always_inline)) void produce(struct party *me,
                                                          put_fn *put)
{
    struct flow *flow = me->flow;
    uint64_t item = 0, sum = 0;
    int result = 0;
    micro_pace_begin(&me->pace, flow->slice_ns);
    while (micro_pace_next(&me->pace)) {
        for (uint64_t n = me->pace.chunk; n > 0; n--) {
            sum += ++item;
            result |= put(flow->queue, item);
        }
    }
    me->items = item;
    me->sum = sum;
    /* The last one to leave tells the consumers. */
    if (flow_leaves(&flow->producing))
        for (unsigned i = 0; i < flow->pairs; i++)
            result |= put(flow->queue, END);
    me->result = result;
}

static inline __attribute__((always_inline)) void consume(struct party *me,
                                                          get_fn *get)
{
    void *queue = me->flow->queue;
    uint64_t item, items = 0, sum = 0;
    int result;
    while ((result = get(queue, &item)) >= 0 && item != END) {
        items++;
        sum += item;
    }
    me->end = kit_now();
    me->items = items;
    me->sum = sum;
    me->result = result;
    flow_leaves(&me->flow->consuming);
}

#define PARTIES(kind)                                                          \
    static void kind##_produce(void *party)                                    \
    {                                                                          \
        produce(party, kind##_put);                                            \
    }                                                                          \
    static void kind##_consume(void *party)                                    \
    {                                                                          \
        consume(party, kind##_get);                                            \
    }

#endif
