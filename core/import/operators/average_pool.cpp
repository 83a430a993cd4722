#include <fmt/format.h>

#include "core/import/operators/linear.hpp"
#include "core/import/operators/move.hpp"
#include "core/import/operators/window.hpp"
#include "core/ir/graph.hpp"

namespace ares::qonnx {
namespace {

constexpr int64_t kMaxPositions = std::numeric_limits<int32_t>::max() / 255;  // a sum of stored bytes fits int32

Result<WindowShape> window_of(const NodeView& node, const Shape& in) {
  if (node.node.op == "GlobalAveragePool") {
    if (in.size() != 3 && in.size() != 4) return node.error(fmt::format("on an input of shape {}", to_string(in)));
    const int64_t h = in.size() == 4 ? in[2] : 1, w = in.back();
    if (h < 1 || w < 1 || std::max(h, w) > std::numeric_limits<int16_t>::max()) {
      return node.error(fmt::format("cannot average an image of {}x{}", h, w));
    }
    Window whole;
    whole.kh = whole.sh = static_cast<int16_t>(h);
    whole.kw = whole.sw = static_cast<int16_t>(w);
    return WindowShape{whole, 1, 1};
  }
  const auto kernel = ints_attribute(node.node, "kernel_shape");
  if (!kernel) return node.error("has no kernel_shape");
  return resolve_window(node, in, *kernel);
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

/// The pads that the node states; ceil_mode may let the last window reach beyond them.
Window stated_pads(const NodeView& node, const Window& w, std::size_t axes) {
  Window pads = w;
  if (int_attribute(node.node, "ceil_mode", 0) == 0) return pads;
  if (string_attribute(node.node, "auto_pad", "NOTSET") != "NOTSET") return pads;
  const auto stated = ints_attribute(node.node, "pads").value_or(std::vector<int64_t>(2 * axes, 0));
  if (stated.size() != 2 * axes) return pads;  // of a GlobalAveragePool, which has none
  pads.pr = static_cast<int16_t>(stated.back());
  if (axes == 2) pads.pb = static_cast<int16_t>(stated[2]);
  return pads;
}

void take_away(Window& from, const Window& pads) {
  from.pt = static_cast<int16_t>(from.pt - pads.pt);
  from.pl = static_cast<int16_t>(from.pl - pads.pl);
  from.pb = static_cast<int16_t>(from.pb - pads.pb);
  from.pr = static_cast<int16_t>(from.pr - pads.pr);
}

Value value_of(const ImageInput& image, std::size_t axes) {
  const Dims& d = image.dims;
  const Shape shape = axes == 2 ? Shape{1, d.c, d.h, d.w} : Shape{1, d.c, d.w};
  return {Stored{image.tensor}, {shape, channels_first_order(d)}};
}

/// The zeros of a Pad before the pool always count, the pool's own where it says so, what ceil_mode reaches beyond
/// them never: zeros that count beside some that do not are written out, which changes `image`.
Result<AveragePool> average(Lowering& lowering, const NodeView& node, const Window& own, ImageInput& image,
                            std::size_t axes) {
  AveragePool pool{own, false, {}};
  const bool own_count = int_attribute(node.node, "count_include_pad", 0) != 0;
  const Window stated = stated_pads(node, own, axes);
  Window uncounted = own;
  if (own_count) take_away(uncounted, stated);
  const bool counts = is_padded(image.pads) || (own_count && is_padded(stated));
  if (counts && is_padded(uncounted)) {
    if (own_count) {
      if (auto ok = add_pads(node, {.tensor = -1, .dims = {}, .pads = stated, .padded = true}, image.pads); !ok)
        return tl::unexpected(ok.error());
    }
    auto padded = executed_pads(lowering, node, value_of(image, axes), image.pads);
    if (!padded) return tl::unexpected(padded.error());
    image.tensor = std::get<Stored>(padded->kind).tensor;
    image.dims = lowering.tensor(image.tensor).dims;
    pool.window = uncounted;
    return pool;
  }
  if (image.padded) {
    if (auto ok = add_pads(node, image, pool.window); !ok) return tl::unexpected(ok.error());
  }
  pool.counts_padding = counts;
  return pool;
}

bool empty_window(int64_t outputs, int stride, int pad, int kernel, int dilation, int extent) {
  for (int o = 0; o < outputs; ++o) {
    if (taps_inside(o * stride - pad, kernel, dilation, extent) == 0) return true;
  }
  return false;
}

Result<void> check(const NodeView& node, const AveragePool& pool, const Dims& in, const WindowShape& out) {
  const Window& w = pool.window;
  const int64_t positions = int64_t{w.kh} * w.kw;
  if (positions > kMaxPositions) {
    return node.error(
        fmt::format("the sum over its window of {}x{} can overflow int32; split it into smaller pools", w.kh, w.kw));
  }
  if (!is_padded(w)) return {};
  if (empty_window(out.out_h, w.sh, w.pt, w.kh, w.dh, in.h) || empty_window(out.out_w, w.sw, w.pl, w.kw, w.dw, in.w)) {
    return node.error("a window of it holds nothing but padding");
  }
  if (positions > static_cast<int64_t>(kMaxPaddedWindow)) {
    return node.error(
        fmt::format("its padded window of {}x{} is too large; at most {} positions", w.kh, w.kw, kMaxPaddedWindow));
  }
  return {};
}

/// Stays unquantised until its Quant.
Result<Value> lower(Lowering& lowering, const NodeView& node) {
  auto image = image_input(lowering, node);
  if (!image) return tl::unexpected(image.error());
  const Shape shape = *node.shape(0);
  const auto window = window_of(node, shape);
  if (!window) return tl::unexpected(window.error());
  const auto pool = average(lowering, node, window->window, *image, shape.size() - 2);
  if (!pool) return tl::unexpected(pool.error());
  if (auto ok = check(node, *pool, image->dims, *window); !ok) return tl::unexpected(ok.error());
  const Dims out{static_cast<int32_t>(window->out_h), static_cast<int32_t>(window->out_w), image->dims.c};
  return Value{Average{*pool, image->tensor, out, node.node.name},
               {output_shape(lowering, node), channels_first_order(out)}};
}

}  // namespace

const Operator kAveragePool{.name = "AveragePool",
                            .shapes = shapes,
                            .lower = lower,
                            .supports =
                                "one or two spatial axes; any kernel, strides and pads; ceil_mode; padding counted or "
                                "not; its Quant rounds once"};
const Operator kGlobalAveragePool{.name = "GlobalAveragePool",
                                  .shapes = shapes,
                                  .lower = lower,
                                  .supports = "one or two spatial axes; its Quant rounds once"};

}  // namespace ares::qonnx
