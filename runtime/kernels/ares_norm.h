// What one set of a normalisation is scaled by. The same steps as core/arithmetic/norm.hpp.
#ifndef ARES_NORM_H
#define ARES_NORM_H

#include "kernels/ares_kernels.h"
#include "kernels/ares_reciprocal.h"

// Wide: (count * (a - zero) - sum) << left, times factor >> 32. Narrow: (a * multiplier + offset) >> shift of the
// terms, modulo 2^32 before the shift.
typedef struct {
  int32_t sum, left, factor;
  uint32_t multiplier, offset;
} ares_norm_scale;

// A narrow norm's part of it.
typedef struct {
  uint32_t multiplier, offset;
} ares_narrow_scale;

// The low word of a 64-bit number shifted right, by 0 to 63.
static inline uint32_t ares_shifted(uint32_t high, uint32_t low, int32_t right) {
  return right < 32 ? high << 1 << (31 - right) | low >> right : high >> (right - 32);
}

// spread * 2^fraction + epsilon, brought to [2^30, 2^32) by a shift of 2 * exponent to the right.
static inline uint32_t ares_norm_mantissa(const ares_norm_terms* t, uint64_t spread, int32_t* exponent) {
  const uint64_t q = (spread << t->fraction) + ((uint64_t)t->epsilon_high << 32 | t->epsilon_low);
  const uint32_t high = (uint32_t)(q >> 32), low = (uint32_t)q;
  const int32_t e = high != 0 ? (33 - ares_leading_zeros(high)) / 2 : -(ares_leading_zeros(low) / 2);
  *exponent = e;
  return e >= 0 ? ares_shifted(high, low, 2 * e) : low << (-2 * e);
}

// From the sum of x = a - zero over a set, 0 where no mean is taken off, the inverse root of the mantissa of its spread
// and the exponent. The spread is count times the sum of x's squares, less the sum's square.
static inline ares_narrow_scale ares_narrow_scale_of(const ares_norm_terms* t, int32_t sum, int32_t root, int32_t e) {
  const int32_t right = t->headroom + e < 1 ? 1 : t->headroom + e > 62 ? 62 : t->headroom + e;
  const uint64_t scaled = (uint64_t)(uint32_t)t->count * (uint32_t)root;
  const uint32_t high = (uint32_t)(scaled >> 32), low = (uint32_t)scaled;
  const uint32_t half = (right <= 32 ? low >> (right - 1) : high >> (right - 33)) & 1;
  const uint32_t m = ares_shifted(high, low, right) + half;
  const int64_t product = (int64_t)sum * (int64_t)m;
  const int64_t quotient = (product >> 32) * (int64_t)t->inverse + ares_mulhu((uint32_t)product, t->inverse);
  const int32_t count_bits = 32 - ares_leading_zeros((uint32_t)t->count);
  const uint32_t mean = ares_shifted((uint32_t)(quotient >> 32), (uint32_t)quotient, count_bits - 1);
  const ares_narrow_scale s = {m, ((uint32_t)1 << (t->shift - 1)) - (uint32_t)t->zero * m - mean};
  return s;
}

// From the sum of x = a - zero over a set (0 where no mean is taken off) and of its squares.
static inline ares_norm_scale ares_norm_scale_of(const ares_norm_terms* t, int32_t sum, uint64_t squares) {
  const uint64_t spread = (uint64_t)t->count * squares - (uint64_t)((int64_t)sum * sum);
  ares_norm_scale s = {sum, 0, 0, 0, 0};
  int32_t e;
  const int32_t root = ares_inverse_root(ares_norm_mantissa(t, spread, &e)), left = t->headroom - e;
  if (t->shift > 0) {
    const ares_narrow_scale narrow = ares_narrow_scale_of(t, sum, root, e);
    s.multiplier = narrow.multiplier;
    s.offset = narrow.offset;
    return s;
  }
  s.left = left < 0 ? 0 : left > 30 ? 30 : left;
  s.factor = root >> (left < 0 ? -left : 0);
  return s;
}

#endif
