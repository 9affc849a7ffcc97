/* SPDX-License-Identifier: MIT */
/* Channels, in both libraries: order, capacity, closing, the iterator. */
#include "mirror.h"

#include <errno.h>
#include <string.h>

static const size_t capacities[] = {0, 1, 2, 3, 7, 128};

static any_chan *new_chan(size_t element_size, size_t capacity)
{
    any_chan *ch;
#if MIRROR_IS_SINGLE
    struct K(chan_options) o = {.single = true};
    ck_assert_int_eq(K(chan_create)(&ch, element_size, capacity, &o), 0);
#else
    ck_assert_int_eq(K(chan_create)(&ch, element_size, capacity, NULL), 0);
#endif
    return ch;
}

static void destroy(any_chan *ch)
{
    ck_assert_int_eq(K(chan_destroy)(ch), 0);
}

static int try_send(any_chan *ch, int64_t n)
{
    return K(chan_try_send)(ch, &n);
}

static int send(any_chan *ch, int64_t n)
{
    return K(chan_send)(ch, &n);
}

/* Fails the test unless `n` is received. */
#define ck_recv(ch, n)                                                         \
    do {                                                                       \
        int64_t ck_element = -1;                                               \
        ck_assert_int_eq(K(chan_recv)(ch, &ck_element), 1);                    \
        ck_assert_int_eq(ck_element, n);                                       \
    } while (0)

/* ---- a channel that nobody waits on ---- */

START_TEST (elements_come_out_in_the_order_in_which_they_went_in) {
    any_chan *ch = new_chan(sizeof(int64_t), 3);
    for (int64_t lap = 0; lap < 10; lap++) {
        for (int64_t i = 0; i < 3; i++)
            ck_assert_int_eq(try_send(ch, lap * 10 + i), 0);
        for (int64_t i = 0; i < 3; i++)
            ck_recv(ch, lap * 10 + i);
    }
    destroy(ch);
}
END_TEST

START_TEST (try_forms_report_a_full_and_an_empty_channel) {
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        any_chan *ch = new_chan(sizeof(int64_t), capacities[i]);
        int64_t element = 77;
        ck_assert_int_eq(K(chan_try_recv)(ch, &element), -EAGAIN);
        for (size_t n = 0; n < capacities[i]; n++)
            ck_assert_int_eq(try_send(ch, (int64_t)n), 0);
        ck_assert_int_eq(try_send(ch, 99), -EAGAIN);
        for (size_t n = 0; n < capacities[i]; n++)
            ck_recv(ch, (int64_t)n);
        ck_assert_int_eq(K(chan_try_recv)(ch, &element), -EAGAIN);
        ck_assert_int_eq(element, 77);
        destroy(ch);
    }
}
END_TEST

START_TEST (length_and_capacity_count_elements) {
    any_chan *ch = new_chan(3, 2);
    ck_assert_uint_eq(K(chan_capacity)(ch), 2);
    ck_assert_uint_eq(K(chan_length)(ch), 0);
    K(chan_try_send)(ch, "abc");
    ck_assert_uint_eq(K(chan_length)(ch), 1);
    K(chan_try_send)(ch, "def");
    K(chan_try_send)(ch, "ghi");
    ck_assert_uint_eq(K(chan_length)(ch), 2);
    char element[3];
    K(chan_recv)(ch, element);
    ck_assert_uint_eq(K(chan_length)(ch), 1);
    K(chan_close)(ch);
    ck_assert_uint_eq(K(chan_length)(ch), 1);
    destroy(ch);
    ch = new_chan(1, 0);
    ck_assert_uint_eq(K(chan_capacity)(ch), 0);
    ck_assert_uint_eq(K(chan_length)(ch), 0);
    destroy(ch);
}
END_TEST

START_TEST (an_element_may_have_any_size) {
    static const size_t sizes[] = {1, 2, 3, 7, 8, 9, 24, 63, 64, 1000};
    char in[1002], got[1002];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        any_chan *ch = new_chan(sizes[i], 3);
        memset(got, 1, sizeof got);
        for (int n = 0; n < 3; n++) {
            memset(in, 'a' + n, sizeof in);
            ck_assert_int_eq(K(chan_send)(ch, in), 0);
        }
        for (int n = 0; n < 3; n++) {
            memset(in, 'a' + n, sizeof in);
            ck_assert_int_eq(K(chan_recv)(ch, got + 1), 1);
            ck_assert_mem_eq(got + 1, in, sizes[i]);
            ck_assert_int_eq(got[0], 1);
            ck_assert_int_eq(got[1 + sizes[i]], 1);
        }
        destroy(ch);
    }
}
END_TEST

START_TEST (arguments_out_of_range_are_refused) {
    any_chan *ch;
    size_t max = (size_t)1 << 24;
    ck_assert_int_eq(K(chan_create)(&ch, 0, 1, NULL), -EINVAL);
    ck_assert_int_eq(K(chan_create)(&ch, 8, max + 1, NULL), -EINVAL);
    ck_assert_int_eq(K(chan_create)(&ch, 8, SIZE_MAX, NULL), -EINVAL);
    ck_assert_int_eq(K(chan_create)(&ch, SIZE_MAX, max + 1, NULL), -EINVAL);
    ck_assert_int_eq(K(chan_create)(&ch, PTRDIFF_MAX, max, NULL), -ENOMEM);
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        size_t n = capacities[i];
        ck_assert_int_eq(K(chan_create)(&ch, PTRDIFF_MAX / 2, n, NULL),
                         -ENOMEM);
        ck_assert_int_eq(K(chan_create)(&ch, SIZE_MAX, n, NULL), -ENOMEM);
    }
}
END_TEST

/* ---- closing ---- */

START_TEST (send_on_a_closed_channel_reports_epipe) {
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        any_chan *ch = new_chan(sizeof(int64_t), capacities[i]);
        ck_assert_int_eq(K(chan_close)(ch), 0);
        ck_assert_int_eq(send(ch, 1), -EPIPE);
        ck_assert_int_eq(try_send(ch, 1), -EPIPE);
        destroy(ch);
    }
}
END_TEST

START_TEST (send_on_a_closed_channel_with_room_reports_epipe) {
    for (size_t i = 1; i < sizeof capacities / sizeof *capacities; i++) {
        any_chan *ch = new_chan(sizeof(int64_t), capacities[i]);
        ck_assert_int_eq(send(ch, 1), 0);
        ck_assert_int_eq(K(chan_close)(ch), 0);
        ck_assert_int_eq(send(ch, 2), -EPIPE);
        ck_assert_int_eq(try_send(ch, 2), -EPIPE);
        ck_recv(ch, 1);
        ck_assert_int_eq(send(ch, 2), -EPIPE);
        destroy(ch);
    }
}
END_TEST

START_TEST (a_closed_channel_is_drained_and_then_ends) {
    any_chan *ch = new_chan(sizeof(int64_t), 7);
    int64_t element = 77;
    send(ch, 1);
    send(ch, 2);
    K(chan_close)(ch);
    ck_recv(ch, 1);
    ck_recv(ch, 2);
    ck_assert_int_eq(K(chan_recv)(ch, &element), 0);
    ck_assert_int_eq(K(chan_try_recv)(ch, &element), 0);
    ck_assert_int_eq(K(chan_recv)(ch, &element), 0);
    ck_assert_int_eq(element, 77);
    destroy(ch);
}
END_TEST

START_TEST (the_second_close_reports_epipe) {
    any_chan *ch = new_chan(1, 0);
    ck_assert_int_eq(K(chan_close)(ch), 0);
    ck_assert_int_eq(K(chan_close)(ch), -EPIPE);
    ck_assert_int_eq(K(chan_close)(NULL), 0);
    destroy(ch);
    destroy(NULL);
}
END_TEST

START_TEST (a_channel_may_be_destroyed_with_elements_inside) {
    any_chan *ch = new_chan(sizeof(int64_t), 7);
    send(ch, 1);
    destroy(ch);
}
END_TEST

/* ---- tasks that wait for each other ---- */

static any_sched *sched;

static void begin_tasks(void)
{
    ck_assert_int_eq(K(sched_create)(&sched, NULL), 0);
}

static void task(K(task_fn) body, void *arg)
{
    ck_assert_int_eq(K(spawn)(sched, NULL, body, kit_ptr(arg), NULL), 0);
}

static void end_tasks(void)
{
    ck_assert_int_eq(K(run)(sched), 0);
    ck_assert_int_eq(K(sched_destroy)(sched), 0);
}

struct stream {
    any_chan *ch;
    int64_t items;
    int64_t received, sum;
    int result; /* of the operation that ended it */
    bool in_order;
};

static kit_value produce(kit_value arg)
{
    struct stream *s = arg.p;
    for (int64_t i = 0; i < s->items; i++)
        ck_assert_int_eq(send(s->ch, i), 0);
    K(chan_close)(s->ch);
    return kit_none();
}

static kit_value consume(kit_value arg)
{
    struct stream *s = arg.p;
    int64_t element;
    s->in_order = true;
    while ((s->result = K(chan_recv)(s->ch, &element)) == 1) {
        s->in_order = s->in_order && element == s->received;
        s->received++;
        s->sum += element;
    }
    return kit_none();
}

static void stream_through(size_t capacity, bool consumer_first)
{
    struct stream s = {.ch = new_chan(sizeof(int64_t), capacity)};
    s.items = (int64_t)scaled(2000);
    begin_tasks();
    task(consumer_first ? consume : produce, &s);
    task(consumer_first ? produce : consume, &s);
    end_tasks();
    ck_assert(s.in_order);
    ck_assert_int_eq(s.received, s.items);
    ck_assert_int_eq(s.result, 0);
    destroy(s.ch);
}

START_TEST (a_stream_arrives_whole_and_in_order_at_every_capacity) {
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        stream_through(capacities[i], false);
        stream_through(capacities[i], true);
    }
}
END_TEST

#if !MIRROR_IS_SINGLE
struct crowd {
    any_chan *ch;
    int64_t items; /* per sender */
    int senders;   /* that have not ended */
    struct stream receivers[4];
    any_chan *ended; /* gets one element per sender that ends */
};

static kit_value send_in_crowd(kit_value arg)
{
    struct crowd *c = arg.p;
    for (int64_t i = 1; i <= c->items; i++)
        ck_assert_int_eq(send(c->ch, i), 0);
    ck_assert_int_eq(send(c->ended, 1), 0);
    return kit_none();
}

static kit_value close_after_all(kit_value arg)
{
    struct crowd *c = arg.p;
    for (int i = 0; i < c->senders; i++)
        ck_recv(c->ended, 1);
    K(chan_close)(c->ch);
    return kit_none();
}

static void crowd_through(size_t capacity)
{
    struct crowd c = {.senders = 3, .items = (int64_t)scaled(500)};
    c.ch = new_chan(sizeof(int64_t), capacity);
    c.ended = new_chan(sizeof(int64_t), 0);
    int64_t received = 0, sum = 0;
    begin_tasks();
    task(close_after_all, &c);
    for (int i = 0; i < 4; i++) {
        c.receivers[i].ch = c.ch;
        task(consume, &c.receivers[i]);
    }
    for (int i = 0; i < c.senders; i++)
        task(send_in_crowd, &c);
    end_tasks();
    for (int i = 0; i < 4; i++) {
        received += c.receivers[i].received;
        sum += c.receivers[i].sum;
    }
    ck_assert_int_eq(received, 3 * c.items);
    ck_assert_int_eq(sum, 3 * c.items * (c.items + 1) / 2);
    destroy(c.ch);
    destroy(c.ended);
}

START_TEST (many_senders_and_receivers_lose_and_duplicate_nothing) {
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++)
        crowd_through(capacities[i]);
}
END_TEST
#endif

enum { CROWD = MIRROR_IS_SINGLE ? 1 : 3 }; /* that wait for a close */

static kit_value send_one(kit_value arg)
{
    struct stream *s = arg.p;
    s->result = send(s->ch, 1);
    return kit_none();
}

static kit_value yield_then_close(kit_value arg)
{
    struct stream *s = arg.p;
    for (int i = 0; i < 50; i++)
        K(yield)();
    K(chan_close)(s->ch);
    return kit_none();
}

START_TEST (close_ends_receivers_that_wait) {
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        struct stream s[CROWD] = {{.ch = new_chan(8, capacities[i])}};
        begin_tasks();
        for (int n = 0; n < CROWD; n++) {
            s[n].ch = s[0].ch;
            s[n].result = 77;
            task(consume, &s[n]);
        }
        task(yield_then_close, &s[0]);
        end_tasks();
        for (int n = 0; n < CROWD; n++) {
            ck_assert_int_eq(s[n].result, 0);
            ck_assert_int_eq(s[n].received, 0);
        }
        destroy(s[0].ch);
    }
}
END_TEST

START_TEST (close_refuses_the_elements_of_senders_that_wait) {
    for (size_t capacity = 0; capacity < 3; capacity++) {
        struct stream s[CROWD] = {{.ch = new_chan(8, capacity)}};
        int64_t element;
        for (size_t i = 0; i < capacity; i++)
            ck_assert_int_eq(try_send(s[0].ch, 50), 0);
        begin_tasks();
        for (int n = 0; n < CROWD; n++) {
            s[n].ch = s[0].ch;
            task(send_one, &s[n]);
        }
        task(yield_then_close, &s[0]);
        end_tasks();
        for (int n = 0; n < CROWD; n++)
            ck_assert_int_eq(s[n].result, -EPIPE);
        for (size_t i = 0; i < capacity; i++)
            ck_recv(s[0].ch, 50);
        ck_assert_int_eq(K(chan_recv)(s[0].ch, &element), 0);
        destroy(s[0].ch);
    }
}
END_TEST

struct pair {
    any_chan *there, *back;
    int64_t rounds;
};

static kit_value answer(kit_value arg)
{
    struct pair *p = arg.p;
    int64_t n;
    while (K(chan_recv)(p->there, &n) == 1)
        ck_assert_int_eq(send(p->back, n + 1), 0);
    return kit_none();
}

static kit_value ask(kit_value arg)
{
    struct pair *p = arg.p;
    int64_t n = 0;
    for (int64_t i = 0; i < p->rounds; i++) {
        ck_assert_int_eq(send(p->there, n), 0);
        ck_assert_int_eq(K(chan_recv)(p->back, &n), 1);
    }
    ck_assert_int_eq(n, p->rounds);
    K(chan_close)(p->there);
    return kit_none();
}

START_TEST (two_tasks_converse_over_two_channels) {
    for (size_t capacity = 0; capacity < 2; capacity++) {
        struct pair p = {new_chan(8, capacity), new_chan(8, capacity),
                         (int64_t)scaled(2000)};
        begin_tasks();
        task(ask, &p);
        task(answer, &p);
        end_tasks();
        destroy(p.there);
        destroy(p.back);
    }
}
END_TEST

/* ---- as an iterator ---- */

START_TEST (an_iterator_over_a_channel_gives_its_elements_and_ends) {
    any_chan *ch = new_chan(8, 2);
    any_chan_iter it;
    ck_assert_int_eq(K(chan_iter_init)(&it, ch, NULL), 0);
    send(ch, 5);
    send(ch, 6);
    K(chan_close)(ch);
    ck_yielded(kit_iter_next(&it.iter, kit_int(1)), 5);
    ck_yielded(kit_iter_next(&it.iter, kit_none()), 6);
    ck_done_none(kit_iter_next(&it.iter, kit_none()));
    ck_done_none(kit_iter_next(&it.iter, kit_none()));
    destroy(ch);
}
END_TEST

START_TEST (elements_of_other_sizes_need_room) {
    any_chan *ch = new_chan(3, 2);
    any_chan_iter it;
    char room[3];
    ck_assert_int_eq(K(chan_iter_init)(&it, ch, NULL), -EINVAL);
    ck_assert_int_eq(K(chan_iter_init)(&it, ch, room), 0);
    K(chan_send)(ch, "abc");
    kit_step s = kit_iter_next(&it.iter, kit_none());
    ck_assert_ptr_eq(s.value.p, room);
    ck_assert_mem_eq(room, "abc", 3);
    destroy(ch);
}
END_TEST

START_TEST (values_of_8_bytes_ignore_the_room) {
    any_chan *ch = new_chan(8, 1);
    any_chan_iter it;
    int64_t room = 77;
    K(chan_iter_init)(&it, ch, &room);
    send(ch, 5);
    ck_yielded(kit_iter_next(&it.iter, kit_none()), 5);
    ck_assert_int_eq(room, 77);
    destroy(ch);
}
END_TEST

START_TEST (return_closes_the_channel) {
    any_chan *ch = new_chan(8, 1);
    any_chan_iter it;
    K(chan_iter_init)(&it, ch, NULL);
    ck_done(kit_iter_return(&it.iter, kit_int(9)), 9);
    ck_assert_int_eq(send(ch, 1), -EPIPE);
    ck_done_none(kit_iter_next(&it.iter, kit_none()));
    ck_failed(kit_iter_throw(&it.iter, kit_int(1)), -EPROTO);
    destroy(ch);
}
END_TEST

static kit_completion take_three(void *sum, kit_value item)
{
    *(int64_t *)sum += item.i;
    return item.i == 2 ? kit_return(kit_none()) : kit_next(kit_none());
}

static kit_value loop_until_break(kit_value arg)
{
    struct stream *s = arg.p;
    any_chan_iter it;
    K(chan_iter_init)(&it, s->ch, NULL);
    kit_for_each(&it.iter.iterable, take_three, &s->sum);
    return kit_none();
}

static kit_value produce_until_refused(kit_value arg)
{
    struct stream *s = arg.p;
    for (int64_t i = 0; s->result == 0; i++)
        s->result = send(s->ch, i);
    return kit_none();
}

START_TEST (a_break_in_a_loop_over_a_channel_stops_its_sender) {
    struct stream s = {.ch = new_chan(8, 2)};
    begin_tasks();
    task(produce_until_refused, &s);
    task(loop_until_break, &s);
    end_tasks();
    ck_assert_int_eq(s.result, -EPIPE);
    ck_assert_int_eq(s.sum, 0 + 1 + 2);
    destroy(s.ch);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        elements_come_out_in_the_order_in_which_they_went_in,
        try_forms_report_a_full_and_an_empty_channel,
        length_and_capacity_count_elements,
        an_element_may_have_any_size,
        arguments_out_of_range_are_refused,
        send_on_a_closed_channel_reports_epipe,
        send_on_a_closed_channel_with_room_reports_epipe,
        a_closed_channel_is_drained_and_then_ends,
        the_second_close_reports_epipe,
        a_channel_may_be_destroyed_with_elements_inside,
        a_stream_arrives_whole_and_in_order_at_every_capacity,
#if !MIRROR_IS_SINGLE
        many_senders_and_receivers_lose_and_duplicate_nothing,
#endif
        close_ends_receivers_that_wait,
        close_refuses_the_elements_of_senders_that_wait,
        two_tasks_converse_over_two_channels,
        an_iterator_over_a_channel_gives_its_elements_and_ends,
        elements_of_other_sizes_need_room,
        values_of_8_bytes_ignore_the_room,
        return_closes_the_channel,
        a_break_in_a_loop_over_a_channel_stops_its_sender,
        NULL,
    };
    return run_suite(SUITE("channels"), 10, tests);
}
