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

Value ModelBuilder::global_average_pool(const std::string& path, const Value& x) {
  return only(node("GlobalAveragePool", path, {x.name}));
}

}  // namespace ares::builder
