// Quant nodes on activations.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/builder/model_builder.hpp"

namespace ares::builder {
namespace {

struct Extremes {
  double low = 0, high = 0;  ///< 0 is inside
};

Extremes extremes(const std::vector<qonnx::RealTensor>& samples) {
  Extremes e;
  for (const auto& t : samples) {
    for (const double v : t.values) e.low = std::min(e.low, v), e.high = std::max(e.high, v);
  }
  return e;
}

double covering_scale(const Extremes& e, const QuantSpec& spec) {
  const double steps = std::exp2(spec.bits - (spec.is_signed && !spec.asymmetric)) - 1;
  if (spec.asymmetric) return (e.high - e.low) / steps;
  if (spec.is_signed) return std::max(-e.low, e.high) / steps;
  return e.high / (steps - spec.narrow);
}

}  // namespace

Value ModelBuilder::quant_node(const std::string& handler, const std::string& source, const Parameters& p,
                               bool is_signed, bool narrow) {
  return only(
      node("Quant", handler, {source, p.scale, p.zero_point, p.bits},
           {{"narrow", int64_t{narrow}}, {"rounding_mode", std::string(p.rounding)}, {"signed", int64_t{is_signed}}}, 1,
           kQonnxDomain));
}

ModelBuilder::Parameters ModelBuilder::activation_parameters(const std::string& handler,
                                                             const std::vector<Value>& values, const QuantSpec& spec) {
  Extremes e;
  for (const Value& v : values) {
    const Extremes own = extremes(samples(v.name));
    e = {std::min(e.low, own.low), std::max(e.high, own.high)};
  }
  // Learned scales are in no simple ratio to those before them; the largest values of a few samples are, which would
  // make ties of many roundings. So the range is a seeded share larger.
  const double margin = draws_.uniform(1, 1.02);
  double scale = spec.scale.value_or(covering_scale(e, spec) * spec.range * margin);
  if (scale < 1e-6) scale = 1;  // the values are (nearly) all 0: any scale is as good
  if (spec.power_of_two) scale = std::exp2(std::ceil(std::log2(scale)));
  scale = static_cast<float>(scale);
  const double zero = spec.asymmetric ? std::clamp(std::nearbyint(-e.low / scale), 0.0, std::exp2(spec.bits) - 1) : 0;
  return {scalar(handler + "/Constant_output_0", scale), scalar(handler + "/Constant_1_output_0", zero),
          scalar(handler + "/Constant_2_output_0", spec.bits), spec.rounding};
}

std::vector<Value> ModelBuilder::quant_shared(const std::string& path, const std::vector<Value>& values,
                                              const QuantSpec& spec) {
  std::string handler = fmt::format("/{}/act_quant/export_handler", path);
  std::replace(handler.begin(), handler.end(), '.', '/');
  const Parameters p = activation_parameters(handler, values, spec);
  std::vector<Value> out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    out.push_back(quant_node(i ? fmt::format("{}_{}", handler, i) : handler, values[i].name, p,
                             spec.is_signed && !spec.asymmetric, spec.narrow));
  }
  return out;
}

Value ModelBuilder::quant(const std::string& path, const Value& x, const QuantSpec& spec) {
  return only(quant_shared(path, {x}, spec));
}

Value ModelBuilder::relu(const std::string& path, const Value& x, const QuantSpec& spec) {
  return quant(path, only(node("Relu", path + "/act_quant/activation_impl", {x.name})), spec);
}

}  // namespace ares::builder
