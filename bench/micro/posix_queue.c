/* SPDX-License-Identifier: MIT */
#include "posix_queue.h"

#include "flow.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct posix_queue {
    mqd_t handle;
};

/* Its name is gone as soon as it is open. */
static mqd_t open_one(size_t capacity)
{
    char name[32];
    struct mq_attr attr = {.mq_maxmsg = (long)capacity,
                           .mq_msgsize = sizeof(uint64_t)};
    snprintf(name, sizeof name, "/schedkit.%ld", (long)getpid());
    mqd_t handle =
        mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &attr);
    if (handle >= 0)
        mq_unlink(name);
    return handle;
}

bool micro_posix_queue_is_there(size_t capacity)
{
    mqd_t handle = open_one(capacity);
    if (handle >= 0)
        mq_close(handle);
    return handle >= 0;
}

void *micro_posix_queue_make(size_t capacity, enum kit_wait_strategy strategy)
{
    struct posix_queue *q = malloc(sizeof *q);
    (void)strategy;
    if (!q)
        return NULL;
    q->handle = open_one(capacity);
    if (q->handle >= 0)
        return q;
    free(q);
    return NULL;
}

void micro_posix_queue_unmake(void *queue)
{
    struct posix_queue *q = queue;
    mq_close(q->handle);
    free(q);
}

static inline int posix_put(void *queue, uint64_t item)
{
    const struct posix_queue *q = queue;
    return mq_send(q->handle, (const char *)&item, sizeof item, 0) ? -errno : 0;
}

static inline int posix_get(void *queue, uint64_t *item)
{
    const struct posix_queue *q = queue;
    return mq_receive(q->handle, (char *)item, sizeof *item, NULL) < 0 ? -errno
                                                                       : 0;
}

void micro_posix_queue_produce(void *party)
{
    produce(party, posix_put);
}

void micro_posix_queue_consume(void *party)
{
    consume(party, posix_get);
}
