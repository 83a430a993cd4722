#include "core/evaluate/window.hpp"

#include <algorithm>

namespace ares::qonnx {

Shape ImageWindow::output(int64_t channels) const {
  return flat ? Shape{n, channels, w.out} : Shape{n, channels, h.out, w.out};
}

Result<ImageWindow> image_window(const Node& node, const Shape& image, const std::vector<int64_t>& kernel) {
  const std::size_t axes = kernel.size();
  if ((axes != 1 && axes != 2) || image.size() != axes + 2) {
    return fail(fmt::format("a kernel of {} axes on an input of shape {}", axes, to_string(image)));
  }
  const auto strides = ints_attribute(node, "strides").value_or(Shape(axes, 1));
  const auto dilations = ints_attribute(node, "dilations").value_or(Shape(axes, 1));
  const auto pads = ints_attribute(node, "pads").value_or(Shape(2 * axes, 0));
  if (strides.size() != axes || dilations.size() != axes || pads.size() != 2 * axes) {
    return fail("strides, dilations or pads do not match its kernel");
  }
  const std::string automatic = string_attribute(node, "auto_pad", "NOTSET");
  ImageWindow window{image[0], image[1], {}, {}, axes == 1};
  for (std::size_t i = 0; i < axes; ++i) {
    WindowAxis a{image[i + 2], kernel[i], strides[i], dilations[i], pads[i], pads[axes + i], 1};
    if (a.kernel < 1 || a.stride < 1 || a.dilation < 1) return fail("a kernel, stride or dilation below 1");
    const int64_t span = a.dilation * (a.kernel - 1) + 1;
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
      const int64_t total = std::max<int64_t>(0, ((a.in + a.stride - 1) / a.stride - 1) * a.stride + span - a.in);
      a.begin = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      a.end = total - a.begin;
    }
    const int64_t room = a.in + a.begin + a.end - span;
    if (room < 0) return fail(fmt::format("its window does not fit its input of shape {}", to_string(image)));
    a.out = room / a.stride + 1;
    // A last, partial window counts where it begins inside the image or its leading padding.
    const bool partial = int_attribute(node, "ceil_mode", 0) && room % a.stride && a.out * a.stride < a.in + a.begin;
    a.out += partial;
    (axes == 2 && i == 0 ? window.h : window.w) = a;
  }
  return window;
}

}  // namespace ares::qonnx
