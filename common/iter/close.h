/* SPDX-License-Identifier: MIT */
/* Closing an iterator, as ECMAScript's IteratorClose; for the iterator files.
 */
#ifndef KIT_CLOSE_H
#define KIT_CLOSE_H

#include <kit/iter.h>

/*
 * Closes because its user ended with `end`: asks it to return, if it can. What
 * the close itself says counts only when `end` is no throw. The result is
 * `end`, or throw with the error of the close.
 */
kit_completion kit_close(kit_iter *it, kit_completion end);

#endif
