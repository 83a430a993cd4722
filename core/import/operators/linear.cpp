#include "core/import/operators/linear.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/import/operators/inner.hpp"
#include "core/import/operators/move.hpp"

namespace ares::qonnx {
namespace {

/// One value per output channel of a constant that has the rank of the weights.
Result<std::vector<double>> channel_values(const NodeView& node, const Array& array, const Shape& shape,
                                           std::size_t axis, const char* what) {
  auto values = per_channel(array, shape, axis);
  if (!values) return node.error(fmt::format("weight {}: {}", what, values.error().what));
  return values;
}

}  // namespace

Result<std::vector<int32_t>> feature_order(const NodeView& node, const ModelView& view, int64_t tokens,
                                           int64_t features) {
  std::vector<int32_t> place(static_cast<std::size_t>(features));
  for (int64_t k = 0; k < features; ++k) {
    const auto i = static_cast<std::size_t>(k);
    place[i] = view.order.empty() ? static_cast<int32_t>(k) : view.order[i];
  }
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t k = 0; k < features; ++k) {
      const int64_t i = t * features + k;
      const int64_t offset = view.order.empty() ? i : view.order[static_cast<std::size_t>(i)];
      if (offset != t * features + place[static_cast<std::size_t>(k)]) {
        return node.error(
            "its tokens are not contiguous in the stored tensor; transposing tokens and features between "
            "stored tensors is not supported");
      }
    }
  }
  return place;
}

namespace {

/// Whether every row of features lies in one piece.
bool has_runs(const ModelView& view) {
  const auto features = static_cast<std::size_t>(view.shape.back());
  for (std::size_t i = 1; i < view.order.size(); ++i)
    if (i % features && view.order[i] != view.order[i - 1] + 1) return false;
  return features > 1;
}

/// The bounds of gain * x + shift where x has those of `clip`; nothing where channels differ.
std::optional<Clip> affine_clip(const std::vector<double>& gain, const std::vector<double>& shift, const Clip& clip) {
  const auto bounds = [&](std::size_t c) {
    const auto at = [&](double v) { return std::isfinite(v) || gain[c] != 0 ? v * gain[c] + shift[c] : shift[c]; };
    const double a = at(clip.lo), b = at(clip.hi);
    return Clip{std::min(a, b), std::max(a, b)};
  };
  const Clip first = bounds(0);
  for (std::size_t c = 1; c < gain.size(); ++c) {
    const Clip other = bounds(c);
    if (other.lo != first.lo || other.hi != first.hi) return std::nullopt;
  }
  return first;
}

/// Moves the sign of a channel's scale to its weights where they can take it.
void make_positive(Weighted& layer, std::size_t c) {
  if (layer.weight_scale[c] >= 0 || !layer.weight_zero.empty()) return;
  const std::size_t columns = layer.weights.size() / layer.weight_scale.size();
  const auto begin = layer.weights.begin() + static_cast<std::ptrdiff_t>(c * columns);
  const auto end = begin + static_cast<std::ptrdiff_t>(columns);
  const auto lowest = static_cast<int8_t>(-(1 << (layer.weight_bits - 1)));
  if (std::find(begin, end, lowest) != end) return;
  std::transform(begin, end, begin, [](int8_t w) { return static_cast<int8_t>(-w); });
  layer.weight_scale[c] = -layer.weight_scale[c];
}

/// An image that is stored in another order of its axes, moved to channels last.
std::optional<Value> as_image(Lowering& lowering, const NodeView& node, const Value& value) {
  const Shape& s = value.view.shape;
  if ((s.size() != 4 && s.size() != 3) || s[0] != 1) return std::nullopt;
  const Dims dims{s.size() == 4 ? static_cast<int32_t>(s[2]) : 1, static_cast<int32_t>(s.back()),
                  static_cast<int32_t>(s[1])};
  return reordered(lowering, node, value, dims, channels_first_order(dims));
}

/// A depthwise convolution whose weights are 1.
Weighted ones(const Window& window, int channels) {
  const auto c = static_cast<std::size_t>(channels);
  Weighted layer;
  layer.window = window;
  layer.groups = channels;
  layer.weight_bits = 2;  // 1 and -1
  layer.weights.assign(c * static_cast<std::size_t>(window.kh) * static_cast<std::size_t>(window.kw), 1);
  layer.weight_scale.assign(c, 1);
  return layer;
}

Result<Value> sum_of_average(const NodeView& node, const Average& average, const ModelView& view) {
  const Window& w = average.layer.window;
  if (is_padded(w) && !average.layer.counts_padding) {
    return node.error("scales an average whose padding does not count; put a Quant before it");
  }
  Accumulator acc{ones(w, average.out.c), average.input, average.out, average.node, average.clip, 1, false};
  const double positions = static_cast<double>(w.kh) * w.kw;
  for (double& s : acc.layer.weight_scale) s /= positions;
  return Value{std::move(acc), view};
}

}  // namespace

Result<Stored> stored_input(const Lowering& lowering, const NodeView& node, std::size_t i) {
  const auto value = lowering.input(node, i);
  if (!value) return tl::unexpected(value.error());
  const std::string& name = node.node.inputs[i];
  if (const auto* stored = std::get_if<Stored>(&(*value)->kind)) {
    if (lowering.tensor(stored->tensor).type == ElementType::u8) return *stored;
  }
  if (std::holds_alternative<Padded>((*value)->kind)) {
    return node.error(fmt::format("its input '{}' comes from a Pad, which only a Conv or pool takes in", name));
  }
  if (const auto* host = std::get_if<HostFloat>(&(*value)->kind)) {
    const auto given = [&](const std::string& source) { return !lowering.producer(source); };
    if (std::all_of(host->sources.begin(), host->sources.end(), given)) {
      return node.error(
          fmt::format("the model's input reaches it in float ('{}'); quantise the input first "
                      "(QuantIdentity)",
                      name));
    }
    return node.error(
        fmt::format("its input '{}' depends on node {}, which is no integer layer on a tensor that is not "
                    "quantised; put a Quant before and after that node",
                    name, host->blame));
  }
  return node.error(fmt::format("its input '{}' is not quantised to 8 bits; put a Quant before it", name));
}

Result<const QuantisedConstant*> weight_input(const Lowering& lowering, const NodeView& node, std::size_t i) {
  const QuantisedConstant* constant = lowering.quantised(node, i);
  if (!node.has_input(i)) return node.error("has no weights");
  if (!constant) {
    return node.error(fmt::format("its weights '{}' are no quantised constant; quantise them to at most 8 bits",
                                  node.node.inputs[i]));
  }
  if (constant->bits > 8) {
    return node.error(
        fmt::format("its weights '{}' have {} bits; at most 8 are supported", node.node.inputs[i], constant->bits));
  }
  return constant;
}

Result<Weighted> make_weighted(const NodeView& node, const QuantisedConstant& constant, std::size_t channel_axis,
                               const std::vector<int64_t>& source) {
  auto scale = channel_values(node, constant.scale, constant.shape, channel_axis, "scale");
  if (!scale) return tl::unexpected(scale.error());
  auto zero = channel_values(node, constant.zero_point, constant.shape, channel_axis, "zero point");
  if (!zero) return tl::unexpected(zero.error());
  // Unsigned weights move to the signed range of their width, and their zero point with them.
  const int64_t offset = constant.is_signed ? 0 : int64_t{1} << (constant.bits - 1);
  const auto lowest = static_cast<double>(offset - (int64_t{1} << (constant.bits - 1)));
  for (const double z : *zero) {
    if (z >= lowest && z < lowest + static_cast<double>(int64_t{1} << constant.bits)) continue;
    return node.error(fmt::format("weight zero point {} lies outside their {} bits", z, constant.bits));
  }
  Weighted layer;
  layer.weight_bits = constant.bits;
  layer.weight_scale = std::move(*scale);
  layer.weights.reserve(source.size());
  for (const int64_t i : source) {
    layer.weights.push_back(static_cast<int8_t>(constant.q[static_cast<std::size_t>(i)] - offset));
  }
  std::vector<int32_t> zeros;
  for (const double z : *zero) zeros.push_back(static_cast<int32_t>(static_cast<int64_t>(z) - offset));
  if (std::any_of(zeros.begin(), zeros.end(), [](int32_t z) { return z != 0; })) layer.weight_zero = std::move(zeros);
  return layer;
}

Result<Value> make_linear(Lowering& lowering, const NodeView& node, const QuantisedConstant& weights,
                          std::size_t channel_axis, std::array<int64_t, 2> strides) {
  auto stored = stored_input(lowering, node, 0);
  if (!stored) return tl::unexpected(stored.error());
  const Value value = **lowering.input(node, 0);
  const int64_t features = value.view.shape.back();
  const int64_t tokens = features ? *element_count(value.view.shape) / features : 0;
  auto place = feature_order(node, value.view, tokens, features);
  if (!place) {
    const auto moved =
        reordered(lowering, node, value, {1, static_cast<int32_t>(tokens), static_cast<int32_t>(features)}, {});
    if (moved) stored = std::get<Stored>(moved->kind), place = feature_order(node, moved->view, tokens, features);
    if (!moved && has_runs(value.view)) {  // tokens are elsewhere, each in one piece
      const Dims rows{1, static_cast<int32_t>(tokens), static_cast<int32_t>(features)};
      const auto tensor =
          in_model_order(lowering, node, node.node.inputs[0] + "/tokens", stored->tensor, value.view, rows);
      if (!tensor) return tl::unexpected(tensor.error());
      stored = Stored{*tensor};
      place = feature_order(node, {value.view.shape, {}}, tokens, features);
    }
  }
  if (!place) return tl::unexpected(place.error());
  const int64_t outputs = weights.shape[channel_axis];
  std::vector<int64_t> source(static_cast<std::size_t>(outputs * features));
  for (int64_t o = 0; o < outputs; ++o) {
    for (int64_t k = 0; k < features; ++k) {
      source[static_cast<std::size_t>(o * features + (*place)[static_cast<std::size_t>(k)])] =
          o * strides[0] + k * strides[1];
    }
  }
  auto layer = make_weighted(node, weights, channel_axis, source);
  if (!layer) return tl::unexpected(layer.error());
  layer->linear = true;
  if (lowering.free_dims(stored->tensor)) {
    lowering.tensor(stored->tensor).dims = {1, static_cast<int32_t>(tokens), static_cast<int32_t>(features)};
  }
  const Shape& shape = output_shape(lowering, node);
  Accumulator acc{std::move(*layer),
                  stored->tensor,
                  {1, static_cast<int32_t>(tokens), static_cast<int32_t>(outputs)},
                  node.node.name,
                  {},
                  shape.size() - 1,
                  false};
  return Value{std::move(acc), {shape, {}}};
}

Result<void> add_bias(const Lowering& lowering, const NodeView& node, std::size_t i, double factor, Accumulator& acc,
                      const Shape& shape) {
  const QuantisedConstant* quantised = lowering.quantised(node, i);
  const Array* plain = lowering.array(node, i);
  if (!quantised && !plain) return node.error(fmt::format("its bias '{}' is not constant", node.node.inputs[i]));
  auto values = per_channel(quantised ? dequantise(*quantised) : *plain, shape, acc.channel_axis);
  if (!values) return node.error(fmt::format("bias '{}': {}", node.node.inputs[i], values.error().what));
  for (double& v : *values) v *= factor;
  const bool first = acc.layer.bias.empty();
  const std::vector<double> one(values->size(), 1.0);
  if (auto ok = apply_affine(node, one, *values, acc); !ok) return ok;
  if (first && quantised) acc.layer.bias_quantised = true;
  return {};
}

Result<void> has_channel_axis(const NodeView& node, const Accumulator& acc) {
  if (acc.reshaped) return node.error("follows a Reshape of an accumulator; move it before the Reshape");
  return {};
}

Result<void> apply_affine(const NodeView& node, const std::vector<double>& gain, const std::vector<double>& shift,
                          Accumulator& acc) {
  Weighted& layer = acc.layer;
  const std::size_t channels = layer.weight_scale.size();
  if (auto ok = has_channel_axis(node, acc); !ok) return ok;
  const auto finite = [](double v) { return std::isfinite(v); };
  if (!std::all_of(gain.begin(), gain.end(), finite) || !std::all_of(shift.begin(), shift.end(), finite)) {
    return node.error("its constant holds infinity or what is no number");
  }
  if (gain.size() != channels || shift.size() != channels) return node.error("its constant has no value per channel");
  if (acc.clip.any()) {
    const auto clip = affine_clip(gain, shift, acc.clip);
    if (!clip) return node.error("scales a clipped value (ReLU, Clip) channel by channel; put a Quant before it");
    acc.clip = *clip;
  }
  const bool moves = std::any_of(shift.begin(), shift.end(), [](double s) { return s != 0; });
  if (moves && layer.bias.empty()) layer.bias.resize(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    layer.weight_scale[c] *= gain[c];
    if (!layer.bias.empty()) layer.bias[c] = layer.bias[c] * gain[c] + shift[c];
    make_positive(layer, c);
  }
  return {};
}

void apply_clip(double lo, double hi, Clip& clip) {
  clip = {std::min(std::max(clip.lo, lo), hi), std::min(std::max(clip.hi, lo), hi)};
}

Result<ImageInput> image_input(Lowering& lowering, const NodeView& node) {
  const auto input = lowering.input(node, 0);
  if (!input) return tl::unexpected(input.error());
  Value value = **input;
  ImageInput image;
  if (const auto* padded = std::get_if<Padded>(&value.kind)) {
    image.pads = padded->pads;
    image.padded = true;
    value = {Stored{padded->tensor}, padded->inner};
  } else if (const auto stored = stored_input(lowering, node, 0); !stored) {
    return tl::unexpected(stored.error());
  }
  auto dims = image_dims(lowering, node, value);
  if (!dims) {
    if (auto moved = as_image(lowering, node, value))
      value = std::move(*moved), dims = image_dims(lowering, node, value);
  }
  if (!dims) return tl::unexpected(dims.error());
  image.tensor = std::get<Stored>(value.kind).tensor;
  image.dims = *dims;
  return image;
}

Result<void> add_pads(const NodeView& node, const ImageInput& input, Window& window) {
  const auto sum = [](int16_t& to, int16_t by) {
    const int all = to + by;
    to = static_cast<int16_t>(all);
    return all <= std::numeric_limits<int16_t>::max();
  };
  const Window& p = input.pads;
  if (!sum(window.pt, p.pt) || !sum(window.pl, p.pl) || !sum(window.pb, p.pb) || !sum(window.pr, p.pr)) {
    return node.error("absurd padding");
  }
  return {};
}

Result<Value> as_accumulator(Lowering& lowering, const NodeView& node, const Value& value) {
  if (const auto* average = std::get_if<Average>(&value.kind)) return sum_of_average(node, *average, value.view);
  const auto* stored = std::get_if<Stored>(&value.kind);
  if (!stored || lowering.tensor(stored->tensor).type != ElementType::u8) {
    return node.error(
        "its constant differs from channel to channel on a tensor that is not quantised; put a Quant before it");
  }
  const Shape& s = value.view.shape;
  Tensor& tensor = lowering.tensor(stored->tensor);
  std::size_t axis = 1;
  if (value.view.order.empty() && !s.empty() && s.back() > 1 && (s.size() < 3 || s[1] > 1)) {
    const Dims rows{1, static_cast<int32_t>(tensor.dims.count() / s.back()), static_cast<int32_t>(s.back())};
    if (lowering.free_dims(stored->tensor)) tensor.dims = rows;
    if (tensor.dims.c != rows.c)
      return node.error("its channels are not innermost in the stored tensor; put it elsewhere");
    axis = s.size() - 1;
  } else if (const auto dims = image_dims(lowering, node, value); !dims) {
    return tl::unexpected(dims.error());
  }
  Weighted layer = ones(Window{}, tensor.dims.c);
  return Value{Accumulator{std::move(layer), stored->tensor, tensor.dims, node.node.name, {}, axis, false}, value.view};
}

Result<Dims> image_dims(Lowering& lowering, const NodeView& node, const Value& value) {
  const Shape& s = value.view.shape;
  if ((s.size() != 4 && s.size() != 3) || s[0] != 1) {
    return node.error(fmt::format("needs a [1, channels, height, width] input, not {}", to_string(s)));
  }
  const Dims dims{s.size() == 4 ? static_cast<int32_t>(s[2]) : 1, static_cast<int32_t>(s.back()),
                  static_cast<int32_t>(s[1])};
  const TensorId id = std::get<Stored>(value.kind).tensor;
  if (value.view.order != channels_first_order(dims) || (lowering.tensor(id).dims != dims && !lowering.free_dims(id))) {
    return node.error(
        fmt::format("its input '{}' is not stored channels last; reshaping or transposing it there is "
                    "not supported",
                    node.node.inputs[0]));
  }
  lowering.tensor(id).dims = dims;
  return dims;
}

}  // namespace ares::qonnx
