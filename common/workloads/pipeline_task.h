/* SPDX-License-Identifier: MIT */
/* A chain of iterators on tasks: one for each stage and one for the consumer,
   a channel at each joint. */
#include "tasks.h"

struct link_task {
    const struct workload_run *run;
    size_t index;
    chan *in, *out;
    int error;
};

static int link_send(void *out, const void *element)
{
    return K(chan_send)(out, element);
}

static kit_value link_begin(kit_value arg)
{
    struct link_task *t = arg.p;
    _Alignas(16) char room[WORKLOAD_ROOM];
    K(chan_iter) in;
    if (t->in)
        K(chan_iter_init)(&in, t->in, room);
    t->error = workload_run_link(t->run, t->index, t->in ? &in.iter : NULL,
                                 link_send, t->out);
    K(chan_close)(t->in);
    K(chan_close)(t->out);
    return kit_none();
}

static int pipeline_begin(sched *s, const struct workload_run *run,
                          const chan_options *joint, struct link_task *t)
{
    size_t stages = run->algorithm->stage_count;
    int error = 0;
    for (size_t i = 0; !error && i < stages; i++)
        error =
            K(chan_create)(&t[i].out, workload_element_size(run->algorithm, i),
                           run->params->capacity, joint);
    for (size_t i = 0; !error && i <= stages; i++) {
        t[i].run = run, t[i].index = i, t[i].in = i ? t[i - 1].out : NULL;
        error = K(spawn)(s, NULL, link_begin, kit_ptr(&t[i]), NULL);
    }
    for (size_t i = 0; error && i < stages; i++)
        K(chan_close)(t[i].out); /* so that those that run will end */
    return error;
}

static int pipeline_run(const struct workload_run *run,
                        const sched_options *options, const chan_options *joint)
{
    struct link_task tasks[WORKLOAD_STAGES_MAX + 1] = {0};
    sched *s = NULL;
    int error = K(sched_create)(&s, options);
    if (!error)
        error = pipeline_begin(s, run, joint, tasks);
    if (!error)
        error = K(run)(s);
    K(sched_destroy)(s);
    for (size_t i = 0; i <= run->algorithm->stage_count; i++) {
        K(chan_destroy)(tasks[i].out);
        error = error ? error : tasks[i].error;
    }
    return error;
}
