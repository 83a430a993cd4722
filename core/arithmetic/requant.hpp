// Requantisation: from an int32 accumulator to the stored output, in integers alone.
//
// Narrow:  y = clip((acc * m[c] + B[c]) >> S)
// Wide:    y = clip((mulh(acc << k, m[c]) + B[c]) >> S)        mulh: high 32 bits of the signed 64-bit product
// Raw:     y = acc + B[c]                                        an int32 output (logits)
// B carries bias, both zero points and the rounding half. core/arithmetic/README.md has the derivation, the bounds and
// the golden vectors.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace ares {

/// fast: narrow form wherever its deviation is at most 1/4 step, ties round up. exact: narrow only where the deviation
/// is at most 1/1024 and the bias is not quantised (or the deviation is provably nil); reachable ties round half to
/// even.
enum class RequantPolicy : uint8_t { fast, exact };
enum class RequantForm : uint8_t { narrow, wide, raw };
enum class Rounding : uint8_t { half_up, half_even };

/// Requantisation of one layer; m and B have one element per output channel.
struct Requant {
  RequantForm form = RequantForm::narrow;
  Rounding rounding = Rounding::half_up;
  int shift = 0;         ///< S, 1..31 (narrow), 0..22 (wide)
  int pre_shift = 0;     ///< k, wide form only
  int lo = 0, hi = 255;  ///< clip range in stored values
  int tie_width = 0;     ///< half_even: the low S bits of a tie's sum are at most this, those of no other are
  double deviation = 0;  ///< bound in output steps of what the integers differ by from the exact real result
  std::vector<int32_t> m, B;
};

inline bool fits_int32(int64_t v) {
  return v >= std::numeric_limits<int32_t>::min() && v <= std::numeric_limits<int32_t>::max();
}

/// High 32 bits of the signed 64-bit product, rounded down.
inline int32_t mulh(int32_t a, int32_t b) { return static_cast<int32_t>((int64_t{a} * b) >> 32); }

/// The stored output of channel `c` for accumulator `acc` = sum of a * (w - z_w). `acc` lies in the range that `r` was
/// made for: no 32-bit step overflows then. half_even: B contains the half (and half the tie width), so a tie is a sum
/// whose low S bits are zero (or at most the width), and of its two neighbours sum >> S is the upper; clearing bit 0
/// takes the even one.
inline int32_t requantise(const Requant& r, std::size_t c, int32_t acc) {
  assert(c < r.B.size() && (r.form == RequantForm::raw || c < r.m.size()));
  if (r.form == RequantForm::raw) {
    assert(fits_int32(int64_t{acc} + r.B[c]));
    return acc + r.B[c];
  }
  const bool wide = r.form == RequantForm::wide;
  const int64_t factor = wide ? int64_t{acc} * (int64_t{1} << r.pre_shift) : acc;
  const int64_t product = wide ? mulh(static_cast<int32_t>(factor), r.m[c]) : factor * r.m[c];
  const int64_t sum = product + r.B[c];
  assert(fits_int32(factor) && fits_int32(product) && fits_int32(sum));
  auto y = static_cast<int32_t>(sum >> r.shift);
  const int64_t low_bits = (int64_t{1} << r.shift) - 1;
  if (r.rounding == Rounding::half_even && (sum & low_bits) <= r.tie_width) y &= ~1;
  return std::clamp(y, r.lo, r.hi);
}

}  // namespace ares
