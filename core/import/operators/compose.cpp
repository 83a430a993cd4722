#include "core/import/operators/compose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

namespace ares::qonnx {
namespace {

constexpr int64_t kMaxProducts = int64_t{1} << 24;  // half a second of work
constexpr int64_t kMaxCopies = 16;                  // of an input channel: weights of 12 bits

/// w - z_w of a layer by output channel, row, column and input channel, groups filled with zeros.
struct Kernel {
  int64_t outputs, rows, columns, inputs;
  std::vector<int64_t> values;

  Kernel(int64_t o, int64_t kh, int64_t kw, int64_t i)
      : outputs(o), rows(kh), columns(kw), inputs(i), values(static_cast<std::size_t>(o * kh * kw * i)) {}

  int64_t& at(int64_t o, int64_t y, int64_t x, int64_t i) {
    return values[static_cast<std::size_t>(((o * rows + y) * columns + x) * inputs + i)];
  }
  int64_t at(int64_t o, int64_t y, int64_t x, int64_t i) const { return const_cast<Kernel*>(this)->at(o, y, x, i); }
};

Kernel centred(const Weighted& layer, int64_t inputs) {
  const auto outputs = static_cast<int64_t>(layer.weight_scale.size());
  const int64_t each = inputs / layer.groups;
  Kernel kernel(outputs, layer.window.kh, layer.window.kw, inputs);
  auto from = layer.weights.begin();
  for (int64_t o = 0; o < outputs; ++o) {
    const int64_t zero = layer.weight_zero.empty() ? 0 : layer.weight_zero[static_cast<std::size_t>(o)];
    const int64_t begin = o / (outputs / layer.groups) * each;
    for (int64_t y = 0; y < kernel.rows; ++y) {
      for (int64_t x = 0; x < kernel.columns; ++x) {
        for (int64_t i = 0; i < each; ++i) kernel.at(o, y, x, begin + i) = *from++ - zero;
      }
    }
  }
  return kernel;
}

/// Every output is `after` of outputs of `before`, whose channel c counts sign[c] times; `window` is that of both.
Kernel product(const Kernel& before, const Window& first, const std::vector<int>& sign, const Kernel& after,
               const Window& second, const Window& window) {
  Kernel both(after.outputs, window.kh, window.kw, before.inputs);
  const auto add = [&](int64_t o, int64_t y1, int64_t x1, int64_t c, int64_t w) {
    for (int64_t y0 = 0; y0 < before.rows; ++y0) {
      for (int64_t x0 = 0; x0 < before.columns; ++x0) {
        const int64_t y = y1 * second.dh * first.sh + y0 * first.dh, x = x1 * second.dw * first.sw + x0 * first.dw;
        for (int64_t i = 0; i < before.inputs; ++i) both.at(o, y, x, i) += w * before.at(c, y0, x0, i);
      }
    }
  };
  for (int64_t o = 0; o < after.outputs; ++o) {
    for (int64_t y = 0; y < after.rows; ++y) {
      for (int64_t x = 0; x < after.columns; ++x) {
        for (int64_t c = 0; c < after.inputs; ++c) {
          const int64_t w = after.at(o, y, x, c);
          if (w) add(o, y, x, c, w * sign[static_cast<std::size_t>(c)]);
        }
      }
    }
  }
  return both;
}

/// What each output adds for the biases of `first`.
std::vector<double> bias_of(const Accumulator& first, const Weighted& second, const Kernel& after) {
  std::vector<double> bias(static_cast<std::size_t>(after.outputs));
  const auto inputs = static_cast<std::size_t>(after.inputs);
  const std::size_t columns = after.values.size() / bias.size();
  for (std::size_t i = 0; i < after.values.size(); ++i) {
    bias[i / columns] +=
        second.weight_scale[i / columns] * static_cast<double>(after.values[i]) * first.layer.bias[i % inputs];
  }
  return bias;
}

/// Why the two cannot be one; null where they can.
const char* problem(const Accumulator& first, const ModelView& view, const Weighted& second) {
  const auto& scale = first.layer.weight_scale;
  const Dims& d = first.out;
  const bool image = !first.layer.linear && !first.reshaped && view.shape.size() > 2 && first.channel_axis == 1 &&
                     view.shape[1] == d.c && view.shape.back() == d.w && view.order == channels_first_order(d);
  if (!image) return "in another layout than a convolution leaves it";
  if (first.clip.any()) return "behind a ReLU or Clip";
  if (is_padded(second.window)) return "padded";
  const auto differs = [&](double s) { return std::abs(s) != std::abs(scale[0]); };
  if (scale[0] == 0 || std::any_of(scale.begin(), scale.end(), differs)) return "scaled channel by channel";
  return nullptr;
}

/// The input with every channel `copies` times in a row.
TensorId repeated(Lowering& lowering, const NodeView& node, TensorId input, int64_t copies) {
  const Tensor in = lowering.tensor(input);
  Dims dims = in.dims;
  dims.c *= static_cast<int32_t>(copies);
  Piece piece;
  piece.movement.axes[0].count = in.dims.h;
  piece.movement.axes[1].count = in.dims.w;
  piece.movement.axes[2].count = in.dims.c;
  piece.movement.axes[2].repeat = static_cast<int16_t>(copies);
  const ModelView view{{1, dims.c, dims.h, dims.w}, channels_first_order(dims)};
  const TensorId id =
      lowering.add_tensor({fmt::format("{}, {} times", in.name, copies), ElementType::u8, dims, in.q, {}, view});
  lowering.add_layer(node.node.name + "_copies", Rearrange{{piece}, false}, {input}, id);
  return id;
}

/// Weights of at most 8 bits on `copies` copies of each input channel.
void divide(const Kernel& kernel, int64_t copies, Weighted& layer) {
  int64_t largest = 0;
  for (const int64_t w : kernel.values) {
    const int64_t part = w / copies, rest = std::abs(w % copies);
    for (int64_t k = 0; k < copies; ++k) {
      layer.weights.push_back(static_cast<int8_t>(part + (k < rest ? (w < 0 ? -1 : 1) : 0)));
      largest = std::max<int64_t>(largest, std::abs(layer.weights.back()));
    }
  }
  layer.weight_bits = 2;
  while (largest > (1 << (layer.weight_bits - 1)) - 1) ++layer.weight_bits;
}

/// The window of windows; nothing where it is absurd.
std::optional<Window> joined(const Window& first, const Window& second) {
  const auto extent = [](int k1, int d1, int s0, int k0, int d0) {
    return int64_t{k1 - 1} * d1 * s0 + int64_t{k0 - 1} * d0 + 1;
  };
  const int64_t all[] = {extent(second.kh, second.dh, first.sh, first.kh, first.dh),
                         extent(second.kw, second.dw, first.sw, first.kw, first.dw), int64_t{first.sh} * second.sh,
                         int64_t{first.sw} * second.sw};
  const auto absurd = [](int64_t e) { return e > std::numeric_limits<int16_t>::max(); };
  if (std::any_of(std::begin(all), std::end(all), absurd)) return std::nullopt;
  const auto s = [&](std::size_t i) { return static_cast<int16_t>(all[i]); };
  return Window{s(0), s(1), s(2), s(3), 1, 1, first.pt, first.pl, first.pb, first.pr};
}

/// Whether both layers and what they make are small enough to be written out, groups filled with zeros.
bool is_small(const Lowering& lowering, const Accumulator& first, const Weighted& second, const Window& window) {
  const int64_t inputs = lowering.tensor(first.input).dims.c, inner = first.out.c;
  const auto outputs = static_cast<int64_t>(second.weight_scale.size());
  const Window &a = first.layer.window, &b = second.window;
  const auto fits = [](const Shape& shape) { return folded_count(shape, 0).has_value(); };
  const double products = static_cast<double>(second.weights.size()) * a.kh * a.kw * static_cast<double>(inputs);
  return products <= static_cast<double>(kMaxProducts) && fits({inner, a.kh, a.kw, inputs}) &&
         fits({outputs, b.kh, b.kw, inner}) && fits({outputs, window.kh, window.kw, inputs});
}

}  // namespace

Result<Value> compose(Lowering& lowering, const NodeView& node, const Value& value, const Weighted& second,
                      const Dims& out) {
  const auto first = std::get<Accumulator>(value.kind);
  if (const char* why = problem(first, value.view, second)) {
    return node.error(fmt::format("its input '{}' is not quantised to 8 bits, and it is {}; put a Quant before it",
                                  node.node.inputs[0], why));
  }
  const auto window = joined(first.layer.window, second.window);
  if (!window || !is_small(lowering, first, second, *window)) {
    return node.error("makes an absurd window with the convolution before it; put a Quant between them");
  }
  const Dims in = lowering.tensor(first.input).dims;
  const Kernel before = centred(first.layer, in.c), after = centred(second, first.out.c);
  const double scale = std::abs(first.layer.weight_scale[0]);
  std::vector<int> sign;
  for (const double s : first.layer.weight_scale) sign.push_back(s < 0 ? -1 : 1);
  const Kernel both = product(before, first.layer.window, sign, after, second.window, *window);
  int64_t largest = 1;
  for (const int64_t w : both.values) largest = std::max(largest, std::abs(w));
  const int64_t copies = (largest + 126) / 127;
  if (copies > kMaxCopies || !element_count({in.h, in.w, in.c, copies})) {
    return node.error(
        fmt::format("has weights up to {} with the convolution before it; put a Quant between them", largest));
  }
  Accumulator acc{{}, first.input, out, node.node.name, {}, 1, false};
  acc.layer.window = *window;
  for (const double s : second.weight_scale) acc.layer.weight_scale.push_back(s * scale);
  if (!first.layer.bias.empty()) acc.layer.bias = bias_of(first, second, after);
  acc.layer.bias_quantised = first.layer.bias_quantised;
  divide(both, copies, acc.layer);
  if (copies > 1) acc.input = repeated(lowering, node, first.input, copies);
  lowering.notice(fmt::format("node '{}' and the convolution before it, which no Quant separates, are one of {}x{}{}",
                              node.node.name, window->kh, window->kw,
                              copies > 1 ? fmt::format(" with {} copies of its input", copies) : ""));
  return Value{std::move(acc), {output_shape(lowering, node), channels_first_order(out)}};
}

}  // namespace ares::qonnx
