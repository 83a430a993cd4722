// Windows over images, for the evaluation of convolutions and pools.
#pragma once

#include "core/evaluate/operator.hpp"

namespace ares::qonnx {

/// One spatial axis. `out` output positions; position o covers input o * stride - begin + k * dilation, k < kernel.
struct WindowAxis {
  int64_t in = 1, kernel = 1, stride = 1, dilation = 1, begin = 0, end = 0, out = 1;
};

/// An image of n samples and c channels under a window; a 1-D image has a single row.
struct ImageWindow {
  int64_t n = 1, c = 1;
  WindowAxis h, w;
  bool flat = false;  ///< 1-D

  /// [n, channels, out_h, out_w], without rows where 1-D.
  Shape output(int64_t channels) const;
};

/// From the node's attributes (strides, dilations, pads, auto_pad, ceil_mode). Fails where nothing fits.
Result<ImageWindow> image_window(const Node& node, const Shape& image, const std::vector<int64_t>& kernel);

}  // namespace ares::qonnx
