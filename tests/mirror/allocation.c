/* SPDX-License-Identifier: MIT */
/* What allocates nothing, maps nothing and makes no thread, in both libraries:
   all that the headers do not name under "what allocates". */
#include "running.h"
#include "seam.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

#if MIRROR_IS_PREEMPT
#include <preempt/sync.h>
#else
#include <coop/fd.h>
#include <coop/select.h>
#include <coop/sync.h>
#endif

#define TIMES           1000
#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* ---- counting; what is counted asserts nothing: Check allocates ---- */

static long taken_before;

static long taken(void)
{
    static const enum seam seams[] = {
        SEAM_MEMORY, SEAM_MAP,      SEAM_UNMAP,      SEAM_GUARD,
        SEAM_ADVICE, SEAM_THREAD,   SEAM_ATTRIBUTE,  SEAM_KEY,
        SEAM_MUTEX,  SEAM_SPECIFIC, SEAM_DESCRIPTOR, SEAM_REGISTER,
    };
    long sum = 0;
    for (size_t i = 0; i < COUNT_OF(seams); i++)
        sum += seam_calls(seams[i]);
    return sum;
}

static void begin(void)
{
    taken_before = taken();
}

static kit_value taken_since(void)
{
    return kit_int(taken() - taken_before);
}

/* Runs a task that says how much was taken; negative: an error. Check is not
   asked while tasks run. */
static int64_t taken_by(K(task_fn) body, kit_value arg)
{
    any_sched *s;
    any_task *t;
    kit_value result;
    if (K(sched_create)(&s, NULL) < 0 || K(spawn)(s, &t, body, arg, NULL) < 0 ||
        K(run)(s) < 0 || K(join)(t, &result) < 0 || K(sched_destroy)(s) < 0)
        return -1;
    return result.i;
}

/* ---- switches ---- */

static atomic_bool stopped;

static kit_value yield_until_stopped(kit_value arg)
{
    while (!atomic_load(&stopped))
        K(yield)();
    return arg;
}

static kit_value yields(kit_value arg)
{
    any_task *t = beside(yield_until_stopped, arg);
    K(yield)();
    begin();
    for (int i = 0; i < TIMES; i++) {
        K(yield)();
        K(checkpoint)();
    }
    kit_value result = taken_since();
    atomic_store(&stopped, true);
    joined(t);
    return result;
}

START_TEST (a_yield_allocates_nothing) {
    ck_assert_int_eq(taken_by(yields, kit_none()), 0);
}
END_TEST

static kit_value sleeps(kit_value arg)
{
    (void)arg;
    begin();
    for (int i = 0; i < TIMES / 5; i++)
        K(sleep_until)(kit_now() + 1000);
    return taken_since();
}

START_TEST (a_sleep_allocates_nothing) {
    ck_assert_int_eq(taken_by(sleeps, kit_none()), 0);
}
END_TEST

static kit_value park_often(kit_value arg)
{
    for (int i = 0; i <= TIMES; i++)
        K(park)("wait for", "the other");
    return arg;
}

static kit_value parks(kit_value arg)
{
    any_task *t = beside(park_often, arg);
    until_waiting(t);
    begin();
    for (int i = 0; i < TIMES; i++) {
        K(unpark)(t);
        K(yield)();
    }
    kit_value result = taken_since();
    K(cancel)(t);
    joined(t);
    return result;
}

START_TEST (a_park_allocates_nothing) {
    ck_assert_int_eq(taken_by(parks, kit_none()), 0);
}
END_TEST

/* ---- channels ---- */

static kit_value send_often(kit_value arg)
{
    for (int64_t i = 0; i <= TIMES; i++)
        K(chan_send)(arg.p, &i);
    return arg;
}

static kit_value receives(kit_value arg)
{
    int64_t item;
    any_task *t = beside(send_often, arg);
    K(chan_recv)(arg.p, &item);
    begin();
    for (int i = 0; i < TIMES; i++)
        K(chan_recv)(arg.p, &item);
    kit_value result = taken_since();
    joined(t);
    return result;
}

static void ck_receives(size_t capacity, const struct K(chan_options) * o)
{
    any_chan *ch;
    ck_assert_int_eq(K(chan_create)(&ch, sizeof(int64_t), capacity, o), 0);
    ck_assert_int_eq(taken_by(receives, kit_ptr(ch)), 0);
    ck_assert_int_eq(K(chan_destroy)(ch), 0);
}

START_TEST (a_send_and_a_receive_allocate_nothing) {
    static const size_t capacities[] = {0, 1, 64};
    for (size_t i = 0; i < COUNT_OF(capacities); i++) {
        struct K(chan_options) o = {.name = "frugal"};
#if MIRROR_IS_PREEMPT
        for (o.wait = 0; o.wait < KIT_WAIT_CONDVAR; o.wait++)
            ck_receives(capacities[i], &o);
#endif
        ck_receives(capacities[i], &o);
    }
}
END_TEST

/* ---- generators ---- */

static kit_completion yield_forever(any_gen *self, kit_value arg)
{
    kit_completion c;
    do
        c = K(gen_yield)(self, arg);
    while (!kit_is_abrupt(c));
    return c;
}

static kit_completion delegate(any_gen *self, kit_value inner)
{
    return K(gen_delegate)(self, &K(gen_iter)(inner.p)->iterable);
}

START_TEST (a_step_allocates_nothing) {
    any_gen *inner, *outer;
    ck_assert_int_eq(K(gen_create)(&inner, yield_forever, kit_int(1), NULL), 0);
    ck_assert_int_eq(K(gen_create)(&outer, delegate, kit_ptr(inner), NULL), 0);
    ck_yielded(K(gen_next)(outer, kit_none()), 1);
    begin();
    for (int i = 0; i < TIMES; i++)
        K(gen_next)(outer, kit_int(i));
    kit_value result = taken_since();
    ck_assert_int_eq(result.i, 0);
    ck_assert_int_eq(K(gen_destroy)(outer), 0);
    ck_assert_int_eq(K(gen_destroy)(inner), 0);
}
END_TEST

/* ---- locks ---- */

struct locks {
    K(mutex) mutex;
    K(semaphore) semaphore;
    K(waitgroup) waitgroup;
    K(event) event;
    K(barrier) barrier;
};

static void use(struct locks *l)
{
    K(mutex_lock)(&l->mutex);
    K(yield)();
    K(mutex_unlock)(&l->mutex);
    K(semaphore_acquire)(&l->semaphore);
    K(yield)();
    K(semaphore_release)(&l->semaphore);
    K(waitgroup_add)(&l->waitgroup, 1);
    K(waitgroup_done)(&l->waitgroup);
    K(event_set)(&l->event);
    K(event_wait)(&l->event);
    K(barrier_wait)(&l->barrier);
}

static kit_value use_often(kit_value arg)
{
    for (int i = 0; i <= TIMES; i++)
        use(arg.p);
    return arg;
}

static kit_value uses(kit_value arg)
{
    struct locks l;
    K(mutex_init)(&l.mutex, NULL);
    K(semaphore_init)(&l.semaphore, 1, NULL);
    K(waitgroup_init)(&l.waitgroup, NULL);
    K(event_init)(&l.event, NULL);
    K(barrier_init)(&l.barrier, 2, NULL);
    any_task *t = beside(use_often, kit_ptr(&l));
    (void)arg;
    use(&l);
    begin();
    for (int i = 0; i < TIMES; i++)
        use(&l);
    kit_value result = taken_since();
    joined(t);
    return result;
}

START_TEST (locks_allocate_nothing) {
    ck_assert_int_eq(taken_by(uses, kit_none()), 0);
}
END_TEST

/* ---- looking on ---- */

static kit_value looks(kit_value arg)
{
    struct K(task_info) infos[4];
    begin();
    for (int i = 0; i < TIMES; i++) {
        K(tasks)(here(), infos, COUNT_OF(infos));
        K(dump)(here(), (int)arg.i);
    }
    return taken_since();
}

START_TEST (a_list_and_a_dump_allocate_nothing) {
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(nowhere, 0);
    ck_assert_int_eq(taken_by(looks, kit_int(nowhere)), 0);
    close(nowhere);
}
END_TEST

#if !MIRROR_IS_PREEMPT

/* ---- what only coop has ---- */

static kit_value select_of_two(kit_value arg)
{
    int64_t item = 0;
    struct coop_select_case cases[2] = {{.chan = NULL}};
    for (int i = 0; i < 2; i++) {
        cases[i].element = &item;
        ck_assert_int_eq(coop_chan_create(&cases[i].chan, 8, 0, NULL), 0);
    }
    any_task *t = beside(send_often, kit_ptr(cases[1].chan));
    (void)arg;
    coop_select(cases, 2);
    begin();
    for (int i = 0; i < TIMES; i++)
        coop_select(cases, 2);
    kit_value result = taken_since();
    joined(t);
    for (int i = 0; i < 2; i++)
        coop_chan_destroy(cases[i].chan);
    return result;
}

START_TEST (a_select_allocates_nothing) {
    ck_assert_int_eq(taken_by(select_of_two, kit_none()), 0);
}
END_TEST

static kit_step answer_forever(coop_coro *self, kit_value arg,
                               kit_completion how)
{
    for (;;)
        how = coop_coro_yield(self, how.value);
    return kit_done(arg);
}

START_TEST (a_resume_allocates_nothing) {
    coop_coro *co;
    ck_assert_int_eq(coop_coro_create(&co, answer_forever, kit_none(), NULL),
                     0);
    coop_coro_resume(co, kit_next(kit_none()));
    begin();
    for (int i = 0; i < TIMES; i++)
        coop_coro_resume(co, kit_next(kit_int(i)));
    kit_value result = taken_since();
    ck_assert_int_eq(result.i, 0);
    ck_assert_int_eq(coop_coro_destroy(co), 0);
}
END_TEST

static int ends[2]; /* of a pipe */

static kit_value write_often(kit_value arg)
{
    for (int i = 0; i <= TIMES; i++) {
        coop_yield();
        coop_fd_write(ends[1], "x", 1);
    }
    return arg;
}

static kit_value reads(kit_value arg)
{
    char byte;
    any_task *t = beside(write_often, arg);
    coop_fd_read(ends[0], &byte, 1);
    begin();
    for (int i = 0; i < TIMES; i++)
        coop_fd_read(ends[0], &byte, 1);
    kit_value result = taken_since();
    joined(t);
    coop_fd_close(ends[0]);
    coop_fd_close(ends[1]);
    return result;
}

/* And asks epoll nothing that it has not asked once. */
START_TEST (a_read_allocates_nothing_after_the_first) {
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(taken_by(reads, kit_none()), 0);
}
END_TEST

static kit_value same(kit_value arg)
{
    return arg;
}

static kit_value offloads(kit_value arg)
{
    coop_offload(same, arg, NULL);
    begin();
    for (int i = 0; i < TIMES / 5; i++)
        coop_offload(same, arg, NULL);
    return taken_since();
}

START_TEST (an_offload_allocates_nothing_after_the_first) {
    ck_assert_int_eq(taken_by(offloads, kit_none()), 0);
}
END_TEST

#endif

int main(void)
{
    const TTest *const tests[] = {
        a_yield_allocates_nothing,
        a_sleep_allocates_nothing,
        a_park_allocates_nothing,
        a_send_and_a_receive_allocate_nothing,
        a_step_allocates_nothing,
        locks_allocate_nothing,
        a_list_and_a_dump_allocate_nothing,
#if !MIRROR_IS_PREEMPT
        a_select_allocates_nothing,
        a_resume_allocates_nothing,
        a_read_allocates_nothing_after_the_first,
        an_offload_allocates_nothing_after_the_first,
#endif
        NULL,
    };
    return run_suite(SUITE("allocation"), 20, tests);
}
