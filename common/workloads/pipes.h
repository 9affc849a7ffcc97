/* SPDX-License-Identifier: MIT */
/* What goes round a ring of pipes, and what each task does to it. */
#ifndef KIT_PIPES_H
#define KIT_PIPES_H

#include "workload.h"

/* Written and read as a whole (less than PIPE_BUF). */
struct pipe_message {
    uint64_t left; /* how often it is to be read; 0: the reader shall end */
    uint64_t value;
};

struct pipe_ends {
    int out, in; /* to read from, to write to */
};

/* How many messages are under way at a time. */
static inline uint64_t pipes_active(const struct workload_params *p)
{
    uint64_t share = p->tasks * p->active / 100;
    return share > 0 ? share : 1;
}

/* The first pipe of that message: they begin evenly spaced. */
static inline uint64_t pipes_first(const struct workload_params *p,
                                   uint64_t index)
{
    return index * p->tasks / pipes_active(p);
}

static inline struct pipe_message pipes_message(const struct workload_params *p,
                                                uint64_t index)
{
    uint64_t active = pipes_active(p);
    return (struct pipe_message){
        p->items / active + (index < p->items % active), p->seed + index};
}

/* The reader of pipe `index` has got it. */
static inline void pipes_pass(struct pipe_message *message, uint64_t index)
{
    message->left--;
    message->value =
        message->value * UINT64_C(6364136223846793005) + 2 * index + 1;
}

/* Makes so many pipes; raises the soft limit of open files where that is
   needed. 0 or -errno. */
int pipes_open(struct pipe_ends **pipes, const struct workload_params *params,
               struct workload_result *result);
/* NULL is allowed. */
void pipes_close(struct pipe_ends *pipes, uint64_t count, int (*close_fd)(int));

/* What read and write gave: 0 for a whole message, or -errno. */
static inline int pipes_whole(int64_t size)
{
    return size == sizeof(struct pipe_message) ? 0
           : size < 0                          ? (int)size
                                               : -EIO;
}

/* read(2) and write(2), which may block; 0 or -errno. */
int pipes_read(int fd, struct pipe_message *message);
int pipes_write(int fd, const struct pipe_message *message);

#endif
