#include <fmt/format.h>

#include "core/import/operators/compose.hpp"
#include "core/import/operators/window.hpp"

namespace ares::qonnx {
namespace {

/// Input [n, c_in, (h,) w] with weights [c_out, c_in / groups, (kh,) kw].
ShapesResult shapes(const NodeView& node) {
  const auto in = node.shape(0), weights = node.shape(1);
  if (!in || !weights) return tl::unexpected(!in ? in.error() : weights.error());
  if (weights->size() < 3 || weights->size() != in->size()) {
    return node.error(fmt::format("weights {} do not fit an input {}", to_string(*weights), to_string(*in)));
  }
  const int64_t groups = int_attribute(node.node, "group", 1);
  const int64_t c_out = (*weights)[0], c_in = (*weights)[1];
  if (groups < 1 || c_out < 1 || c_in < 1 || c_out % groups || (*in)[1] % groups || (*in)[1] / groups != c_in) {
    return node.error(
        fmt::format("weights {} in {} groups do not fit an input {}", to_string(*weights), groups, to_string(*in)));
  }
  const std::vector<int64_t> kernel(weights->begin() + 2, weights->end());
  if (ints_attribute(node.node, "kernel_shape").value_or(kernel) != kernel) {
    return node.error("kernel_shape differs from the shape of the weights");
  }
  const auto window = resolve_window(node, *in, kernel);
  if (!window) return tl::unexpected(window.error());
  Shape out{(*in)[0], c_out, window->out_h, window->out_w};
  if (kernel.size() == 1) out.erase(out.begin() + 2);
  const auto count = element_count(out);
  if (!count) return node.error(count.error().what);
  return std::vector<Shape>{out};
}

/// For each weight in [o][kh][kw][i] order, its index in the model's [o][i][kh][kw].
std::vector<int64_t> channels_last(const Shape& weights) {
  const int64_t kh = weights.size() == 4 ? weights[2] : 1;
  return transpose_indices({weights[0], weights[1], kh, weights.back()}, {0, 2, 3, 1});
}

/// The layer without its bias, and the dims of its output.
struct OwnLayer {
  Weighted layer;
  Dims out;
};

Result<OwnLayer> own_layer(const Lowering& lowering, const NodeView& node) {
  const auto weights = weight_input(lowering, node, 1);
  if (!weights) return tl::unexpected(weights.error());
  const Shape& w = (*weights)->shape;
  auto layer = make_weighted(node, **weights, 0, channels_last(w));
  if (!layer) return tl::unexpected(layer.error());
  const auto window = resolve_window(node, *node.shape(0), {w.begin() + 2, w.end()});
  if (!window) return tl::unexpected(window.error());
  layer->window = window->window;
  layer->groups = static_cast<int>(int_attribute(node.node, "group", 1));
  const Dims out{static_cast<int32_t>(window->out_h), static_cast<int32_t>(window->out_w), static_cast<int32_t>(w[0])};
  return OwnLayer{std::move(*layer), out};
}

Result<Value> on_image(Lowering& lowering, const NodeView& node) {
  const auto image = image_input(lowering, node);
  if (!image) return tl::unexpected(image.error());
  auto own = own_layer(lowering, node);
  if (!own) return tl::unexpected(own.error());
  if (auto ok = add_pads(node, *image, own->layer.window); !ok) return tl::unexpected(ok.error());
  Accumulator acc{std::move(own->layer), image->tensor, own->out, node.node.name, {}, 1, false};
  return Value{std::move(acc), {output_shape(lowering, node), channels_first_order(own->out)}};
}

Result<Value> on_sum(Lowering& lowering, const NodeView& node, const Value& sum) {
  const auto own = own_layer(lowering, node);
  if (!own) return tl::unexpected(own.error());
  return compose(lowering, node, sum, own->layer, own->out);
}

Result<Value> lower(Lowering& lowering, const NodeView& node) {
  const auto input = lowering.input(node, 0);
  if (!input) return tl::unexpected(input.error());
  auto value =
      std::holds_alternative<Accumulator>((*input)->kind) ? on_sum(lowering, node, **input) : on_image(lowering, node);
  if (!value || !node.has_input(2)) return value;
  auto& acc = std::get<Accumulator>(value->kind);
  acc.channel_axis = 0;
  if (auto ok = add_bias(lowering, node, 2, 1, acc, {acc.out.c}); !ok) return tl::unexpected(ok.error());
  acc.channel_axis = 1;
  return value;
}

}  // namespace

const Operator kConv{
    .name = "Conv",
    .shapes = shapes,
    .lower = lower,
    .supports =
        "one or two spatial axes; any kernel, stride, dilation, pads and groups; weights of 8 bits or "
        "fewer, per tensor or per channel, with or without zero points; float or quantised bias; two without a "
        "Quant between them become one where the second has no padding"};

}  // namespace ares::qonnx
