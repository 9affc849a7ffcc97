/* SPDX-License-Identifier: MIT */
/*
 * Iterator helpers: iterators made of iterators (ECMAScript's
 * Iterator.prototype helpers), and the functions that use an iterator up.
 *
 * The making ones work in the caller's memory (_init), are lazy (building one
 * touches nothing) and never allocate. They keep a reference to their source;
 * the source stays the caller's. An argument that is no good (-EINVAL: a NULL
 * callback; -ERANGE) makes no helper and closes the source, as one that nobody
 * is going to use; what the close says is dropped. What all of them do:
 *   - values sent to a helper are dropped, its source is stepped without one;
 *   - a callback that fails closes the source, and the helper is finished; an
 *     error of that close is dropped;
 *   - a source that fails, or is malformed (-EPROTO), is not closed, and the
 *     helper is finished; nor is a source that was seen to be done;
 *   - return is forwarded once, also before the first next, and gives
 *     {none, done}; throw is absent;
 *   - next or return while it is at work, from inside one of its callbacks or
 *     from what its source does, is -EBUSY. A helper that is returned before
 *     its start is not at work but done: while it closes its source, {none,
 *     done}.
 *
 * Callbacks get (context, item, index) and answer with a completion:
 * next(value), or throw(error). A predicate's value is an integer; 0 is no, and
 * so is none.
 * Callbacks run on the caller's thread. A helper may be stepped by one thread
 * at a time.
 */
#ifndef KIT_HELPERS_H
#define KIT_HELPERS_H

#include <kit/gen.h>

KIT_BEGIN

typedef kit_completion (*kit_map_fn)(void *context, kit_value item,
                                     uint64_t index);

/* What helpers have in common; its fields are theirs. */
typedef struct kit_helper {
    kit_iter iter;
    kit_iter *source;
    kit_map_fn call;
    void *context;
    uint64_t index;
    uint64_t left; /* of take and drop */
    enum kit_gen_state state;
} kit_helper;

/* call(item): what it answers is the new item. -EINVAL. */
KIT_EXPORT int kit_map_init(kit_helper *h, kit_iter *source, kit_map_fn call,
                            void *context);

/* The items for which call(item) is not 0. The index counts all of them.
   -EINVAL. */
KIT_EXPORT int kit_filter_init(kit_helper *h, kit_iter *source, kit_map_fn call,
                               void *context);

/* The first `count` items, then closes the source. -ERANGE for a negative. */
KIT_EXPORT int kit_take_init(kit_helper *h, kit_iter *source, int64_t count);

/* All but the first `count`, skipped in the first next. -ERANGE. */
KIT_EXPORT int kit_drop_init(kit_helper *h, kit_iter *source, int64_t count);

/*
 * call(item) answers with a kit_iterable *, whose items follow; one level. A
 * failure of the inner one, to open too (NULL is -EINVAL), closes the source;
 * return closes both, the inner first. -EINVAL.
 */
typedef struct kit_flat_map {
    kit_helper helper;
    kit_iterable *iterable; /* opened as `inner` */
    kit_iter *inner;        /* NULL: none is open */
} kit_flat_map;

KIT_EXPORT int kit_flat_map_init(kit_flat_map *f, kit_iter *source,
                                 kit_map_fn call, void *context);

/*
 * The items of each iterable in turn. They are opened one after the other,
 * when the one before is done. The array stays the caller's. -EINVAL when one
 * of them is NULL or none: arguments are looked at at once, and none has been
 * opened that would have to be closed.
 */
typedef struct kit_concat {
    kit_iter iter;
    kit_iterable *const *sources;
    size_t count, at;
    kit_iter *inner; /* NULL: none is open */
    enum kit_gen_state state;
} kit_concat;

KIT_EXPORT int kit_concat_init(kit_concat *c, kit_iterable *const *sources,
                               size_t count);

/*
 * Rounds: one item of each source. A step's value.p is `row`, the caller's
 * room for `count` values, valid until the next step. When a source ends:
 *   kit_zip_init          the round ends with the shortest: the others are
 *                         closed;
 *   kit_zip_longest_init  it goes on until all have ended. padding[i] is the
 *                         item of an ended source, none where `padding` is
 *                         NULL. `over` is the caller's room for `count` flags;
 *   kit_zip_strict_init   all have to end in the same round: -EINVAL if they do
 *                         not, and the others are closed. When the first ends
 *                         each of the others is asked until one has an item.
 * A failure closes the others, too, and return closes all. What is closed are
 * the sources that have not ended, the last first. With no sources it is done
 * at once. -EINVAL for a source that is NULL or none: those before it are
 * closed.
 */
typedef struct kit_zip {
    kit_iter iter;
    kit_iter *const *sources;
    size_t count, open;
    kit_value *row;
    enum kit_gen_state state;
    kit_step (*ended)(struct kit_zip *, size_t); /* what an end is answered */
    const kit_value *padding;
    bool *over; /* of longest; NULL: no source is */
} kit_zip;

KIT_EXPORT int kit_zip_init(kit_zip *z, kit_iter *const *sources, size_t count,
                            kit_value *row);
KIT_EXPORT int kit_zip_longest_init(kit_zip *z, kit_iter *const *sources,
                                    size_t count, kit_value *row, bool *over,
                                    const kit_value *padding);
KIT_EXPORT int kit_zip_strict_init(kit_zip *z, kit_iter *const *sources,
                                   size_t count, kit_value *row);

/* ---- using an iterator up ---- */

/*
 * Results: next(value), or throw with the error of the source (not closed for
 * it) or of a callback (the source is closed; an error of that is dropped). A
 * NULL callback closes the source: throw(-EINVAL). They block where the source
 * does.
 */

/* call(item, index) for each; next(none). */
KIT_EXPORT kit_completion kit_iter_for_each(kit_iter *source, kit_map_fn call,
                                            void *context);

/*
 * Folds: total = call(total, item, index). `initial` NULL: the first item is
 * the total and the index starts at 1; then on nothing it is throw(-EINVAL).
 */
typedef kit_completion (*kit_reduce_fn)(void *context, kit_value total,
                                        kit_value item, uint64_t index);
KIT_EXPORT kit_completion kit_iter_reduce(kit_iter *source, kit_reduce_fn call,
                                          void *context,
                                          const kit_value *initial);

/*
 * All items in a malloc'ed array, which is the caller's to free, also (with
 * what came before) on failure; next(their number). Without memory the source
 * is closed: throw(-ENOMEM).
 */
KIT_EXPORT kit_completion kit_iter_to_array(kit_iter *source, kit_value **items,
                                            size_t *length);

/* Whether call(item) is not 0 for some, for every: next(0 or 1). An answer
   before the end closes the source; if that fails, throw with its error. On
   nothing: some 0, every 1. */
KIT_EXPORT kit_completion kit_iter_some(kit_iter *source, kit_map_fn call,
                                        void *context);
KIT_EXPORT kit_completion kit_iter_every(kit_iter *source, kit_map_fn call,
                                         void *context);

/* The first item for which call(item) is not 0, and closes; or none. */
KIT_EXPORT kit_completion kit_iter_find(kit_iter *source, kit_map_fn call,
                                        void *context);

KIT_END

#endif
