/* SPDX-License-Identifier: MIT */
/* Numbers to tell apart what may come to lie where another has lain. */
#ifndef KIT_SERIAL_H
#define KIT_SERIAL_H

#include <kit/base.h>

KIT_BEGIN

/* The first of `count` numbers in a row, none of which the process has had
   before, nor will again. 0 is not among them. */
KIT_EXPORT uint64_t kit_serials_take(uint64_t count);

KIT_END

#endif
