// DFT of real signals: a fixed linear transform of each signal.
#include <fmt/format.h>

#include <algorithm>

#include "core/arithmetic/transform.hpp"
#include "core/import/operators/linear.hpp"

namespace ares::qonnx {
namespace {

/// Of signals along `axis`: their length and how many bins are given out.
struct Form {
  std::size_t axis = 0;
  int64_t length = 1, bins = 1;
};

/// The axis is an attribute up to opset 19, then an input.
Result<std::size_t> axis_of(const NodeView& node, std::size_t rank) {
  int64_t axis = int_attribute(node.node, "axis", -2);
  if (node.has_input(2)) {
    const auto given = node.integers(2);
    if (!given || given->size() != 1) return node.error("its axis is not constant");
    axis = given->front();
  }
  const auto at = normal_axis(axis, rank);
  if (!at || *at + 1 >= rank) return node.error(fmt::format("axis {} of an input of {} axes", axis, rank));
  return *at;
}

Result<Form> form_of(const NodeView& node) {
  const auto shape = node.shape(0);
  if (!shape) return tl::unexpected(shape.error());
  if (shape->size() < 2 || shape->back() != 1)
    return node.error(fmt::format("transforms an input of shape {}; only real signals, [.., length, 1], are supported",
                                  to_string(*shape)));
  const auto axis = axis_of(node, shape->size());
  if (!axis) return tl::unexpected(axis.error());
  if (int_attribute(node.node, "inverse", 0) != 0) return node.error("inverse transforms are not supported");
  const int64_t length = (*shape)[*axis];
  if (node.has_input(1)) {
    const auto given = node.integers(1);
    if (!given || given->size() != 1 || given->front() != length)
      return node.error(fmt::format("its dft_length is not the {} samples of its signals; cut or pad them", length));
  }
  return Form{*axis, length, int_attribute(node.node, "onesided", 0) ? length / 2 + 1 : length};
}

ShapesResult shapes(const NodeView& node) {
  const auto form = form_of(node);
  if (!form) return tl::unexpected(form.error());
  Shape shape = *node.shape(0);
  shape[form->axis] = form->bins;
  shape.back() = 2;
  return std::vector<Shape>{std::move(shape)};
}

Result<Value> lower(Lowering& lowering, const NodeView& node) {
  const auto form = form_of(node);
  if (!form) return tl::unexpected(form.error());
  const auto stored = stored_input(lowering, node, 0);
  if (!stored) return tl::unexpected(stored.error());
  const ModelView& view = (*lowering.input(node, 0))->view;
  if (form->axis + 2 != view.shape.size())
    return node.error("its signals do not lie along the axis before the last; transpose them there");
  const int64_t rows = *element_count(view.shape) / form->length;
  const auto place = feature_order(node, view, rows, form->length);
  if (!place) return tl::unexpected(place.error());
  const std::vector<double> model = fourier_matrix(form->length, form->bins);
  std::vector<double> matrix(model.size());
  const auto length = static_cast<std::size_t>(form->length);
  for (std::size_t i = 0; i < model.size(); ++i)
    matrix[i / length * length + static_cast<std::size_t>((*place)[i % length])] = model[i];
  const std::size_t outputs = matrix.size() / length;
  Coefficients c = make_coefficients(matrix, outputs);
  const auto size = [](auto n) { return static_cast<int32_t>(n); };
  Transform op{size(length), size(outputs), c.scale, std::move(c.values), {}};
  return Value{Pending{std::move(op), {stored->tensor}, {1, size(rows), size(outputs)}, node.node.name},
               {output_shape(lowering, node), {}}};
}

}  // namespace

const Operator kDft{
    .name = "DFT",
    .shapes = shapes,
    .lower = lower,
    .host = OnHost::yes,
    .supports =
        "of real signals along the axis before the last, quantised to 8 bits, one-sided or not, a Quant "
        "behind it"};

}  // namespace ares::qonnx
