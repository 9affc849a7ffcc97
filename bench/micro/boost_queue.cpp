/* SPDX-License-Identifier: MIT */
#include "boost_queue.h"

#include "flow.h"

#include <boost/lockfree/spsc_queue.hpp>

#include <cstdlib>
#include <new>
#include <sched.h>

namespace
{

/* operator new would need the run-time library of C++. */
template <class T> struct from_malloc {
    using value_type = T;
    from_malloc() = default;
    template <class U> from_malloc(const from_malloc<U> &)
    {
    }
    T *allocate(std::size_t count)
    {
        return static_cast<T *>(std::malloc(count * sizeof(T)));
    }
    void deallocate(T *memory, std::size_t)
    {
        std::free(memory);
    }
};

using queue =
    boost::lockfree::spsc_queue<uint64_t,
                                boost::lockfree::allocator<from_malloc<int>>>;

inline int put(void *q, uint64_t item)
{
    while (!static_cast<queue *>(q)->push(item))
        sched_yield();
    return 0;
}

inline int get(void *q, uint64_t *item)
{
    while (!static_cast<queue *>(q)->pop(*item))
        sched_yield();
    return 0;
}

} // namespace

void *micro_boost_queue_make(size_t capacity, enum kit_wait_strategy)
{
    void *memory = std::aligned_alloc(alignof(queue), sizeof(queue));
    return memory ? new (memory) queue(capacity) : nullptr;
}

void micro_boost_queue_unmake(void *q)
{
    static_cast<queue *>(q)->~queue();
    std::free(q);
}

void micro_boost_queue_produce(void *party)
{
    produce(static_cast<struct party *>(party), put);
}

void micro_boost_queue_consume(void *party)
{
    consume(static_cast<struct party *>(party), get);
}
