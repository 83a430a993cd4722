#include <fmt/format.h>

#include <algorithm>

#include "core/import/quantiser.hpp"
#include "core/passes/pass.hpp"

namespace ares {
namespace {

using qonnx::Array;
using qonnx::NodeView;
using qonnx::Quantiser;

/// Brevitas 0.10.0 to 0.10.2 exports weights with `signed` and `narrow` swapped. Signed full-range weights then say
/// unsigned narrow, which nothing with negative values can be.
bool is_swapped(const Quantiser& q, const Array& constant) {
  if (q.is_signed || !q.narrow) return false;
  const auto zeros = qonnx::to_doubles(q.zero_point);
  if (std::any_of(zeros.begin(), zeros.end(), [](double z) { return z != 0; })) return false;
  const auto values = qonnx::to_doubles(constant);
  return std::any_of(values.begin(), values.end(), [](double v) { return v < 0; });
}

Result<qonnx::QuantisedConstant> quantise(NetworkState& state, const NodeView& node, const Array& constant) {
  auto q = qonnx::read_quantiser(node);
  if (!q) return tl::unexpected(q.error());
  if (is_swapped(*q, constant)) {
    q->is_signed = true;
    q->narrow = false;
    const char* what =
        "negative weights in an unsigned narrow Quant; read as signed (Brevitas 0.10 swaps the two attributes)";
    state.notice(fmt::format("warning: {}: node '{}': {}", state.model.file, node.node.name, what));
    warn(state.check, "swapped", node.node, what);
  }
  return qonnx::quantise_constant(node, constant, *q);
}

}  // namespace

Result<void> quantise_constants(NetworkState& state) {
  if (auto ok = quantise_inputs(state); !ok) return ok;
  std::vector<qonnx::Node> kept;
  for (qonnx::Node& node : state.model.nodes) {
    const NodeView view{state.model, node};
    const Array* constant = node.op == "Quant" ? view.constant(0) : nullptr;
    if (!constant) {
      kept.push_back(std::move(node));
      continue;
    }
    auto quantised = quantise(state, view, *constant);
    if (!quantised && note(state.check, "quantiser", state.model, node, quantised.error())) continue;
    if (!quantised) return tl::unexpected(quantised.error());
    state.model.quantised[node.outputs[0]] = std::move(*quantised);
  }
  state.model.nodes = std::move(kept);
  return {};
}

}  // namespace ares
