/* SPDX-License-Identifier: MIT */
/* Boost's queue for one producer and one consumer, which is C++. Waiting is
   sched_yield. The functions are those of a kind in channel.c. */
#ifndef MICRO_BOOST_QUEUE_H
#define MICRO_BOOST_QUEUE_H

#include <kit/wait.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

void *micro_boost_queue_make(size_t capacity, enum kit_wait_strategy strategy);
void micro_boost_queue_unmake(void *queue);
void micro_boost_queue_produce(void *party);
void micro_boost_queue_consume(void *party);

#ifdef __cplusplus
}
#endif

#endif
