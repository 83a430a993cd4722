#include "core/import/operators/window.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace ares::qonnx {
namespace {

/// One spatial axis.
struct Axis {
  int64_t in = 1, kernel = 1, stride = 1, dilation = 1, begin = 0, end = 0, out = 1;
  int64_t span() const { return dilation * (kernel - 1) + 1; }
};

/// ONNX auto_pad: SAME makes out = ceil(in / stride), the odd pad at the end (UPPER) or the beginning (LOWER).
void pad_same(Axis& a, bool upper) {
  const int64_t out = (a.in + a.stride - 1) / a.stride;
  const int64_t total = std::max<int64_t>(0, (out - 1) * a.stride + a.span() - a.in);
  a.begin = upper ? total / 2 : total - total / 2;
  a.end = total - a.begin;
}

/// Output extent; with ceil_mode the last, partial window counts if it begins inside the input or its leading pad.
void measure(Axis& a, bool ceil_mode) {
  const int64_t room = a.in + a.begin + a.end - a.span();
  a.out = room < 0 ? 0 : room / a.stride + 1;
  if (!ceil_mode || room < 0 || room % a.stride == 0) return;
  if (a.out * a.stride >= a.in + a.begin) return;
  a.end += a.stride - room % a.stride;
  ++a.out;
}

Result<std::vector<int64_t>> extents(const NodeView& node, const char* name, std::size_t count, int64_t fallback,
                                     int64_t least) {
  auto values = ints_attribute(node.node, name).value_or(std::vector<int64_t>(count, fallback));
  const int64_t most = std::numeric_limits<int16_t>::max();
  const auto outside = [&](int64_t v) { return v < least || v > most; };
  if (values.size() != count || std::any_of(values.begin(), values.end(), outside)) {
    return node.error(fmt::format("{} has to be {} values in {}..{}", name, count, least, most));
  }
  return values;
}

Window to_window(const Axis& h, const Axis& w) {
  const auto s = [](int64_t v) { return static_cast<int16_t>(v); };
  return {s(h.kernel),   s(w.kernel), s(h.stride), s(w.stride), s(h.dilation),
          s(w.dilation), s(h.begin),  s(w.begin),  s(h.end),    s(w.end)};
}

}  // namespace

Result<WindowShape> resolve_window(const NodeView& node, const Shape& image, const std::vector<int64_t>& kernel) {
  const std::size_t n = kernel.size();
  if ((n != 1 && n != 2) || image.size() != n + 2) {
    return node.error(fmt::format("kernel of {} axes on an input of shape {}", n, to_string(image)));
  }
  const auto strides = extents(node, "strides", n, 1, 1), dilations = extents(node, "dilations", n, 1, 1);
  const auto pads = extents(node, "pads", 2 * n, 0, 0);
  for (const auto* r : {&strides, &dilations, &pads}) {
    if (!*r) return tl::unexpected(r->error());
  }
  const std::string auto_pad = string_attribute(node.node, "auto_pad", "NOTSET");
  const bool ceil_mode = int_attribute(node.node, "ceil_mode", 0) != 0;
  std::vector<Axis> axes(2);
  for (std::size_t i = 0; i < n; ++i) {
    if (kernel[i] < 1 || kernel[i] > std::numeric_limits<int16_t>::max()) {
      return node.error(fmt::format("kernel extent {}", kernel[i]));
    }
    Axis& a = axes[2 - n + i];
    a = {image[i + 2], kernel[i], (*strides)[i], (*dilations)[i], (*pads)[i], (*pads)[n + i], 1};
    if (auto_pad == "VALID") a.begin = a.end = 0;
    if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") pad_same(a, auto_pad == "SAME_UPPER");
    measure(a, ceil_mode);
    if (std::max(a.begin, a.end) > std::numeric_limits<int16_t>::max()) return node.error("absurd padding");
    if (a.out < 1) return node.error(fmt::format("its window does not fit its input of shape {}", to_string(image)));
  }
  return WindowShape{to_window(axes[0], axes[1]), axes[0].out, axes[1].out};
}

}  // namespace ares::qonnx
