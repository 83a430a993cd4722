// What the operators that only move data share: Concat, Split, Slice, Pad, Resize.
#pragma once

#include "core/import/operators/common.hpp"

namespace ares::qonnx {

/// The device axis (0 rows, 1 columns, 2 channels) of each axis of the model's shape; a batch axis has none.
struct AxisMap {
  std::vector<std::optional<std::size_t>> device;
  bool flat = false;  ///< a single axis holds all elements, in any order

  /// Dims of a tensor of that shape.
  Dims dims(const Shape& shape) const;
};

/// How the model's axes lie in a value that is a stored tensor or a function of one. Fails where they do not lie along
/// device axes.
Result<AxisMap> axis_map(Lowering& lowering, const NodeView& node, const Value& value);

/// The whole of a value as one part, at the origin of the output.
Result<MovedPart> whole_part(Lowering& lowering, const NodeView& node, const Value& value, const AxisMap& map);

/// What the parts make: a stored tensor where they share one quantisation, else something that awaits its Quant.
/// `order`: of the output where the map is flat.
Result<Value> move_parts(Lowering& lowering, const NodeView& node, const std::string& output,
                         std::vector<MovedPart> parts, const AxisMap& map, const Shape& shape,
                         std::vector<int32_t> order = {});

/// A stored value in another order of device offsets (empty: the model's own order) on a tensor of `dims`: a layer of
/// its own moves it there. Nothing where that does not permute the axes of the tensor.
std::optional<Value> reordered(Lowering& lowering, const NodeView& node, const Value& value, const Dims& dims,
                               const std::vector<int32_t>& order);

/// The value with its axes along those of `map`, moved there where they are not.
Result<Value> aligned(Lowering& lowering, const NodeView& node, const Value& value, const AxisMap& map);

/// A stored image with zeros around it that are written out, for a pool that cannot take them in; `pads` alone is read.
Result<Value> executed_pads(Lowering& lowering, const NodeView& node, const Value& image, const Window& pads);

/// Moved parts that meet their Quant: a rearrangement through tables.
Result<Value> quantise_moved(Lowering& lowering, const NodeView& node, const Moved& moved, const ModelView& view,
                             const Quantisation& q);

}  // namespace ares::qonnx
