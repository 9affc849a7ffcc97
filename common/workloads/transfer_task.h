/* SPDX-License-Identifier: MIT */
/* transfer on tasks, under one mutex. */
#include "tasks.h"
#include "transfer.h"

struct bank {
    K(mutex) lock;
    int64_t *accounts;
};

/* Reads both balances, lets others run if that is asked for, writes both. */
static int transfer_do(struct bank *bank, const struct transfer *t, bool pauses)
{
    int error = K(mutex_lock)(&bank->lock);
    if (error)
        return error;
    int64_t from = bank->accounts[t->from] - t->amount;
    if (pauses)
        error = K(yield)();
    bank->accounts[t->from] = from;
    bank->accounts[t->to] += t->amount;
    int unlocked = K(mutex_unlock)(&bank->lock);
    return error ? error : unlocked;
}

static int transfer_body(struct member *m)
{
    const struct workload_params *p = m->crew->params;
    int error = 0;
    for (uint64_t i = m->index; !error && i < p->items; i += p->tasks) {
        struct transfer t = transfer_at(p, i);
        error = transfer_do(m->shared, &t, p->every && i % p->every == 0);
    }
    return error;
}

static int transfer_run(struct crew *c, struct bank *bank, struct member *team)
{
    uint64_t tasks = c->params->tasks;
    int error = K(mutex_init)(&bank->lock, NULL);
    if (error)
        return error;
    error = team_start(c, team, tasks, transfer_body, bank);
    int joined = team_join(team, tasks);
    K(mutex_destroy)(&bank->lock);
    error = error ? error : joined;
    return error ? error : transfer_audit(bank->accounts, c->params, c->result);
}

static int transfer_main(struct crew *c)
{
    struct bank bank = {.accounts = transfer_open(c->params)};
    struct member *team = team_create(c->params->tasks);
    int error = bank.accounts && team ? transfer_run(c, &bank, team) : -ENOMEM;
    free(bank.accounts);
    free(team);
    return error;
}
