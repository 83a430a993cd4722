// Where the elements of a quantised model input go on the device.
#pragma once

#include <optional>

#include "core/import/model_graph.hpp"
#include "core/ir/layer.hpp"

namespace ares::qonnx {

/// Device shape of a tensor the model sees in another, and the device offset of each of its elements (empty: in order).
struct Layout {
  Dims dims;
  std::vector<int32_t> order;
};

/// The layout of `tensor` that its readers need: channels innermost, which axis that is follows from the first Conv,
/// pool or linear layer behind it. Nothing for a rank that no layer takes.
std::optional<Layout> device_layout(const ModelGraph& model, const std::string& tensor, const Shape& shape);

}  // namespace ares::qonnx
