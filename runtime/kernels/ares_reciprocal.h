// Reciprocals by Newton's iteration: the same values as core/arithmetic/reciprocal.hpp, whose README has the error
// bounds. There products are shifted by 30 and 31; here factors are doubled, for y stays below 2^31 until the last
// step, and the high word is all that is needed (compared for every argument).
#ifndef ARES_RECIPROCAL_H
#define ARES_RECIPROCAL_H

#include <stdint.h>

// High 32 bits of the unsigned 64-bit product.
static inline uint32_t ares_mulhu(uint32_t a, uint32_t b) { return (uint32_t)(((uint64_t)a * b) >> 32); }

// Zero bits above the highest one; x is not 0.
static inline int32_t ares_leading_zeros(uint32_t x) {
#ifdef ARES_XPULP
  int32_t highest;
  __asm__(".insn r 0x33, 1, 0x08, %0, %1, x0" : "=r"(highest) : "r"(x));  // p.fl1
  return 31 - highest;
#else
  int32_t n = 0;
  for (int32_t step = 16; step > 0; step /= 2) {
    if (x >> (32 - step) == 0) {
      n += step;
      x <<= step;
    }
  }
  return n;
#endif
}

static inline int32_t ares_reciprocal_of(uint32_t y) { return y > 0x7FFFFFFFu ? 0x7FFFFFFF : (int32_t)y; }

// 2^46 / sqrt(q), for q in [2^30, 2^32).
static inline int32_t ares_inverse_root(uint32_t q) {
  uint32_t y = 2254857830u - ares_mulhu(q, 1288490189u);
  for (int32_t i = 0; i < 4; ++i) {
    const uint32_t square = ares_mulhu(2 * y, y);
    y = ares_mulhu(2 * y, (3u << 30) - 2 * ares_mulhu(square, q));
  }
  return ares_reciprocal_of(y);
}

// 2^62 / a, for a in [2^31, 2^32).
static inline int32_t ares_inverse(uint32_t a) {
  uint32_t y = 3031741621u - ares_mulhu(a, 2021161080u);
  for (int32_t i = 0; i < 3; ++i) y = ares_mulhu(2 * y, 0u - 2 * ares_mulhu(a, y));
  return ares_reciprocal_of(y);
}

#endif
