// Convolutions, linear layers and batch normalisation, with seeded parameters.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/builder/model_builder.hpp"

namespace ares::builder {
namespace {

std::vector<int64_t> ints(const auto& values) { return {values.begin(), values.end()}; }

std::string handler_of(const std::string& path, const char* quantiser) {
  std::string handler = fmt::format("/{}/{}/export_handler", path, quantiser);
  std::replace(handler.begin(), handler.end(), '.', '/');
  return handler;
}

struct Grid {
  std::vector<float> scale, zero;
};

/// Scale and zero point for each of the `channels` equal pieces of the weights.
Grid weight_grid(const std::vector<float>& w, std::size_t channels, const WeightSpec& spec) {
  Grid grid;
  const std::size_t each = w.size() / channels;
  for (std::size_t c = 0; c < channels; ++c) {
    const auto begin = w.begin() + static_cast<std::ptrdiff_t>(c * each);
    const auto [low, high] = std::minmax_element(begin, begin + static_cast<std::ptrdiff_t>(each));
    // Narrow: -(2^(b-1) - 1)..2^(b-1) - 1; a single bit pair still has the steps -1, 0, 1.
    double scale = spec.asymmetric ? (std::max(*high, 0.f) - std::min(*low, 0.f)) / (std::exp2(spec.bits) - 1)
                                   : std::max(-*low, *high) / (std::exp2(spec.bits - 1) - 1);
    if (spec.bits == 1) {  // bipolar, at the mean of the absolute weights
      double sum = 0;
      for (std::size_t i = 0; i < each; ++i) sum += std::abs(begin[static_cast<std::ptrdiff_t>(i)]);
      scale = sum / static_cast<double>(each);
    }
    if (spec.power_of_two) scale = std::exp2(std::ceil(std::log2(scale)));
    grid.scale.push_back(static_cast<float>(scale));
    const double zero = std::clamp(std::nearbyint(-std::min(*low, 0.f) / scale), 0.0, std::exp2(spec.bits) - 1);
    grid.zero.push_back(spec.asymmetric ? static_cast<float>(zero) : 0);
  }
  return grid;
}

}  // namespace

/// He initialisation: keeps the variance through ReLU. Quantised narrow, as Int8WeightPerTensorFloat.
std::string ModelBuilder::weights(const std::string& path, Shape shape, const WeightSpec& spec) {
  const auto count = static_cast<std::size_t>(qonnx::element_count(shape).value());
  const double fan_in = static_cast<double>(count) / static_cast<double>(shape[0]);
  std::vector<float> w(count);
  for (float& v : w) v = static_cast<float>(draws_.normal() * std::sqrt(2 / fan_in));
  const std::string handler = handler_of(path, "weight_quant");
  const auto channels = spec.per_channel ? static_cast<std::size_t>(shape[0]) : 1;
  const Grid grid = weight_grid(w, channels, spec);
  Shape channel_shape(shape.size(), 1);
  channel_shape[0] = shape[0];
  const auto parameter = [&](const char* name, const std::vector<float>& values) {
    return spec.per_channel ? constant(handler + name, {channel_shape, values}) : scalar(handler + name, values[0]);
  };
  const std::string source = constant(path + ".weight", {shape, std::move(w)});
  const std::string scale = parameter("/Constant_output_0", grid.scale);
  if (spec.bits == 1) return only(node("BipolarQuant", handler, {source, scale}, {}, 1, kQonnxDomain)).name;
  const std::string zero =
      spec.asymmetric ? parameter("/Constant_1_output_0", grid.zero) : scalar(handler + "/Constant_1_output_0", 0);
  const Parameters p{scale, zero, scalar(handler + "/Constant_2_output_0", spec.bits)};
  return quant_node(handler, source, p, !spec.asymmetric, !spec.asymmetric).name;
}

const qonnx::Node& ModelBuilder::quant_of(const std::string& tensor) const {
  for (const qonnx::Node& n : model_.nodes) {
    if (std::find(n.outputs.begin(), n.outputs.end(), tensor) == n.outputs.end()) continue;
    return n.op == "Quant" ? n : quant_of(n.inputs[0]);
  }
  throw std::logic_error(fmt::format("'{}' is not quantised: no scale to take over", tensor));
}

double ModelBuilder::scale_of(const std::string& tensor) const {
  return samples(quant_of(tensor).inputs[1])[0].values[0];
}

std::string ModelBuilder::bias(const std::string& path, const Value& x, const std::string& weight, int64_t count,
                               Bias kind) {
  std::vector<float> b(static_cast<std::size_t>(count));
  for (float& v : b) v = static_cast<float>(draws_.normal() * 0.1);
  const std::string source = constant(path + ".bias", {{count}, std::move(b)});
  if (kind == Bias::real) return source;
  const std::string handler = handler_of(path, "bias_quant");
  std::vector<float> scales;
  for (const qonnx::Node& n : model_.nodes) {
    if (n.outputs[0] != weight) continue;
    for (const double s : samples(n.inputs[1])[0].values) scales.push_back(static_cast<float>(s * scale_of(x.name)));
  }
  const Shape shape{static_cast<int64_t>(scales.size())};
  const Parameters p{constant(handler + "/Constant_output_0", {shape, std::move(scales)}),
                     scalar(handler + "/Constant_1_output_0", 0), scalar(handler + "/Constant_2_output_0", 32)};
  return quant_node(handler, source, p, true, false).name;
}

Value ModelBuilder::conv(const std::string& path, const Value& x, const ConvSpec& spec) {
  Shape shape{spec.out, x.shape.at(1) / spec.groups, spec.kernel[0], spec.kernel[1]};
  const bool row = x.shape.size() == 3;  // [1, channels, width]: what `spec` says of columns
  if (row) shape.erase(shape.begin() + 2);
  const auto columns = [&](const Pair& p) { return row ? std::vector<int64_t>{p[1]} : ints(p); };
  const auto& p = spec.pads;
  std::vector<std::string> inputs{x.name, weights(path, shape, spec.weights)};
  if (spec.bias != Bias::none) inputs.push_back(bias(path, x, inputs[1], spec.out, spec.bias));
  return only(node("Conv", path, std::move(inputs),
                   {{"dilations", columns(spec.dilation)},
                    {"group", spec.groups},
                    {"kernel_shape", columns(spec.kernel)},
                    {"pads", row ? std::vector<int64_t>{p[1], p[3]} : ints(p)},
                    {"strides", columns(spec.stride)}}));
}

Value ModelBuilder::linear(const std::string& path, const Value& x, const LinearSpec& spec) {
  const std::string w = weights(path, {spec.out, x.shape.back()}, spec.weights);
  if (x.shape.size() == 2 && spec.bias != Bias::none) {
    return only(node("Gemm", path, {x.name, w, bias(path, x, w, spec.out, spec.bias)},
                     {{"alpha", 1.0}, {"beta", 1.0}, {"transB", int64_t{1}}}));
  }
  const Value turned = only(node("Transpose", path, {w}, {{"perm", std::vector<int64_t>{1, 0}}}));
  const Value product = only(node("MatMul", path, {x.name, turned.name}));
  if (spec.bias == Bias::none) return product;
  return only(node("Add", path, {bias(path, x, w, spec.out, spec.bias), product.name}));
}

Value ModelBuilder::batch_norm(const std::string& path, const Value& x) {
  const int64_t channels = x.shape.at(1);
  const auto count = static_cast<std::size_t>(channels);
  std::vector<double> sum(count), squares(count);
  double n = 0;
  for (const qonnx::RealTensor& t : samples(x.name)) {
    const std::size_t inner = t.values.size() / count;
    for (std::size_t i = 0; i < t.values.size(); ++i) {
      sum[i / inner] += t.values[i];
      squares[i / inner] += t.values[i] * t.values[i];
    }
    n += static_cast<double>(inner);
  }
  std::vector<float> gain, shift, mean, variance;
  for (std::size_t c = 0; c < count; ++c) {
    // Too few values make no statistics: the mean is left at 0 then.
    const double m = n >= 16 ? sum[c] / n : 0;
    gain.push_back(static_cast<float>(draws_.uniform(0.75, 1.25)));
    shift.push_back(static_cast<float>(draws_.normal() * 0.1));
    mean.push_back(static_cast<float>(m));
    variance.push_back(static_cast<float>(std::max(squares[c] / n - m * m, 1e-3)));
  }
  const auto parameter = [&](const char* name, std::vector<float> values) {
    return constant(fmt::format("{}.{}", path, name), {{channels}, std::move(values)});
  };
  // Named one after the other: the order of evaluation inside a braced list is fixed, and so is the file.
  return only(node("BatchNormalization", path,
                   {x.name, parameter("weight", gain), parameter("bias", shift), parameter("running_mean", mean),
                    parameter("running_var", variance)},
                   {{"epsilon", double{1e-5f}}, {"momentum", double{0.9f}}, {"training_mode", int64_t{0}}}));
}

}  // namespace ares::builder
