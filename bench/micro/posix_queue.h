/* SPDX-License-Identifier: MIT */
/* A message queue of POSIX, which the kernel keeps: bounded, and it blocks.
   The functions are those of a kind in channel.c. */
#ifndef MICRO_POSIX_QUEUE_H
#define MICRO_POSIX_QUEUE_H

#include <kit/wait.h>

#include <stdbool.h>
#include <stddef.h>

/* Whether this process may have one of that capacity (fs.mqueue.msg_max,
   RLIMIT_MSGQUEUE). */
bool micro_posix_queue_is_there(size_t capacity);

void *micro_posix_queue_make(size_t capacity, enum kit_wait_strategy strategy);
void micro_posix_queue_unmake(void *queue);
void micro_posix_queue_produce(void *party);
void micro_posix_queue_consume(void *party);

#endif
