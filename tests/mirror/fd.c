/* SPDX-License-Identifier: MIT */
/* Tasks and the outside world: file descriptors, in both libraries. */
#include "running.h"

#if MIRROR_IS_PREEMPT
#include <preempt/fd.h>
enum { FD_READ = PREEMPT_FD_READ, FD_WRITE = PREEMPT_FD_WRITE };
#define TASK_WAITING PREEMPT_TASK_WAITING
enum { MANY = 50 }; /* descriptors that become ready at once */
#else
#include <coop/fd.h>
enum { FD_READ = COOP_FD_READ, FD_WRITE = COOP_FD_WRITE };
#define TASK_WAITING COOP_TASK_WAITING
enum { MANY = 300 };
#endif

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static any_sched *sched; /* of the test */

static void begin(void)
{
    ck_assert_int_eq(K(sched_create)(&sched, NULL), 0);
    signal(SIGPIPE, SIG_IGN);
}

static void spawn(K(task_fn) body, kit_value arg)
{
    ck_assert_int_eq(K(spawn)(sched, NULL, body, arg, NULL), 0);
}

static void finish(void)
{
    ck_assert_int_eq(K(run)(sched), 0);
    ck_assert_int_eq(K(sched_destroy)(sched), 0);
}

/* Runs one task, which is the test, with whatever it spawns. */
static void run_task(K(task_fn) body)
{
    begin();
    spawn(body, kit_none());
    finish();
}

static void make_pipe(int ends[2])
{
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
}

static void make_pair(int ends[2])
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends),
                     0);
}

static void close_both(const int ends[2])
{
    ck_assert_int_eq(K(fd_close)(ends[0]), 0);
    ck_assert_int_eq(K(fd_close)(ends[1]), 0);
}

/* Tasks: the result of one read, of one byte. */
static kit_value read_one(kit_value fd)
{
    char byte;
    return kit_int(K(fd_read)((int)fd.i, &byte, 1));
}

/* ---- read and write ---- */

static kit_value write_when_the_other_waits(kit_value fds)
{
    int *ends = fds.p;
    any_task *reader = beside(read_one, kit_int(ends[0]));
    struct K(task_info) infos[2];
    until_waiting(reader);
    ck_assert_uint_eq(K(tasks)(sched, infos, 2), 2);
    ck_assert_int_eq(infos[1].state, TASK_WAITING);
    ck_assert_str_eq(infos[1].waits_to, "read from");
    char name[16];
    snprintf(name, sizeof name, "fd %d", ends[0]);
    ck_assert_str_eq(infos[1].waits_on, name);
    ck_assert_int_eq(K(fd_write)(ends[1], "x", 1), 1);
    ck_assert_int_eq(joined(reader), 1);
    return kit_none();
}

START_TEST (a_task_that_reads_lets_others_run_until_there_is_something) {
    int ends[2];
    make_pipe(ends);
    begin();
    spawn(write_when_the_other_waits, kit_ptr(ends));
    finish();
    close_both(ends);
}
END_TEST

enum { BULK = 1 << 20 };

static kit_value write_bulk(kit_value fd)
{
    static char bytes[BULK];
    for (size_t i = 0; i < BULK; i++)
        bytes[i] = (char)(i * 7 % 251);
    for (size_t done = 0; done < BULK;) {
        ssize_t n = K(fd_write)((int)fd.i, bytes + done, BULK - done);
        ck_assert_int_gt(n, 0);
        done += (size_t)n;
    }
    ck_assert_int_eq(K(fd_close)((int)fd.i), 0);
    return kit_none();
}

static kit_value read_bulk(kit_value fd)
{
    char bytes[5000];
    size_t done = 0, wrong = 0;
    ssize_t n;
    while ((n = K(fd_read)((int)fd.i, bytes, sizeof bytes)) > 0)
        for (ssize_t i = 0; i < n; i++, done++)
            wrong += bytes[i] != (char)(done * 7 % 251);
    ck_assert_int_eq(n, 0);
    ck_assert_uint_eq(wrong, 0);
    ck_assert_uint_eq(done, BULK);
    return kit_none();
}

START_TEST (more_than_a_pipe_holds_goes_through_it_whole) {
    int ends[2];
    make_pipe(ends);
    begin();
    spawn(write_bulk, kit_int(ends[1]));
    spawn(read_bulk, kit_int(ends[0]));
    finish();
    close(ends[0]);
}
END_TEST

START_TEST (more_than_a_socket_holds_goes_through_it_whole) {
    int ends[2];
    make_pair(ends);
    begin();
    spawn(read_bulk, kit_int(ends[0]));
    spawn(write_bulk, kit_int(ends[1]));
    finish();
    close(ends[0]);
}
END_TEST

static kit_value read_and_write_one_end(kit_value none)
{
    (void)none;
    int ends[2];
    char page[4096] = {0};
    make_pair(ends);
    any_task *reader = beside(read_one, kit_int(ends[0]));
    until_waiting(reader);
    while (K(fd_write_until)(ends[0], page, sizeof page, 0) > 0)
        continue;
    any_task *writer = beside(write_bulk, kit_int(ends[0]));
    until_waiting(writer);
    ck_assert_int_eq(K(fd_write)(ends[1], "x", 1), 1);
    ck_assert_int_eq(joined(reader), 1);
    while (K(fd_read)(ends[1], page, sizeof page) > 0)
        continue;
    joined(writer);
    return kit_int(K(fd_close)(ends[1]));
}

START_TEST (one_task_reads_from_and_another_writes_to_one_descriptor) {
    run_task(read_and_write_one_end);
}
END_TEST

static kit_value meet_the_end(kit_value none)
{
    (void)none;
    int ends[2];
    make_pipe(ends);
    any_task *reader = beside(read_one, kit_int(ends[0]));
    until_waiting(reader);
    K(fd_close)(ends[1]);
    ck_assert_int_eq(joined(reader), 0);
    K(fd_close)(ends[0]);
    make_pipe(ends);
    K(fd_close)(ends[0]);
    ck_assert_int_eq(K(fd_write)(ends[1], "x", 1), -EPIPE);
    return kit_int(K(fd_close)(ends[1]));
}

START_TEST (the_end_of_a_pipe_wakes_its_reader_with_0_and_fails_its_writer) {
    run_task(meet_the_end);
}
END_TEST

static kit_value close_half(kit_value none)
{
    (void)none;
    int ends[2];
    make_pair(ends);
    any_task *reader = beside(read_one, kit_int(ends[0]));
    until_waiting(reader);
    ck_assert_int_eq(shutdown(ends[1], SHUT_WR), 0);
    ck_assert_int_eq(joined(reader), 0);
    ck_assert_int_eq(K(fd_write)(ends[0], "x", 1), 1);
    ck_assert_int_eq(read_one(kit_int(ends[1])).i, 1);
    close_both(ends);
    return kit_none();
}

START_TEST (a_half_closed_socket_still_carries_the_other_way) {
    run_task(close_half);
}
END_TEST

static int pipes[MANY][2];

static kit_value write_to_all(kit_value count)
{
    for (int64_t i = 0; i < count.i; i++)
        ck_assert_int_eq(write(pipes[i][1], "x", 1), 1);
    return kit_none();
}

START_TEST (many_descriptors_become_ready_at_once) {
    any_task *readers[MANY];
    begin();
    for (int i = 0; i < MANY; i++) {
        make_pipe(pipes[i]);
        readers[i] = spawned(sched, read_one, kit_int(pipes[i][0]));
    }
    spawn(write_to_all, kit_int(MANY));
    ck_assert_int_eq(K(run)(sched), 0);
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(joined(readers[i]), 1);
        close_both(pipes[i]);
    }
    finish();
}
END_TEST

static kit_value yield_until(kit_value flag)
{
    while (!atomic_load((atomic_bool *)flag.p))
        K(yield)();
    return kit_none();
}

static kit_value raise_when_read(kit_value fd)
{
    static atomic_bool was_read;
    spawn(yield_until, kit_ptr(&was_read));
    ck_assert_int_eq(read_one(fd).i, 1);
    atomic_store(&was_read, true);
    return kit_none();
}

static void *write_late(void *fd)
{
    usleep(2000);
    ck_assert_int_eq(write(*(int *)fd, "x", 1), 1);
    return NULL;
}

START_TEST (descriptors_are_looked_at_while_tasks_are_busy) {
    int ends[2];
    pthread_t writer;
    make_pipe(ends);
    begin();
    spawn(raise_when_read, kit_int(ends[0]));
    ck_assert_int_eq(pthread_create(&writer, NULL, write_late, &ends[1]), 0);
    finish();
    pthread_join(writer, NULL);
    close_both(ends);
}
END_TEST

/* ---- the ends of a wait ---- */

static kit_value run_out_of_time(kit_value none)
{
    (void)none;
    int ends[2];
    char byte;
    make_pipe(ends);
    int64_t deadline = after_ms(1);
    ck_assert_int_eq(K(fd_read_until)(ends[0], &byte, 1, deadline), -ETIMEDOUT);
    ck_assert_int_ge(kit_now(), deadline);
    ck_assert_int_eq(K(fd_read_until)(ends[0], &byte, 1, 0), -ETIMEDOUT);
    ck_assert_int_eq(K(fd_wait_until)(ends[0], FD_READ, 0), -ETIMEDOUT);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    ck_assert_int_eq(K(fd_wait_until)(ends[0], FD_READ, 0), FD_READ);
    ck_assert_int_eq(K(fd_read_until)(ends[0], &byte, 1, 0), 1);
    close_both(ends);
    return kit_none();
}

START_TEST (a_deadline_ends_a_wait_and_one_in_the_past_makes_a_try) {
    run_task(run_out_of_time);
}
END_TEST

static kit_value cancel_a_reader(kit_value none)
{
    (void)none;
    int ends[2];
    make_pipe(ends);
    any_task *reader = beside(read_one, kit_int(ends[0]));
    until_waiting(reader);
    K(cancel)(reader);
    ck_assert_int_eq(joined(reader), -ECANCELED);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    reader = beside(read_one, kit_int(ends[0]));
    K(cancel)(reader);
    ck_assert_int_eq(joined(reader), 1);
    close_both(ends);
    return kit_none();
}

START_TEST (a_canceled_task_does_not_wait_but_takes_what_is_there) {
    run_task(cancel_a_reader);
}
END_TEST

/* Passes a moment of its own each time. */
static void linger(size_t i)
{
    for (volatile size_t n = i * 37 % 4096; n > 0; n--)
        continue;
    if (i % 4 == 0)
        K(yield)();
}

static kit_value cancel_at_every_moment(kit_value none)
{
    int ends[2];
    make_pipe(ends);
    for (size_t i = 0; i < scaled(500); i++) {
        any_task *reader = beside(read_one, kit_int(ends[0]));
        linger(i);
        K(cancel)(reader);
        ck_assert_int_eq(joined(reader), -ECANCELED);
    }
    close_both(ends);
    return none;
}

START_TEST (a_cancellation_is_noticed_at_whatever_moment_it_comes) {
    run_task(cancel_at_every_moment);
}
END_TEST

static kit_value close_at_every_moment(kit_value none)
{
    int ends[2];
    for (size_t i = 0; i < scaled(500); i++) {
        make_pipe(ends);
        any_task *reader = beside(read_one, kit_int(ends[0]));
        if (UNDER_TSAN) /* it counts a use beside a close as a race */
            until_waiting(reader);
        linger(i);
        ck_assert_int_eq(K(fd_close)(ends[0]), 0);
        ck_assert_int_eq(joined(reader), -EBADF);
        ck_assert_int_eq(K(fd_close)(ends[1]), 0);
    }
    return none;
}

START_TEST (a_close_is_noticed_at_whatever_moment_it_comes) {
    run_task(close_at_every_moment);
}
END_TEST

static kit_value read_shielded(kit_value fd)
{
    char byte;
    K(shield)(true);
    int64_t result = K(fd_read)((int)fd.i, &byte, 1);
    K(shield)(false);
    ck_assert_int_eq(K(fd_read)((int)fd.i, &byte, 1), -ECANCELED);
    return kit_int(result);
}

static kit_value cancel_a_shielded_reader(kit_value none)
{
    int ends[2];
    make_pipe(ends);
    any_task *reader = beside(read_shielded, kit_int(ends[0]));
    until_waiting(reader);
    K(cancel)(reader);
    ck_assert_int_eq(K(sleep_until)(after_ms(1)), 0);
    ck_assert_int_eq(K(fd_write)(ends[1], "x", 1), 1);
    ck_assert_int_eq(joined(reader), 1);
    close_both(ends);
    return none;
}

START_TEST (a_shielded_task_waits_for_a_descriptor_all_the_same) {
    run_task(cancel_a_shielded_reader);
}
END_TEST

static kit_value close_under_readers(kit_value none)
{
    (void)none;
    int ends[2];
    any_task *readers[2];
    make_pipe(ends);
    for (int i = 0; i < 2; i++)
        readers[i] = beside(read_one, kit_int(ends[0]));
    for (int i = 0; i < 2; i++)
        until_waiting(readers[i]);
    ck_assert_int_eq(K(fd_close)(ends[0]), 0);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(joined(readers[i]), -EBADF);
    return kit_int(K(fd_close)(ends[1]));
}

START_TEST (closing_a_descriptor_wakes_all_who_wait_for_it) {
    run_task(close_under_readers);
}
END_TEST

static void *close_here(void *fd)
{
    ck_assert_int_eq(K(fd_close)(*(int *)fd), 0);
    return NULL;
}

static kit_value close_elsewhere(kit_value none)
{
    (void)none;
    int ends[2];
    make_pipe(ends);
    any_task *reader = beside(read_one, kit_int(ends[0]));
    until_waiting(reader);
    on_another_thread(close_here, &ends[0]);
    ck_assert_int_eq(K(sleep_until)(after_ms(2)), 0);
    until_waiting(reader); /* as before */
    K(cancel)(reader);
    ck_assert_int_lt(joined(reader), 0);
    return kit_int(K(fd_close)(ends[1]));
}

START_TEST (closing_it_outside_the_tasks_of_its_scheduler_wakes_nobody) {
    if (!UNDER_TSAN) /* it counts a use beside a close as a race */
        run_task(close_elsewhere);
}
END_TEST

/* ---- waiting alone ---- */

static kit_value wait_for_either(kit_value none)
{
    (void)none;
    int ends[2], both = FD_READ | FD_WRITE;
    make_pair(ends);
    ck_assert_int_eq(K(fd_wait)(ends[0], both), FD_WRITE);
    ck_assert_int_eq(K(fd_write)(ends[1], "xy", 2), 2);
    for (int i = 0; i < 2; i++) { /* as long as it is not read */
        ck_assert_int_eq(K(fd_wait)(ends[0], both), both);
        ck_assert_int_eq(K(fd_wait)(ends[0], FD_READ), FD_READ);
        ck_assert_int_eq(read_one(kit_int(ends[0])).i, 1);
    }
    ck_assert_int_eq(K(fd_wait_until)(ends[0], FD_READ, 0), -ETIMEDOUT);
    K(fd_close)(ends[1]);
    ck_assert_int_eq(K(fd_wait)(ends[0], both), both);
    return kit_int(K(fd_close)(ends[0]));
}

START_TEST (a_wait_tells_which_events_there_are_each_time_that_it_is_asked) {
    run_task(wait_for_either);
}
END_TEST

static kit_value wait_for_both(kit_value fd)
{
    return kit_int(K(fd_wait)((int)fd.i, FD_READ | FD_WRITE));
}

static kit_value wake_all(kit_value none)
{
    (void)none;
    int ends[2];
    char page[4096] = {0};
    any_task *waiters[3];
    make_pair(ends);
    while (K(fd_write_until)(ends[0], page, sizeof page, 0) > 0)
        continue;
    for (int i = 0; i < 3; i++)
        waiters[i] = beside(wait_for_both, kit_int(ends[0]));
    for (int i = 0; i < 3; i++)
        until_waiting(waiters[i]);
    ck_assert_int_eq(K(fd_write)(ends[1], "x", 1), 1);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(joined(waiters[i]), FD_READ);
    close_both(ends);
    return kit_none();
}

START_TEST (an_event_wakes_all_who_wait_for_it_or_another) {
    run_task(wake_all);
}
END_TEST

static kit_value use_a_file(kit_value path)
{
    char bytes[8] = "";
    int fd = open(path.p, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(K(fd_wait)(fd, FD_READ), -EPERM);
    ck_assert_int_eq(K(fd_read)(fd, bytes, sizeof bytes), 3);
    ck_assert_str_eq(bytes, "abc");
    ck_assert_int_eq(K(fd_read)(fd, bytes, sizeof bytes), 0);
    return kit_int(K(fd_close)(fd));
}

START_TEST (a_regular_file_is_read_and_not_waited_for) {
    int fd = open(file_with("abc", 3), O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(K(fd_wait)(fd, FD_READ), -EPERM);
    close(fd);
    begin();
    spawn(use_a_file, kit_ptr((void *)file_with("abc", 3)));
    finish();
}
END_TEST

/* ---- misuse ---- */

static kit_value misuse(kit_value none)
{
    (void)none;
    int ends[2];
    char byte;
    make_pipe(ends);
    close(ends[0]);
    for (int i = 0, bad[] = {ends[0], -1}; i < 2; i++) {
        errno = 99;
        ck_assert_int_eq(K(fd_read)(bad[i], &byte, 1), -EBADF);
        ck_assert_int_eq(K(fd_write)(bad[i], "x", 1), -EBADF);
        ck_assert_int_eq(K(fd_wait)(bad[i], FD_READ), -EBADF);
        ck_assert_int_eq(K(fd_accept)(bad[i], NULL, NULL), -EBADF);
        ck_assert_int_eq(K(fd_connect)(bad[i], NULL, 0), -EBADF);
        ck_assert_int_eq(K(fd_close)(bad[i]), -EBADF);
        ck_assert_int_eq(errno, 99);
    }
    ck_assert_int_eq(K(fd_wait)(ends[1], 0), -EINVAL);
    ck_assert_int_eq(K(fd_wait)(ends[1], 4), -EINVAL);
    ck_assert_int_eq(K(fd_accept)(ends[1], NULL, NULL), -ENOTSOCK);
    return kit_int(K(fd_close)(ends[1]));
}

START_TEST (what_is_wrong_with_a_descriptor_is_said_and_errno_left_alone) {
    run_task(misuse);
}
END_TEST

/* ---- connections ---- */

static struct sockaddr_in address; /* of the listener */

static int listener(void)
{
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address = (struct sockaddr_in){.sin_family = AF_INET,
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    ck_assert_int_eq(listen(fd, 16), 0);
    return fd;
}

static kit_value echo(kit_value fd)
{
    char bytes[64];
    ssize_t n;
    while ((n = K(fd_read)((int)fd.i, bytes, sizeof bytes)) > 0)
        ck_assert_int_eq(K(fd_write)((int)fd.i, bytes, (size_t)n), n);
    ck_assert_int_eq(n, 0);
    return kit_int(K(fd_close)((int)fd.i));
}

enum { CLIENTS = 8, ROUNDS = 20 };

static kit_value serve(kit_value fd)
{
    for (int i = 0; i < CLIENTS; i++) {
        struct sockaddr_in peer;
        socklen_t length = sizeof peer;
        int connection =
            K(fd_accept)((int)fd.i, (struct sockaddr *)&peer, &length);
        ck_assert_int_ge(connection, 0);
        ck_assert_int_eq(peer.sin_family, AF_INET);
        ck_assert(fcntl(connection, F_GETFL) & O_NONBLOCK);
        ck_assert(fcntl(connection, F_GETFD) & FD_CLOEXEC);
        spawn(echo, kit_int(connection));
    }
    return kit_int(K(fd_close)((int)fd.i));
}

static kit_value call(kit_value none)
{
    (void)none;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(
        K(fd_connect)(fd, (struct sockaddr *)&address, sizeof address), 0);
    for (int i = 0; i < ROUNDS; i++) {
        int64_t answer = 0, question = i * 1000 + fd;
        ck_assert_int_eq(K(fd_write)(fd, &question, sizeof question), 8);
        ck_assert_int_eq(K(fd_read)(fd, &answer, sizeof answer), 8);
        ck_assert_int_eq(answer, question);
    }
    return kit_int(K(fd_close)(fd));
}

START_TEST (a_server_and_its_clients_talk) {
    begin();
    spawn(serve, kit_int(listener()));
    for (int i = 0; i < CLIENTS; i++)
        spawn(call, kit_none());
    finish();
}
END_TEST

static kit_value call_in_vain(kit_value none)
{
    (void)none;
    K(fd_close)(listener());
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(
        K(fd_connect)(fd, (struct sockaddr *)&address, sizeof address),
        -ECONNREFUSED);
    return kit_int(K(fd_close)(fd));
}

START_TEST (a_refused_connection_is_an_error) {
    run_task(call_in_vain);
}
END_TEST

static kit_value accept_nobody(kit_value none)
{
    (void)none;
    int fd = listener();
    ck_assert_int_eq(K(fd_accept_until)(fd, NULL, NULL, after_ms(1)),
                     -ETIMEDOUT);
    return kit_int(K(fd_close)(fd));
}

START_TEST (nobody_is_waited_for_longer_than_the_deadline) {
    run_task(accept_nobody);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_task_that_reads_lets_others_run_until_there_is_something,
        more_than_a_pipe_holds_goes_through_it_whole,
        more_than_a_socket_holds_goes_through_it_whole,
        one_task_reads_from_and_another_writes_to_one_descriptor,
        the_end_of_a_pipe_wakes_its_reader_with_0_and_fails_its_writer,
        a_half_closed_socket_still_carries_the_other_way,
        many_descriptors_become_ready_at_once,
        descriptors_are_looked_at_while_tasks_are_busy,
        a_deadline_ends_a_wait_and_one_in_the_past_makes_a_try,
        a_canceled_task_does_not_wait_but_takes_what_is_there,
        a_cancellation_is_noticed_at_whatever_moment_it_comes,
        a_close_is_noticed_at_whatever_moment_it_comes,
        a_shielded_task_waits_for_a_descriptor_all_the_same,
        closing_a_descriptor_wakes_all_who_wait_for_it,
        closing_it_outside_the_tasks_of_its_scheduler_wakes_nobody,
        a_wait_tells_which_events_there_are_each_time_that_it_is_asked,
        an_event_wakes_all_who_wait_for_it_or_another,
        a_regular_file_is_read_and_not_waited_for,
        what_is_wrong_with_a_descriptor_is_said_and_errno_left_alone,
        a_server_and_its_clients_talk,
        a_refused_connection_is_an_error,
        nobody_is_waited_for_longer_than_the_deadline,
        NULL,
    };
    return run_suite(SUITE("fd"), 20, tests);
}
