/* SPDX-License-Identifier: MIT */
#include <preempt/chan.h>
#include <preempt/task.h>
#include <stdio.h>

static kit_value produce(kit_value ch)
{
    for (int64_t i = 1; i <= 5; i++)
        preempt_chan_send(ch.p, &i);
    preempt_chan_close(ch.p);
    return kit_none();
}

static kit_value consume(kit_value ch)
{
    for (int64_t n; preempt_chan_recv(ch.p, &n) == 1;)
        printf("%d\n", (int)n);
    return kit_none();
}

int main(void)
{
    preempt_sched *s;
    preempt_chan *ch;
    if (preempt_sched_create(&s, NULL) < 0 ||
        preempt_chan_create(&ch, sizeof(int64_t), 2, NULL) < 0 ||
        preempt_spawn(s, NULL, produce, kit_ptr(ch), NULL) < 0 ||
        preempt_spawn(s, NULL, consume, kit_ptr(ch), NULL) < 0)
        return 1;
    preempt_run(s); /* until both have ended */
    preempt_sched_destroy(s);
    return preempt_chan_destroy(ch);
}
