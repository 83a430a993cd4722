// The project's own operator of a state-space model (domain ares); docs/selective_scan.md.
#include <fmt/format.h>

#include <algorithm>

#include "core/import/operators/linear.hpp"

namespace ares::qonnx {
namespace {

/// Steps, channels and states of x [1, steps, channels] and A [channels, states].
struct Sizes {
  int64_t steps = 1, channels = 1, states = 1;
};

Result<Sizes> sizes_of(const NodeView& node) {
  const auto x = node.shape(0), delta = node.shape(1), rates = node.shape(2), bc = node.shape(3);
  for (const auto* shape : {&x, &delta, &rates, &bc})
    if (!*shape) return tl::unexpected(shape->error());
  if (x->size() != 3 || (*x)[0] != 1 || *delta != *x || rates->size() != 2 || (*rates)[0] != (*x)[2] ||
      bc->size() != 3 || (*bc)[0] != 1 || (*bc)[1] != (*x)[1])
    return node.error(
        fmt::format("x {}, delta {}, A {} and B, C {} do not fit: [1, steps, channels] twice, [channels, "
                    "states], [1, steps, 2 * states or more]",
                    to_string(*x), to_string(*delta), to_string(*rates), to_string(*bc)));
  const int64_t states = (*rates)[1], offset = int_attribute(node.node, "offset", 0);
  if (offset < 0 || states < 1 || offset > (*bc)[2] - 2 * states)
    return node.error(
        fmt::format("B and C of {} states from column {} on exceed rows of {}", states, offset, (*bc)[2]));
  return Sizes{(*x)[1], (*x)[2], states};
}

ShapesResult shapes(const NodeView& node) {
  if (const auto sizes = sizes_of(node); !sizes) return tl::unexpected(sizes.error());
  return same_shape(node);
}

/// A stored tensor whose elements lie in the model's order.
Result<TensorId> rows(Lowering& lowering, const NodeView& node, std::size_t i) {
  const auto stored = stored_input(lowering, node, i);
  if (!stored) return tl::unexpected(stored.error());
  if (!(*lowering.input(node, i))->view.order.empty())
    return node.error(fmt::format("its input '{}' is not stored as rows of features; transpose it before its Quant",
                                  node.node.inputs[i]));
  return stored->tensor;
}

/// The values of a float parameter; none where the input is absent.
Result<std::vector<double>> parameter(const Lowering& lowering, const NodeView& node, std::size_t i, int64_t count) {
  if (!node.has_input(i)) return std::vector<double>();
  const QuantisedConstant* quantised = lowering.quantised(node, i);
  const Array* plain = lowering.array(node, i);
  if (!quantised && !plain) return node.error(fmt::format("its input '{}' is not constant", node.node.inputs[i]));
  std::vector<double> values = to_doubles(quantised ? dequantise(*quantised) : *plain);
  if (static_cast<int64_t>(values.size()) == count) return values;
  return node.error(fmt::format("its input '{}' has {} values, not {}", node.node.inputs[i], values.size(), count));
}

Result<Value> lower(Lowering& lowering, const NodeView& node) {
  const auto sizes = sizes_of(node);
  if (!sizes) return tl::unexpected(sizes.error());
  const auto x = rows(lowering, node, 0), delta = rows(lowering, node, 1), bc = rows(lowering, node, 3);
  for (const auto* tensor : {&x, &delta, &bc})
    if (!*tensor) return tl::unexpected(tensor->error());
  auto rates = parameter(lowering, node, 2, sizes->channels * sizes->states);
  auto skip = parameter(lowering, node, 4, sizes->channels);
  if (!rates || !skip) return tl::unexpected(!rates ? rates.error() : skip.error());
  const auto size = [](int64_t n) { return static_cast<int32_t>(n); };
  Scan op;
  op.steps = size(sizes->steps);
  op.channels = size(sizes->channels);
  op.states = size(sizes->states);
  op.offset = size(int_attribute(node.node, "offset", 0));
  op.softplus = int_attribute(node.node, "delta_softplus", 1) != 0;
  op.rates = std::move(*rates);
  op.skip = std::move(*skip);
  return Value{
      Pending{std::move(op), {*x, *delta, *bc}, Dims{1, size(sizes->steps), size(sizes->channels)}, node.node.name},
      (*lowering.input(node, 0))->view};
}

}  // namespace

const Operator kSelectiveScan{.name = "SelectiveScan",
                              .shapes = shapes,
                              .lower = lower,
                              .supports =
                                  "of domain ares (docs/selective_scan.md); x, delta and the rows of B and C "
                                  "quantised to 8 bits, A and D constant, a Quant behind it"};

}  // namespace ares::qonnx
