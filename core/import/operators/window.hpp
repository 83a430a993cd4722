// Kernel windows of Conv and the pools: attributes to a Window and the size of what comes out.
#pragma once

#include "core/import/model_graph.hpp"
#include "core/ir/layer.hpp"

namespace ares::qonnx {

struct WindowShape {
  Window window;
  int64_t out_h = 1, out_w = 1;
};

/// `image`: [n, c, w] or [n, c, h, w]; `kernel`: its one or two extents. Reads strides, dilations, pads, auto_pad and
/// ceil_mode; ceil_mode ends up as padding at the bottom and right.
Result<WindowShape> resolve_window(const NodeView& node, const Shape& image, const std::vector<int64_t>& kernel);

}  // namespace ares::qonnx
