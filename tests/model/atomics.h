/* SPDX-License-Identifier: MIT */
/*
 * Included before preempt's sources (and those of common/wait) when they are
 * compiled to be checked: their atomics, futex, clock, threads and memory
 * become those of machine.h. The sources are the product's, to the letter.
 */
#ifndef MODEL_ATOMICS_H
#define MODEL_ATOMICS_H

/* These are compiled once more, beside those of the library. */
#define kit_lock_acquire       model_lock_acquire
#define kit_lock_try_acquire   model_lock_try_acquire
#define kit_lock_release       model_lock_release
#define kit_signal_init        model_signal_init
#define kit_signal_destroy     model_signal_destroy
#define kit_signal_give        model_signal_give
#define kit_signal_await       model_signal_await
#define kit_backoff_begin      model_backoff_begin
#define kit_backoff_step       model_backoff_step
#define kit_backoff_poll       model_backoff_poll
#define kit_backoff_end        model_backoff_end
#define kit_backoff_is_crowded model_backoff_is_crowded

/* What declares the names below comes before they are replaced. */
#include "machine.h"

#include <kit/backoff.h>
#include <kit/random.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#undef atomic_load_explicit
#undef atomic_store_explicit
#undef atomic_exchange_explicit
#undef atomic_compare_exchange_strong_explicit
#undef atomic_compare_exchange_weak_explicit
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub_explicit
#undef atomic_fetch_or_explicit
#undef atomic_fetch_and_explicit
#undef atomic_thread_fence

/* Forms without an order are not used: this finds whoever begins to. */
#undef atomic_load
#undef atomic_store
#define atomic_load(...)  names_no_memory_order
#define atomic_store(...) names_no_memory_order

#define MODEL_SITE(text)                                                       \
    static struct model_site site_ = {__FILE__, __func__, text,                \
                                      __LINE__, false,    NULL}

/* The type of *p as a value: without _Atomic and const. */
#define MODEL_TYPE(p) __typeof__((void)0, *(p))

#define atomic_load_explicit(p, order)                                         \
    ({                                                                         \
        MODEL_SITE("load " #p);                                                \
        __auto_type at_ = (p);                                                 \
        MODEL_TYPE(at_) value_;                                                \
        model_load(&site_, at_, &value_, sizeof value_);                       \
        value_;                                                                \
    })

#define atomic_store_explicit(p, v, order)                                     \
    ({                                                                         \
        MODEL_SITE("store " #p);                                               \
        __auto_type at_ = (p);                                                 \
        MODEL_TYPE(at_) value_ = (v);                                          \
        model_store(&site_, at_, &value_, sizeof value_, order);               \
    })

/* `new_value` is of `old_` and `operand_`. */
#define MODEL_MODIFY(p, v, text, new_value)                                    \
    ({                                                                         \
        MODEL_SITE(text);                                                      \
        __auto_type at_ = (p);                                                 \
        MODEL_TYPE(at_) old_, operand_ = (v), new_;                            \
        model_modify(&site_, at_, &old_, sizeof old_);                         \
        new_ = (new_value);                                                    \
        model_modified(at_, &new_, sizeof new_);                               \
        old_;                                                                  \
    })

#define atomic_exchange_explicit(p, v, order)                                  \
    MODEL_MODIFY(p, v, "exchange " #p, operand_)
#define atomic_fetch_add_explicit(p, v, order)                                 \
    MODEL_MODIFY(p, v, "add to " #p, old_ + operand_)
#define atomic_fetch_sub_explicit(p, v, order)                                 \
    MODEL_MODIFY(p, v, "subtract from " #p, old_ - operand_)
#define atomic_fetch_or_explicit(p, v, order)                                  \
    MODEL_MODIFY(p, v, "or to " #p, old_ | operand_)
#define atomic_fetch_and_explicit(p, v, order)                                 \
    MODEL_MODIFY(p, v, "and with " #p, old_ &operand_)

#define atomic_compare_exchange_strong_explicit(p, e, v, order, otherwise)     \
    ({                                                                         \
        MODEL_SITE("compare and exchange " #p);                                \
        __auto_type at_ = (p);                                                 \
        __auto_type expected_ = (e);                                           \
        MODEL_TYPE(at_) old_, new_ = (v);                                      \
        model_modify(&site_, at_, &old_, sizeof old_);                         \
        bool equal_ = old_ == *expected_;                                      \
        if (equal_)                                                            \
            model_modified(at_, &new_, sizeof new_);                           \
        else                                                                   \
            *expected_ = old_;                                                 \
        equal_;                                                                \
    })
#define atomic_compare_exchange_weak_explicit(p, e, v, order, otherwise)       \
    atomic_compare_exchange_strong_explicit(p, e, v, order, otherwise)

#define atomic_thread_fence(order)                                             \
    ({                                                                         \
        MODEL_SITE("fence");                                                   \
        model_fence(&site_);                                                   \
    })

#define kit_wait(word, expected, deadline)                                     \
    ({                                                                         \
        MODEL_SITE("sleep on " #word);                                         \
        model_wait(&site_, word, expected, deadline);                          \
    })
#define kit_wake(word, count)                                                  \
    ({                                                                         \
        MODEL_SITE("wake " #word);                                             \
        model_wake(&site_, word, count);                                       \
    })
#define kit_now()                                                              \
    ({                                                                         \
        MODEL_SITE("look at the clock");                                       \
        model_now(&site_);                                                     \
    })
#define kit_cpu_current() model_cpu()

/* Each that may come out is tried. */
#define kit_random_below(state, n) ((void)(state), model_choose(n))

#define __builtin_ia32_pause()                                                 \
    ({                                                                         \
        MODEL_SITE("pause");                                                   \
        model_pause(&site_);                                                   \
    })
#define sched_yield()                                                          \
    ({                                                                         \
        MODEL_SITE("yield");                                                   \
        model_sched_yield(&site_);                                             \
    })
#define syscall(number, command, ...) model_syscall(number, command)

#define pthread_join(thread, result) model_pthread_join(thread)
#define malloc(size)                 model_allocate(16, size)
#define calloc(n, size)              model_allocate(16, (n) * (size))
#define aligned_alloc(align, size)   model_allocate(align, size)
#define free(memory)                 model_free(memory)

/* All of them are one to the kernel. */
#define pthread_setname_np(thread, name) ((void)(name))

/* The machine exchanges the contents when it lets another thread run. */
#define _Thread_local __attribute__((section("model_tls")))

#endif
