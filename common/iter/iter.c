/* SPDX-License-Identifier: MIT */
/* The iterator protocol: requests, for-each with closing, delegation. */
#include <kit/iter.h>

#include "close.h"

#include <errno.h>

static kit_step open_self(kit_iterable *self)
{
    return kit_yielded(kit_ptr(KIT_CONTAINER(self, kit_iter, iterable)));
}

const struct kit_iterable_ops kit_iter_own_iterable = {open_self, NULL};

kit_step kit_iter_throw(kit_iter *it, kit_value error)
{
    if (!it->ops->throw_)
        return kit_failed_errno(-EPROTO);
    return it->ops->throw_(it, error);
}

kit_step kit_iter_return(kit_iter *it, kit_value value)
{
    if (!it->ops->return_)
        return kit_done(value);
    return it->ops->return_(it, value);
}

kit_step kit_iter_request(kit_iter *it, kit_completion request)
{
    switch (request.how) {
    case KIT_NEXT:
        return kit_iter_next(it, request.value);
    case KIT_THROW:
        return kit_iter_throw(it, request.value);
    case KIT_RETURN:
        return kit_iter_return(it, request.value);
    }
    return kit_failed_errno(-EINVAL);
}

kit_step kit_iterable_open(kit_iterable *source)
{
    if (!kit_is_pointer(source))
        return kit_failed_errno(-EINVAL);
    kit_step s = source->ops->open(source);
    if (s.state == KIT_YIELDED && !kit_is_pointer(s.value.p))
        return kit_failed_errno(-EPROTO);
    return s;
}

kit_value kit_failure_of(kit_step s)
{
    return s.state == KIT_FAILED ? s.value : kit_int(-EPROTO);
}

kit_completion kit_close(kit_iter *it, kit_completion end)
{
    if (!it->ops->return_)
        return end;
    kit_step s = it->ops->return_(it, kit_none());
    if (end.how == KIT_THROW)
        return end;
    /* A step that yields is an answer, too: the source refuses to end. */
    if (s.state == KIT_YIELDED || s.state == KIT_DONE)
        return end;
    return kit_throw(kit_failure_of(s));
}

void kit_loop_open(kit_loop *loop, kit_iterable *source)
{
    kit_step opened = kit_iterable_open(source);
    loop->source = source;
    loop->it = opened.state == KIT_YIELDED ? opened.value.p : NULL;
    loop->over = !loop->it;
    loop->end =
        loop->it ? kit_next(kit_none()) : kit_throw(kit_failure_of(opened));
}

bool kit_loop_next(kit_loop *loop, kit_value *item)
{
    if (loop->over)
        return false;
    kit_step s = kit_iter_next(loop->it, kit_none());
    *item = s.value;
    if (KIT_LIKELY(s.state == KIT_YIELDED))
        return true;
    loop->over = true;
    if (s.state != KIT_DONE)
        loop->end = kit_throw(kit_failure_of(s));
    return false;
}

kit_completion kit_loop_close(kit_loop *loop, kit_completion left)
{
    kit_completion end = left;
    if (loop->over)
        end = loop->end.how == KIT_THROW ? loop->end : left;
    else
        end = kit_close(loop->it, left);
    if (loop->it)
        kit_iterable_release(loop->source, loop->it);
    loop->it = NULL;
    loop->over = true;
    return end;
}

kit_completion kit_for_each(kit_iterable *source, kit_each_fn each,
                            void *context)
{
    kit_loop loop;
    kit_value item;
    for (kit_loop_open(&loop, source); kit_loop_next(&loop, &item);) {
        kit_completion turn = each(context, item);
        if (kit_is_abrupt(turn))
            return kit_loop_close(&loop, turn);
    }
    return kit_loop_close(&loop, kit_next(kit_none()));
}

/*
 * An inner without throw breaks the protocol: it is told to return, so that
 * it can clean up, and the delegation raises a type error.
 */
static kit_completion refuse_throw(kit_iter *it)
{
    kit_completion type_error = kit_throw(kit_int(-EPROTO));
    kit_completion closed = kit_close(it, kit_return(kit_none()));
    return closed.how == KIT_THROW ? closed : type_error;
}

static kit_completion end_of_delegation(kit_step s, kit_completion request)
{
    if (s.state != KIT_DONE)
        return kit_throw(kit_failure_of(s));
    return request.how == KIT_RETURN ? kit_return(s.value) : kit_next(s.value);
}

bool kit_delegate_step(kit_iter *it, kit_completion request, kit_value *item,
                       kit_completion *end)
{
    if (request.how == KIT_THROW && !it->ops->throw_) {
        *end = refuse_throw(it);
        return false;
    }
    if (request.how == KIT_RETURN && !it->ops->return_) {
        *end = request;
        return false;
    }
    kit_step s = kit_iter_request(it, request);
    *item = s.value;
    if (s.state == KIT_YIELDED)
        return true;
    *end = end_of_delegation(s, request);
    return false;
}

kit_completion kit_delegate_request(kit_iter *it, kit_completion request,
                                    kit_yield_fn yield, void *generator)
{
    kit_value item;
    kit_completion end;
    while (kit_delegate_step(it, request, &item, &end))
        request = yield(generator, item);
    return end;
}

kit_completion kit_delegate(kit_iterable *inner, kit_yield_fn yield,
                            void *generator)
{
    kit_step opened = kit_iterable_open(inner);
    if (opened.state != KIT_YIELDED)
        return kit_throw(kit_failure_of(opened));
    kit_iter *it = opened.value.p;
    kit_completion end =
        kit_delegate_request(it, kit_next(kit_none()), yield, generator);
    kit_iterable_release(inner, it);
    return end;
}
