// What one set of a normalisation is scaled by. The same steps as core/arithmetic/norm.hpp.
#ifndef ARES_NORM_H
#define ARES_NORM_H

#include "kernels/ares_kernels.h"
#include "kernels/ares_reciprocal.h"

// (count * (a - zero) - sum) << left, times factor >> 32.
typedef struct {
  int32_t sum, left, factor;
} ares_norm_scale;

// From the sum of x = a - zero over a set (0 where no mean is taken off) and of its squares.
static inline ares_norm_scale ares_norm_scale_of(const ares_norm_terms* t, int32_t sum, uint64_t squares) {
  const uint64_t spread = (uint64_t)t->count * squares - (uint64_t)((int64_t)sum * sum);
  const uint64_t q = (spread << t->fraction) + ((uint64_t)t->epsilon_high << 32 | t->epsilon_low);
  const uint32_t high = (uint32_t)(q >> 32), low = (uint32_t)q;
  const int32_t e = high != 0 ? (33 - ares_leading_zeros(high)) / 2 : -(ares_leading_zeros(low) / 2);
  const uint32_t mantissa = (uint32_t)(e >= 0 ? q >> (2 * e) : q << (-2 * e));
  const int32_t left = t->headroom - e;
  const ares_norm_scale s = {sum,
                             left < 0    ? 0
                             : left > 30 ? 30
                                         : left,
                             ares_inverse_root(mantissa) >> (left < 0 ? -left : 0)};
  return s;
}

#endif
