/* SPDX-License-Identifier: MIT */
/* Descriptors and threads: those that are no tasks, and what a task keeps. */
#include "harness.h"

#include <preempt/fd.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

static void make_pipe(int ends[2])
{
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
}

static void close_both(const int ends[2])
{
    ck_assert_int_eq(preempt_fd_close(ends[0]), 0);
    ck_assert_int_eq(preempt_fd_close(ends[1]), 0);
}

static void *write_late(void *fd)
{
    usleep(2000);
    ck_assert_int_eq(preempt_fd_write(*(int *)fd, "x", 1), 1);
    return NULL;
}

START_TEST (a_thread_that_is_no_task_waits_for_a_descriptor) {
    int ends[2];
    char byte;
    pthread_t writer;
    make_pipe(ends);
    ck_assert_int_eq(
        preempt_fd_read_until(ends[0], &byte, 1, kit_now() + 1000000),
        -ETIMEDOUT);
    ck_assert_int_eq(pthread_create(&writer, NULL, write_late, &ends[1]), 0);
    ck_assert_int_eq(preempt_fd_wait(ends[0], PREEMPT_FD_READ),
                     PREEMPT_FD_READ);
    ck_assert_int_eq(preempt_fd_read(ends[0], &byte, 1), 1);
    pthread_join(writer, NULL);
    close_both(ends);
}
END_TEST

static size_t open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;
    ck_assert_ptr_nonnull(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static kit_value wait_a_moment(kit_value fd)
{
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(preempt_fd_wait_until((int)fd.i, PREEMPT_FD_READ,
                                               kit_now() + 1000000),
                         -ETIMEDOUT);
    return fd;
}

START_TEST (a_task_that_has_waited_leaves_no_descriptor_behind) {
    int ends[2];
    preempt_sched *sched;
    make_pipe(ends);
    size_t before = open_descriptors();
    ck_assert_int_eq(preempt_sched_create(&sched, NULL), 0);
    for (int i = 0; i < 10; i++)
        preempt_spawn(sched, NULL, wait_a_moment, kit_int(ends[0]), NULL);
    ck_assert_int_eq(preempt_sched_destroy(sched), 0);
    ck_assert_uint_eq(open_descriptors(), before);
    close_both(ends);
}
END_TEST

static kit_value thread_of_call(kit_value thread)
{
    *(pthread_t *)thread.p = pthread_self();
    return kit_none();
}

START_TEST (a_call_that_blocks_is_made_by_the_thread_that_asks_for_it) {
    pthread_t thread = 0;
    ck_assert_int_eq(preempt_offload(thread_of_call, kit_ptr(&thread), NULL),
                     0);
    ck_assert(pthread_equal(thread, pthread_self()));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_thread_that_is_no_task_waits_for_a_descriptor,
        a_task_that_has_waited_leaves_no_descriptor_behind,
        a_call_that_blocks_is_made_by_the_thread_that_asks_for_it,
        NULL,
    };
    return run_suite("preempt descriptors", 20, tests);
}
