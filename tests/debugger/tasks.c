/* SPDX-License-Identifier: MIT */
/* A program with tasks in every state, for a debugger to look at. */
#include <coop/chan.h>
#include <coop/gen.h>
#include <coop/task.h>

#include <stdio.h>
#include <stdlib.h>

static const struct kit_mechanism *mechanism, *of_bodies;
static coop_chan *lines, *words;
coop_coro *in_line, *through_a_call;
coop_gen *generator;
volatile int depth; /* keeps calls from being the last thing that is done */

/* Here the debugger stops. */
__attribute__((noinline)) static void stop_here(void)
{
    depth++;
}

__attribute__((noinline)) static void read_a_line(void)
{
    int64_t line;
    coop_chan_recv(lines, &line);
    depth++;
}

static kit_value read_lines(kit_value arg)
{
    read_a_line();
    return arg;
}

__attribute__((noinline)) static void take_a_turn(void)
{
    coop_yield();
    depth++;
}

static kit_value take_turns(kit_value arg)
{
    take_a_turn();
    take_a_turn();
    take_a_turn();
    return arg;
}

static kit_value do_nothing(kit_value arg)
{
    return arg;
}

/* ---- coroutines ---- */

__attribute__((noinline)) static void yield_in_line(coop_coro *self)
{
    coop_coro_yield(self, kit_int(1));
    depth++;
}

__attribute__((noinline)) static void yield_by_call(coop_coro *self)
{
    (coop_coro_yield)(self, kit_int(1));
    depth++;
}

static kit_step run_coroutine(coop_coro *self, kit_value by_call,
                              kit_completion first)
{
    (void)first;
    if (by_call.i)
        yield_by_call(self);
    else
        yield_in_line(self);
    return kit_done(by_call);
}

__attribute__((noinline)) static kit_completion yield_deep(coop_gen *self)
{
    kit_completion c = coop_gen_yield(self, kit_int(1));
    depth++;
    return c;
}

static kit_completion run_generator(coop_gen *self, kit_value arg)
{
    (void)arg;
    kit_completion c = yield_deep(self);
    depth++;
    return c;
}

static coop_coro *begun(int64_t by_call)
{
    struct coop_coro_options o = {.mechanism = of_bodies};
    coop_coro *co;
    coop_coro_create(&co, run_coroutine, kit_int(by_call), &o);
    coop_coro_resume(co, kit_next(kit_none()));
    return co;
}

/* ---- a task that waits in a generator, in another one's body ---- */

__attribute__((noinline)) static void read_a_word(void)
{
    int64_t word;
    coop_chan_recv(words, &word);
    depth++;
}

static kit_completion read_words(coop_gen *self, kit_value arg)
{
    (void)self;
    read_a_word();
    return kit_return(arg);
}

__attribute__((noinline)) static void step_once(coop_gen_fn body)
{
    struct coop_gen_options o = {.mechanism = of_bodies};
    coop_gen *g;
    coop_gen_create(&g, body, kit_none(), &o);
    coop_gen_next(g, kit_none());
    coop_gen_destroy(g);
    depth++;
}

static kit_completion step_words(coop_gen *self, kit_value arg)
{
    (void)self;
    step_once(read_words);
    return kit_return(arg);
}

static kit_value step_all(kit_value arg)
{
    step_once(step_words);
    return arg;
}

/* ---- and one that runs in one ---- */

static kit_completion stop_in_body(coop_gen *self, kit_value arg)
{
    (void)self;
    stop_here();
    return kit_return(arg);
}

/* ---- tasks ---- */

static void spawn(coop_sched *s, const char *name, coop_task_fn body)
{
    struct coop_task_options o = {.name = name};
    coop_spawn(s, NULL, body, kit_none(), &o);
}

__attribute__((noinline)) static void run_inner(void)
{
    struct coop_sched_options o = {.mechanism = mechanism};
    coop_sched *inner;
    coop_sched_create(&inner, &o);
    stop_here();
    coop_sched_destroy(inner);
}

static kit_value inner_task(kit_value arg)
{
    run_inner();
    return arg;
}

__attribute__((noinline)) static void wait_for_inner(void)
{
    struct coop_sched_options o = {.mechanism = mechanism};
    coop_sched *s;
    coop_sched_create(&s, &o);
    spawn(s, "inner", inner_task);
    coop_run(s);
    coop_sched_destroy(s);
    depth++;
}

static kit_value main_task(kit_value arg)
{
    struct coop_gen_options o = {.mechanism = of_bodies};
    in_line = begun(0);
    through_a_call = begun(1);
    coop_gen_create(&generator, run_generator, kit_none(), &o);
    coop_gen_next(generator, kit_none());
    coop_yield();
    spawn(coop_sched_of(coop_current()), "new one", do_nothing);
    stop_here();
    wait_for_inner();
    step_once(stop_in_body);
    coop_chan_close(lines);
    coop_chan_close(words);
    coop_gen_destroy(generator);
    coop_coro_destroy(in_line);
    coop_coro_destroy(through_a_call);
    return arg;
}

static const struct kit_mechanism *named(const char *name)
{
    const struct kit_mechanism *m = kit_mechanism_named(name);
    if (m)
        return m;
    fprintf(stderr, "there is no mechanism %s here\n", name);
    exit(77);
}

/* Of the tasks, and of the coroutines and generators. */
int main(int argc, char **argv)
{
    coop_sched *s;
    mechanism = argc > 1 ? named(argv[1]) : NULL;
    of_bodies = argc > 2 ? named(argv[2]) : mechanism;
    struct coop_sched_options o = {.mechanism = mechanism};
    coop_sched_create(&s, &o);
    struct coop_chan_options of_channel = {.name = "lines"};
    coop_chan_create(&lines, sizeof(int64_t), 0, &of_channel);
    coop_chan_create(&words, sizeof(int64_t), 0, NULL);
    spawn(s, "main", main_task);
    spawn(s, "reader", read_lines);
    spawn(s, "turns", take_turns);
    spawn(s, "stepper", step_all);
    coop_run(s);
    coop_sched_destroy(s);
    coop_chan_destroy(lines);
    coop_chan_destroy(words);
    return 0;
}
