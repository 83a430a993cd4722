#include "core/arithmetic/softmax.hpp"

#include <cmath>

namespace ares {

std::vector<uint32_t> softmax_table(double scale, int64_t n, bool wide) {
  int t = 30;
  while (t > 0 && n > (int64_t{1} << (31 - t))) --t;
  std::vector<uint32_t> table(softmax_entries(wide));
  for (std::size_t i = 0; i < 256; ++i) {
    const double k = static_cast<double>(i);
    table[i] = static_cast<uint32_t>(std::nearbyint(std::ldexp(std::exp(-(wide ? 256 : 1) * k * scale), t)));
    if (wide) table[256 + i] = static_cast<uint32_t>(std::nearbyint(4294967295.0 * std::exp(-k * scale)));
  }
  return table;
}

ChannelTerms softmax_terms(double output_scale) {
  ChannelTerms t;
  t.multiplier = std::ldexp(1 / output_scale, -softmax_fraction_bits);
  t.acc_max = (int64_t{1} << softmax_fraction_bits) + 2;  // with what inverse() is off by
  return t;
}

}  // namespace ares
