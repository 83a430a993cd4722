// The terms of requantisation of an average pool.
#pragma once

#include <vector>

#include "core/arithmetic/make_requant.hpp"

namespace ares {

struct AveragePool;
struct Quantisation;

/// One element for each number n = 1..kh * kw of positions inside the input, or one for kh * kw without padding:
/// M = (s_x / s_y) / d, where the divisor d is n, or kh * kw where padding counts.
std::vector<ChannelTerms> average_terms(const AveragePool& pool, const Quantisation& input, double output_scale);

}  // namespace ares
