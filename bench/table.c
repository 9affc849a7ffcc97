/* SPDX-License-Identifier: MIT */
#include "table.h"
#include "tree.h"

#include <preempt/chan.h>

#include <string.h>

#define SEQ                                                                    \
    {                                                                          \
        .name = "seq", .policy = POLICY_SEQ, .form = "direct"                  \
    }
#define COOP(arm_name, arm_form, wiring, arm_mechanism)                        \
    {                                                                          \
        .name = arm_name, .policy = POLICY_COOP, .form = arm_form,             \
        .coop = wiring, .mechanism = arm_mechanism                             \
    }
#define PREEMPT(arm_name, arm_form, wiring, arm_wait)                          \
    {                                                                          \
        .name = arm_name, .policy = POLICY_PREEMPT, .form = arm_form,          \
        .preempt = wiring, .wait = arm_wait                                    \
    }
/* A resumable function has nothing to switch to. */
#define NO_MECHANISM "none"
/* Threads that pass a baton: coop's policy on the rival's mechanism. */
#define BATON    "baton"
#define LOCKSTEP "lock-step"
#define END                                                                    \
    {                                                                          \
        .name = NULL                                                           \
    }

/* All of these are lock-step. Further arms may follow, with a comma each. */
#define GENERATOR_ARMS(wiring, ...)                                            \
    {                                                                          \
        SEQ, COOP("coop", LOCKSTEP, coop_run_##wiring, NULL),                  \
            COOP("coop-ucontext", LOCKSTEP, coop_run_##wiring, "ucontext"),    \
            COOP("coop-baton", LOCKSTEP, coop_run_##wiring, BATON),            \
            COOP("coop-stackless", LOCKSTEP, coop_run_stackless_##wiring,      \
                 NO_MECHANISM),                                                \
            PREEMPT("preempt", LOCKSTEP, preempt_run_##wiring,                 \
                    KIT_WAIT_ADAPTIVE),                                        \
            PREEMPT("preempt-park", LOCKSTEP, preempt_run_##wiring,            \
                    KIT_WAIT_PARK),                                            \
            PREEMPT("preempt-spin", LOCKSTEP, preempt_run_##wiring,            \
                    KIT_WAIT_SPIN),                                            \
            PREEMPT("preempt-condvar", LOCKSTEP, preempt_run_##wiring,         \
                    KIT_WAIT_CONDVAR),                                         \
            __VA_ARGS__ END,                                                   \
    }

static const struct arm lockstep_arms[] = GENERATOR_ARMS(lockstep);
static const struct arm treewalk_arms[] = GENERATOR_ARMS(
    treewalk, COOP("coop-recursion", LOCKSTEP, coop_run_recursion, NULL),
    PREEMPT("preempt-recursion", LOCKSTEP, preempt_run_recursion,
            KIT_WAIT_ADAPTIVE), );
static const struct arm delegate_arms[] = GENERATOR_ARMS(delegate);
static const struct arm samefringe_arms[] = GENERATOR_ARMS(samefringe);
static const struct arm sieve_arms[] = GENERATOR_ARMS(sieve);
static const struct arm cancel_arms[] = GENERATOR_ARMS(cancel);

static const struct arm bounded_arms[] = {
    SEQ,
    COOP("coop", NULL, coop_run_pipeline, NULL),
    COOP("coop-ucontext", NULL, coop_run_pipeline, "ucontext"),
    COOP("coop-baton", NULL, coop_run_pipeline, BATON),
    COOP("coop-batch", "batched", coop_run_batch, NULL),
    PREEMPT("preempt", NULL, preempt_run_pipeline, KIT_WAIT_ADAPTIVE),
    PREEMPT("preempt-park", NULL, preempt_run_pipeline, KIT_WAIT_PARK),
    PREEMPT("preempt-spin", NULL, preempt_run_pipeline, KIT_WAIT_SPIN),
    PREEMPT("preempt-condvar", NULL, preempt_run_pipeline, KIT_WAIT_CONDVAR),
    PREEMPT("preempt-batch", "batched", preempt_run_batch, KIT_WAIT_ADAPTIVE),
    END,
};

static const struct arm pipeline_arms[] = {
    SEQ,
    COOP("coop", NULL, coop_run_pipeline, NULL),
    COOP("coop-ucontext", NULL, coop_run_pipeline, "ucontext"),
    COOP("coop-baton", NULL, coop_run_pipeline, BATON),
    PREEMPT("preempt", NULL, preempt_run_pipeline, KIT_WAIT_ADAPTIVE),
    PREEMPT("preempt-park", NULL, preempt_run_pipeline, KIT_WAIT_PARK),
    PREEMPT("preempt-spin", NULL, preempt_run_pipeline, KIT_WAIT_SPIN),
    PREEMPT("preempt-condvar", NULL, preempt_run_pipeline, KIT_WAIT_CONDVAR),
    END,
};

/* Tasks; further arms may follow, with a comma each. */
#define COOP_TASK_ARMS(form, wiring)                                           \
    COOP("coop", form, coop_run_##wiring, NULL),                               \
        COOP("coop-ucontext", form, coop_run_##wiring, "ucontext"),            \
        COOP("coop-baton", form, coop_run_##wiring, BATON)
#define TASK_ARMS(form, wiring)                                                \
    {                                                                          \
        SEQ, COOP_TASK_ARMS(form, wiring),                                     \
            PREEMPT("preempt", form, preempt_run_##wiring, KIT_WAIT_ADAPTIVE), \
            PREEMPT("preempt-park", form, preempt_run_##wiring,                \
                    KIT_WAIT_PARK),                                            \
            PREEMPT("preempt-spin", form, preempt_run_##wiring,                \
                    KIT_WAIT_SPIN),                                            \
            PREEMPT("preempt-condvar", form, preempt_run_##wiring,             \
                    KIT_WAIT_CONDVAR),                                         \
            END,                                                               \
    }
/* Tasks that have no channels have no strategy to wait on them either. */
#define CHANNELLESS_ARMS(form, wiring)                                         \
    {                                                                          \
        SEQ, COOP_TASK_ARMS(form, wiring),                                     \
            PREEMPT("preempt", form, preempt_run_##wiring, KIT_WAIT_PARK),     \
            END,                                                               \
    }
/* Nothing flows between the tasks. */
#define INDEPENDENT "independent"

static const struct arm skynet_arms[] = CHANNELLESS_ARMS(INDEPENDENT, skynet);
static const struct arm churn_arms[] = CHANNELLESS_ARMS(INDEPENDENT, churn);
static const struct arm park_arms[] = CHANNELLESS_ARMS(INDEPENDENT, park);
static const struct arm hog_arms[] = CHANNELLESS_ARMS(INDEPENDENT, hog);
static const struct arm sleepers_arms[] =
    CHANNELLESS_ARMS(INDEPENDENT, sleepers);
static const struct arm transfer_arms[] =
    CHANNELLESS_ARMS(INDEPENDENT, transfer);
static const struct arm pipes_arms[] = CHANNELLESS_ARMS("readiness", pipes);
static const struct arm ring_arms[] = TASK_ARMS(NULL, ring);
static const struct arm mpmc_arms[] = TASK_ARMS(NULL, mpmc);
static const struct arm blocking_arms[] = TASK_ARMS(NULL, blocking);

#define ITEMS_MAX UINT64_C(1000000000000)
/* As many tasks as a workload may be asked for. */
#define TASKS_MAX UINT64_C(1000000)

#define VALUES                                                                 \
    {                                                                          \
        "items", 100000, 0, ITEMS_MAX, "values", "how many values are taken"   \
    }
#define SEED                                                                   \
    {                                                                          \
        "seed", 1, 0, UINT64_MAX, "", "what the values begin with"             \
    }
#define CAPACITY                                                               \
    {                                                                          \
        "capacity", 64, 0, PREEMPT_CHAN_CAPACITY_MAX, "elements",              \
            "of each channel; 0 is lock-step"                                  \
    }

#define PRODUCERS(initial, min, max)                                           \
    {                                                                          \
        "producers", initial, min, max, "tasks", "that send"                   \
    }
#define CONSUMERS(initial, min, max)                                           \
    {                                                                          \
        "consumers", initial, min, max, "tasks", "that receive"                \
    }
#define WORK                                                                   \
    {                                                                          \
        "work", 0, 0, UINT64_C(10000000000), "ns", "nominal work per item"     \
    }
#define SHARE(initial)                                                         \
    {                                                                          \
        "share", initial, 0, 100, "per cent",                                  \
            "the producer's part of the work"                                  \
    }
#define SKEW(initial)                                                          \
    {                                                                          \
        "skew", initial, 0, 100000, "per cent",                                \
            "how much more work each kind of item is than the one before"      \
    }

#define MPMC_SPECIFICATION                                                     \
    "Producer tasks send `items` items in all, as many each, into one "        \
    "channel "                                                                 \
    "of the given capacity, from which consumer tasks take them, whoever is "  \
    "free. An item takes `work` nominal nanoseconds, of which the producer "   \
    "does `share` per cent and the consumer the rest. There are as many "      \
    "kinds "                                                                   \
    "of items as tasks on the larger side; each kind is `skew` per cent of "   \
    "`work` more than the one before. Fairness is Jain's index of the larger " \
    "side: of the producers when the first of them has sent its share, of "    \
    "the consumers at the end."

const struct workload workloads[] = {
    {
        .name = "lockstep",
        .unit = "step",
        .summary = "a generator with an empty body, one value a step",
        .specification =
            "A generator yields the integers from seed on, one per step, and "
            "does nothing else. The consumer steps it to its end and mixes "
            "the values into a checksum. Every value costs a switch to the "
            "body and one back; the sequential arm calls a function instead.",
        .algorithm = &workload_lockstep,
        .parameters = {{"items", 1000000, 0, ITEMS_MAX, "steps",
                        "how many values the generator yields"},
                       SEED},
        .arms = lockstep_arms,
    },
    {
        .name = "bounded",
        .unit = "item",
        .summary = "a producer, a bounded channel, a consumer",
        .specification =
            "A producer task sends the integers from seed on through a "
            "channel of the given capacity to a consumer task, which mixes "
            "them into a checksum. Capacity 0 is lock-step; with capacity n "
            "the producer may run ahead by n. The batch arms have no channel: "
            "a generator yields arrays of `capacity` values.",
        .algorithm = &workload_bounded,
        .parameters = {{"items", 1000000, 0, ITEMS_MAX, "items",
                        "how many values are sent"},
                       CAPACITY,
                       SEED},
        .arms = bounded_arms,
    },
    {
        .name = "crossover",
        .unit = "item",
        .summary = "as bounded, with work on each item",
        .specification =
            "As bounded, but each item takes `work` nominal nanoseconds of "
            "computation, of which the producer does `share` per cent and the "
            "consumer the rest. A nominal nanosecond is one multiplication in "
            "a chain of dependent ones; what it takes on this machine is the "
            "sequential arm's time per item.",
        .algorithm = &workload_crossover,
        .parameters = {{"items", 100000, 0, ITEMS_MAX, "items",
                        "how many values are sent"},
                       {"work", 1000, 0, UINT64_C(10000000000), "ns",
                        "nominal work per item"},
                       {"share", 50, 0, 100, "per cent",
                        "the producer's part of the work"},
                       CAPACITY,
                       SEED},
        .arms = pipeline_arms,
    },
    {
        .name = "words",
        .unit = "word",
        .summary = "counts the words of real text files",
        .specification =
            "A producer task reads the lines of the input files, `items` "
            "times over; a stage splits them into words and folds them to "
            "lower case; a consumer counts how often each word occurs. The "
            "three are joined by channels of the given capacity. A word is a "
            "run of letters (ASCII letters, and all bytes above 127).",
        .algorithm = &workload_words,
        .reads_text = true,
        .parameters = {{"items", 1, 0, UINT64_C(1000000), "passes",
                        "how often the input is read"},
                       CAPACITY},
        .arms = pipeline_arms,
    },
    {
        .name = "treewalk",
        .unit = "value",
        .summary = "a tree in order, a generator for each node",
        .specification =
            "A balanced tree of `nodes` nodes in memory is walked in order by "
            "recursion: the generator of a node delegates to a new one for "
            "its left subtree, yields its value, and delegates to one for its "
            "right subtree. It is walked again and again until `items` values "
            "have been taken; then the walk is abandoned. The arms with "
            "recursion have one generator for all, which yields from whatever "
            "depth its recursion has reached. The sequential arm keeps a "
            "stack of nodes instead.",
        .algorithm = &workload_treewalk,
        .parameters = {VALUES,
                       {"nodes", 1023, 1, TREE_NODES_MAX, "nodes",
                        "the size of the tree"},
                       SEED},
        .arms = treewalk_arms,
    },
    {
        .name = "bm_generators",
        .unit = "value",
        .summary = "treewalk as pyperformance has it: 100 000 nodes",
        .specification =
            "The benchmark `generators' of pyperformance: a tree of 100 000 "
            "nodes, walked as in treewalk.",
        .algorithm = &workload_treewalk,
        .parameters = {VALUES,
                       {"nodes", 100000, 100000, 100000, "nodes",
                        "the published size"},
                       SEED},
        .arms = treewalk_arms,
    },
    {
        .name = "delegate",
        .unit = "value",
        .summary = "a chain of generators that delegate, the last one yields",
        .specification =
            "`depth` generators each delegate to the next one; the last one "
            "yields the integers from seed on. A step of the first one must "
            "reach the last one. The sequential arm has no chain: it calls "
            "the producer.",
        .algorithm = &workload_delegate,
        .parameters = {VALUES,
                       {"depth", 16, 0, 100000, "generators",
                        "how many stand between the caller and the producer"},
                       SEED},
        .arms = delegate_arms,
    },
    {
        .name = "samefringe",
        .unit = "leaf",
        .summary = "two walks of two trees, stepped in turn and compared",
        .specification =
            "Two trees of different shape have the same `leaves` leaves. A "
            "generator walks each of them by delegation, as in treewalk; the "
            "consumer steps the two in turn and compares, until `items` "
            "leaves have been compared. The sequential arm keeps two stacks "
            "of nodes instead.",
        .algorithm = &workload_samefringe,
        .parameters = {{"items", 100000, 0, ITEMS_MAX, "leaves",
                        "how many leaves are compared"},
                       {"leaves", 1024, 1, TREE_NODES_MAX / 2, "leaves",
                        "of each tree"},
                       SEED},
        .arms = samefringe_arms,
    },
    {
        .name = "sieve",
        .unit = "step",
        .summary = "primes by a chain of generators, a filter for each prime",
        .specification =
            "A generator yields 2, 3, 4 and so on. The first number that "
            "comes out of the chain is the next prime; a generator that lets "
            "through what this prime does not divide is added at the end of "
            "the chain, until there are `primes` primes. That is one sieve; "
            "there are `items` of them. A step is one number that passes "
            "from one generator to the next.",
        .algorithm = &workload_sieve,
        .parameters = {{"items", 100, 0, UINT64_C(1000000000), "sieves",
                        "how many sieves, one after the other"},
                       {"primes", 50, 1, 10000, "primes",
                        "how many primes each sieve finds"}},
        .arms = sieve_arms,
    },
    {
        .name = "cancel",
        .unit = "cancellation",
        .summary = "producers that are cancelled in mid-stream and clean up",
        .specification =
            "A generator is made and gives one to four values. Then it is "
            "cancelled: an error is thrown into it, or it is told to return, "
            "or it is destroyed where it stands, in turn. It must give back "
            "what it holds, at the right time and once. The sequential arm "
            "calls the clean-up itself.",
        .algorithm = &workload_cancel,
        .parameters = {{"items", 10000, 0, ITEMS_MAX, "cancellations",
                        "how many producers are cancelled"},
                       SEED},
        .arms = cancel_arms,
    },
    {
        .name = "skynet",
        .unit = "leaf",
        .summary = "a tree of tasks, ten children each, a million leaves",
        .specification =
            "A task makes ten tasks, each of which makes ten more, and so on "
            "until there are `items` leaves. The leaves are numbered from "
            "`seed` on, and the numbers are added up on the way to the root: "
            "the last child of a node to end hands on the sum of all. The "
            "checksum is the sum at the root: for the published size of "
            "1 000 000 leaves 499999500000.",
        .algorithm = &workload_skynet,
        .parameters = {{"items", 1000000, 0, UINT64_C(1000000000), "leaves",
                        "of the tree"},
                       {"seed", 0, 0, UINT64_MAX, "",
                        "the number of the first leaf"}},
        .arms = skynet_arms,
    },
    {
        .name = "threadring",
        .unit = "pass",
        .summary = "a token goes round a ring of 503 tasks",
        .specification =
            "The tasks stand in a ring, with a channel from each to the next. "
            "A token that says how many passes are left goes round until none "
            "is. The ring of the Computer Language Benchmarks Game has 503 "
            "tasks, that of the Savina suite 100 and 100 000 passes.",
        .algorithm = &workload_ring,
        .parameters = {{"items", 2000000, 0, ITEMS_MAX, "passes",
                        "from a task to the next"},
                       {"tasks", 503, 2, TASKS_MAX, "tasks", "in the ring"},
                       {"capacity", 0, 0, PREEMPT_CHAN_CAPACITY_MAX, "elements",
                        "of each channel; 0 is lock-step"},
                       SEED},
        .arms = ring_arms,
    },
    {
        .name = "ring",
        .unit = "pass",
        .summary = "a token goes round, each task touches its working set",
        .specification =
            "As threadring, but each task that gets the token reads and "
            "writes every cache line of a working set of its own. What a pass "
            "costs besides grows with what has left the caches meanwhile.",
        .algorithm = &workload_ring,
        .parameters = {{"items", 200000, 0, ITEMS_MAX, "passes",
                        "from a task to the next"},
                       {"tasks", 16, 2, TASKS_MAX, "tasks", "in the ring"},
                       {"bytes", 16384, 0, UINT64_C(1) << 30, "bytes",
                        "of each working set"},
                       {"capacity", 0, 0, PREEMPT_CHAN_CAPACITY_MAX, "elements",
                        "of each channel; 0 is lock-step"},
                       SEED},
        .arms = ring_arms,
    },
    {
        .name = "bndbuffer",
        .unit = "item",
        .summary = "40 producers, a buffer of 50, 40 consumers",
        .specification =
            "The bounded buffer of the Savina suite, which has 1000 items "
            "for each producer, 40000 in all. " MPMC_SPECIFICATION,
        .algorithm = &workload_mpmc,
        .parameters = {{"items", 4000000, 0, ITEMS_MAX, "items",
                        "how many are sent, by all together"},
                       PRODUCERS(40, 1, TASKS_MAX),
                       CONSUMERS(40, 1, TASKS_MAX),
                       {"capacity", 50, 0, PREEMPT_CHAN_CAPACITY_MAX,
                        "elements", "of the channel; 0 is lock-step"},
                       WORK,
                       SHARE(50),
                       SEED},
        .arms = mpmc_arms,
    },
    {
        .name = "mpmc",
        .unit = "item",
        .summary = "several producers, one channel, several consumers",
        .specification = MPMC_SPECIFICATION,
        .algorithm = &workload_mpmc,
        .parameters = {{"items", 4000000, 0, ITEMS_MAX, "items",
                        "how many are sent, by all together"},
                       PRODUCERS(4, 1, TASKS_MAX),
                       CONSUMERS(4, 1, TASKS_MAX),
                       CAPACITY,
                       WORK,
                       SHARE(50),
                       SKEW(0),
                       SEED},
        .arms = mpmc_arms,
    },
    {
        .name = "fanin",
        .unit = "item",
        .summary = "producers of unequal items, one consumer",
        .specification = "As mpmc, with one consumer, and the work is the "
                         "producers'. " MPMC_SPECIFICATION,
        .algorithm = &workload_mpmc,
        .parameters = {{"items", 1000000, 0, ITEMS_MAX, "items",
                        "how many are sent, by all together"},
                       PRODUCERS(8, 1, TASKS_MAX),
                       CONSUMERS(1, 1, 1),
                       CAPACITY,
                       {"work", 100, 0, UINT64_C(10000000000), "ns",
                        "nominal work of the least kind of item"},
                       SHARE(100),
                       SKEW(100),
                       SEED},
        .arms = mpmc_arms,
    },
    {
        .name = "fanout",
        .unit = "item",
        .summary = "one producer of unequal items, several consumers",
        .specification = "As mpmc, with one producer, and the work is the "
                         "consumers'. " MPMC_SPECIFICATION,
        .algorithm = &workload_mpmc,
        .parameters = {{"items", 1000000, 0, ITEMS_MAX, "items",
                        "how many are sent"},
                       PRODUCERS(1, 1, 1),
                       CONSUMERS(8, 1, TASKS_MAX),
                       CAPACITY,
                       {"work", 100, 0, UINT64_C(10000000000), "ns",
                        "nominal work of the least kind of item"},
                       SHARE(0),
                       SKEW(100),
                       SEED},
        .arms = mpmc_arms,
    },
    {
        .name = "churn",
        .unit = "task",
        .summary = "tasks are made, run and joined",
        .specification =
            "A task makes `tasks` tasks that do next to nothing, joins them, "
            "and begins again until there have been `items`. The sequential "
            "arm calls their function.",
        .algorithm = &workload_churn,
        .parameters = {{"items", 2000000, 0, ITEMS_MAX, "tasks",
                        "how many are made"},
                       {"tasks", 1, 1, TASKS_MAX, "tasks", "at a time"},
                       SEED},
        .arms = churn_arms,
    },
    {
        .name = "park",
        .unit = "task",
        .summary = "many tasks wait at a time",
        .specification =
            "`items` tasks are made; each says that it is there, and parks. "
            "When all are there they are unparked and joined. What a waiting "
            "task needs is the slope of the peak of memory over `items`. In "
            "the sequential arm what waits is a number in an array.",
        .algorithm = &workload_park,
        .parameters = {{"items", 100000, 0, UINT64_C(100000000), "tasks",
                        "how many wait"},
                       SEED},
        .arms = park_arms,
    },
    {
        .name = "transfer",
        .unit = "transfer",
        .summary = "tasks move money between accounts, locked or not",
        .specification =
            "`tasks` tasks do `items` transfers in all between `accounts` "
            "accounts, each under one mutex. With `every` k, each k-th "
            "transfer calls something between reading the balance and writing "
            "it that lets other tasks run. The sum of the balances must stay "
            "as it was; the checksum is made of all of them. With `locked` 0 "
            "there is no mutex: a violation is a transfer that wrote over "
            "what others had written since it read. Then the checksum is made "
            "of the transfers, and the money that is missing in the end must "
            "be what was seen to be lost.",
        .algorithm = &workload_transfer,
        .parameters = {{"items", 5000000, 0, ITEMS_MAX, "transfers",
                        "by all tasks together"},
                       {"tasks", 16, 1, TASKS_MAX, "tasks", "that transfer"},
                       {"accounts", 1000, 1, TASKS_MAX, "accounts",
                        "that there are"},
                       {"locked", 1, 0, 1, "",
                        "1: under a mutex; 0: without one"},
                       {"every", 0, 0, ITEMS_MAX, "transfers",
                        "from one that lets others run to the next; 0: none"},
                       SEED},
        .arms = transfer_arms,
    },
    {
        .name = "sleepers",
        .unit = "wake-up",
        .summary = "tasks that sleep a millisecond, again and again",
        .specification =
            "Each of `tasks` tasks sleeps for a millisecond, `items` times. "
            "The sequential arm sleeps once for all of them.",
        .algorithm = &workload_sleepers,
        .parameters = {{"items", 100, 0, UINT64_C(1000000), "sleeps",
                        "of each task, one after the other"},
                       {"tasks", 1000, 1, TASKS_MAX, "tasks", "that sleep"},
                       SEED},
        .arms = sleepers_arms,
    },
    {
        .name = "hog",
        .unit = "burst",
        .summary = "bursts of computation beside a heartbeat",
        .specification =
            "A task computes in bursts of `work` nominal nanoseconds, and "
            "lets others run after each. Beside it a heartbeat wakes every "
            "millisecond, and how late it is goes into the result. The "
            "sequential arm computes and has no heartbeat.",
        .algorithm = &workload_hog,
        .parameters = {{"items", 100, 0, ITEMS_MAX, "bursts", "of computation"},
                       {"work", 2000000, 0, UINT64_C(10000000000), "ns",
                        "nominal work of each burst"},
                       SEED},
        .arms = hog_arms,
    },
    {
        .name = "checkpoint",
        .unit = "burst",
        .summary = "as hog, but the computation has checkpoints",
        .specification =
            "As hog, but within a burst the computation calls checkpoint "
            "after each `every` nominal nanoseconds, which lets others run "
            "when the time slice is used up.",
        .algorithm = &workload_hog,
        .parameters = {{"items", 2, 0, ITEMS_MAX, "bursts", "of computation"},
                       {"work", 100000000, 0, UINT64_C(10000000000), "ns",
                        "nominal work of each burst"},
                       {"every", 100, 0, ITEMS_MAX, "ns",
                        "from a checkpoint to the next; 0: none"},
                       SEED},
        .arms = hog_arms,
    },
    {
        .name = "blocking",
        .unit = "item",
        .summary = "one of several producers makes calls that block",
        .specification =
            "Producer tasks send `items` items in all, as many each, into one "
            "channel of the given capacity, from which one task takes them. "
            "The first producer makes a call for each `every`-th of its "
            "items, which blocks its thread for `blocking` microseconds. With "
            "`moved` 1 coop makes the calls on helper threads; threads just "
            "block. How fast the others get rid of their items goes into the "
            "result. The sequential arm does one thing after the other.",
        .algorithm = &workload_blocking,
        .parameters = {{"items", 100000, 0, ITEMS_MAX, "items",
                        "how many are sent, by all together"},
                       PRODUCERS(4, 1, TASKS_MAX),
                       {"every", 1000, 1, ITEMS_MAX, "items",
                        "of the one producer, from a call to the next"},
                       {"blocking", 1000, 0, UINT64_C(10000000), "us",
                        "that each call takes"},
                       {"moved", 0, 0, 1, "",
                        "1: calls are made elsewhere; 0: where they stand"},
                       CAPACITY,
                       SEED},
        .arms = blocking_arms,
    },
    {
        .name = "pipes",
        .unit = "message",
        .summary = "messages go round a ring of pipes, a task for each",
        .specification =
            "Each of `tasks` tasks has a pipe, from which it reads messages "
            "and writes them to the next one's pipe. `active` per cent of the "
            "tasks have a message to read at a time, one at least; the others "
            "wait. A message is written and read `items` times in all. Coop's "
            "tasks wait until a pipe is ready; threads block in reading. In "
            "the sequential arm one thread writes and reads, which costs the "
            "same system calls and no wait.",
        .algorithm = &workload_pipes,
        .parameters = {{"items", 200000, 0, ITEMS_MAX, "messages",
                        "that are written and read"},
                       {"tasks", 100, 1, 100000, "tasks",
                        "with a pipe for each"},
                       {"active", 10, 0, 100, "per cent",
                        "of the tasks, at a time"},
                       SEED},
        .arms = pipes_arms,
    },
    {.name = NULL},
};

const struct workload *workload_named(const char *name)
{
    for (const struct workload *w = workloads; w->name; w++)
        if (strcmp(w->name, name) == 0)
            return w;
    return NULL;
}

const struct arm *arm_named(const struct workload *w, const char *name)
{
    for (const struct arm *a = w->arms; a->name; a++)
        if (strcmp(a->name, name) == 0)
            return a;
    return NULL;
}

const struct parameter *parameter_named(const struct workload *w,
                                        const char *name)
{
    for (const struct parameter *p = w->parameters; p->name; p++)
        if (strcmp(p->name, name) == 0)
            return p;
    return NULL;
}

const char *policy_name(enum policy policy)
{
    static const char *const names[] = {"seq", "coop", "preempt"};
    return names[policy];
}

static bool on_baton(const struct arm *arm)
{
    return arm->mechanism && strcmp(arm->mechanism, BATON) == 0;
}

const char *arm_mechanism(const struct arm *arm)
{
    if (arm->policy == POLICY_SEQ)
        return NO_MECHANISM;
    if (arm->policy == POLICY_PREEMPT || on_baton(arm))
        return "thread";
    return arm->mechanism ? arm->mechanism : kit_mechanism_default()->name;
}

const char *arm_wait(const struct arm *arm)
{
    if (on_baton(arm))
        return kit_wait_strategy_name(KIT_WAIT_PARK);
    return arm->policy == POLICY_PREEMPT ? kit_wait_strategy_name(arm->wait)
                                         : "none";
}

const char *arm_form(const struct arm *arm,
                     const struct workload_params *params)
{
    if (arm->form)
        return arm->form;
    return params->capacity == 0 ? "lock-step" : "run-ahead";
}

static const struct {
    const char *name;
    size_t offset;
} fields[] = {
    {"items", offsetof(struct workload_params, items)},
    {"capacity", offsetof(struct workload_params, capacity)},
    {"work", offsetof(struct workload_params, work)},
    {"share", offsetof(struct workload_params, share)},
    {"nodes", offsetof(struct workload_params, nodes)},
    {"leaves", offsetof(struct workload_params, leaves)},
    {"depth", offsetof(struct workload_params, depth)},
    {"primes", offsetof(struct workload_params, primes)},
    {"tasks", offsetof(struct workload_params, tasks)},
    {"bytes", offsetof(struct workload_params, bytes)},
    {"producers", offsetof(struct workload_params, producers)},
    {"consumers", offsetof(struct workload_params, consumers)},
    {"accounts", offsetof(struct workload_params, accounts)},
    {"locked", offsetof(struct workload_params, locked)},
    {"every", offsetof(struct workload_params, every)},
    {"blocking", offsetof(struct workload_params, blocking)},
    {"active", offsetof(struct workload_params, active)},
    {"moved", offsetof(struct workload_params, moved)},
    {"skew", offsetof(struct workload_params, skew)},
    {"seed", offsetof(struct workload_params, seed)},
};

#define FIELDS (sizeof fields / sizeof *fields)

const char *parameter_name(size_t index)
{
    return index < FIELDS ? fields[index].name : NULL;
}

uint64_t *parameter_in(struct workload_params *params, const char *name)
{
    for (size_t i = 0; i < FIELDS; i++)
        if (strcmp(fields[i].name, name) == 0)
            return (uint64_t *)(void *)((char *)params + fields[i].offset);
    return NULL;
}

struct workload_params workload_defaults(const struct workload *w)
{
    struct workload_params params = {.items = 0};
    for (const struct parameter *p = w->parameters; p->name; p++)
        *parameter_in(&params, p->name) = p->initial;
    return params;
}

static int run_coop(const struct workload *w, const struct arm *arm,
                    const struct workload_params *params,
                    struct workload_result *result)
{
    struct coop_arm how = {.mechanism = NULL};
    if (arm->mechanism && strcmp(arm->mechanism, NO_MECHANISM) != 0) {
        how.mechanism = kit_mechanism_named(arm->mechanism);
        if (!how.mechanism)
            return -ENOTSUP;
    }
    return arm->coop(w->algorithm, params, &how, result);
}

int arm_run(const struct workload *w, const struct arm *arm,
            const struct workload_params *params,
            const struct kit_placement *placement,
            struct workload_result *result)
{
    memset(result, 0, sizeof *result);
    if (arm->policy == POLICY_SEQ)
        return workload_run_sequential(w->algorithm, params, result);
    if (arm->policy == POLICY_COOP)
        return run_coop(w, arm, params, result);
    struct preempt_arm how = {.wait = arm->wait};
    if (placement)
        how.placement = *placement;
    return arm->preempt(w->algorithm, params, &how, result);
}
