#include <fmt/format.h>

#include "core/import/operators/linear.hpp"
#include "core/import/operators/window.hpp"

namespace ares::qonnx {
namespace {

/// Whether every window holds more than padding.
bool leaves_values(const Window& w) {
  return std::max(w.pt, w.pb) <= w.dh * (w.kh - 1) && std::max(w.pl, w.pr) <= w.dw * (w.kw - 1);
}

Result<WindowShape> window_of(const NodeView& node, const Shape& in) {
  const auto kernel = ints_attribute(node.node, "kernel_shape");
  if (!kernel) return node.error("has no kernel_shape");
  auto window = resolve_window(node, in, *kernel);
  if (window && !leaves_values(window->window)) return node.error("its padding is as large as its window");
  return window;
}

ShapesResult shapes(const NodeView& node) {
  const auto in = node.shape(0);
  if (!in) return tl::unexpected(in.error());
  const auto window = window_of(node, *in);
  if (!window) return tl::unexpected(window.error());
  Shape out{(*in)[0], (*in)[1], window->out_h, window->out_w};
  if (in->size() == 3) out.erase(out.begin() + 2);
  const auto count = element_count(out);
  if (!count) return node.error(count.error().what);
  return std::vector<Shape>{out};
}

/// Works on stored values: the scale is positive. Padding never wins; nor do a Pad's zeros over values that are none
/// below 0.
Result<Value> lower(Lowering& lowering, const NodeView& node) {
  const auto image = image_input(lowering, node);
  if (!image) return tl::unexpected(image.error());
  auto window = window_of(node, *node.shape(0));
  if (!window) return tl::unexpected(window.error());
  const Quantisation q = lowering.tensor(image->tensor).q;
  if (auto ok = add_pads(node, *image, window->window); !ok) return tl::unexpected(ok.error());
  if (image->padded && (q.lo < q.zero_point || !leaves_values(window->window))) {
    return node.error(
        "zeros that a Pad put around values below 0 can win; give the padding to the MaxPool itself, or put a ReLU "
        "before it");
  }
  const Dims out{static_cast<int32_t>(window->out_h), static_cast<int32_t>(window->out_w), image->dims.c};
  const ModelView view{output_shape(lowering, node), channels_first_order(out)};
  const TensorId id = lowering.add_tensor({node.node.outputs[0], ElementType::u8, out, q, {}, view});
  lowering.add_layer(node.node.name, MaxPool{window->window}, {image->tensor}, id);
  return Value{Stored{id}, view};
}

}  // namespace

const Operator kMaxPool{.name = "MaxPool",
                        .shapes = shapes,
                        .lower = lower,
                        .supports =
                            "of a quantised tensor; one or two spatial axes; any kernel, stride, dilation and pads "
                            "smaller than the window; ceil_mode"};

}  // namespace ares::qonnx
