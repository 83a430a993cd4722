// The terms of requantisation, and the proof that accumulators are int32, from the weights of a layer.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/arithmetic/make_requant.hpp"
#include "core/base/result.hpp"

namespace ares {

struct Quantisation;

/// Weights of a convolution or linear layer with what scales them; `scale` tells the number of output channels.
struct WeightTerms {
  std::span<const int8_t> weights;  ///< [c_out][k], k weights per output channel
  std::span<const int32_t> zero;    ///< z_w per output channel; empty: 0
  std::span<const double> scale;    ///< s_w per output channel, of either sign
  std::span<const double> bias;     ///< real values per output channel; empty: none
};

/// Terms of every output channel for an output of scale `output_scale`. `padded`: positions outside the input
/// contribute a = z_x, which then counts as a reachable input. Fails, naming the channel, where a partial sum of any
/// order, or of the split sum(a * w) - z_w * sum(a), can overflow int32, and where a scale is unusable.
Result<std::vector<ChannelTerms>> channel_terms(const WeightTerms& layer, const Quantisation& input, bool padded,
                                                double output_scale);

/// The same for the raw form: M = 1 and the bias in accumulator steps, bias / (s_x * s_w).
Result<std::vector<ChannelTerms>> raw_channel_terms(const WeightTerms& layer, const Quantisation& input, bool padded);

}  // namespace ares
