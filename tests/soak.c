/* SPDX-License-Identifier: MIT */
/*
 * soak: random operations on the objects of preempt, by many threads that are
 * canceled at random and begin anew, for as long as one likes.
 *
 * Each kind of object has a law that holds whatever the order of events, and
 * that a lost, doubled or reordered event breaks: elements that go into a
 * channel or a pipe come out once, and those of one sender in order for each
 * receiver; a select does one of its cases; what a mutex guards is never seen
 * half changed; no more than its value are inside a semaphore; of three at a
 * barrier one is the last; a job runs once or is canceled. What was counted
 * while it ran is added up at the end. A wake-up that is lost leaves a thread
 * that does not end when it is told to.
 *
 * The seed fixes what each thread chooses; the order of events is the kernel's.
 */
#include <preempt/fd.h>
#include <preempt/group.h>
#include <preempt/pool.h>
#include <preempt/select.h>

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MS          INT64_C(1000000)
#define SECOND      (1000 * MS)
#define PATIENCE    (60 * SECOND) /* a thread that is canceled ends by then */
#define THREADS_MAX 1024
#define CHANNELS    12
#define PIPES       2
#define LANES       (CHANNELS + PIPES)
#define PERMITS     3
#define PARTIES     3
#define JOBS_MAX    8

/* ---- what is used by all ---- */

/* An element begins with its sender and number; the rest depends on that. */
struct message {
    uint64_t id;
    uint64_t rest[4];
};
#define NUMBER_BITS 48

/* A channel, or a pipe. The sums are of the elements' hashes: a set has one sum
   in every order. */
struct lane {
    preempt_chan *chan;
    int ends[2]; /* of a pipe: to read from, to write to */
    size_t element_size;
    bool spins;
    atomic_ullong sent, received, sent_sum, received_sum;
};

/* A mutex, and what it guards: two equal numbers. */
struct guarded {
    preempt_mutex mutex;
    uint64_t one, other;
    atomic_ullong locked;
};

static struct lane lanes[LANES];  /* the pipes behind the channels */
static struct guarded guarded[2]; /* the second inherits priorities */
static preempt_semaphore semaphore;
static atomic_int inside;
static preempt_barrier barrier;
static atomic_ullong last_arrivals, other_arrivals;
static preempt_event event;
static preempt_waitgroup busy; /* lives that have not ended */
static preempt_pool *pool;
static atomic_ullong jobs_accepted, jobs_canceled, jobs_run;
static preempt_sched *sched;

/* A thread of the soak, whichever task it is at the moment. */
struct slot {
    unsigned index;
    uint64_t random;
    uint64_t sent[LANES];  /* the number of its last element */
    uint64_t *seen[LANES]; /* of each sender, the last that it received */
    preempt_task *task;
    atomic_ullong operations;
};

static struct slot *slots; /* one more than threads: who empties the lanes */

static struct settings {
    unsigned seconds, threads;
    uint64_t seed;
} settings = {10, 64, 1};

static void fail(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

static void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fflush(stdout);
    fprintf(stderr,
            "soak: FAILED, seed %llu: ", (unsigned long long)settings.seed);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    _Exit(EXIT_FAILURE);
}

static void must(int result, const char *what)
{
    if (result < 0)
        fail("%s: %s", what, kit_error_text(result));
}

/* An operation may succeed, or give up; any other result is a failure. */
static bool has_succeeded(int result, const char *what)
{
    if (result < 0 && result != -ETIMEDOUT && result != -ECANCELED &&
        result != -EAGAIN)
        fail("%s: %s", what, kit_error_text(result));
    return result >= 0;
}

/* ---- chance ---- */

/* Sebastiano Vigna's splitmix64. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static unsigned below(struct slot *s, unsigned n)
{
    s->random += UINT64_C(0x9e3779b97f4a7c15);
    return (unsigned)(mix(s->random) >> 32) % n;
}

/* Past, soon or never: who waits for ever is canceled some time. */
static int64_t some_deadline(struct slot *s)
{
    switch (below(s, 8)) {
    case 0:
        return KIT_FOREVER;
    case 1:
        return 0;
    default:
        return kit_now() + (int64_t)below(s, 2000000);
    }
}

/* ---- elements ---- */

/* The next that `s` may send on lane `l`. */
static struct message next_message(const struct slot *s, unsigned l)
{
    struct message m = {.id = (uint64_t)s->index << NUMBER_BITS |
                              (s->sent[l] + 1)};
    for (int i = 0; i < 4; i++)
        m.rest[i] = mix(m.id + (uint64_t)i);
    return m;
}

static void note_sent(struct slot *s, unsigned l, const struct message *m)
{
    s->sent[l]++;
    lanes[l].sent++;
    lanes[l].sent_sum += mix(m->id);
}

/* The checks of an element that `s` has received from lane `l`. */
static void take_account(struct slot *s, unsigned l, const struct message *m)
{
    struct lane *lane = &lanes[l];
    uint64_t sender = m->id >> NUMBER_BITS;
    uint64_t number = m->id & ((UINT64_C(1) << NUMBER_BITS) - 1);
    if (sender >= settings.threads)
        fail("lane %u gave an element that nobody sent", l);
    for (size_t i = 0; i < lane->element_size / 8 - 1; i++)
        if (m->rest[i] != mix(m->id + i))
            fail("lane %u gave an element in parts", l);
    if (number <= s->seen[l][sender])
        fail("lane %u gave element %llu of sender %llu after %llu", l,
             (unsigned long long)number, (unsigned long long)sender,
             (unsigned long long)s->seen[l][sender]);
    s->seen[l][sender] = number;
    lane->received++;
    lane->received_sum += mix(m->id);
}

/* ---- channels ---- */

static int64_t some_deadline_of(struct slot *s, const struct lane *lane)
{
    int64_t deadline = some_deadline(s);
    return lane->spins && deadline == KIT_FOREVER ? 0 : deadline;
}

static void send_some(struct slot *s)
{
    unsigned c = below(s, CHANNELS);
    preempt_chan *ch = lanes[c].chan;
    struct message m = next_message(s, c);
    int64_t deadline = some_deadline_of(s, &lanes[c]);
    int result = below(s, 4) == 0 ? preempt_chan_try_send(ch, &m)
                                  : preempt_chan_send_until(ch, &m, deadline);
    if (has_succeeded(result, "send"))
        note_sent(s, c, &m);
}

static void note_received(struct slot *s, unsigned c, int result,
                          const struct message *m)
{
    if (result == 0)
        fail("channel %u ended", c);
    take_account(s, c, m);
}

static void receive_some(struct slot *s)
{
    unsigned c = below(s, CHANNELS);
    preempt_chan *ch = lanes[c].chan;
    struct message m;
    int64_t deadline = some_deadline_of(s, &lanes[c]);
    int result = below(s, 4) == 0 ? preempt_chan_try_recv(ch, &m)
                                  : preempt_chan_recv_until(ch, &m, deadline);
    if (has_succeeded(result, "receive"))
        note_received(s, c, result, &m);
}

/* ---- selects ---- */

static struct preempt_select_case some_case(struct slot *s, unsigned c,
                                            struct message *m)
{
    bool sends = below(s, 2) == 0;
    *m = sends ? next_message(s, c) : (struct message){.id = 0};
    return (struct preempt_select_case){
        .chan = lanes[c].chan,
        .op = sends ? PREEMPT_SELECT_SEND : PREEMPT_SELECT_RECV,
        .element = m,
    };
}

/* Between two channels, which may be one. */
static void select_some(struct slot *s)
{
    struct preempt_select_case cases[2];
    struct message m[2];
    unsigned c[2];
    for (int i = 0; i < 2; i++) {
        c[i] = below(s, CHANNELS);
        cases[i] = some_case(s, c[i], &m[i]);
    }
    int i = below(s, 4) == 0 ? preempt_try_select(cases, 2)
                             : preempt_select_until(cases, 2, some_deadline(s));
    if (!has_succeeded(i, "select"))
        return;
    must(cases[i].result, "select");
    if (cases[i].op == PREEMPT_SELECT_SEND)
        note_sent(s, c[i], &m[i]);
    else
        note_received(s, c[i], cases[i].result, &m[i]);
}

/* ---- pipes: an element is written as a whole, as pipe(7) says ---- */

/* A thread that has waited has an eventfd, and there may be no more of those.
 */
static bool has_passed(ssize_t result, size_t size, const char *what)
{
    if (result == -EMFILE || !has_succeeded((int)result, what))
        return false;
    if ((size_t)result != size)
        fail("%s: %zd bytes, not %zu", what, result, size);
    return true;
}

static void write_some(struct slot *s)
{
    unsigned l = CHANNELS + below(s, PIPES);
    size_t size = lanes[l].element_size;
    struct message m = next_message(s, l);
    ssize_t n =
        preempt_fd_write_until(lanes[l].ends[1], &m, size, some_deadline(s));
    if (has_passed(n, size, "write"))
        note_sent(s, l, &m);
}

static void read_some(struct slot *s)
{
    unsigned l = CHANNELS + below(s, PIPES);
    size_t size = lanes[l].element_size;
    struct message m;
    ssize_t n =
        preempt_fd_read_until(lanes[l].ends[0], &m, size, some_deadline(s));
    if (has_passed(n, size, "read"))
        take_account(s, l, &m);
}

/* ---- locks ---- */

static void lock_some(struct slot *s)
{
    struct guarded *g = &guarded[below(s, 8) == 0];
    int result = below(s, 4) == 0
                     ? preempt_mutex_try_lock(&g->mutex)
                     : preempt_mutex_lock_until(&g->mutex, some_deadline(s));
    if (!has_succeeded(result, "lock"))
        return;
    if (g->one != g->other)
        fail("two threads have a mutex");
    g->one++;
    if (below(s, 16) == 0)
        preempt_yield();
    g->other++;
    must(preempt_mutex_unlock(&g->mutex), "unlock");
    g->locked++;
}

static void acquire_some(struct slot *s)
{
    int result =
        below(s, 4) == 0
            ? preempt_semaphore_try_acquire(&semaphore)
            : preempt_semaphore_acquire_until(&semaphore, some_deadline(s));
    if (!has_succeeded(result, "acquire"))
        return;
    if (++inside > PERMITS)
        fail("more threads have the semaphore than it allows");
    if (below(s, 4) == 0)
        preempt_yield();
    inside--;
    must(preempt_semaphore_release(&semaphore), "release");
}

static void meet_some(struct slot *s)
{
    int result = preempt_barrier_wait_until(&barrier, some_deadline(s));
    if (!has_succeeded(result, "barrier"))
        return;
    if (result == 1)
        last_arrivals++;
    else
        other_arrivals++;
}

static void await_event(struct slot *s)
{
    switch (below(s, 4)) {
    case 0:
        preempt_event_set(&event);
        break;
    case 1:
        preempt_event_reset(&event);
        break;
    default:
        has_succeeded(preempt_event_wait_until(&event, some_deadline(s)),
                      "event");
    }
}

/* ---- jobs ---- */

static kit_value triple(kit_value arg)
{
    jobs_run++;
    return kit_int(arg.i * 3 + 1);
}

/* Out of the pool, on whatever way: the job is on our stack. */
static void settle_job(preempt_job *j, int64_t arg)
{
    kit_value got = kit_none();
    bool former = preempt_shield(true);
    int result = preempt_job_wait(j, &got);
    preempt_shield(former);
    if (result == -ECANCELED)
        jobs_canceled++;
    else if (result < 0 || got.i != arg * 3 + 1)
        fail("a job gave a wrong result");
}

static void submit_some(struct slot *s)
{
    preempt_job jobs[JOBS_MAX];
    unsigned count = 1 + below(s, JOBS_MAX);
    for (unsigned i = 0; i < count; i++) {
        preempt_job_init(&jobs[i], triple, kit_int(i), NULL);
        must(preempt_pool_submit(pool, &jobs[i]), "submit");
    }
    jobs_accepted += count;
    for (unsigned i = 0; i < count; i++) {
        int result = 0;
        if (below(s, 4) == 0)
            result = preempt_job_cancel(&jobs[i]);
        else if (below(s, 2) == 0)
            result = preempt_job_wait_until(&jobs[i], NULL, some_deadline(s));
        if (result != -EBUSY)
            has_succeeded(result, "job");
    }
    for (unsigned i = 0; i < count; i++)
        settle_job(&jobs[i], i);
}

/* ---- groups ---- */

#define STREAM 32

/* One case, beside one that never can be done; as the plain operation. */
static int select_one(preempt_chan *ch, enum preempt_select_op op,
                      int64_t *element)
{
    struct preempt_select_case cases[] = {
        {.chan = NULL}, {.chan = ch, .op = op, .element = element}};
    int i = preempt_select_until(cases, 2, KIT_FOREVER);
    return i < 0 ? i : cases[i].result;
}

/* A member: sends 1 to STREAM, and closes in any case. */
static int send_stream(kit_value ch)
{
    int result = 0;
    for (int64_t n = 1; n <= STREAM && result == 0; n++)
        result = n % 4 == 0 ? select_one(ch.p, PREEMPT_SELECT_SEND, &n)
                            : preempt_chan_send(ch.p, &n);
    preempt_chan_close(ch.p);
    return result;
}

static int receive_next(struct slot *s, preempt_chan *ch, int64_t *n)
{
    return below(s, 4) == 0 ? select_one(ch, PREEMPT_SELECT_RECV, n)
                            : preempt_chan_recv(ch, n);
}

static void receive_stream(struct slot *s, preempt_group *g, preempt_chan *ch)
{
    int64_t n, expected = 0;
    unsigned patience = below(s, 2 * STREAM);
    int got;
    while ((got = receive_next(s, ch, &n)) == 1) {
        if (n != ++expected)
            fail("a stream gave %lld, not %lld", (long long)n,
                 (long long)expected);
        if (n == patience)
            preempt_group_cancel(g);
    }
    int result = got < 0 ? got : preempt_group_wait(g);
    if (has_succeeded(result, "stream") && patience > STREAM &&
        expected != STREAM)
        fail("a stream ended after %lld", (long long)expected);
}

/* A stream of a member of a group, through a channel that lives as long. */
static void stream_some(struct slot *s)
{
    struct preempt_chan_options o = {
        .wait = below(s, 4) == 0 ? KIT_WAIT_CONDVAR : KIT_WAIT_ADAPTIVE,
        .single = below(s, 2) == 0};
    preempt_group *g;
    preempt_chan *ch;
    must(preempt_chan_create(&ch, sizeof(int64_t), below(s, 4), &o), "channel");
    must(preempt_group_create(&g, sched, NULL), "group");
    int result = preempt_group_spawn(g, send_stream, kit_ptr(ch), NULL);
    if (result == 0)
        receive_stream(s, g, ch);
    else if (result != -EAGAIN && result != -ENOMEM)
        must(result, "member");
    must(preempt_group_destroy(g), "group");
    must(preempt_chan_destroy(ch), "channel");
}

/* ---- a life ---- */

/* What comes to its end whatever others do is done shielded now and then: there
   a wake-up that is lost is not made good by a cancellation. */
static void do_something(struct slot *s)
{
    static const struct {
        void (*operation)(struct slot *);
        unsigned up_to;
        bool ends_by_itself;
    } choices[] = {
        {send_some, 30, false},   {receive_some, 60, false},
        {select_some, 68, false}, {write_some, 70, false},
        {read_some, 72, false},   {lock_some, 79, true},
        {acquire_some, 85, true}, {meet_some, 88, false},
        {await_event, 92, false}, {submit_some, 98, true},
        {stream_some, 100, true},
    };
    unsigned chance = below(s, 100);
    size_t i = 0;
    while (chance >= choices[i].up_to)
        i++;
    preempt_shield(choices[i].ends_by_itself && below(s, 4) == 0);
    choices[i].operation(s);
    preempt_shield(false);
    atomic_fetch_add_explicit(&s->operations, 1, memory_order_relaxed);
}

/* Until it is canceled. */
static kit_value live(kit_value arg)
{
    struct slot *s = arg.p;
    while (preempt_checkpoint() == 0)
        do_something(s);
    must(preempt_waitgroup_done(&busy), "wait group");
    return kit_none();
}

static void begin_life(struct slot *s)
{
    char name[32];
    struct preempt_task_options o = {.name = name};
    snprintf(name, sizeof name, "soak %u", s->index);
    must(preempt_waitgroup_add(&busy, 1), "wait group");
    must(preempt_spawn(sched, &s->task, live, kit_ptr(s), &o), "spawn");
}

static void end_life(struct slot *s)
{
    int result = preempt_join_until(s->task, NULL, kit_now() + PATIENCE);
    if (result == -ETIMEDOUT) {
        preempt_dump(sched, 2);
        fail("thread %u was canceled, and does not end", s->index);
    }
    must(result, "join");
}

/* ---- the whole ---- */

static void begin_channels(void)
{
    static const size_t capacities[CHANNELS] = {0,   0, 0, 1, 1, 2,
                                                128, 4, 1, 2, 7, 1024};
    static const enum kit_wait_strategy waits[CHANNELS] = {
        KIT_WAIT_ADAPTIVE, KIT_WAIT_PARK,     KIT_WAIT_CONDVAR,
        KIT_WAIT_ADAPTIVE, KIT_WAIT_PARK,     KIT_WAIT_ADAPTIVE,
        KIT_WAIT_ADAPTIVE, KIT_WAIT_SPIN,     KIT_WAIT_CONDVAR,
        KIT_WAIT_CONDVAR,  KIT_WAIT_ADAPTIVE, KIT_WAIT_PARK};
    static const size_t sizes[] = {8, 16, 40};
    for (unsigned c = 0; c < CHANNELS; c++) {
        struct preempt_chan_options o = {.wait = waits[c]};
        lanes[c].element_size = sizes[c % 3];
        lanes[c].spins = o.wait == KIT_WAIT_SPIN;
        must(preempt_chan_create(&lanes[c].chan, sizes[c % 3], capacities[c],
                                 &o),
             "channel");
    }
}

/* Of a page each, so that they are full at times. */
static void begin_pipes(void)
{
    for (unsigned l = CHANNELS; l < LANES; l++) {
        lanes[l].element_size = l % 2 == 0 ? 40 : 16;
        if (pipe2(lanes[l].ends, O_CLOEXEC) != 0)
            fail("pipe: %s", strerror(errno));
        fcntl(lanes[l].ends[1], F_SETPIPE_SZ, 4096);
    }
}

static void begin_slots(void)
{
    slots = calloc(settings.threads + 1, sizeof *slots);
    uint64_t *seen =
        calloc((size_t)(settings.threads + 1) * LANES * settings.threads,
               sizeof *seen);
    if (!slots || !seen)
        fail("out of memory");
    for (unsigned i = 0; i <= settings.threads; i++) {
        slots[i].index = i;
        slots[i].random = mix(settings.seed * (THREADS_MAX + 1) + i);
        for (unsigned l = 0; l < LANES; l++)
            slots[i].seen[l] =
                seen + ((size_t)i * LANES + l) * settings.threads;
    }
}

static void begin_pool(void)
{
    char limit[PREEMPT_LIMIT_TEXT] = "";
    struct preempt_pool_options o = {.workers = 4, .limit_text = limit};
    int result = preempt_pool_create(&pool, &o);
    if (result < 0)
        fail("pool: %s: %s", kit_error_text(result), limit);
}

static void begin(void)
{
    struct preempt_mutex_options inheriting = {.inherits_priority = true};
    must(preempt_sched_create(&sched, NULL), "scheduler");
    begin_channels();
    begin_pipes();
    begin_slots();
    must(preempt_mutex_init(&guarded[0].mutex, NULL), "mutex");
    must(preempt_mutex_init(&guarded[1].mutex, &inheriting), "mutex");
    must(preempt_semaphore_init(&semaphore, PERMITS, NULL), "semaphore");
    must(preempt_barrier_init(&barrier, PARTIES, NULL), "barrier");
    must(preempt_event_init(&event, NULL), "event");
    must(preempt_waitgroup_init(&busy, NULL), "wait group");
    begin_pool();
    for (unsigned i = 0; i < settings.threads; i++)
        begin_life(&slots[i]);
}

static unsigned long long operations(void)
{
    unsigned long long sum = 0;
    for (unsigned i = 0; i < settings.threads; i++)
        sum += atomic_load_explicit(&slots[i].operations, memory_order_relaxed);
    return sum;
}

/* Ends a life and begins another, again and again; how many. */
static unsigned long long supervise(void)
{
    struct slot chance = {.random = mix(~settings.seed)};
    unsigned long long lives = 0;
    int64_t start = kit_now(), report = start + 10 * SECOND;
    int64_t end = start + (int64_t)settings.seconds * SECOND;
    for (int64_t now; (now = kit_now()) < end; lives++) {
        struct slot *s = &slots[below(&chance, settings.threads)];
        preempt_sleep_until(now + (int64_t)below(&chance, 2000000));
        preempt_cancel(s->task);
        end_life(s);
        begin_life(s);
        if (now < report)
            continue;
        printf("soak: %lld s, %llu operations, %llu threads canceled\n",
               (long long)((now - start) / SECOND), operations(), lives);
        fflush(stdout);
        report += 10 * SECOND;
    }
    return lives;
}

/* What nobody has received yet; false at the end. */
static bool take_rest(const struct lane *lane, struct message *m)
{
    size_t size = lane->element_size;
    if (lane->chan)
        return preempt_chan_recv(lane->chan, m) == 1;
    ssize_t n = preempt_fd_read(lane->ends[0], m, size);
    return n != 0 && has_passed(n, size, "read");
}

static void close_lane(const struct lane *lane)
{
    must(lane->chan ? preempt_chan_close(lane->chan)
                    : preempt_fd_close(lane->ends[1]),
         "close");
}

static void end_lane(unsigned l)
{
    struct lane *lane = &lanes[l];
    struct message m;
    close_lane(lane);
    while (take_rest(lane, &m))
        take_account(&slots[settings.threads], l, &m);
    if (lane->sent != lane->received || lane->sent_sum != lane->received_sum)
        fail("lane %u took %llu elements and gave %llu, or others", l,
             lane->sent, lane->received);
    must(lane->chan ? preempt_chan_destroy(lane->chan)
                    : preempt_fd_close(lane->ends[0]),
         "lane");
}

static void end_locks(void)
{
    for (int i = 0; i < 2; i++) {
        struct guarded *g = &guarded[i];
        if (g->one != g->locked || g->other != g->locked)
            fail("a mutex let in %llu, and guarded %llu and %llu", g->locked,
                 (unsigned long long)g->one, (unsigned long long)g->other);
        must(preempt_mutex_destroy(&g->mutex), "mutex");
    }
    if (preempt_semaphore_value(&semaphore) != PERMITS)
        fail("a semaphore of %d has %zu", PERMITS,
             preempt_semaphore_value(&semaphore));
    must(preempt_semaphore_destroy(&semaphore), "semaphore");
    if (last_arrivals * (PARTIES - 1) != other_arrivals)
        fail("at the barrier %llu came last, and %llu before", last_arrivals,
             other_arrivals);
    must(preempt_barrier_destroy(&barrier), "barrier");
    must(preempt_event_destroy(&event), "event");
    must(preempt_waitgroup_destroy(&busy), "wait group");
}

/* Ends all lives, and checks the laws. */
static void end(void)
{
    for (unsigned i = 0; i < settings.threads; i++)
        preempt_cancel(slots[i].task);
    if (preempt_waitgroup_wait_until(&busy, kit_now() + PATIENCE) < 0) {
        preempt_dump(sched, 2);
        fail("threads were canceled, and do not end");
    }
    for (unsigned i = 0; i < settings.threads; i++)
        end_life(&slots[i]);
    must(preempt_pool_destroy(pool), "pool");
    must(preempt_sched_destroy(sched), "scheduler");
    if (jobs_run + jobs_canceled != jobs_accepted)
        fail("of %llu jobs %llu ran and %llu were canceled", jobs_accepted,
             jobs_run, jobs_canceled);
    for (unsigned l = 0; l < LANES; l++)
        end_lane(l);
    end_locks();
}

static void report_success(unsigned long long lives)
{
    unsigned long long elements = 0;
    for (unsigned l = 0; l < LANES; l++)
        elements += lanes[l].received;
    printf("soak: PASSED: %u threads, %u s, seed %llu: %llu operations, "
           "%llu elements, %llu jobs, %llu threads canceled; nothing lost, "
           "duplicated or reordered\n",
           settings.threads, settings.seconds,
           (unsigned long long)settings.seed, operations(), elements, jobs_run,
           lives);
}

/* ---- the command line ---- */

static error_t parse_number(struct argp_state *state, const char *text,
                            uint64_t least, uint64_t most, uint64_t *out)
{
    char *rest;
    errno = 0;
    *out = strtoull(text, &rest, 10);
    if (errno || *rest || rest == text || *out < least || *out > most)
        argp_error(state, "not a number from %llu to %llu: %s",
                   (unsigned long long)least, (unsigned long long)most, text);
    return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    uint64_t n;
    switch (key) {
    case 's':
        parse_number(state, arg, 1, 1000000, &n);
        settings.seconds = (unsigned)n;
        return 0;
    case 't':
        parse_number(state, arg, 1, THREADS_MAX, &n);
        settings.threads = (unsigned)n;
        return 0;
    case 'e':
        return parse_number(state, arg, 0, UINT64_MAX, &settings.seed);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"seconds", 's', "N", 0, "how long (10)", 0},
        {"seed", 'e', "S", 0, "of the random choices (1)", 0},
        {"threads", 't', "T", 0, "how many (64)", 0},
        {0}};
    static const struct argp argp = {
        options,
        parse,
        NULL,
        "Random operations on the objects of preempt by many threads; checks "
        "that nothing is lost, duplicated or reordered.",
        NULL,
        NULL,
        NULL};
    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, NULL);
    begin();
    unsigned long long lives = supervise();
    end();
    report_success(lives);
    free(slots[0].seen[0]);
    free(slots);
    return EXIT_SUCCESS;
}
