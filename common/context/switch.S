/* SPDX-License-Identifier: MIT */
/*
 * The assembly of the processor that is built for: of these, the one that is
 * not empty. One object, because a library is protected against stray branches
 * only if each of its objects says that it is fit for that.
 */
#include "switch_aarch64.S"
#include "switch_x86_64.S"
