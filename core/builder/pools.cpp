#include <fmt/format.h>

#include <cmath>

#include "core/builder/model_builder.hpp"

namespace ares::builder {
namespace {

std::vector<int64_t> ints(const auto& values) { return {values.begin(), values.end()}; }

}  // namespace

Value ModelBuilder::max_pool(const std::string& path, const Value& x, const PoolSpec& spec) {
  return only(node("MaxPool", path, {x.name},
                   {{"ceil_mode", int64_t{spec.ceil}},
                    {"kernel_shape", ints(spec.kernel)},
                    {"pads", ints(spec.pads)},
                    {"strides", ints(spec.stride)}}));
}

Value ModelBuilder::average_pool(const std::string& path, const Value& x, const PoolSpec& spec) {
  const Value source = spec.count_pads ? pad(path, x, spec.pads) : x;
  return only(node("AveragePool", path, {source.name},
                   {{"ceil_mode", int64_t{spec.ceil}},
                    {"kernel_shape", ints(spec.kernel)},
                    {"pads", ints(spec.count_pads ? Pads{} : spec.pads)},
                    {"strides", ints(spec.stride)}}));
}

Value ModelBuilder::truncated_average_pool(const std::string& path, const Value& x, const PoolSpec& spec) {
  const qonnx::Node& quant = quant_of(x.name);
  const double bits = samples(quant.inputs[3])[0].values[0];
  const auto window = static_cast<double>(spec.kernel[0] * spec.kernel[1]);
  // Bits of the largest sum.
  const double sum_bits = std::ceil(std::log2((std::exp2(bits) - 1) * window + 1));
  const std::string scale = quant.inputs[1], zero = quant.inputs[2], out_bits = quant.inputs[3];
  const Value average = average_pool(path, x, spec);
  const std::string place = fmt::format("/{}/export_handler", path);
  const Value sum = only(node("Mul", path, {average.name, scalar(place + "/Constant_output_0", window)}));
  const std::string in_bits = scalar(place + "/Constant_1_output_0", sum_bits);
  return only(node("Trunc", path + "/export_handler", {sum.name, scale, zero, in_bits, out_bits},
                   {{"rounding_mode", std::string("FLOOR")}}, 1, kQonnxDomain));
}

Value ModelBuilder::global_average_pool(const std::string& path, const Value& x) {
  return only(node("GlobalAveragePool", path, {x.name}));
}

}  // namespace ares::builder
