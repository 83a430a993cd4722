#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "core/import/operators/inner.hpp"
#include "core/import/operators/linear.hpp"

namespace ares::qonnx {
namespace {

/// Axes are an attribute up to opset 17, an input from 18; without any, all.
Result<std::set<std::size_t>> axes_of(const NodeView& node, std::size_t rank) {
  std::vector<int64_t> axes(rank);
  for (std::size_t i = 0; i < rank; ++i) axes[i] = static_cast<int64_t>(i);
  if (auto stated = ints_attribute(node.node, "axes")) axes = *stated;
  if (node.has_input(1)) {
    auto input = node.integers(1);
    if (!input) return tl::unexpected(input.error());
    axes = *input;
  }
  std::set<std::size_t> all;
  for (const int64_t axis : axes) {
    const auto normal = normal_axis(axis, rank);
    if (!normal) return node.error(normal.error().what);
    all.insert(*normal);
  }
  return all;
}

ShapesResult shapes(const NodeView& node) {
  const auto shape = node.shape(0);
  if (!shape) return tl::unexpected(shape.error());
  const auto axes = axes_of(node, shape->size());
  if (!axes) return tl::unexpected(axes.error());
  const bool keep = int_attribute(node.node, "keepdims", 1) != 0;
  Shape out;
  for (std::size_t i = 0; i < shape->size(); ++i) {
    if (!axes->count(i)) out.push_back((*shape)[i]);
    if (axes->count(i) && keep) out.push_back(1);
  }
  return std::vector<Shape>{std::move(out)};
}

/// Whether the averaged axes hold all positions, and each position its channels in the same order: the place of each
/// channel, or nothing.
std::optional<std::vector<int32_t>> channel_places(const ModelView& view, const std::set<std::size_t>& axes,
                                                   int64_t positions, int64_t channels) {
  const Shape strides = strides_of(view.shape);
  std::vector<int32_t> place(static_cast<std::size_t>(channels), -1);
  for (int64_t i = 0; i < positions * channels; ++i) {
    int64_t channel = 0;
    for (std::size_t a = 0; a < view.shape.size(); ++a)
      if (!axes.count(a)) channel = channel * view.shape[a] + i / strides[a] % view.shape[a];
    const int64_t offset = view.order.empty() ? i : view.order[static_cast<std::size_t>(i)];
    int32_t& at = place[static_cast<std::size_t>(channel)];
    if (at < 0) at = static_cast<int32_t>(offset % channels);
    if (at != offset % channels) return std::nullopt;
  }
  return place;
}

Result<Value> lower(Lowering& lowering, const NodeView& node) {
  const auto tensor = inner_tensor(lowering, node, 0);
  if (!tensor) return tl::unexpected(tensor.error());
  const ModelView view = (*lowering.input(node, 0))->view;
  const auto axes = axes_of(node, view.shape.size());
  if (!axes) return tl::unexpected(axes.error());
  int64_t positions = 1;
  for (const std::size_t a : *axes) positions *= view.shape[a];
  const int64_t channels = *element_count(view.shape) / positions;
  auto places = channel_places(view, *axes, positions, channels);
  Tensor& in = lowering.tensor(*tensor);
  if (places && in.dims.c != channels && lowering.free_dims(*tensor))
    in.dims = {1, static_cast<int32_t>(positions), static_cast<int32_t>(channels)};
  if (!places || in.dims.c != channels)
    return node.error(fmt::format("averages {} axes of {} that are not the positions of the stored tensor",
                                  axes->size(), to_string(view.shape)));
  constexpr int64_t most_rows = std::numeric_limits<int16_t>::max();
  const int64_t most = std::numeric_limits<int32_t>::max() / (in.type == ElementType::u8 ? 255 : 32768);
  if (positions > most || std::max(in.dims.h, in.dims.w) > most_rows)
    return node.error(fmt::format("the sum of {} positions can overflow; average in two steps", positions));
  AveragePool pool;
  pool.window.kh = pool.window.sh = static_cast<int16_t>(in.dims.h);
  pool.window.kw = pool.window.sw = static_cast<int16_t>(in.dims.w);
  return Value{Average{pool, *tensor, {1, 1, static_cast<int32_t>(channels)}, node.node.name},
               {output_shape(lowering, node), normal_order(std::move(*places))}};
}

}  // namespace

const Operator kReduceMean{.name = "ReduceMean",
                           .shapes = shapes,
                           .lower = lower,
                           .host = OnHost::yes,
                           .supports =
                               "over all positions (tokens, or rows and columns) of a quantised tensor or of a "
                               "norm or sum that is kept in 16 bits; its Quant rounds once"};

}  // namespace ares::qonnx
