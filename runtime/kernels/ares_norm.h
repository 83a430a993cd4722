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

// From the sum of x = a - zero over a set (0 where no mean is taken off) and of its squares.
static inline ares_norm_scale ares_norm_scale_of(const ares_norm_terms* t, int32_t sum, uint64_t squares) {
  const uint64_t spread = (uint64_t)t->count * squares - (uint64_t)((int64_t)sum * sum);
  const uint64_t q = (spread << t->fraction) + ((uint64_t)t->epsilon_high << 32 | t->epsilon_low);
  const uint32_t high = (uint32_t)(q >> 32), low = (uint32_t)q;
  const int32_t e = high != 0 ? (33 - ares_leading_zeros(high)) / 2 : -(ares_leading_zeros(low) / 2);
  const uint32_t mantissa = (uint32_t)(e >= 0 ? q >> (2 * e) : q << (-2 * e));
  const int32_t root = ares_inverse_root(mantissa);
  ares_norm_scale s = {sum, 0, 0, 0, 0};
  if (t->shift > 0) {
    const int32_t right = t->headroom + e < 1 ? 1 : t->headroom + e > 62 ? 62 : t->headroom + e;
    const uint64_t scaled = (uint64_t)(uint32_t)t->count * (uint32_t)root;
    s.multiplier = (uint32_t)((scaled + ((uint64_t)1 << (right - 1))) >> right);
    const int64_t product = (int64_t)sum * (int64_t)s.multiplier;
    const int64_t quotient = (product >> 32) * (int64_t)t->inverse + ares_mulhu((uint32_t)product, t->inverse);
    const int32_t count_bits = 32 - ares_leading_zeros((uint32_t)t->count);
    s.offset =
        ((uint32_t)1 << (t->shift - 1)) - (uint32_t)t->zero * s.multiplier - (uint32_t)(quotient >> (count_bits - 1));
    return s;
  }
  const int32_t left = t->headroom - e;
  s.left = left < 0 ? 0 : left > 30 ? 30 : left;
  s.factor = root >> (left < 0 ? -left : 0);
  return s;
}

#endif
