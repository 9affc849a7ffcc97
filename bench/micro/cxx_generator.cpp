/* SPDX-License-Identifier: MIT */
/*
 * Generators of C++20: a plain one, and one that delegates at the same cost at
 * any depth, because the root knows the leaf (P2502, std::generator's
 * elements_of). Frames come from malloc and nothing is thrown: the program is
 * to need no C++ runtime library, which would be loaded in every timed run.
 */
#include "cxx_generator.h"

#include <coroutine>
#include <cstddef>
#include <cstdlib>
#include <utility>

namespace
{

struct from_malloc {
    static void *operator new(std::size_t size)
    {
        void *frame = std::malloc(size);
        if (!frame)
            std::abort();
        return frame;
    }
    static void operator delete(void *frame)
    {
        std::free(frame);
    }
};

/* What both kinds of promise do alike. */
struct promise_base : from_malloc {
    std::suspend_always initial_suspend() noexcept
    {
        return {};
    }
    void return_void() noexcept
    {
    }
    void unhandled_exception() noexcept
    {
        std::abort();
    }
};

/* A suspension that ends with what next() has sent. */
struct sent_value : std::suspend_always {
    const int64_t *sent;

    explicit sent_value(const int64_t *to) noexcept : sent(to)
    {
    }
    int64_t await_resume() const noexcept
    {
        return *sent;
    }
};

/* Owns a coroutine. */
template <class Promise> struct owner {
    using handle = std::coroutine_handle<Promise>;
    handle frame;

    explicit owner(Promise &promise) : frame(handle::from_promise(promise))
    {
    }
    owner(owner &&from) noexcept : frame(std::exchange(from.frame, nullptr))
    {
    }
    owner &operator=(owner &&from) noexcept
    {
        std::swap(frame, from.frame);
        return *this;
    }
    ~owner()
    {
        if (frame)
            frame.destroy();
    }
};

/* ---- plain ---- */

struct plain_promise : promise_base {
    int64_t value, sent;

    owner<plain_promise> get_return_object()
    {
        return owner<plain_promise>(*this);
    }
    std::suspend_always final_suspend() noexcept
    {
        return {};
    }
    sent_value yield_value(int64_t given) noexcept
    {
        value = given;
        return sent_value(&sent);
    }
};

struct generator : owner<plain_promise> {
    using promise_type = plain_promise;

    generator(owner<plain_promise> from) : owner(std::move(from))
    {
    }
    int64_t next(int64_t sent)
    {
        frame.promise().sent = sent;
        frame.resume();
        return frame.promise().value;
    }
};

/* ---- one that delegates ---- */

struct nested_promise : promise_base {
    using handle = std::coroutine_handle<nested_promise>;

    nested_promise *root = this;
    handle delegator; /* null: this is a root */
    /* Of a root: */
    handle leaf = handle::from_promise(*this);
    int64_t value, sent;

    /* At the end the delegator goes on. */
    struct ending : std::suspend_always {
        std::coroutine_handle<> await_suspend(handle self) noexcept
        {
            nested_promise &promise = self.promise();
            if (!promise.delegator)
                return std::noop_coroutine();
            promise.root->leaf = promise.delegator;
            return promise.delegator;
        }
    };

    /* The delegator suspends, and the inner one begins. */
    struct delegation : std::suspend_always {
        nested_promise *inner;

        explicit delegation(nested_promise *to) noexcept : inner(to)
        {
        }
        handle await_suspend(handle self) noexcept
        {
            inner->delegator = self;
            inner->root = self.promise().root;
            return inner->root->leaf = handle::from_promise(*inner);
        }
    };

    owner<nested_promise> get_return_object()
    {
        return owner<nested_promise>(*this);
    }
    ending final_suspend() noexcept
    {
        return {};
    }
    sent_value yield_value(int64_t given) noexcept
    {
        root->value = given;
        return sent_value(&root->sent);
    }
    delegation yield_value(const owner<nested_promise> &inner) noexcept
    {
        return delegation(&inner.frame.promise());
    }
};

struct nested : owner<nested_promise> {
    using promise_type = nested_promise;

    nested(owner<nested_promise> from) : owner(std::move(from))
    {
    }
    /* False: it has ended. */
    bool next(int64_t sent)
    {
        frame.promise().sent = sent;
        frame.promise().leaf.resume();
        return !frame.done();
    }
    int64_t value() const
    {
        return frame.promise().value;
    }
};

/* ---- bodies: inner ones have a name, because gcc 12 destroys some of the
   temporaries of a co_yield twice ---- */

generator echo()
{
    for (int64_t v = 0;;)
        v = co_yield v;
}

nested last_of_chain()
{
    for (int64_t v = 0;;)
        v = co_yield v;
}

nested chain(unsigned depth)
{
    nested inner = depth > 2 ? chain(depth - 1) : last_of_chain();
    co_yield inner;
}

nested walk(const micro_node *node)
{
    if (node->left) {
        nested left = walk(node->left);
        co_yield left;
    }
    co_yield node->value;
    if (node->right) {
        nested right = walk(node->right);
        co_yield right;
    }
}

inline void keep(int64_t value)
{
    __asm__ volatile("" : : "r"(value));
}

} // namespace

/* ---- for C ---- */

struct micro_cxx_echo : from_malloc {
    generator made = echo();
};

struct micro_cxx_chain : from_malloc {
    nested made;

    explicit micro_cxx_chain(unsigned depth) : made(chain(depth))
    {
    }
};

struct micro_cxx_walk : from_malloc {
    const micro_node *root;
    int64_t end, due = 0;
    nested made;

    micro_cxx_walk(const micro_node *of, uint64_t nodes)
        : root(of), end(static_cast<int64_t>(nodes)), made(walk(of))
    {
    }
    /* False: it was over too early. */
    bool begin_anew()
    {
        bool is_right = due == end;
        made = walk(root);
        due = 0;
        return made.next(0) && is_right;
    }
};

micro_cxx_echo *micro_cxx_echo_create(void)
{
    return new micro_cxx_echo;
}

void micro_cxx_echo_run(micro_cxx_echo *self, uint64_t steps)
{
    for (; steps > 0; steps--)
        keep(self->made.next(static_cast<int64_t>(steps)));
}

void micro_cxx_echo_destroy(micro_cxx_echo *self)
{
    delete self;
}

micro_cxx_chain *micro_cxx_chain_create(unsigned depth)
{
    return new micro_cxx_chain(depth);
}

void micro_cxx_chain_run(micro_cxx_chain *self, uint64_t steps)
{
    for (; steps > 0 && self->made.next(static_cast<int64_t>(steps)); steps--)
        keep(self->made.value());
}

void micro_cxx_chain_destroy(micro_cxx_chain *self)
{
    delete self;
}

micro_cxx_walk *micro_cxx_walk_create(const micro_node *root, uint64_t nodes)
{
    return new micro_cxx_walk(root, nodes);
}

bool micro_cxx_walk_run(micro_cxx_walk *self, uint64_t values)
{
    bool is_right = true;
    for (; values > 0; values--) {
        if (!self->made.next(0))
            is_right &= self->begin_anew();
        is_right &= self->made.value() == self->due++;
    }
    return is_right;
}

void micro_cxx_walk_destroy(micro_cxx_walk *self)
{
    delete self;
}
