#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "core/arithmetic/add.hpp"
#include "core/arithmetic/average_terms.hpp"
#include "core/arithmetic/channel_terms.hpp"
#include "core/arithmetic/make_requant.hpp"
#include "core/passes/pass.hpp"

namespace ares {
namespace {

Result<Requant> requant_of(const Weighted& layer, const Tensor& in, const Tensor& out, RequantPolicy policy) {
  const WeightTerms terms{layer.weights, layer.weight_zero, layer.weight_scale, layer.bias};
  const bool padded = is_padded(layer.window);
  if (out.type == ElementType::s32) {
    const auto channels = raw_channel_terms(terms, in.q, padded);
    if (!channels) return tl::unexpected(channels.error());
    return make_raw_requant(*channels, in.q.zero_point);
  }
  const auto channels = channel_terms(terms, in.q, padded, out.q.scale);
  if (!channels) return tl::unexpected(channels.error());
  return make_requant(*channels, {in.q.zero_point, out.q.zero_point, out.q.lo, out.q.hi, policy, layer.bias_quantised});
}

Result<Requant> requant_of(const AveragePool& pool, const Tensor& in, const Tensor& out, RequantPolicy policy) {
  return make_requant(average_terms(pool, in.q, out.q.scale),
                      {in.q.zero_point, out.q.zero_point, out.q.lo, out.q.hi, policy, false});
}

Result<Requant> requant_of(const Add& add, const Tensor& a, const Tensor& b, const Tensor& out, RequantPolicy policy) {
  const double sign = add.subtract ? -1 : 1;
  return make_add_requant({a.q.scale / out.q.scale, a.q.zero_point, a.q.lo, a.q.hi},
                          {sign * b.q.scale / out.q.scale, b.q.zero_point, b.q.lo, b.q.hi}, out.q.zero_point, out.q.lo,
                          out.q.hi, policy);
}

/// acc = (a - z_a) * (b - z_b): one channel without an input zero point of its own.
Result<Requant> requant_of(const Multiply&, const Tensor& a, const Tensor& b, const Tensor& out, RequantPolicy policy) {
  ChannelTerms t;
  t.multiplier = a.q.scale * b.q.scale / out.q.scale;
  const int64_t a_lo = a.q.lo - a.q.zero_point, a_hi = a.q.hi - a.q.zero_point;
  const int64_t b_lo = b.q.lo - b.q.zero_point, b_hi = b.q.hi - b.q.zero_point;
  std::tie(t.acc_min, t.acc_max) = std::minmax({a_lo * b_lo, a_lo * b_hi, a_hi * b_lo, a_hi * b_hi});
  return make_requant(std::array{t}, {0, out.q.zero_point, out.q.lo, out.q.hi, policy, false});
}

/// Fills the constants of a layer that has some; returns them, or null.
Result<const Requant*> fill(Operation& op, const Tensor& in, const Tensor& second, const Tensor& out,
                            RequantPolicy policy) {
  const auto filled = [&](auto& layer) -> Result<const Requant*> {
    auto requant = [&] {
      if constexpr (requires { requant_of(layer, in, second, out, policy); })
        return requant_of(layer, in, second, out, policy);
      else
        return requant_of(layer, in, out, policy);
    }();
    if (!requant) return tl::unexpected(requant.error());
    layer.requant = std::move(*requant);
    return &layer.requant;
  };
  if (auto* weighted = std::get_if<Weighted>(&op)) return filled(*weighted);
  if (auto* pool = std::get_if<AveragePool>(&op)) return filled(*pool);
  if (auto* add = std::get_if<Add>(&op)) return filled(*add);
  if (auto* multiply = std::get_if<Multiply>(&op)) return filled(*multiply);
  return nullptr;
}

}  // namespace

Result<void> requantise(NetworkState& state) {
  LayerGraph& g = state.layers;
  std::array<int, 3> forms{};  // in the order of RequantForm
  int requantised = 0;
  for (const LayerId id : execution_order(g)) {
    Layer& layer = g.dag[id];
    const Tensor& in = g.tensors[static_cast<std::size_t>(layer.inputs[0])];
    const Tensor& second = g.tensors[static_cast<std::size_t>(layer.inputs.back())];
    const Tensor& out = g.tensors[static_cast<std::size_t>(layer.output)];
    const auto requant = fill(layer.op, in, second, out, g.policy);
    if (!requant) {
      if (note(state.check, "requantisation", layer.model_node, "", requant.error())) continue;
      return fail(
          fmt::format("{}: layer '{}' (node '{}'): {}", g.name, layer.name, layer.model_node, requant.error().what));
    }
    if (!*requant) continue;
    if (out.type == ElementType::s16)
      state.notice(fmt::format("tensor '{}' has no Quant and is kept in 16 bits, scale {:.3g}", out.name, out.q.scale));
    ++forms[static_cast<std::size_t>((*requant)->form)];
    ++requantised;
  }
  state.notice(fmt::format("requantisation ({}): of {} requantised layers {} narrow, {} wide, {} raw",
                           g.policy == RequantPolicy::fast ? "fast" : "exact", requantised, forms[0], forms[1],
                           forms[2]));
  return {};
}

}  // namespace ares
