/* SPDX-License-Identifier: MIT */
/* Workload 7, cancel: a producer is cancelled in mid-stream and cleans up. */
#include "cancel.h"

#include <stdlib.h>

enum cancel_how {
    BY_THROW,
    BY_RETURN,
    BY_CLOSING,
    WAYS,
};

/* Takes 1 to 4 values. 0 or -errno. */
static int take_some(kit_iter *it, uint64_t i, uint64_t *checksum)
{
    for (uint64_t n = 1 + i % 4; n > 0; n--) {
        kit_step s = kit_iter_next(it, kit_none());
        if (s.state != KIT_YIELDED)
            return s.state == KIT_FAILED ? (int)s.value.i : -EBADE;
        *checksum = workload_mix(*checksum, (uint64_t)s.value.i);
    }
    return 0;
}

/* Throws or returns `value`, which must come out again. */
static int cancel(kit_iter *it, enum cancel_how how, int64_t value)
{
    kit_step s;
    if (how == BY_CLOSING)
        return 0;
    s = how == BY_THROW ? kit_iter_throw(it, kit_int(value))
                        : kit_iter_return(it, kit_int(value));
    bool is_right = s.state == (how == BY_THROW ? KIT_FAILED : KIT_DONE) &&
                    s.value.i == value;
    return is_right ? 0 : -EBADE;
}

static int cancel_one(const struct cancel_form *form, struct cancel_resource *r,
                      uint64_t i, struct workload_result *result)
{
    enum cancel_how how = (enum cancel_how)(i % WAYS);
    kit_iter *it;
    int error = form->open(form->how, r, &it);
    if (error)
        return error;
    error = take_some(it, i, &result->checksum);
    if (!error)
        error = cancel(it, how, r->value);
    if (!error && r->is_held != (how == BY_CLOSING))
        error =
            workload_fail(result, -EBADE, "a clean-up came at a wrong time");
    form->close(r);
    if (!error && r->is_held)
        error = workload_fail(result, -EBADE, "a clean-up did not run");
    return error;
}

int cancel_run(const struct cancel_form *form,
               const struct workload_params *params,
               struct workload_result *result)
{
    struct cancel_resource *r = calloc(1, form->size);
    int error = r ? 0 : -ENOMEM;
    for (uint64_t i = 0; !error && i < params->items; i++) {
        r->value = (int64_t)(params->seed + i);
        error = cancel_one(form, r, i, result);
        result->items += error == 0;
    }
    free(r);
    return error;
}

/* ---- by plain calls ---- */

struct plain {
    struct cancel_resource resource;
    kit_iter iter;
};

static kit_step plain_next(kit_iter *it, kit_value sent)
{
    struct plain *p = KIT_CONTAINER(it, struct plain, iter);
    (void)sent;
    p->resource.is_held = true;
    return kit_yielded(kit_int(p->resource.value++));
}

static kit_step plain_throw(kit_iter *it, kit_value error)
{
    KIT_CONTAINER(it, struct plain, iter)->resource.is_held = false;
    return kit_failed(error);
}

static kit_step plain_return(kit_iter *it, kit_value value)
{
    KIT_CONTAINER(it, struct plain, iter)->resource.is_held = false;
    return kit_done(value);
}

static int plain_open(const void *how, struct cancel_resource *r, kit_iter **it)
{
    static const struct kit_iter_ops ops = {plain_next, plain_throw,
                                            plain_return};
    struct plain *p = KIT_CONTAINER(r, struct plain, resource);
    (void)how;
    kit_iter_init(&p->iter, &ops);
    *it = &p->iter;
    return 0;
}

static void plain_close(struct cancel_resource *r)
{
    kit_iter_return(&KIT_CONTAINER(r, struct plain, resource)->iter,
                    kit_none());
}

static int sequential(const struct workload_params *params,
                      struct workload_result *result)
{
    static const struct cancel_form form = {sizeof(struct plain), plain_open,
                                            plain_close, NULL};
    return cancel_run(&form, params, result);
}

const struct workload_algorithm workload_cancel = {
    .sequential = sequential,
};
