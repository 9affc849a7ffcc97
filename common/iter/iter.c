/* SPDX-License-Identifier: MIT */
/* The iterator protocol: requests, for-each with closing, delegation. */
#include <kit/iter.h>

#include <errno.h>

static kit_step open_self(kit_iterable *self)
{
    return kit_yielded(kit_ptr(KIT_CONTAINER(self, kit_iter, iterable)));
}

static const struct kit_iterable_ops its_own_iterable = {open_self, NULL};

void kit_iter_init(kit_iter *it, const struct kit_iter_ops *ops)
{
    it->iterable.ops = &its_own_iterable;
    it->ops = ops;
}

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
    return source->ops->open(source);
}

void kit_iterable_release(kit_iterable *source, kit_iter *it)
{
    if (source->ops->release)
        source->ops->release(source, it);
}

/*
 * Closes because the loop's body ended with `end`. What the close itself says
 * counts only on a break: an error of the body wins.
 */
static kit_completion close_for(kit_iter *it, kit_completion end)
{
    if (!it->ops->return_)
        return end;
    kit_step s = it->ops->return_(it, kit_none());
    if (end.how == KIT_THROW)
        return end;
    if (!kit_step_is_valid(s))
        return kit_throw(kit_int(-EPROTO));
    return s.state == KIT_FAILED ? kit_throw(s.value) : end;
}

static kit_completion each_item(kit_iter *it, kit_each_fn each, void *context)
{
    for (;;) {
        kit_step s = kit_iter_next(it, kit_none());
        if (!kit_step_is_valid(s))
            return kit_throw(kit_int(-EPROTO));
        if (s.state == KIT_FAILED)
            return kit_throw(s.value);
        if (s.state == KIT_DONE)
            return kit_next(kit_none());
        kit_completion turn = each(context, s.value);
        if (kit_is_abrupt(turn))
            return close_for(it, turn);
    }
}

kit_completion kit_for_each(kit_iterable *source, kit_each_fn each,
                            void *context)
{
    kit_step opened = kit_iterable_open(source);
    if (opened.state != KIT_YIELDED)
        return kit_throw(opened.state == KIT_FAILED ? opened.value
                                                    : kit_int(-EPROTO));
    kit_iter *it = opened.value.p;
    kit_completion end = each_item(it, each, context);
    kit_iterable_release(source, it);
    return end;
}

/*
 * An inner without throw breaks the protocol: it is told to return, so that
 * it can clean up, and the delegation raises a type error.
 */
static kit_completion refuse_throw(kit_iter *it)
{
    kit_completion type_error = kit_throw(kit_int(-EPROTO));
    kit_completion closed = close_for(it, kit_return(kit_none()));
    return closed.how == KIT_THROW ? closed : type_error;
}

static kit_completion delegate_to(kit_iter *it, kit_yield_fn yield,
                                  void *generator)
{
    kit_completion request = kit_next(kit_none());
    for (;;) {
        if (request.how == KIT_THROW && !it->ops->throw_)
            return refuse_throw(it);
        if (request.how == KIT_RETURN && !it->ops->return_)
            return request;
        kit_step s = kit_iter_request(it, request);
        if (!kit_step_is_valid(s))
            return kit_throw(kit_int(-EPROTO));
        if (s.state == KIT_FAILED)
            return kit_throw(s.value);
        if (s.state == KIT_DONE)
            return request.how == KIT_RETURN ? kit_return(s.value)
                                             : kit_next(s.value);
        request = yield(generator, s.value);
    }
}

kit_completion kit_delegate(kit_iterable *inner, kit_yield_fn yield,
                            void *generator)
{
    kit_step opened = kit_iterable_open(inner);
    if (opened.state != KIT_YIELDED)
        return kit_throw(opened.state == KIT_FAILED ? opened.value
                                                    : kit_int(-EPROTO));
    kit_iter *it = opened.value.p;
    kit_completion end = delegate_to(it, yield, generator);
    kit_iterable_release(inner, it);
    return end;
}
