#include <fmt/format.h>

#include <algorithm>

#include "core/passes/pass.hpp"

namespace ares {
namespace {

/// The layer with one group: its new weights equal z_w, and so contribute nothing.
Result<void> make_dense(Weighted& layer, const Dims& in, const Dims& out) {
  const auto positions = static_cast<std::size_t>(layer.window.kh * layer.window.kw);
  const auto all = static_cast<std::size_t>(in.c), part = all / static_cast<std::size_t>(layer.groups);
  const auto outputs = static_cast<std::size_t>(out.c),
             group_outputs = outputs / static_cast<std::size_t>(layer.groups);
  std::vector<int8_t> dense(outputs * positions * all);
  auto from = layer.weights.begin();
  for (std::size_t c = 0; c < outputs; ++c) {
    const int32_t zero = layer.weight_zero.empty() ? 0 : layer.weight_zero[c];
    if (zero < INT8_MIN || zero > INT8_MAX)
      return fail(
          fmt::format("output channel {}: its weights' zero point {} lies outside of 8 bits, so groups cannot be "
                      "filled up; quantise the weights symmetrically",
                      c, zero));
    for (std::size_t p = 0; p < positions; ++p, from += static_cast<std::ptrdiff_t>(part)) {
      const auto to = dense.begin() + static_cast<std::ptrdiff_t>((c * positions + p) * all);
      std::fill_n(to, all, static_cast<int8_t>(zero));
      std::copy_n(from, part, to + static_cast<std::ptrdiff_t>(c / group_outputs * part));
    }
  }
  layer.weights = std::move(dense);
  layer.groups = 1;
  return {};
}

}  // namespace

Result<void> expand_groups(NetworkState& state) {
  LayerGraph& g = state.layers;
  for (const LayerId id : execution_order(g)) {
    Layer& layer = g.dag[id];
    auto* op = std::get_if<Weighted>(&layer.op);
    if (!op || op->groups == 1) continue;
    const Dims in = input_dims(g, id), out = g.tensors[static_cast<std::size_t>(layer.output)].dims;
    if (op->groups == in.c && op->groups == out.c) continue;
    const int groups = op->groups;
    if (auto ok = make_dense(*op, in, out); !ok) {
      if (note(state.check, "groups", layer.model_node, "", ok.error())) continue;
      return fail(fmt::format("{}: layer '{}' (node '{}'): {}", g.name, layer.name, layer.model_node, ok.error().what));
    }
    state.notice(
        fmt::format("layer '{}': {} groups run as a dense convolution with zero weights between them, {} "
                    "multiply-accumulates instead of {}",
                    layer.name, groups, macs(g, id), macs(g, id) / groups));
  }
  return {};
}

}  // namespace ares
