/* SPDX-License-Identifier: MIT */
/* transfer on tasks, under one mutex or without. */
#include "tasks.h"
#include "transfer.h"

struct bank {
    K(mutex) lock;
    transfer_account *accounts;
    /* by all tasks, each of which adds its own at its end */
    _Atomic uint64_t violations;
    _Atomic int64_t lost;
};

/* Looks like a harmless call, and lets others run: where it stands, between
   reading a balance and writing it, only a lock helps. */
static int transfer_pause(bool pauses)
{
    return pauses ? K(yield)() : 0;
}

static int transfer_locked(struct bank *bank, const struct transfer *t,
                           bool pauses)
{
    transfer_account *from = &bank->accounts[t->from];
    transfer_account *to = &bank->accounts[t->to];
    int error = K(mutex_lock)(&bank->lock);
    if (error)
        return error;
    int64_t balance = transfer_balance(from);
    error = transfer_pause(pauses);
    transfer_set(from, balance - t->amount);
    transfer_set(to, transfer_balance(to) + t->amount);
    int unlocked = K(mutex_unlock)(&bank->lock);
    return error ? error : unlocked;
}

static int transfer_unlocked(struct bank *bank, const struct transfer *t,
                             bool pauses, struct transfer_damage *damage)
{
    transfer_account *from = &bank->accounts[t->from];
    transfer_account *to = &bank->accounts[t->to];
    int64_t balance = transfer_balance(from);
    int error = transfer_pause(pauses);
    int64_t one = transfer_overwrite(from, balance, balance - t->amount);
    balance = transfer_balance(to);
    int64_t other = transfer_overwrite(to, balance, balance + t->amount);
    damage->violations += one != 0 || other != 0;
    damage->lost += one + other;
    return error;
}

static int transfer_body(struct member *m)
{
    const struct workload_params *p = m->crew->params;
    struct transfer_damage damage = {0, 0};
    struct bank *bank = m->shared;
    int error = 0;
    for (uint64_t i = m->index; !error && i < p->items; i += p->tasks) {
        struct transfer t = transfer_at(p, i);
        bool pauses = p->every && i % p->every == 0;
        if (p->locked) {
            error = transfer_locked(bank, &t, pauses);
        } else {
            error = transfer_unlocked(bank, &t, pauses, &damage);
            m->sum += transfer_number(p, i);
        }
    }
    atomic_fetch_add(&bank->violations, damage.violations);
    atomic_fetch_add(&bank->lost, damage.lost);
    return error;
}

static int transfer_close(struct crew *c, struct bank *bank,
                          const struct member *team)
{
    struct transfer_damage damage = {bank->violations, bank->lost};
    uint64_t done = 0;
    if (c->params->locked)
        return transfer_audit(bank->accounts, c->params, c->result);
    for (uint64_t i = 0; i < c->params->tasks; i++)
        done += team[i].sum;
    return transfer_assess(bank->accounts, done, &damage, c->params, c->result);
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
    return error ? error : transfer_close(c, bank, team);
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
