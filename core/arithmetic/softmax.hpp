// Softmax of the rows of a stored tensor in integers. README.md has the derivation and the bounds.
//
//   k = max - a           e = T[k]  (8-bit scores)     e = (T[k >> 8] * T[256 + (k & 255)] + 2^15) >> 16  (16-bit)
//   A = (sum of e) << z in [2^31, 2^32)     r = inverse(A)     f = (mulhu(r, F) + 2^15) >> 16     S = s - z
//   y = clip((e * f + (z_y << S) + 2^(S - 1)) >> S)
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "core/arithmetic/reciprocal.hpp"
#include "core/arithmetic/requant.hpp"
#include "core/base/result.hpp"

namespace ares {

/// Entries of the table of 8-bit and of 16-bit scores.
inline constexpr std::size_t softmax_entries(bool wide) { return wide ? 512 : 256; }
inline constexpr int32_t softmax_most_columns = 1 << 16;  ///< whose exponentials sum to 32 bits

/// T[k] = rne((2^16 - 1) * exp(-k * scale)); for 16-bit scores T[i] and T[256 + i] are that of 256 * i and of i.
std::vector<uint16_t> softmax_table(double scale, bool wide);

/// What all rows of a layer share: 1 / s_y = F * 2^(14 - s).
struct SoftmaxTerms {
  uint32_t factor = 1u << 31;  ///< F, 2^31 or more
  int32_t shift = 45;          ///< s
  int32_t most = 31;           ///< S at most, so that z_y and a half fit
  int32_t zero = 0;            ///< z_y
};
/// Words of the terms on the device.
inline constexpr int softmax_words = 4;

/// Fails where the output's scale is too small.
Result<SoftmaxTerms> softmax_terms(double output_scale, int32_t output_zero);

/// How far an output is off the exact one at most, beside what the table's entries are off by.
double softmax_deviation(const SoftmaxTerms& t);

inline uint32_t softmax_exponential(std::span<const uint16_t> table, uint32_t k) {
  if (table.size() == softmax_entries(false)) return table[k];
  return (uint32_t{table[k >> 8]} * table[256 + (k & 255)] + (1u << 15)) >> 16;
}

/// What a row's exponentials are scaled by.
struct SoftmaxScale {
  uint32_t factor = 0, offset = 0;  ///< f; what is added to its product
  int32_t shift = 1;                ///< S
};

inline SoftmaxScale softmax_scale(const SoftmaxTerms& t, uint32_t sum) {
  const int z = __builtin_clz(sum), shift = t.shift - z, spare = std::clamp(shift - t.most, 0, 31);
  const uint32_t factor = (mulhu(static_cast<uint32_t>(inverse(sum << z)), t.factor) + (1u << 15)) >> 16;
  SoftmaxScale s;
  s.shift = std::min(shift, t.most);
  s.factor = spare > 0 ? (factor + (1u << (spare - 1))) >> spare : factor;
  s.offset = (static_cast<uint32_t>(t.zero) << s.shift) + (1u << (s.shift - 1));
  return s;
}

/// The stored output before it is clipped.
inline int32_t softmax_output(const SoftmaxScale& s, uint32_t e) {
  return static_cast<int32_t>((e * s.factor + s.offset) >> s.shift);
}

}  // namespace ares
