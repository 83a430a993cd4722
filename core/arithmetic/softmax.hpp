// Softmax of the rows of a stored tensor in integers. README.md has the derivation and the bounds.
//
//   k = max - a           e = T[k]  (8-bit scores)     e = mulhu(T[k >> 8], T[256 + (k & 255)])  (16-bit scores)
//   A = (sum of e) << z in [2^31, 2^32)     r = inverse(A)     p = mulhu(e << z, r), in 2^-30
//   y = requantise(p)
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/arithmetic/make_requant.hpp"
#include "core/arithmetic/reciprocal.hpp"

namespace ares {

struct Quantisation;

/// Entries of the table of 8-bit and of 16-bit scores.
inline constexpr std::size_t softmax_entries(bool wide) { return wide ? 512 : 256; }
inline constexpr int softmax_fraction_bits = 30;  ///< of p

/// T[k] = rne(2^t * exp(-k * scale)) with the largest t for which a row of n sums to 2^31 at most; for 16-bit scores
/// T[i] = rne(2^t * exp(-256 * i * scale)) and T[256 + i] = rne((2^32 - 1) * exp(-i * scale)).
std::vector<uint32_t> softmax_table(double scale, int64_t n, bool wide);

/// The terms of the requantisation of p.
ChannelTerms softmax_terms(double output_scale);

inline uint32_t softmax_exponential(std::span<const uint32_t> table, uint32_t k) {
  return table.size() == softmax_entries(false) ? table[k] : mulhu(table[k >> 8], table[256 + (k & 255)]);
}

/// What a row's exponentials are multiplied by: z and r.
struct SoftmaxScale {
  int shift = 0;
  int32_t factor = 0;
};

inline SoftmaxScale softmax_scale(uint32_t sum) {
  const int z = __builtin_clz(sum);
  return {z, inverse(sum << z)};
}

/// p = e / sum, in 2^-30.
inline int32_t softmax_share(const SoftmaxScale& s, uint32_t e) {
  return static_cast<int32_t>(mulhu(e << s.shift, static_cast<uint32_t>(s.factor)));
}

}  // namespace ares
