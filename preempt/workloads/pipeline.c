/* SPDX-License-Identifier: MIT */
/* A task for each stage and for the consumer, a channel at each joint. */
#include "wiring.h"

#include <preempt/chan.h>
#include <preempt/task.h>

struct link_task {
    const struct workload_run *run;
    size_t index;
    preempt_chan *in, *out;
    int error;
};

static int send(void *out, const void *element)
{
    return preempt_chan_send(out, element);
}

static kit_value run_link(kit_value arg)
{
    struct link_task *t = arg.p;
    _Alignas(16) char room[WORKLOAD_ROOM];
    preempt_chan_iter in;
    if (t->in)
        preempt_chan_iter_init(&in, t->in, room);
    t->error = workload_run_link(t->run, t->index, t->in ? &in.iter : NULL,
                                 send, t->out);
    preempt_chan_close(t->in);
    preempt_chan_close(t->out);
    return kit_none();
}

int preempt_run_pipeline(const struct workload_algorithm *p,
                         const struct workload_params *params,
                         const struct preempt_arm *arm,
                         struct workload_result *r)
{
    struct workload_run run = {p, params, r};
    struct link_task tasks[WORKLOAD_STAGES_MAX + 1] = {0}, *t = tasks;
    struct preempt_sched_options options = {.placement = &arm->placement};
    struct preempt_chan_options joint = {.wait = arm->wait};
    preempt_sched *s = NULL;
    int error = preempt_sched_create(&s, &options);
    for (size_t i = 0; !error && i < p->stage_count; i++)
        error = preempt_chan_create(&t[i].out, workload_element_size(p, i),
                                    params->capacity, &joint);
    for (size_t i = 0; !error && i <= p->stage_count; i++) {
        t[i].run = &run, t[i].index = i, t[i].in = i ? t[i - 1].out : NULL;
        error = preempt_spawn(s, NULL, run_link, kit_ptr(&t[i]), NULL);
    }
    for (size_t i = 0; error && i < p->stage_count; i++)
        preempt_chan_close(t[i].out); /* so that those that run will end */
    error = error ? error : preempt_run(s);
    preempt_sched_destroy(s);
    for (size_t i = 0; i <= p->stage_count; i++) {
        preempt_chan_destroy(t[i].out);
        error = error ? error : t[i].error;
    }
    return error;
}
