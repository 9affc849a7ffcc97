/* SPDX-License-Identifier: MIT */
/* A task for each stage and for the consumer, a channel at each joint. */
#include "wiring.h"

#include <coop/chan.h>
#include <coop/task.h>

struct link_task {
    const struct workload_run *run;
    size_t index;
    coop_chan *in, *out;
    int error;
};

static int send(void *out, const void *element)
{
    return coop_chan_send(out, element);
}

static kit_value run_link(kit_value arg)
{
    struct link_task *t = arg.p;
    _Alignas(16) char room[WORKLOAD_ROOM];
    coop_chan_iter in;
    if (t->in)
        coop_chan_iter_init(&in, t->in, room);
    t->error = workload_run_link(t->run, t->index, t->in ? &in.iter : NULL,
                                 send, t->out);
    coop_chan_close(t->in);
    coop_chan_close(t->out);
    return kit_none();
}

int coop_run_pipeline(const struct workload_algorithm *algorithm,
                      const struct workload_params *params,
                      const struct coop_arm *arm,
                      struct workload_result *result)
{
    struct workload_run run = {algorithm, params, result};
    struct link_task tasks[WORKLOAD_STAGES_MAX + 1] = {0}, *t = tasks;
    struct coop_sched_options options = {.mechanism = arm->mechanism};
    coop_sched *s = NULL;
    int error = coop_sched_create(&s, &options);
    for (size_t i = 0; !error && i < algorithm->stage_count; i++)
        error = coop_chan_create(&t[i].out, workload_element_size(algorithm, i),
                                 params->capacity, NULL);
    for (size_t i = 0; !error && i <= algorithm->stage_count; i++) {
        t[i].run = &run, t[i].index = i, t[i].in = i ? t[i - 1].out : NULL;
        error = coop_spawn(s, NULL, run_link, kit_ptr(&t[i]), NULL);
    }
    for (size_t i = 0; error && i < algorithm->stage_count; i++)
        coop_chan_close(t[i].out); /* so that those that run will end */
    error = error ? error : coop_run(s);
    coop_sched_destroy(s);
    for (size_t i = 0; i <= algorithm->stage_count; i++) {
        coop_chan_destroy(t[i].out);
        error = error ? error : t[i].error;
    }
    return error;
}
