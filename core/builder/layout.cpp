// What moves activations about.
#include <fmt/format.h>

#include <algorithm>

#include "core/builder/model_builder.hpp"

namespace ares::builder {
namespace {

Array integers(std::vector<int64_t> values) {
  const auto count = static_cast<int64_t>(values.size());
  return qonnx::make_integers({count}, std::move(values));
}

/// Name of a constant that an operator of the module takes; exporters number them through the whole model instead.
std::string place(std::string path, const char* what) {
  std::replace(path.begin(), path.end(), '.', '/');
  return path.empty() ? fmt::format("/{}", what) : fmt::format("/{}/{}", path, what);
}

}  // namespace

Value ModelBuilder::concat(const std::string& path, const std::vector<Value>& values, int64_t axis) {
  std::vector<std::string> names;
  for (const Value& v : values) names.push_back(v.name);
  return only(node("Concat", path, std::move(names), {{"axis", axis}}));
}

std::vector<Value> ModelBuilder::split(const std::string& path, const Value& x, const std::vector<int64_t>& sizes,
                                       int64_t axis) {
  const std::string parts = constant(unique(place(path, "Split_sizes")), integers(sizes));
  return node("Split", path, {x.name, parts}, {{"axis", axis}}, sizes.size());
}

Value ModelBuilder::slice(const std::string& path, const Value& x, int64_t axis, int64_t start, int64_t end,
                          int64_t step) {
  const auto bound = [&](const char* what, int64_t v) { return constant(unique(place(path, what)), integers({v})); };
  const std::string first = bound("Slice_starts", start), last = bound("Slice_ends", end);
  const std::string axes = bound("Slice_axes", axis), steps = bound("Slice_steps", step);
  return only(node("Slice", path, {x.name, first, last, axes, steps}));
}

Value ModelBuilder::pad(const std::string& path, const Value& x, const Pads& pads) {
  const std::string amounts =
      constant(unique(place(path, "Pad_pads")), integers({0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]}));
  return only(node("Pad", path, {x.name, amounts}, {{"mode", std::string("constant")}}));
}

Value ModelBuilder::upsample(const std::string& path, const Value& x, int64_t factor) {
  const auto f = static_cast<float>(factor);
  const std::string scales = constant(unique(place(path, "Resize_scales")), {{4}, std::vector<float>{1, 1, f, f}});
  return only(node("Resize", path, {x.name, "", scales},
                   {{"coordinate_transformation_mode", std::string("asymmetric")},
                    {"cubic_coeff_a", -0.75},
                    {"mode", std::string("nearest")},
                    {"nearest_mode", std::string("floor")}}));
}

Value ModelBuilder::flatten(const Value& x, const std::string& path) {
  return only(node("Flatten", path, {x.name}, {{"axis", int64_t{1}}}));
}

Value ModelBuilder::view_flat(const Value& x, const std::string& path) {
  const auto number = [&](const char* what, Array a) { return constant(unique(place(path, what)), std::move(a)); };
  const Value shape = only(node("Shape", path, {x.name}));
  const std::string zero = number("Gather_index", qonnx::make_integers({}, {0}));
  const Value batch = only(node("Gather", path, {shape.name, zero}, {{"axis", int64_t{0}}}));
  const Value row = only(node("Unsqueeze", path, {batch.name, number("Unsqueeze_axes", integers({0}))}));
  const std::string rest = number("Concat_rest", integers({-1}));
  const Value target = only(node("Concat", path, {row.name, rest}, {{"axis", int64_t{0}}}));
  return only(node("Reshape", path, {x.name, target.name}, {{"allowzero", int64_t{0}}}));
}

Value ModelBuilder::reshape(const std::string& path, const Value& x, Shape shape) {
  const std::string target = constant(unique(place(path, "Reshape_shape")), integers(std::move(shape)));
  return only(node("Reshape", path, {x.name, target}, {{"allowzero", int64_t{0}}}));
}

Value ModelBuilder::transpose(const std::string& path, const Value& x, std::vector<int64_t> axes) {
  return only(node("Transpose", path, {x.name}, {{"perm", std::move(axes)}}));
}

Value ModelBuilder::mean(const std::string& path, const Value& x, int64_t axis) {
  return only(node("ReduceMean", path, {x.name}, {{"axes", std::vector<int64_t>{axis}}, {"keepdims", int64_t{0}}}));
}

}  // namespace ares::builder
