// LayerNormalization, RMSNormalization and GroupNormalization. Patterns of primitive operators have become these before
// (core/passes/recognise_norms.cpp).
#include <fmt/format.h>

#include <algorithm>

#include "core/import/operators/inner.hpp"
#include "core/import/operators/linear.hpp"

namespace ares::qonnx {
namespace {

/// One value per channel, where the input is there.
Result<std::vector<double>> parameter(const Lowering& lowering, const NodeView& node, std::size_t i,
                                      std::size_t channels) {
  if (!node.has_input(i)) return std::vector<double>();
  const QuantisedConstant* quantised = lowering.quantised(node, i);
  const Array* plain = lowering.array(node, i);
  if (!quantised && !plain) return node.error(fmt::format("its input '{}' is not constant", node.node.inputs[i]));
  std::vector<double> values = to_doubles(quantised ? dequantise(*quantised) : *plain);
  if (values.size() == 1) values.resize(channels, values[0]);
  if (values.size() == channels) return values;
  return node.error(
      fmt::format("its input '{}' has {} values for {} channels", node.node.inputs[i], values.size(), channels));
}

Result<Norm> read_norm(const Lowering& lowering, const NodeView& node, int64_t channels) {
  Norm norm;
  norm.centred = node.node.op != "RMSNormalization";
  norm.channels = static_cast<int32_t>(channels);
  norm.epsilon = float_attribute(node.node, "epsilon", 1e-5);
  auto gain = parameter(lowering, node, 1, static_cast<std::size_t>(channels));
  auto bias = parameter(lowering, node, 2, static_cast<std::size_t>(channels));
  if (!gain || !bias) return tl::unexpected(!gain ? gain.error() : bias.error());
  norm.gain = std::move(*gain);
  norm.bias = std::move(*bias);
  return norm;
}

/// Over the last axes from `axis` on: one set per token.
Result<Value> lower_rows(Lowering& lowering, const NodeView& node) {
  const auto input = lowering.input(node, 0);
  if (!input) return tl::unexpected(input.error());
  const ModelView view = (*input)->view;
  const auto axis = normal_axis(int_attribute(node.node, "axis", -1), view.shape.size());
  if (!axis) return node.error(axis.error().what);
  int64_t features = 1;
  for (std::size_t i = *axis; i < view.shape.size(); ++i) features *= view.shape[i];
  const int64_t tokens = *element_count(view.shape) / features;
  const auto tensor = inner_tensor(lowering, node, 0, features);
  if (!tensor) return tl::unexpected(tensor.error());
  const auto place = feature_order(node, view, tokens, features);
  if (!place) return tl::unexpected(place.error());
  auto norm = read_norm(lowering, node, features);
  if (!norm) return tl::unexpected(norm.error());
  for (std::vector<double>* values : {&norm->gain, &norm->bias}) {
    const std::vector<double> model = *values;
    for (std::size_t i = 0; i < model.size(); ++i) (*values)[static_cast<std::size_t>((*place)[i])] = model[i];
  }
  const Dims in = lowering.tensor(*tensor).dims;
  const Dims out = in.c == features ? in : Dims{1, static_cast<int32_t>(tokens), static_cast<int32_t>(features)};
  return Value{Pending{std::move(*norm), {*tensor}, out, node.node.name}, view};
}

/// Over groups of channels and all positions of a [1, c, ..] tensor.
Result<Value> lower_groups(Lowering& lowering, const NodeView& node) {
  const auto input = lowering.input(node, 0);
  if (!input) return tl::unexpected(input.error());
  const ModelView view = (*input)->view;
  const Shape& s = view.shape;
  if (s.size() < 2 || s[0] != 1)
    return node.error(fmt::format("needs a [1, channels, ..] input, not {}", to_string(s)));
  const int64_t channels = s[1], groups = int_attribute(node.node, "num_groups", 0);
  if (groups < 1 || channels % groups) return node.error(fmt::format("{} groups of {} channels", groups, channels));
  const int64_t positions = *element_count(s) / channels;
  const auto tensor = inner_tensor(lowering, node, 0, positions * channels / groups);
  if (!tensor) return tl::unexpected(tensor.error());
  if (view.order != channels_first_order({1, static_cast<int32_t>(positions), static_cast<int32_t>(channels)}))
    return node.error("its input is not stored channels last; reshaping or transposing it there is not supported");
  auto norm = read_norm(lowering, node, channels);
  if (!norm) return tl::unexpected(norm.error());
  norm->across = true;
  norm->groups = static_cast<int32_t>(groups);
  return Value{Pending{std::move(*norm), {*tensor}, lowering.tensor(*tensor).dims, node.node.name}, view};
}

}  // namespace

const Operator kLayerNormalization{
    .name = "LayerNormalization",
    .shapes = same_shape,
    .lower = lower_rows,
    .host = OnHost::yes,
    .supports = "over the last axes, of a quantised tensor or of a sum that is kept in 16 bits; from primitives, too"};
const Operator kInstanceNormalization{.name = "InstanceNormalization",
                                      .shapes = same_shape,
                                      .host = OnHost::yes,
                                      .supports = "between Reshapes, as a group norm; of what the network gives out"};
const Operator kRmsNormalization{.name = "RMSNormalization",
                                 .shapes = same_shape,
                                 .lower = lower_rows,
                                 .host = OnHost::yes,
                                 .supports = "as LayerNormalization"};
const Operator kGroupNormalization{
    .name = "GroupNormalization",
    .shapes = same_shape,
    .lower = lower_groups,
    .host = OnHost::yes,
    .supports =
        "of a quantised tensor or of a sum that is kept in 16 bits, channels last; InstanceNormalization "
        "between Reshapes, too"};

}  // namespace ares::qonnx
