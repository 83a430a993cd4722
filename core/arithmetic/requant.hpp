// Requantisation: from an int32 accumulator to the stored output, in integers alone.
//
// Narrow:  y = clip((acc * m[c] + B[c]) >> S)
// Wide:    y = clip((mulh(acc << k, m[c]) + B[c]) >> S)        mulh: high 32 bits of the signed 64-bit product
// Raw:     y = acc + B[c]                                        an int32 output (logits)
// B carries bias, both zero points and the rounding half. core/arithmetic/README.md has the derivation, the bounds and
// the golden vectors.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ares {

/// fast: narrow form wherever its deviation is at most 1/4 step, ties round up. exact: narrow only where the deviation is
/// at most 1/64 and the bias is not quantised (or the deviation is provably nil), reachable ties round half to even.
enum class RequantPolicy : uint8_t { fast, exact };
enum class RequantForm : uint8_t { narrow, wide, raw };
enum class Rounding : uint8_t { half_up, half_even };

/// Requantisation of one layer; m and B have one element per output channel.
struct Requant {
  RequantForm form = RequantForm::narrow;
  Rounding rounding = Rounding::half_up;
  int shift = 0;      ///< S, 1..31 (narrow), 0..22 (wide)
  int pre_shift = 0;  ///< k, wide form only
  int lo = 0, hi = 255;  ///< clip range in stored values
  double deviation = 0;  ///< bound in output steps of what the integers differ by from the exact real result
  std::vector<int32_t> m, B;
};

/// The stored output of channel `c` for accumulator `acc` = sum of a * (w - z_w).
int32_t requantise(const Requant& r, std::size_t c, int32_t acc);

}  // namespace ares
