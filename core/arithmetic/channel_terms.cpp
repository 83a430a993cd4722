#include "core/arithmetic/channel_terms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>

#include "core/ir/layer.hpp"

namespace ares {
namespace {

struct Range {
  int64_t min = 0, max = 0;
};

bool fits_int32(const Range& r) { return ares::fits_int32(r.min) && ares::fits_int32(r.max); }

/// The range of a * factor over a in `a`.
Range scaled(const Range& a, int64_t factor) {
  return {std::min(a.min * factor, a.max * factor), std::max(a.min * factor, a.max * factor)};
}

/// Running sums of one channel: `total` over all terms, `partial` over any subset of them.
struct Sum {
  Range total, partial;

  void add(const Range& term) {
    total = {total.min + term.min, total.max + term.max};
    partial = {partial.min + std::min<int64_t>(term.min, 0), partial.max + std::max<int64_t>(term.max, 0)};
  }
};

Range reachable_inputs(const Quantisation& input, bool padded) {
  if (!padded) return {input.lo, input.hi};
  return {std::min(input.lo, input.zero_point), std::max(input.hi, input.zero_point)};
}

/// Weight sum and accumulator range of channel `c`.
Result<ChannelTerms> accumulator_terms(std::span<const int8_t> weights, int32_t zero, const Range& inputs,
                                       std::size_t c) {
  ChannelTerms t;
  Sum centred, plain, zeros;
  for (const int8_t w : weights) {
    const int64_t factor = int64_t{w} - zero;
    t.weight_sum += factor;
    centred.add(scaled(inputs, factor));
    plain.add(scaled(inputs, w));
    zeros.add(scaled(inputs, zero));
  }
  for (const Sum* sum : {&centred, &plain, &zeros}) {
    if (fits_int32(sum->partial)) continue;
    return fail(
        fmt::format("output channel {}: sums of its {} weights times inputs in {}..{} reach {}..{} and overflow int32; "
                    "use fewer input channels or narrower weights",
                    c, weights.size(), inputs.min, inputs.max, sum->partial.min, sum->partial.max));
  }
  t.acc_min = centred.total.min;
  t.acc_max = centred.total.max;
  return t;
}

/// Terms of all channels with M and b in steps of `step(c)`; `multiplier(c)` is M.
template <class Multiplier, class Step>
Result<std::vector<ChannelTerms>> collect(const WeightTerms& layer, const Quantisation& input, bool padded,
                                          Multiplier multiplier, Step step) {
  const std::size_t channels = layer.scale.size();
  assert(channels > 0 && layer.weights.size() % channels == 0);
  assert(layer.zero.empty() || layer.zero.size() == channels);
  assert(layer.bias.empty() || layer.bias.size() == channels);
  if (!std::isfinite(input.scale) || input.scale <= 0)
    return fail(fmt::format("the input's scale is {}, must be positive and finite", input.scale));
  const std::size_t k = layer.weights.size() / channels;
  const Range inputs = reachable_inputs(input, padded);
  std::vector<ChannelTerms> terms;
  terms.reserve(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    auto t = accumulator_terms(layer.weights.subspan(c * k, k), layer.zero.empty() ? 0 : layer.zero[c], inputs, c);
    if (!t) return tl::unexpected<Error>(t.error());
    t->multiplier = multiplier(c);
    const double bias = layer.bias.empty() ? 0 : layer.bias[c];
    t->bias = bias == 0 ? 0 : bias / step(c);
    if (!std::isfinite(t->multiplier) || !std::isfinite(t->bias))
      return fail(fmt::format("output channel {}: weight scale {} and bias {} give no finite multiplier and bias", c,
                              layer.scale[c], bias));
    terms.push_back(*t);
  }
  return terms;
}

}  // namespace

Result<std::vector<ChannelTerms>> channel_terms(const WeightTerms& layer, const Quantisation& input, bool padded,
                                                double output_scale) {
  if (!std::isfinite(output_scale) || output_scale <= 0)
    return fail(fmt::format("the output's scale is {}, must be positive and finite", output_scale));
  return collect(
      layer, input, padded, [&](std::size_t c) { return input.scale * layer.scale[c] / output_scale; },
      [&](std::size_t) { return output_scale; });
}

Result<std::vector<ChannelTerms>> raw_channel_terms(const WeightTerms& layer, const Quantisation& input, bool padded) {
  return collect(
      layer, input, padded, [](std::size_t) { return 1.0; },
      [&](std::size_t c) { return input.scale * layer.scale[c]; });
}

}  // namespace ares
