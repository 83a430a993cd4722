// The sum of two stored tensors at their own scales. The formula and its bounds stand in README.md beside this file.
#pragma once

#include "core/arithmetic/requant.hpp"
#include "core/base/result.hpp"

namespace ares {

/// One side of a sum.
struct AddTerm {
  double multiplier = 0;  ///< M = s / s_y, negative where the term is subtracted
  int zero = 0;           ///< z in stored values
  int lo = 0, hi = 255;   ///< clip range in stored values
};

/// Narrow form with m = {m_a, m_b} and B = {B}. Fails where a ratio of scales is not finite or so large that no shift
/// keeps the sum in int32.
Result<Requant> make_add_requant(const AddTerm& a, const AddTerm& b, int output_zero, int lo, int hi,
                                 RequantPolicy policy);

/// clip((a * m[0] + b * m[1] + B[0]) >> S), rounded as `r` says.
inline int32_t requantised_sum(const Requant& r, int32_t a, int32_t b) {
  const int64_t sum = int64_t{a} * r.m[0] + int64_t{b} * r.m[1] + r.B[0];
  assert(fits_int32(sum));
  auto y = static_cast<int32_t>(sum >> r.shift);
  if (r.rounding == Rounding::half_even && (sum & ((int64_t{1} << r.shift) - 1)) == 0) y &= ~1;
  return std::clamp(y, r.lo, r.hi);
}

}  // namespace ares
