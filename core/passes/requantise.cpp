#include <fmt/format.h>

#include <array>

#include "core/arithmetic/channel_terms.hpp"
#include "core/arithmetic/make_requant.hpp"
#include "core/passes/pass.hpp"

namespace ares {
namespace {

bool is_padded(const Window& w) { return w.pt || w.pl || w.pb || w.pr; }

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

}  // namespace

Result<void> requantise(NetworkState& state) {
  LayerGraph& g = state.layers;
  std::array<int, 3> forms{};  // in the order of RequantForm
  int weighted = 0;
  for (const LayerId id : execution_order(g)) {
    Layer& layer = g.dag[id];
    auto* op = std::get_if<Weighted>(&layer.op);
    if (!op) continue;
    const Tensor& in = g.tensors[static_cast<std::size_t>(layer.inputs[0])];
    const Tensor& out = g.tensors[static_cast<std::size_t>(layer.output)];
    auto requant = requant_of(*op, in, out, g.policy);
    if (!requant) {
      return fail(
          fmt::format("{}: layer '{}' (node '{}'): {}", g.name, layer.name, layer.model_node, requant.error().what));
    }
    op->requant = std::move(*requant);
    ++forms[static_cast<std::size_t>(op->requant.form)];
    ++weighted;
  }
  state.notice(fmt::format("requantisation ({}): of {} layers with weights {} narrow, {} wide, {} raw",
                           g.policy == RequantPolicy::fast ? "fast" : "exact", weighted, forms[0], forms[1], forms[2]));
  return {};
}

}  // namespace ares
