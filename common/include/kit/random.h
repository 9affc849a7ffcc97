/* SPDX-License-Identifier: MIT */
/*
 * For those who make a kind of scheduler, not for those who use one.
 *
 * Numbers to choose with: quick, and good enough for that. xorshift64* of
 * Sebastiano Vigna ("An experimental exploration of Marsaglia's xorshift
 * generators, scrambled", 2014).
 */
#ifndef KIT_RANDOM_H
#define KIT_RANDOM_H

#include <kit/base.h>

/* A state to begin with, and to make one of any number by multiplying. */
#define KIT_RANDOM_SEED UINT64_C(0x9E3779B97F4A7C15)

/* Uniform below n, as far as n fits in 32 bits. The state is not 0. */
static inline size_t kit_random_below(uint64_t *state, size_t n)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    x = (x * UINT64_C(0x2545F4914F6CDD1D)) >> 32;
    return (size_t)((x * n) >> 32);
}

#endif
