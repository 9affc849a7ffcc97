/* SPDX-License-Identifier: MIT */
/* Descriptors on one thread: who comes first, and who can't wait at all. */
#include "harness.h"

#include <coop/fd.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "mechanism.h"

static coop_sched *sched; /* of the test */

static void begin(void)
{
    ck_assert_int_eq(coop_sched_create(&sched, NULL), 0);
}

static void spawn(coop_task_fn body, kit_value arg)
{
    ck_assert_int_eq(coop_spawn(sched, NULL, body, arg, NULL), 0);
}

static coop_task *spawn_claimed(coop_task_fn body, kit_value arg)
{
    coop_task *t;
    ck_assert_int_eq(coop_spawn(sched, &t, body, arg, NULL), 0);
    return t;
}

static int64_t after_ms(int64_t ms)
{
    return kit_now() + ms * 1000000;
}

static void make_pipe(int ends[2])
{
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
}

static void close_both(const int ends[2])
{
    ck_assert_int_eq(coop_fd_close(ends[0]), 0);
    ck_assert_int_eq(coop_fd_close(ends[1]), 0);
}

/* Tasks: the result of one read, of one byte. */
static kit_value read_one(kit_value fd)
{
    char byte;
    return kit_int(coop_fd_read((int)fd.i, &byte, 1));
}

static int64_t joined(coop_task *t)
{
    kit_value result;
    ck_assert_int_eq(coop_join(t, &result), 0);
    return result.i;
}

/* ---- the next file ---- */

/* p is ready, too, but its reader has not run yet. */
static kit_value replace_p_when_q_is_ready(kit_value fds)
{
    int(*pq)[2] = fds.p, other[2];
    ck_assert_int_eq(read_one(kit_int(pq[1][0])).i, 1);
    make_pipe(other);
    ck_assert_int_eq(write(other[1], "x", 1), 1);
    ck_assert_int_eq(coop_fd_close(pq[0][0]), 0);
    ck_assert_int_eq(dup2(other[0], pq[0][0]), pq[0][0]);
    close_both(other);
    return kit_none();
}

static kit_value reuse_a_number(kit_value none)
{
    (void)none;
    int pq[2][2];
    make_pipe(pq[0]);
    make_pipe(pq[1]);
    coop_task *reader = spawn_claimed(read_one, kit_int(pq[0][0]));
    spawn(replace_p_when_q_is_ready, kit_ptr(pq));
    coop_yield();
    ck_assert_int_eq(write(pq[1][1], "x", 1), 1);
    ck_assert_int_eq(write(pq[0][1], "x", 1), 1);
    ck_assert_int_eq(joined(reader), -EBADF);
    ck_assert_int_eq(read_one(kit_int(pq[0][0])).i, 1);
    close_both(pq[0]);
    close_both(pq[1]);
    return kit_none();
}

START_TEST (a_reader_does_not_read_from_the_next_file_of_that_number) {
    begin();
    spawn(reuse_a_number, kit_none());
    ck_assert_int_eq(coop_run(sched), 0);
    ck_assert_int_eq(coop_sched_destroy(sched), 0);
}
END_TEST

/* The first file stays open, under another number. */
static kit_value wait_for_the_next_file(kit_value none)
{
    int old[2], other[2];
    make_pipe(old);
    make_pipe(other);
    int kept = dup(old[0]);
    ck_assert_int_eq(coop_fd_wait_until(old[0], COOP_FD_READ, 0), -ETIMEDOUT);
    ck_assert_int_eq(coop_fd_close(old[0]), 0);
    ck_assert_int_eq(dup2(other[0], old[0]), old[0]);
    ck_assert_int_eq(write(old[1], "x", 1), 1);
    ck_assert_int_eq(coop_fd_wait_until(old[0], COOP_FD_READ, after_ms(20)),
                     -ETIMEDOUT);
    close_both(old);
    close_both(other);
    close(kept);
    return none;
}

START_TEST (news_of_a_file_that_was_closed_are_not_of_the_next_one) {
    begin();
    spawn(wait_for_the_next_file, kit_none());
    ck_assert_int_eq(coop_run(sched), 0);
    ck_assert_int_eq(coop_sched_destroy(sched), 0);
}
END_TEST

/* ---- who never has to wait ---- */

static bool is_over; /* or the others have got no turn */

static kit_value sleep_thrice(kit_value none)
{
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(coop_sleep_until(after_ms(2)), 0);
    is_over = true;
    return none;
}

static kit_value busy_with(kit_value number)
{
    int ends[2], zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
    char bytes[100] = {0};
    make_pipe(ends);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    if (number.i % 2)
        coop_cancel(coop_current());
    for (int64_t end = after_ms(2000); !is_over && kit_now() < end;) {
        if (number.i / 2 == 0)
            ck_assert_int_eq(coop_fd_read(zero, bytes, 100), 100);
        else if (number.i / 2 == 1)
            ck_assert_int_eq(coop_fd_write(zero, bytes, 100), 100);
        else
            ck_assert_int_eq(coop_fd_wait(ends[0], COOP_FD_READ), COOP_FD_READ);
    }
    ck_assert(is_over);
    close_both(ends);
    coop_fd_close(zero);
    return kit_none();
}

START_TEST (operations_that_need_not_wait_give_way_all_the_same) {
    for (int64_t number = 0; number < 6; number++) {
        begin();
        is_over = false;
        spawn(sleep_thrice, kit_none());
        spawn(busy_with, kit_int(number));
        ck_assert_int_eq(coop_run(sched), 0);
        ck_assert_int_eq(coop_sched_destroy(sched), 0);
    }
}
END_TEST

/* ---- what a wait leaves alone ---- */

static void do_nothing(int number)
{
    (void)number;
}

/* A signal ends the wait of the kernel, which says so in errno. */
static kit_value wait_through_a_signal(kit_value none)
{
    struct itimerval once = {.it_value = {.tv_usec = 10000}};
    int ends[2];
    make_pipe(ends);
    signal(SIGALRM, do_nothing);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &once, NULL), 0);
    errno = 77;
    ck_assert_int_eq(coop_fd_wait_until(ends[0], COOP_FD_READ, after_ms(40)),
                     -ETIMEDOUT);
    ck_assert_int_eq(errno, 77);
    close_both(ends);
    return none;
}

START_TEST (a_wait_leaves_errno_alone) {
    begin();
    spawn(wait_through_a_signal, kit_none());
    ck_assert_int_eq(coop_run(sched), 0);
    ck_assert_int_eq(coop_sched_destroy(sched), 0);
}
END_TEST

/* ---- those who do not wait for it ---- */

static kit_value write_one(kit_value fd)
{
    return kit_int(write((int)fd.i, "x", 1));
}

static kit_value park_for_good(kit_value none)
{
    (void)none;
    return kit_int(coop_park("wait for", "ever"));
}

static void deadlock_behind_a_reader(void *fds)
{
    begin();
    spawn(park_for_good, kit_none());
    spawn(read_one, kit_int(((int *)fds)[0]));
    spawn(write_one, kit_int(((int *)fds)[1]));
    if (coop_run(sched) == -EDEADLK)
        coop_dump(sched, STDERR_FILENO);
    coop_sched_destroy(sched);
}

START_TEST (who_waits_for_a_descriptor_is_in_no_deadlock_but_hides_none) {
    char said[1024];
    int ends[2];
    make_pipe(ends);
    errors_of(deadlock_behind_a_reader, ends, said, sizeof said);
    ck_assert_ptr_nonnull(strstr(said, "task waits to wait for ever\n"));
    ck_assert_ptr_nonnull(strstr(said, "newest first\n  task waits to wait"));
    ck_assert_ptr_null(strstr(said, "read from"));
    close_both(ends);
}
END_TEST

START_TEST (outside_tasks_only_what_need_not_wait_is_done) {
    int ends[2];
    char byte;
    make_pipe(ends);
    ck_assert_int_eq(coop_fd_read(ends[0], &byte, 1), -EDEADLK);
    ck_assert_int_eq(coop_fd_wait(ends[0], COOP_FD_READ), -EDEADLK);
    ck_assert_int_eq(coop_fd_write(ends[1], "x", 1), 1);
    ck_assert_int_eq(coop_fd_wait(ends[0], COOP_FD_READ), COOP_FD_READ);
    ck_assert_int_eq(coop_fd_read(ends[0], &byte, 1), 1);
    close_both(ends);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_reader_does_not_read_from_the_next_file_of_that_number,
        news_of_a_file_that_was_closed_are_not_of_the_next_one,
        operations_that_need_not_wait_give_way_all_the_same,
        a_wait_leaves_errno_alone,
        who_waits_for_a_descriptor_is_in_no_deadlock_but_hides_none,
        outside_tasks_only_what_need_not_wait_is_done,
        NULL,
    };
    return run_suite("coop descriptors", 10, tests);
}
