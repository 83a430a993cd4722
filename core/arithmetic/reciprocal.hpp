// Reciprocals by Newton's iteration in 32-bit integers. The device takes the same steps, so these are the definition:
// README.md has the error bounds.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>

namespace ares {

/// High 32 bits of the unsigned 64-bit product.
inline uint32_t mulhu(uint32_t a, uint32_t b) { return static_cast<uint32_t>((uint64_t{a} * b) >> 32); }

namespace detail {
/// floor(y * t / 2^30), which the callers keep below 2^32.
inline uint32_t scaled_product(uint32_t y, uint32_t t) { return static_cast<uint32_t>((uint64_t{y} * t) >> 30); }
inline constexpr uint32_t largest_reciprocal = 0x7fffffff;
}  // namespace detail

/// 2^46 / sqrt(q) within 3, for q in [2^30, 2^32): four iterations y = y * (3 - a * y * y) / 2 on a = q / 2^32 from
/// 2.1 - 1.2 * a, y in Q30.
inline int32_t inverse_root(uint32_t q) {
  assert(q >= 1u << 30);
  uint32_t y = 2254857830u - mulhu(q, 1288490189u);
  for (int i = 0; i < 4; ++i) {
    const auto square = static_cast<uint32_t>((uint64_t{y} * y) >> 31);  // Q29
    y = detail::scaled_product(y, (3u << 29) - mulhu(square, q));
  }
  return static_cast<int32_t>(std::min(y, detail::largest_reciprocal));
}

/// 2^62 / a within 2, for a in [2^31, 2^32): three iterations y = y * (2 - a * y) from 48/17 - 32/17 * a, y in Q30.
inline int32_t inverse(uint32_t a) {
  assert(a >= 1u << 31);
  uint32_t y = 3031741621u - mulhu(a, 2021161080u);
  for (int i = 0; i < 3; ++i) y = detail::scaled_product(y, (1u << 31) - mulhu(a, y));
  return static_cast<int32_t>(std::min(y, detail::largest_reciprocal));
}

}  // namespace ares
