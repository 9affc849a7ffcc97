/* SPDX-License-Identifier: MIT */
/* What a thread has until it ends. */
#ifndef KIT_THREAD_END_H
#define KIT_THREAD_END_H

#include <pthread.h>
#include <stdbool.h>

/* One kind of it. A key that there is not is asked for again. */
struct kit_thread_end {
    void (*end)(void *what);
    pthread_mutex_t lock;
    pthread_key_t key;
    bool have_key;
};

#define KIT_THREAD_END(end_it)                                                 \
    {                                                                          \
        .end = (end_it), .lock = PTHREAD_MUTEX_INITIALIZER                     \
    }

/* False: `what` would outlast the calling thread, for a lack of keys or of
   memory. errno may be changed. */
static inline bool kit_thread_end_add(struct kit_thread_end *e, void *what)
{
    pthread_mutex_lock(&e->lock);
    if (!e->have_key)
        e->have_key = pthread_key_create(&e->key, e->end) == 0;
    bool have_key = e->have_key;
    pthread_mutex_unlock(&e->lock);
    return have_key && pthread_setspecific(e->key, what) == 0;
}

#endif
