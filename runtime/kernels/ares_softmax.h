// What the exponentials of one row of a softmax are scaled by. The same steps as core/arithmetic/softmax.hpp.
#ifndef ARES_SOFTMAX_H
#define ARES_SOFTMAX_H

#include "kernels/ares_kernels.h"
#include "kernels/ares_reciprocal.h"

// Output of an exponential e, before it is clipped: (e * factor + offset) >> shift, unsigned.
typedef struct {
  uint32_t factor, offset;
  int32_t shift;
} ares_softmax_scale;

static inline ares_softmax_scale ares_softmax_scale_of(const ares_softmax_terms* t, uint32_t sum) {
  const int32_t zeros = ares_leading_zeros(sum), shift = t->shift - zeros, most = t->most;
  const int32_t spare = shift - most < 0 ? 0 : shift - most > 31 ? 31 : shift - most;
  const uint32_t whole = (ares_mulhu((uint32_t)ares_inverse(sum << zeros), t->factor) + (1u << 15)) >> 16;
  ares_softmax_scale s = {whole, 0, shift < most ? shift : most};
  if (spare > 0) s.factor = (whole + ((uint32_t)1 << (spare - 1))) >> spare;
  s.offset = ((uint32_t)t->zero << s.shift) + ((uint32_t)1 << (s.shift - 1));
  return s;
}

#endif
