/* SPDX-License-Identifier: MIT */
#include "mains.h"

struct coop_job {
    struct micro_cell *cell;
    micro_coop_main *main;
    enum micro_verdict verdict;
};

static kit_value coop_main(kit_value arg)
{
    struct coop_job *job = arg.p;
    job->verdict = job->main(job->cell, coop_sched_of(coop_current()));
    return kit_none();
}

enum micro_verdict micro_in_coop(struct micro_cell *cell, micro_coop_main *main,
                                 const struct coop_sched_options *options)
{
    struct coop_job job = {cell, main, MICRO_FAILED};
    coop_sched *s;
    int result = coop_sched_create(&s, options);
    if (!result)
        result = coop_spawn(s, NULL, coop_main, kit_ptr(&job), NULL);
    if (!result)
        result = coop_run(s);
    coop_sched_destroy(s);
    if (result)
        return micro_because(cell, MICRO_FAILED, "%s", kit_error_text(result));
    return job.verdict;
}

struct preempt_job {
    struct micro_cell *cell;
    micro_preempt_main *main;
    enum micro_verdict verdict;
};

static kit_value preempt_main(kit_value arg)
{
    struct preempt_job *job = arg.p;
    job->verdict = job->main(job->cell, preempt_sched_of(preempt_current()));
    return kit_none();
}

enum micro_verdict micro_in_preempt(struct micro_cell *cell,
                                    micro_preempt_main *main)
{
    struct kit_placement placement = {{micro_cpu(cell, 0), micro_cpu(cell, 1)},
                                      2};
    struct preempt_sched_options options = {.placement = &placement};
    struct preempt_job job = {cell, main, MICRO_FAILED};
    preempt_sched *s;
    int result = preempt_sched_create(&s, &options);
    if (!result)
        result = preempt_spawn(s, NULL, preempt_main, kit_ptr(&job), NULL);
    if (!result)
        result = preempt_run(s);
    preempt_sched_destroy(s);
    if (result)
        return micro_because(cell, MICRO_FAILED, "%s", kit_error_text(result));
    return job.verdict;
}
