/* SPDX-License-Identifier: MIT */
/* Who is served of several tasks, and select where nothing can wait. */
#include "harness.h"

#include <coop/select.h>
#include <coop/task.h>

#include <errno.h>
#include <string.h>

#include "mechanism.h"

START_TEST (outside_a_task_a_select_does_not_wait) {
    coop_chan *ch;
    int64_t n = 3, got = 0;
    ck_assert_int_eq(coop_chan_create(&ch, 8, 1, NULL), 0);
    struct coop_select_case c = {
        .chan = ch, .op = COOP_SELECT_RECV, .element = &got};
    ck_assert_int_eq(coop_select(&c, 1), -EDEADLK);
    ck_assert_int_eq(coop_chan_try_send(ch, &n), 0);
    ck_assert_int_eq(coop_select(&c, 1), 0);
    ck_assert_int_eq(got, 3);
    ck_assert_int_eq(coop_chan_destroy(ch), 0);
}
END_TEST

/* ---- fairness among receivers ---- */

static coop_chan *a;
static int64_t served[4];
static int sending;

static kit_value receive_and_count(kit_value index)
{
    int64_t n;
    while (coop_chan_recv(a, &n) == 1)
        served[index.i]++;
    return kit_none();
}

static kit_value send_many(kit_value count)
{
    for (int64_t i = 0; i < count.i; i++)
        coop_chan_send(a, &i);
    if (--sending == 0)
        coop_chan_close(a);
    return kit_none();
}

static void are_served_alike(size_t capacity)
{
    coop_sched *sched;
    ck_assert_int_eq(coop_sched_create(&sched, NULL), 0);
    ck_assert_int_eq(coop_chan_create(&a, 8, capacity, NULL), 0);
    sending = 4;
    memset(served, 0, sizeof served);
    for (int64_t i = 0; i < 4; i++)
        coop_spawn(sched, NULL, receive_and_count, kit_int(i), NULL);
    for (int i = 0; i < 4; i++)
        coop_spawn(sched, NULL, send_many, kit_int(10000), NULL);
    ck_assert_int_eq(coop_run(sched), 0);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_gt(served[i], 7000);
    ck_assert_int_eq(coop_chan_destroy(a), 0);
    ck_assert_int_eq(coop_sched_destroy(sched), 0);
}

START_TEST (several_receivers_are_served_alike) {
    are_served_alike(0);
    are_served_alike(1);
    are_served_alike(4);
    are_served_alike(1000);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        outside_a_task_a_select_does_not_wait,
        several_receivers_are_served_alike,
        NULL,
    };
    return run_suite("coop service", 10, tests);
}
