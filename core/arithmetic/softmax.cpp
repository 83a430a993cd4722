#include "core/arithmetic/softmax.hpp"

#include <fmt/format.h>

#include <cmath>

namespace ares {

std::vector<uint16_t> softmax_table(double scale, bool wide) {
  std::vector<uint16_t> table(softmax_entries(wide));
  const auto entry = [&](double k) { return static_cast<uint16_t>(std::nearbyint(65535 * std::exp(-k * scale))); };
  for (std::size_t i = 0; i < 256; ++i) {
    const double k = static_cast<double>(i);
    table[i] = entry(wide ? 256 * k : k);
    if (wide) table[256 + i] = entry(k);
  }
  return table;
}

Result<SoftmaxTerms> softmax_terms(double output_scale, int32_t output_zero) {
  constexpr int exponential_bits = 16, least_shift = exponential_bits + 1, most_shift = 60;
  int exponent = 0;
  const double mantissa = std::frexp(1 / output_scale, &exponent);
  SoftmaxTerms t;
  t.factor = static_cast<uint32_t>(std::min(std::nearbyint(std::ldexp(mantissa, 32)), 0x1p32 - 1));
  t.shift = 14 + 32 - exponent;
  t.zero = output_zero;
  t.most = static_cast<int32_t>(std::floor(std::log2((0x1p31 - 1) / (output_zero + 0.5))));
  if (!(t.shift >= least_shift && t.shift <= most_shift))
    return fail(fmt::format("its output's scale {} suits no share of 0 to 1", output_scale));
  return t;
}

double softmax_deviation(const SoftmaxTerms& t) {
  return 255 * 0x1p-14 + 65535 * std::ldexp(0.5, -std::min(t.most, t.shift));
}

}  // namespace ares
