#include "core/arithmetic/rotary.hpp"

#include <algorithm>
#include <cmath>

#include "core/ir/layer.hpp"

namespace ares {

RotaryFactors rotary_factors(std::span<const double> cosines, std::span<const double> sines) {
  constexpr double largest = 32767;
  double reach = 0;
  for (const std::span<const double> values : {cosines, sines})
    for (const double v : values) reach = std::max(reach, std::abs(v));
  RotaryFactors f{reach > 0 ? reach / largest : 1, {}};
  const auto stored = [&](double v) { return static_cast<int16_t>(std::nearbyint(v / f.scale)); };
  for (std::size_t i = 0; i < cosines.size(); ++i) {
    f.values.push_back(stored(cosines[i]));
    f.values.push_back(stored(sines[i]));
  }
  return f;
}

ChannelTerms rotary_terms(std::span<const int16_t> factors, double scale, const Quantisation& input,
                          double output_scale) {
  const int64_t reach = std::max(std::abs(input.lo - input.zero_point), std::abs(input.hi - input.zero_point));
  int64_t most = 0;
  for (std::size_t i = 0; i + 1 < factors.size(); i += 2)
    most = std::max(most, int64_t{std::abs(factors[i])} + std::abs(factors[i + 1]));
  ChannelTerms t;
  t.multiplier = input.scale * scale / output_scale;
  t.acc_max = reach * most;
  t.acc_min = -t.acc_max;
  return t;
}

}  // namespace ares
