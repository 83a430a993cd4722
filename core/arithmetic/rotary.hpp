// Rotary position embedding in integers: pairs (a, b) become (a cos - b sin, b cos + a sin). README.md has the bounds.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/arithmetic/make_requant.hpp"

namespace ares {

struct Quantisation;

/// 16-bit integers that stand for real factors: `scale` times them.
struct RotaryFactors {
  double scale = 1;
  std::vector<int16_t> values;  ///< cosine and sine of each pair, one behind the other
};
RotaryFactors rotary_factors(std::span<const double> cosines, std::span<const double> sines);

/// The terms of the one requantisation of acc = (a - z) cos - (b - z) sin.
ChannelTerms rotary_terms(std::span<const int16_t> factors, double scale, const Quantisation& input,
                          double output_scale);

}  // namespace ares
