/* SPDX-License-Identifier: MIT */
/* churn on tasks: `tasks` of them are made, then joined; and again. */
#include "churn.h"
#include "tasks.h"

static kit_value churn_begin(kit_value arg)
{
    return kit_int((int64_t)churn_answer((uint64_t)arg.i));
}

static int churn_join(struct crew *c, task **live, uint64_t count)
{
    int error = 0;
    for (uint64_t i = 0; i < count; i++) {
        kit_value answer = kit_none();
        int joined = K(join)(live[i], &answer);
        error = error ? error : joined;
        c->result->checksum =
            workload_mix(c->result->checksum, (uint64_t)answer.i);
    }
    c->result->items += count;
    return error;
}

static int churn_run(struct crew *c, task **live)
{
    const struct workload_params *p = c->params;
    int error = 0;
    for (uint64_t i = 0; !error && i < p->items;) {
        uint64_t begun = 0;
        for (; !error && begun < p->tasks && i < p->items;
             begun += error == 0, i += error == 0)
            error = K(spawn)(c->sched, &live[begun], churn_begin,
                             kit_int((int64_t)(p->seed + i)), NULL);
        int joined = churn_join(c, live, begun);
        error = error ? error : joined;
    }
    return error;
}

static int churn_main(struct crew *c)
{
    task **live = calloc(c->params->tasks, sizeof(task *));
    int error = live ? churn_run(c, live) : -ENOMEM;
    free(live);
    return error;
}
